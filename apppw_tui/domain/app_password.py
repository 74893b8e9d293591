"""An app password: its record, its symbols, how it is made and how it is read (SAFETY 4-6)."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from apppw_tui.domain import services
from apppw_tui.domain.errors import LimitReached
from apppw_tui.domain.expiry import MARKED_FOR
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.symbols import SYMBOLS, RandomBelow, canonical, drawn

ID_LENGTH = 3
LENGTH = 20


@dataclass(frozen=True)
class AppPassword:
    """One app password as it is kept: never its plaintext."""

    id: str
    name: str
    hash: str
    created: datetime
    scope: tuple[str, ...] = (services.ANY_APP,)
    expires: datetime | None = None
    by_operator: bool = False

    def expired(self, now: datetime) -> bool:
        """Judged at every attempt: `now >= expires` refuses (SAFETY 22)."""
        return self.expires is not None and now >= self.expires

    def overdue(self, now: datetime) -> bool:
        """True once it has been seen as expired for long enough."""
        return self.expires is not None and now >= self.expires + MARKED_FOR

    def good_for(self, service: str | None) -> bool:
        """True if its scope holds `service`; a missing service fits only `Any app`."""
        return services.opens(self.scope, service)


@dataclass(frozen=True)
class Presented:
    """A well-formed app password that somebody presented: which record it names, and the whole."""

    id: str
    secret: Secret


def generate(id_: str, randbelow: RandomBelow = secrets.randbelow) -> Secret:
    """A new plaintext under `id_`: 16 random symbols, 80 bits."""
    return drawn(id_, LENGTH, randbelow)


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
    symbols = canonical(text, LENGTH)
    return None if symbols is None else Presented(symbols[:ID_LENGTH], Secret(symbols))
