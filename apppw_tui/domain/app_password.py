"""An app password: its record, its symbols, how it is made and how it is read (SAFETY 4-6)."""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from apppw_tui.domain.errors import LimitReached
from apppw_tui.domain.secret import Secret

# Crockford's base32, https://www.crockford.com/base32.html, in lower case.
SYMBOLS = "0123456789abcdefghjkmnpqrstvwxyz"
ID_LENGTH = 3
LENGTH = 20
_VALUE = {symbol: value for value, symbol in enumerate(SYMBOLS)}
_LOOKALIKES = str.maketrans({"o": "0", "i": "1", "l": "1", " ": None, "-": None})
# Longer than any way to write twenty symbols; bounds the work on what a stranger sends.
_LONGEST_WRITTEN = 128

ANY_APP = "any"

RandomBelow = Callable[[int], int]


@dataclass(frozen=True)
class AppPassword:
    """One app password as it is kept: never its plaintext."""

    id: str
    name: str
    hash: str
    created: datetime
    scope: tuple[str, ...] = (ANY_APP,)
    expires: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Judged at every attempt: `now >= expires` refuses (SAFETY 22)."""
        return self.expires is not None and now >= self.expires

    def good_for(self, service: str | None) -> bool:
        """True if its scope holds `service`; a missing service fits only `Any app`."""
        return ANY_APP in self.scope or (service is not None and service in self.scope)


@dataclass(frozen=True)
class Presented:
    """A well-formed app password that somebody presented: which record it names, and the whole."""

    id: str
    secret: Secret


def check_symbol(symbols: str) -> str:
    """The check symbol for the first nineteen: a weighted sum in GF(2^5), x^5+x^2+1, alpha = 2.

    The weights are distinct powers of alpha, so every single substitution and every swap of two
    unequal symbols changes the sum.
    """
    total = 0
    for symbol in symbols:
        total = (total ^ _VALUE[symbol]) << 1
        if total & 0b100000:
            total ^= 0b100101
    return SYMBOLS[total]


def generate(id_: str, randbelow: RandomBelow = secrets.randbelow) -> Secret:
    """A new plaintext under `id_`: 16 random symbols, 80 bits."""
    body = id_ + "".join(SYMBOLS[randbelow(32)] for _ in range(LENGTH - ID_LENGTH - 1))
    return Secret(body + check_symbol(body))


def unused_id(used: Collection[str], randbelow: RandomBelow = secrets.randbelow) -> str:
    """A random id that is not in `used`.

    Raises:
        LimitReached: all 32,768 ids of the account have been used up.
    """
    space = 32**ID_LENGTH
    start = randbelow(space)
    for step in range(space):
        number = (start + step) % space
        id_ = SYMBOLS[number >> 10] + SYMBOLS[number >> 5 & 31] + SYMBOLS[number & 31]
        if id_ not in used:
            return id_
    raise LimitReached("This account has used up all its app passwords. Ask your administrator.")


def read(text: str) -> Presented | None:
    """What was presented, in its canonical form; None if it cannot be an app password.

    Spaces, dashes, case and the usual lookalikes are forgiven. Costs no hash.
    """
    # ASCII first: str.lower() would turn the Kelvin sign into a k.
    if len(text) > _LONGEST_WRITTEN or not text.isascii():
        return None
    symbols = text.lower().translate(_LOOKALIKES)
    if len(symbols) != LENGTH or any(symbol not in _VALUE for symbol in symbols):
        return None
    if check_symbol(symbols[:-1]) != symbols[-1]:
        return None
    return Presented(symbols[:ID_LENGTH], Secret(symbols))


def grouped(secret: Secret) -> str:
    """How it is shown: five groups of four."""
    text = secret.reveal()
    return " ".join(text[start : start + 4] for start in range(0, LENGTH, 4))
