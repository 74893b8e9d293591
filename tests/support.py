"""What many tests need: a clock that stands still, cheap hashes, a store with an account in it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from apppw_tui.domain.account import Account
from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.seam import Store
from apppw_tui.portal.issuing import Issued, Issuer
from apppw_tui.portal.operator import Operator
from apppw_tui.portal.portal import Portal, Session
from apppw_tui.store.memory import MemoryStore

PASSWORD = "engine no. 1 weaves algebra"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class FixedClock:
    """Moves only when it is told to."""

    instant: datetime = NOW
    seconds: float = 1000.0

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)
        self.seconds += seconds


def cheap_hasher() -> Hasher:
    return Hasher(CHEAP_PROFILE, CHEAP_PROFILE)


@dataclass
class House:
    """A portal over a memory store, with everything random drawn from one seed."""

    store: Store = field(default_factory=MemoryStore)
    clock: FixedClock = field(default_factory=FixedClock)
    policy: Policy = field(default_factory=Policy)
    seed: int = 1
    hasher: Hasher = field(default_factory=cheap_hasher)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.portal = Portal(
            self.store, self.hasher, self.clock, self.policy, randbelow=self.random.randrange
        )

    def add(self, name: str = "ada@example.org", password: str = PASSWORD) -> Account:
        """An account; its password is not judged, which would cost each test a dictionary."""
        from apppw_tui.domain.account_password import normalized

        account = Account.new(
            name,
            self.hasher.account.make(normalized(password)),
            self.clock.now(),
            lambda size: self.random.randbytes(size).hex(),
        )
        with self.store.change(name, None) as change:
            change.account = account
        return account

    @property
    def issuer(self) -> Issuer:
        return Issuer(self.store, self.hasher, self.clock, self.policy, self.random.randrange)

    @property
    def operator(self) -> Operator:
        return Operator(self.store, self.issuer)

    def session(self, name: str = "ada@example.org") -> Session:
        """The account's session, without the cost of signing in."""
        account = self.now(name)
        return Session(account.name, account.uid, account.epoch)

    def now(self, name: str = "ada@example.org") -> Account:
        """The account as the store has it now."""
        account = self.store.read(name)
        assert account is not None
        return account

    def issue(self, name: str, account: str = "ada@example.org") -> Issued:
        return self.operator.create_app_password(account, name)

    def alter(self, name: str = "ada@example.org", **fields: Any) -> None:
        """Changes fields of the account as no room may."""
        with self.store.change(name, self.now(name).uid) as change:
            change.account = replace(change.present, **fields)
