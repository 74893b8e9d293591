"""The rules for choosing an account password; how strong one is, in words."""

from dataclasses import dataclass

from apppw_tui.domain import app_password
from apppw_tui.domain.errors import WeakPassword
from apppw_tui.domain.secret import Secret

MIN_CHARACTERS = 8  # NIST SP 800-63B section 5.1.1.2
MAX_CHARACTERS = 1024
# zxcvbn grows with the square of the length and refuses more than this by default.
_JUDGED_CHARACTERS = 72
_GOOD_SCORE = 3
HINT = f"{MIN_CHARACTERS} or more characters; a few words are best."
_WORDS = ("Very weak", "Weak", "Fair", "Good", "Strong")


@dataclass(frozen=True)
class Strength:
    """The strength of a password: `score` 0-4 as zxcvbn counts, and what to say about it."""

    score: int
    word: str
    advice: str

    @property
    def good_enough(self) -> bool:
        return self.score >= _GOOD_SCORE

    def __str__(self) -> str:
        return f"{self.word}. {self.advice}".rstrip()

    @property
    def refusal(self) -> str:
        """The sentence that refuses it: with a score, that it has to be better."""
        if self.word not in _WORDS:
            return str(self)
        return f"Not strong enough yet: {self.advice[:1].lower()}{self.advice[1:]}"


def strength(password: Secret, account_name: str) -> Strength:
    """Judges `password`, knowing that `account_name` is easy to guess."""
    from zxcvbn import zxcvbn  # 20 ms, wanted only where a password is chosen

    text = password.reveal()
    if len(text) < MIN_CHARACTERS:
        return Strength(0, "Too short", f"Use at least {MIN_CHARACTERS} characters.")
    if len(text) > MAX_CHARACTERS:
        return Strength(0, "Too long", f"Use at most {MAX_CHARACTERS} characters.")
    if app_password.parse(text) is not None:
        return Strength(0, "That is an app password", "Choose another one for your account.")
    judged = zxcvbn(text[:_JUDGED_CHARACTERS], user_inputs=[account_name, *account_name.split("@")])
    score = int(judged["score"])
    feedback = judged["feedback"]
    advice = ""
    if score < _GOOD_SCORE:
        suggestions = feedback["suggestions"]
        advice = feedback["warning"] or (
            suggestions[0] if suggestions else "Add another word or two."
        )
    return Strength(score, _WORDS[score], advice)


def require_good(password: Secret, account_name: str) -> None:
    """Raises WeakPassword, with the reason, if `password` is not good enough for `account_name`."""
    judged = strength(password, account_name)
    if not judged.good_enough:
        raise WeakPassword(judged.refusal)
