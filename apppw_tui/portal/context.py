"""The parts that the portal works with: passed in, none is made here."""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apppw_tui.domain.app_password import RandomBelow
from apppw_tui.domain.errors import DiskFull, StoreDamaged, StoreError, StoreUnusable
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.ports import (
    AccountStore,
    ActivityLog,
    Clock,
    CodeSender,
    ErrorLog,
    ExternalPasswords,
    Notifier,
    Sealer,
    SessionTerminator,
    ThrottleStore,
    UsageBook,
)
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.switched_off import NoSessionTermination, SilentNotifier
from apppw_tui.domain.throttle import ACCOUNT_SENDS, NUMBER_SENDS, Step, door_key

if TYPE_CHECKING:
    from apppw_tui.domain.hashing import Hasher


SIGN_IN_DOWN = "Sign-in does not work now. Ask your administrator."


@dataclass(frozen=True)
class PortalContext:
    """One of these serves one person at one terminal: `address` is where they come from."""

    store: AccountStore
    hasher: "Hasher"
    clock: Clock
    policy: Policy
    sealer: Sealer
    throttle_store: ThrottleStore
    code_sender: CodeSender
    activity_log: ActivityLog
    error_log: ErrorLog
    usage: UsageBook
    address: str = "local"
    default_domain: str | None = None
    region: str | None = None
    host_name: str = "this server"
    randbelow: RandomBelow = secrets.randbelow
    token_bytes: Callable[[int], bytes] = secrets.token_bytes
    session_terminator: SessionTerminator = field(default_factory=NoSessionTermination)
    source: ExternalPasswords | None = None  # of account passwords; None is the store
    notifier: Notifier = field(default_factory=SilentNotifier)


@dataclass(frozen=True)
class PortalThrottle:
    """Counts what comes from `address`. Every method may raise StoreError."""

    counters: ThrottleStore
    clock: Clock
    address: str

    def record_attempt(self, name: str, step: Step) -> None:
        """One try, whether or not there is such an account. Raises RateLimited."""
        now = self.clock.now()
        # Not marked as an account's: whether it is one would have to be looked up first, which
        # takes longer if it is. The mark stays once a sign-in was completed.
        with self.counters.change(_account(name), keep=False) as entry:
            entry.state = entry.state.record_attempt(step, self.address, now)

    def undo_attempt(self, name: str, step: Step, *, keep: bool = True) -> None:
        """The try was right: it is taken back, which is no reset.

        `keep` says that it is an account's name (see Counters.change).
        """
        with self.counters.change(_account(name), keep=keep) as entry:
            entry.state = entry.state.undo_attempt(step, self.address, self.clock.now())

    def record_success(self, name: str) -> None:
        """A sign-in is complete: only that resets, and only its own counters."""
        with self.counters.change(_account(name), keep=True) as entry:
            entry.state = entry.state.record_success(self.address, self.clock.now())
        # Of no account: the kiosk's door asks before it knows whose sign-in it will be.
        door = door_key(self.address)
        with (
            contextlib.suppress(StoreError),  # the sign-in is complete, come what may
            self.counters.change(_door(door), keep=True) as entry,
        ):
            entry.state = entry.state.record_success(door, self.clock.now())

    def is_known(self) -> bool:
        """True if an account completed a sign-in from around there in the last 30 days."""
        with self.counters.change(_door(door_key(self.address)), keep=False) as entry:
            return bool(entry.state.known)

    def password_changed(self, name: str) -> None:
        """Strangers may try again."""
        with self.counters.change(_account(name), keep=True) as entry:
            entry.state = entry.state.reset_unknown()

    def unlocked(self, name: str) -> None:
        """Nothing is counted any more."""
        with self.counters.change(_account(name), keep=True) as entry:
            entry.state = entry.state.unlocked()

    def record_sent_code(self, name: str, number: Secret) -> None:
        """One more code for that account to that number. Raises RateLimited, with the wait."""
        from apppw_tui.domain.phone import parted  # not for a stranger at the door

        now = self.clock.now()
        with self.counters.change(_account(name), keep=True) as entry:
            entry.state = entry.state.record_sent_code(now, ACCOUNT_SENDS)
        e164, _ = parted(number.reveal())
        with self.counters.change(f"number:{e164}", keep=True) as entry:
            entry.state = entry.state.record_sent_code(now, NUMBER_SENDS)


@contextlib.contextmanager
def faults_told_to_a_stranger(error_log: ErrorLog) -> Iterator[None]:
    """Logs why nobody can sign in; who is not signed in is told no path of the server's.

    Raises StoreUnusable.
    """
    try:
        yield
    except DiskFull:
        raise
    except (StoreDamaged, StoreUnusable) as error:
        error_log.error("nobody can sign in", why=str(error))
        raise StoreUnusable(SIGN_IN_DOWN) from None


def _door(key: str) -> str:
    return f"door:{key}"


def _account(name: str) -> str:
    return f"account:{name}"
