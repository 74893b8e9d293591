"""Recovery codes: ten, for the day when the phone is gone (SAFETY 13)."""

from dataclasses import dataclass, replace
from datetime import datetime

from apppw_tui.domain.app_password import SYMBOLS, RandomBelow, normalized, random_code
from apppw_tui.domain.errors import InvalidCode
from apppw_tui.domain.secret import Secret

COUNT = 10
LENGTH = 12  # 1 index, 10 random (50 bits), 1 check
FEW = 3

NO_CODE = "That is not one of your recovery codes. They look like 0abc defg hjkm."
REFUSED = "That recovery code is wrong, or was used before."


@dataclass(frozen=True)
class RecoveryCodes:
    """The stored part of recovery codes.

    A hash for each that was not used yet, at its own index.
    """

    hashes: tuple[str | None, ...]
    since: datetime

    @property
    def remaining(self) -> int:
        return sum(hash_ is not None for hash_ in self.hashes)

    def hash(self, index: int) -> str | None:
        return self.hashes[index] if index < len(self.hashes) else None

    def consume(self, index: int, hash_: str) -> "RecoveryCodes":
        """With the code at `index` used up. Raises InvalidCode if `hash_` is not there any more."""
        if self.hash(index) != hash_:
            raise InvalidCode(REFUSED)
        hashes = (*self.hashes[:index], None, *self.hashes[index + 1 :])
        return replace(self, hashes=hashes)


@dataclass(frozen=True)
class PresentedCode:
    """A well-formed recovery code that somebody presented."""

    index: int
    secret: Secret


def generate(randbelow: RandomBelow) -> list[Secret]:
    """Ten new ones, each with its index first."""
    return [random_code(SYMBOLS[index], LENGTH, randbelow) for index in range(COUNT)]


def parse(text: str) -> PresentedCode | None:
    """Parses what was presented; None if it cannot be a recovery code. Costs no hash."""
    symbols = normalized(text, (LENGTH,))
    if symbols is None:
        return None
    return PresentedCode(SYMBOLS.index(symbols[0]), Secret(symbols))
