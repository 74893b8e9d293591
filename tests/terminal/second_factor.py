"""The second factor as a person has it: an app, codes on paper, and the hands that type them."""

import re
import time

import pyotp

from tests.support import PASSWORD
from tests.terminal.program import ACCOUNT, AWAKE, PATIENCE, Program, copied, shown_password
from tests.terminal.tmux import Tmux

STEP = 30  # seconds; RFC 6238 section 5.2
ASKED = "Enter the six digits"
DIFFERENT = "\x1bOR"  # F3
DOWN = "\x1b[B"
_KEY_LINE = re.compile(r"\b(?:[A-Z2-7]{4} ){3}[A-Z2-7]{4}\b")
_RECOVERY_CODE = re.compile(r"\b[0-9][0-9a-z]{3} [0-9a-z]{4} [0-9a-z]{4}\b")


class AuthenticatorApp:
    """An app by the clock of this machine, which is the portal's too."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.shown: list[str] = []
        self._last = 0

    def code(self) -> str:
        """One that was not used yet; two in a row, since the portal accepts the next one too."""
        self._last = max(self._last + 1, _step())
        assert self._last <= _step() + 1, "a third code would need half a minute"
        code = pyotp.HOTP(self.key).at(self._last)
        self.shown.append(code)
        return code

    def wrong(self, number: int) -> str:
        """The `number`-th of the codes that the app does not show for a long time."""
        near = {pyotp.HOTP(self.key).at(step) for step in range(_step() - 3, _step() + 20)}
        return [code for code in map("{:06}".format, range(100)) if code not in near][number]


def _step() -> int:
    return int(time.time()) // STEP


def key_in(text: str) -> str:
    """The key that an authenticator app is to be given, from the two lines that show it."""
    lines = _key_lines(text)
    assert len(lines) == 2, lines
    return "".join(lines).replace(" ", "")


def _key_lines(text: str) -> list[str]:
    return list(dict.fromkeys(_KEY_LINE.findall(text)))


def recovery_codes_in(text: str) -> list[str]:
    codes = sorted(set(_RECOVERY_CODE.findall(text)))
    assert [code[0] for code in codes] == list("0123456789"), codes
    return codes


# --- in a window of tmux ----------------------------------------------------------------------


def enter_password(tmux: Tmux, account: str = ACCOUNT) -> None:
    """At Login; after signing out the account stands there already."""
    tmux.type(f"{account}\r{PASSWORD}\r" if account else f"{PASSWORD}\r")


def create_first_account(tmux: Tmux) -> None:
    tmux.see("Create the first account")
    tmux.press("Enter")
    tmux.see("Repeat password")
    enter_password(tmux)
    tmux.see("Strong.")
    tmux.type(f"{PASSWORD}\r")


def set_up_app(tmux: Tmux) -> AuthenticatorApp:
    """From `Set it up now` until the app has proved itself."""
    tmux.see("Set it up now")
    tmux.press("Enter")
    tmux.see("How will you verify?")
    tmux.press("Enter")
    tmux.see("Type the code it shows")
    tmux.press("k")
    app = AuthenticatorApp(key_in(tmux.see("Type this key into")))
    tmux.type(app.code())
    return app


def keep_recovery_codes(tmux: Tmux) -> list[str]:
    """Copies them, and goes on."""
    codes = recovery_codes_in(tmux.see("You will not see them again", AWAKE))
    tmux.press("c")
    tmux.see("Sent to your terminal's clipboard", AWAKE)
    assert copied(tmux.raw)[-1].split("\n") == [*codes, ""]
    tmux.press("Enter")
    return codes


def create_first_app_password(tmux: Tmux) -> str:
    """The last step of the set-up; then App Passwords."""
    tmux.see("A first app password")
    tmux.type("Laptop")
    tmux.press("Enter")
    password = shown_password(tmux.see("You will not see it again", AWAKE))
    tmux.press("Enter")
    tmux.see("Sent to your terminal's clipboard", AWAKE)
    assert copied(tmux.raw)[-1] == password
    tmux.type("t")
    tmux.see("The password is right", AWAKE)
    tmux.type("m")
    tmux.see("Point your phone's camera", AWAKE)
    tmux.type("m")
    tmux.see("You will not see it again", AWAKE)
    tmux.press("Enter")
    tmux.see("Created Laptop.")
    return password


def sign_out(tmux: Tmux) -> None:
    """From App Passwords."""
    tmux.press("q")
    tmux.see("Press esc again to sign out")
    tmux.press("q")
    tmux.see("You are signed out.")


def signed_in(tmux: Tmux) -> None:
    tmux.see("additional security verification")


# --- on a terminal that is only listened to ---------------------------------------------------


def begin_sign_in(program: Program, account: str = ACCOUNT) -> None:
    program.see("Quit")
    program.send(f"{account}\r{PASSWORD}\r")


def show_key(program: Program) -> AuthenticatorApp:
    """From `Set it up now` until the key stands there and a code is asked for."""
    program.see("Set it up now")
    program.settle()
    program.send("\r")
    program.see("How will you verify?")
    program.settle()
    program.send("\r")
    program.see("Type the code it shows")
    program.settle()
    begun = len(program.text)
    program.send("k")
    while len(_key_lines(program.text[begun:])) < 2:
        assert program.arrives(PATIENCE), "the key is not shown"
    program.settle()
    return AuthenticatorApp(key_in(program.text[begun:]))
