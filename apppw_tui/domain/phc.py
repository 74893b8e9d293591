"""How an Argon2id hash is written down, and what it costs to compute it again.

The PHC string format, https://github.com/P-H-C/phc-string-format; lengths from RFC 9106, 3.1.
"""

import re
from dataclasses import dataclass

_ARGON2ID = re.compile(
    r"\$argon2id\$v=19\$(m=[1-9]\d{0,9},t=[1-9]\d{0,9},p=[1-9]\d{0,7})"
    r"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{6,172})",
    re.ASCII,
)
_COST = re.compile(r"m=([1-9]\d{0,9}),t=([1-9]\d{0,9}),p=([1-9]\d{0,7})", re.ASCII)
_ALONE = 1  # base64 has no group of one symbol
_LEAST_OF_A_LANE = 8  # KiB; RFC 9106 section 3.1


@dataclass(frozen=True)
class Profile:
    """Argon2id's cost: memory in KiB, passes, lanes."""

    memory: int
    passes: int
    lanes: int

    def __str__(self) -> str:
        return f"m={self.memory},t={self.passes},p={self.lanes}"

    def exceeds(self, most: "Profile") -> bool:
        """True if it takes more than `most` in anything, or altogether."""
        return (
            self.memory > most.memory
            or self.passes > most.passes
            or self.lanes > most.lanes
            or self.memory * self.passes > MOST_WORK
        )


MOST_WORK = 4 * 1024 * 1024  # KiB times passes: what libsodium calls sensitive, some seconds
# What may be kept, from wherever it comes: else one document could hang whoever computes it.
MOST_OF_ACCOUNTS = Profile(memory=1024 * 1024, passes=10, lanes=16)
MOST_OF_APP_PASSWORDS = Profile(memory=65536, passes=10, lanes=16)  # for services, which wait less


def profile(stored: str) -> Profile | None:
    """What computing `stored` again costs; None for what Argon2 cannot compute."""
    found = _ARGON2ID.fullmatch(stored)
    if found is None or any(len(field) % 4 == _ALONE for field in found.groups()[1:]):
        return None
    cost = parsed(found[1])
    return cost if cost and cost.memory >= _LEAST_OF_A_LANE * cost.lanes else None


def parsed(text: str) -> Profile | None:
    """The profile that is written so, as str() writes it; None if it is none."""
    found = _COST.fullmatch(text)
    return None if found is None else Profile(*(int(number) for number in found.groups()))
