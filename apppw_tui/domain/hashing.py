"""Argon2id, in two profiles (RFC 9106; OWASP Password Storage Cheat Sheet for the second)."""

import base64
import contextlib
import re
import secrets
import unicodedata
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Protocol

import argon2

from apppw_tui.domain.errors import HashingFailed, Refused, StoreError
from apppw_tui.domain.secret import Secret


@dataclass(frozen=True)
class Profile:
    """Argon2id's cost: memory in KiB, passes, lanes."""

    memory: int
    time_cost: int
    parallelism: int

    def __str__(self) -> str:
        return f"m={self.memory},t={self.time_cost},p={self.parallelism}"

    def exceeds(self, most: "Profile") -> bool:
        """True if it takes more than `most` in anything, or altogether."""
        return (
            self.memory > most.memory
            or self.time_cost > most.time_cost
            or self.parallelism > most.parallelism
            or self.memory * self.time_cost > MOST_WORK
        )


Slot = Callable[[], AbstractContextManager[object]]


ACCOUNT_PROFILE = Profile(
    memory=65536, time_cost=3, parallelism=4
)  # RFC 9106 section 4, second choice
APP_PROFILE = Profile(
    memory=19456, time_cost=2, parallelism=1
)  # for 60 random bits: OWASP's minimum
MOST_BESIDES = 2  # profiles of account passwords at once, besides that of new ones
CHEAP_PROFILE = Profile(
    memory=8, time_cost=1, parallelism=1
)  # for tests and the demonstration alone


_MOST_TAKEN_OVER = Profile(memory=262144, time_cost=10, parallelism=16)


_ARGON2ID = re.compile(
    r"\$argon2id\$v=19\$(m=[1-9]\d{0,9},t=[1-9]\d{0,9},p=[1-9]\d{0,7})"
    r"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{6,172})",
    re.ASCII,
)
_COST = re.compile(r"m=([1-9]\d{0,9}),t=([1-9]\d{0,9}),p=([1-9]\d{0,7})", re.ASCII)
_JUDGED = 1024  # hashes that were judged lately: a document is read again and again
_ALONE = 1  # base64 has no group of one symbol
_LEAST_OF_A_LANE = 8  # KiB; RFC 9106 section 3.1
MOST_WORK = 4 * 1024 * 1024  # KiB times passes: what libsodium calls sensitive, some seconds
# What may be kept, from wherever it comes: else one document could hang whoever computes it.
MOST_OF_ACCOUNTS = Profile(memory=1024 * 1024, time_cost=10, parallelism=16)
MOST_OF_APP_PASSWORDS = Profile(
    memory=65536, time_cost=10, parallelism=16
)  # for services, which wait less


@dataclass(frozen=True)
class CostLimits:
    """The most that a hash from elsewhere may cost: memory in KiB, passes, lanes.

    One that costs too little is guessed too quickly; one that costs too much holds everybody up,
    since it is computed at the next sign-in.
    """

    least: Profile = APP_PROFILE
    most: Profile = _MOST_TAKEN_OVER

    def check(self, stored: str) -> None:
        """Raises Refused, with the reason, if `stored` is no hash within these bounds."""
        cost = profile(stored)
        if cost is None:
            raise Refused("Its hash is damaged.")
        if cost.memory < self.least.memory:
            raise Refused(
                f"Its hash takes {cost.memory} KiB, and must take at least {self.least.memory}."
            )
        for what, value, most in (
            ("KiB", cost.memory, self.most.memory),
            ("passes", cost.time_cost, self.most.time_cost),
            ("lanes", cost.parallelism, self.most.parallelism),
        ):
            if value > most:
                raise Refused(f"Its hash takes {value} {what}, and may take {most} at most.")
        if cost.exceeds(MOST_OF_ACCOUNTS):
            raise Refused(
                f"Its hash takes {cost.memory} KiB in {cost.time_cost} passes, which is too much."
            )


class TooManyProfiles(Refused):
    """One more kind of hashes would be in use than every attempt can compute."""

    def __init__(self, profile: Profile) -> None:
        super().__init__(
            f"Its hash costs {profile}, and hashes of {MOST_BESIDES + 1} other costs are in use, "
            "which is the most; set a password instead, or let apppw-tui account tidy --all see "
            "whether one is left over."
        )
        self.profile = profile


class Profiles(Protocol):
    """The costs of imported hashes that differ from those of new ones: MOST_BESIDES at most.

    Every attempt computes each once. Every method may raise StoreError.
    """

    def in_use(self) -> Collection[Profile]:
        """Those that were claimed, always in one order."""

    def claim(self, profile: Profile) -> None:
        """One more, if it is not there; before the first account has it. Raises TooManyProfiles."""

    def settle(self, in_use: Collection[Profile], since: datetime) -> Collection[Profile]:
        """Keeps what was found in use or was claimed after `since`; what was dropped."""


class MemoryProfiles:
    """Profiles of this process alone."""

    def __init__(self, claimed: Iterable[Profile] = ()) -> None:
        self._claimed = list(claimed)

    def in_use(self) -> Collection[Profile]:
        return tuple(self._claimed)

    def claim(self, profile: Profile) -> None:
        if profile in self._claimed:
            return
        if len(self._claimed) >= MOST_BESIDES:
            raise TooManyProfiles(profile)
        self._claimed.append(profile)

    def settle(self, in_use: Collection[Profile], since: datetime) -> Collection[Profile]:  # noqa: ARG002
        dropped = [profile for profile in self._claimed if profile not in in_use]
        self._claimed = [profile for profile in self._claimed if profile in in_use]
        return dropped


