"""A plaintext that does not leak by accident."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NoReturn

HIDDEN = "(hidden)"
_FEWEST_DIGITS = 3  # a run of fewer would hide half of every output, and gives nothing away
_DIGITS = r"[0-9](?:[^0-9A-Za-z]{0,2}[0-9])*"
_BETWEEN = 3  # characters that may stand between two digits of one run


class Secret:
    """Holds a plaintext; only `reveal()` gives it away.

    Its repr and str are redacted, and it refuses to be pickled or copied into a document,
    so that neither a log line nor a crash report can carry it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def normalized(self) -> "Secret":
        """The same in NFC, as a password is judged and hashed (see hashing.py)."""
        return Secret(unicodedata.normalize("NFC", self._text))

    def __repr__(self) -> str:
        return "<Secret>"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


def hide_secrets(text: str, secrets: Sequence[str], *, is_cut: bool) -> str:
    """`text` without the `secrets` and their digits.

    Where it was cut there may be half a secret: that goes, too.
    """
    # To be read aloud, a code is 4, 8, 2; and printed as 48-2, or in UTF-16, it is the same code.
    runs = {re.sub("[^0-9]", "", run) for secret in secrets for run in re.findall(_DIGITS, secret)}
    between = f"[^0-9]{{0,{_BETWEEN}}}"
    patterns = [re.escape(secret) for secret in secrets if secret.strip()]
    for run in sorted(runs, key=len, reverse=True):
        if len(run) >= _FEWEST_DIGITS:
            patterns.append(between.join(run))
            # Who wrote it may have been stopped in the middle of it.
            halves = range(len(run) - 1, _FEWEST_DIGITS - 1, -1)
            patterns += [between.join(run[:half]) + between + r"\Z" for half in halves]
    if patterns:
        text = re.sub("|".join(patterns), HIDDEN, text)
    if is_cut:
        longest = max(map(len, secrets), default=0)
        text = text[: max(0, len(text) - longest * (1 + _BETWEEN))]
    return text
