"""What the portal works with: everything is passed in, it makes nothing of it itself."""

import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from apppw_tui.domain.activity import Activity, NoActivity
from apppw_tui.domain.base32 import RandomBelow
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.notice_text import NoNotices, Notices
from apppw_tui.domain.phone import parted
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.ports import (
    AccountSource,
    Clock,
    Delivery,
    Journal,
    LeftOpen,
    LiveSessions,
    NoDelivery,
    NoJournal,
    Seals,
    Store,
)
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.throttle import ACCOUNT_SENDS, NUMBER_SENDS, Counters, Step, door_key
from apppw_tui.domain.usage import NoUsage, UsageBook


@dataclass(frozen=True)
class Means:
    """One of these serves one person at one terminal: `address` is where they come from."""

    store: Store
    hasher: Hasher
    clock: Clock
    policy: Policy
    seals: Seals
    counters: Counters
    delivery: Delivery = field(default_factory=NoDelivery)
    journal: Journal = field(default_factory=NoJournal)
    usage: UsageBook = field(default_factory=NoUsage)
    address: str = "local"
    default_domain: str | None = None
    region: str | None = None
    host_name: str = "this server"
    randbelow: RandomBelow = secrets.randbelow
    token_bytes: Callable[[int], bytes] = secrets.token_bytes
    live_sessions: LiveSessions = field(default_factory=LeftOpen)
    source: AccountSource | None = None  # of account passwords; None is the store
    activity: Activity = field(default_factory=NoActivity)
    notices: Notices = field(default_factory=NoNotices)


@dataclass(frozen=True)
class Throttle:
    """Counts what comes from `address`. Every method may raise StoreError."""

    counters: Counters
    clock: Clock
    address: str

    def charge(self, name: str, step: Step) -> None:
        """One try, whether or not there is such an account. Raises TooMany: it must not be made."""
        now = self.clock.now()
        # Not marked as an account's: whether it is one would have to be looked up first, which
        # takes longer if it is. The mark stays once a sign-in was completed.
        with self.counters.change(_account(name), keep=False) as entry:
            entry.ledger = entry.ledger.charge(step, self.address, now)

    def refund(self, name: str, step: Step, *, keep: bool = True) -> None:
        """The try was right: it is taken back, which is no reset.

        `keep` says that it is an account's name (see Counters.change).
        """
        with self.counters.change(_account(name), keep=keep) as entry:
            entry.ledger = entry.ledger.refund(step, self.address, self.clock.now())

    def completed(self, name: str) -> None:
        """A sign-in is complete: only that resets, and only its own counters."""
        with self.counters.change(_account(name), keep=True) as entry:
            entry.ledger = entry.ledger.completed(self.address, self.clock.now())
        # Of no account: the kiosk's door asks before it knows whose sign-in it will be.
        door = door_key(self.address)
        with (
            contextlib.suppress(StoreError),  # the sign-in is complete, come what may
            self.counters.change(_door(door), keep=True) as entry,
        ):
            entry.ledger = entry.ledger.completed(door, self.clock.now())

    def is_known(self) -> bool:
        """True if an account completed a sign-in from around there in the last 30 days."""
        with self.counters.change(_door(door_key(self.address)), keep=False) as entry:
            return bool(entry.ledger.known)

    def password_changed(self, name: str) -> None:
        """Strangers may try again."""
        with self.counters.change(_account(name), keep=True) as entry:
            entry.ledger = entry.ledger.cleared()

    def unlocked(self, name: str) -> None:
        """Nothing is counted any more."""
        with self.counters.change(_account(name), keep=True) as entry:
            entry.ledger = entry.ledger.unlocked()

    def sent(self, name: str, number: Secret) -> None:
        """One more code for that account to that number. Raises TooMany, with the wait."""
        now = self.clock.now()
        with self.counters.change(_account(name), keep=True) as entry:
            entry.ledger = entry.ledger.sent(now, ACCOUNT_SENDS)
        e164, _ = parted(number.reveal())
        with self.counters.change(f"number:{e164}", keep=True) as entry:
            entry.ledger = entry.ledger.sent(now, NUMBER_SENDS)


def _door(key: str) -> str:
    return f"door:{key}"


def _account(name: str) -> str:
    return f"account:{name}"