class PasswordHasher:
    """Makes and checks hashes of one profile; every check costs exactly one Argon2id."""

    def __init__(self, profile: Profile, slot: Slot = nullcontext) -> None:
        self.profile = profile
        self._slot = slot
        self._argon2 = argon2.PasswordHasher(
            time_cost=profile.time_cost, memory_cost=profile.memory, parallelism=profile.parallelism
        )
        self._dummy = _dummy(profile)

    def make(self, secret: Secret) -> str:
        """A new hash. Raises HashingFailed if it could not be computed."""
        with self._slot():
            return self._made(secret)

    def _made(self, secret: Secret) -> str:
        """Raises HashingFailed."""
        try:
            return self._argon2.hash(_bytes(secret))
        except argon2.exceptions.HashingError:
            raise HashingFailed("The password could not be hashed now. Try again later.") from None

    def check(self, stored: str | None, secret: Secret) -> bool:
        """True if `secret` is what `stored` was made from; None runs a dummy and is never true.

        Raises:
            HashingFailed: the hash could not be computed; says nothing about the secret.
        """
        with self._slot():
            right = self._verified(self._dummy if stored is None else stored, secret)
        return right and stored is not None

    def _verified(self, stored: str, secret: Secret) -> bool:
        """Raises HashingFailed."""
        try:
            return self._argon2.verify(stored, _bytes(secret))
        except argon2.exceptions.VerifyMismatchError:
            return False
        except (
            argon2.exceptions.VerificationError,
            argon2.exceptions.InvalidHashError,
            UnicodeEncodeError,  # `stored` has a character that no hash has
        ):
            raise HashingFailed("The password could not be checked now. Try again later.") from None


@dataclass(frozen=True)
class Comparison:
    """The result of a comparison.

    `renewed` is the secret's hash, where the kept one has another profile.
    """

    right: bool
    renewed: str | None = field(default=None, repr=False)


class AccountPasswordHasher(PasswordHasher):
    """Hashes of several profiles, which take the same time whatever the account's is.

    Hashes that were taken over from elsewhere cost more or less than ours, and the clock would tell
    whose they are: so every attempt computes one of each profile that is in use (SAFETY 16).
    """

    def __init__(self, profile: Profile, slot: Slot, profiles: Profiles) -> None:
        super().__init__(profile, slot)
        self.profiles = profiles
        self._dummies = {profile: self._dummy}

    def claim(self, stored: str | None, profiles: Profiles | None = None) -> None:
        """Takes that hash's cost into use, as far as `profiles` (default: ours) allow.

        Raises TooManyProfiles, StoreError.
        """
        cost = None if stored is None else profile(stored)
        if cost is not None and cost != self.profile:
            (profiles or self.profiles).claim(cost)

    def compare(self, stored: str | None, secret: Secret) -> Comparison:
        """Compares `secret` with what `stored` was made from; None is never right.

        Raises:
            HashingFailed: a hash could not be computed; says nothing about the secret.
            StoreError: which profiles are in use cannot be read.
        """
        own = None if stored is None else profile(stored)
        costs = dict.fromkeys((self.profile, *self.profiles.in_use()))
        if own is not None and own not in costs:
            costs[own] = None
            # From before they were listed: once more than the others, and then no more.
            with contextlib.suppress(Refused, StoreError):
                self.profiles.claim(own)
        right, renewed = False, None
        with self._slot():
            for cost in costs:
                if stored is not None and cost == own:
                    right = self._verified(stored, secret)
                elif own is not None and cost == self.profile:
                    renewed = self._made(secret)  # costs as much as the dummy would
                else:
                    self._verified(self._dummies.setdefault(cost, _dummy(cost)), secret)
        if stored is not None and own is None:
            raise HashingFailed("The password could not be checked now. Try again later.")
        return Comparison(right, renewed if right else None)


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
        profiles: Profiles | None = None,
    ) -> None:
        self.account = AccountPasswordHasher(account, slot, profiles or MemoryProfiles())
        self.app = PasswordHasher(app)


def _bytes(secret: Secret) -> bytes:
    """A password as it is hashed: NFC, as RFC 8265 section 4.2 prepares passwords."""
    text = unicodedata.normalize("NFC", secret.reveal())
    # A terminal set to another encoding can hand over half a surrogate pair: wrong, not a fault.
    return text.encode("utf-8", "surrogatepass")


def _dummy(profile: Profile) -> str:
    """A hash of the profile's cost that no known password has; made without hashing anything."""

    def field(size: int) -> str:
        return base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()

    return f"$argon2id$v=19${profile}${field(16)}${field(32)}"


def profile(stored: str) -> Profile | None:
    """The cost of computing `stored` again; None for what Argon2 cannot compute."""
    match = _ARGON2ID.fullmatch(stored)
    if match is None or any(len(field) % 4 == _ALONE for field in match.groups()[1:]):
        return None
    cost = parse(match[1])
    return cost if cost and cost.memory >= _LEAST_OF_A_LANE * cost.parallelism else None


@lru_cache(_JUDGED)
def unusable_reason(stored: str, most: Profile) -> str | None:
    """The reason why `stored` may not be kept: no hash, or one that costs more than `most`."""
    cost = profile(stored)
    if cost is None:
        return "is not an Argon2id hash"
    return f"costs too much: {cost}" if cost.exceeds(most) else None


def parse(text: str) -> Profile | None:
    """The profile that is written so, as str() writes it; None if it is none."""
    match = _COST.fullmatch(text)
    return None if match is None else Profile(*(int(number) for number in match.groups()))
