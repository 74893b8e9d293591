"""Argon2id, in two profiles (RFC 9106; OWASP Password Storage Cheat Sheet for the second)."""

import base64
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import argon2

from apppw_tui.domain.errors import HashingFailed, Refused
from apppw_tui.domain.phc import is_argon2id
from apppw_tui.domain.secret import Secret

Slot = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Profile:
    """Argon2id's cost: memory in KiB, passes, lanes."""

    memory: int
    passes: int
    lanes: int


ACCOUNT_PROFILE = Profile(memory=65536, passes=3, lanes=4)  # RFC 9106 section 4, second choice
APP_PROFILE = Profile(memory=19456, passes=2, lanes=1)  # machine-made, 80 bits: OWASP's minimum
CHEAP_PROFILE = Profile(memory=8, passes=1, lanes=1)  # for tests and the demonstration alone


@dataclass(frozen=True)
class Bounds:
    """What a hash from elsewhere may cost: memory in KiB, passes, lanes.

    One that costs too little is guessed too quickly; one that costs too much holds everybody up,
    since it is computed at the next sign-in.
    """

    least: Profile = APP_PROFILE
    most: Profile = Profile(memory=262144, passes=10, lanes=16)

    def check(self, stored: str) -> None:
        """Raises Refused, with the reason, if `stored` is no hash within these bounds."""
        if not is_argon2id(stored):
            raise Refused("Its hash is damaged.")
        found = argon2.extract_parameters(stored)
        if found.memory_cost < self.least.memory or found.time_cost < 1:
            raise Refused(
                f"Its hash takes {found.memory_cost} KiB, "
                f"and must take at least {self.least.memory}."
            )
        cost = Profile(found.memory_cost, found.time_cost, found.parallelism)
        for what, one, most in (
            ("KiB", cost.memory, self.most.memory),
            ("passes", cost.passes, self.most.passes),
            ("lanes", cost.lanes, self.most.lanes),
        ):
            if one > most:
                raise Refused(f"Its hash takes {one} {what}, and may take {most} at most.")


class Hashes:
    """Makes and checks hashes of one profile; every check costs exactly one Argon2id."""

    def __init__(self, profile: Profile, slot: Slot = nullcontext) -> None:
        self._slot = slot
        self._argon2 = argon2.PasswordHasher(
            time_cost=profile.passes, memory_cost=profile.memory, parallelism=profile.lanes
        )
        self._dummy = _dummy(profile)

    def make(self, secret: Secret) -> str:
        """A new hash. Raises HashingFailed if it could not be computed."""
        try:
            with self._slot():
                return self._argon2.hash(_bytes(secret))
        except argon2.exceptions.HashingError:
            raise HashingFailed("The password could not be hashed now. Try again later.") from None

    def check(self, stored: str | None, secret: Secret) -> bool:
        """True if `secret` is what `stored` was made from; None runs a dummy and is never true.

        Raises:
            HashingFailed: the hash could not be computed; says nothing about the secret.
        """
        try:
            with self._slot():
                self._argon2.verify(self._dummy if stored is None else stored, _bytes(secret))
        except argon2.exceptions.VerifyMismatchError:
            return False
        except (
            argon2.exceptions.VerificationError,
            argon2.exceptions.InvalidHashError,
            UnicodeEncodeError,  # `stored` has a character that no hash has
        ):
            raise HashingFailed("The password could not be checked now. Try again later.") from None
        return stored is not None

    def outdated(self, stored: str) -> bool:
        """True if the profile has changed since `stored` was made."""
        return self._argon2.check_needs_rehash(stored)


class Hasher:
    """The two kinds of hashes that the product keeps.

    `slot` is held while one of the account's is computed: each takes 64 MiB, and forty strangers
    at once must not starve the machine (SAFETY 16).
    """

    def __init__(
        self,
        account: Profile = ACCOUNT_PROFILE,
        app: Profile = APP_PROFILE,
        slot: Slot = nullcontext,
    ) -> None:
        self.account = Hashes(account, slot)
        self.app = Hashes(app)


def _bytes(secret: Secret) -> bytes:
    # A terminal set to another encoding can hand over half a surrogate pair: wrong, not a fault.
    return secret.reveal().encode("utf-8", "surrogatepass")


def _dummy(profile: Profile) -> str:
    """A hash of the profile's cost that no known password has; made without hashing anything."""

    def field(size: int) -> str:
        return base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()

    cost = f"m={profile.memory},t={profile.passes},p={profile.lanes}"
    return f"$argon2id$v=19${cost}${field(16)}${field(32)}"
