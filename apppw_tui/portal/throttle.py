"""The throttle of the portal, and what somebody is told whom it cannot judge.

A module of its own: the kiosk's door asks it before there is a portal, and loads no more of that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from apppw_tui.domain.addresses import door_key
from apppw_tui.domain.errors import DiskFull, StoreDamaged, StoreError, StoreUnusable
from apppw_tui.domain.ports import ErrorLog, ThrottleStore
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.throttle import Rule, Step, ThrottleState

SIGN_IN_DOWN = "Sign-in does not work now. Ask your administrator."


@dataclass(frozen=True)
class TrustedAddresses:
    """The number of addresses from which sign-ins were completed; `present`: this is among them."""

    count: int
    present: bool


@dataclass(frozen=True)
class PortalThrottle:
    """Counts what comes from `address`. Every method may raise StoreError."""

    counters: ThrottleStore
    address: str

    def record_attempt(self, name: str, step: Step) -> None:
        """One try, whether or not there is such an account. Raises RateLimited."""
        rule = partial(ThrottleState.record_attempt, step=step, address=self.address)
        # Not marked as an account's: whether it is one would have to be looked up first, which
        # takes longer if it is. The mark stays once a sign-in was completed.
        self.counters.change({f"account:{name}": rule}, keep=False)

    def undo_attempt(self, name: str, step: Step, *, keep: bool = True) -> None:
        """The try was right: it is taken back, which is no reset.

        `keep` says that it is an account's name (see ThrottleStore.change).
        """
        rule = partial(ThrottleState.undo_attempt, step=step, address=self.address)
        self.counters.change({f"account:{name}": rule}, keep=keep)

    def record_success(self, name: str, *, by_key: str | None = None) -> None:
        """A sign-in is complete: only that resets, and only its own counters.

        `by_key` is the place of the ssh key that completed it, which is known from now on, too.
        """
        door = door_key(self.address)
        success: Rule = partial(ThrottleState.record_success, address=self.address)
        if by_key is not None:
            success = partial(ThrottleState.record_successes, addresses=(self.address, by_key))
        self.counters.change(
            {
                f"account:{name}": success,
                # Of no account: the kiosk's door asks before it knows whose sign-in it will be.
                f"door:{door}": partial(ThrottleState.record_success, address=door),
            },
            keep=True,
        )

    def is_known(self) -> bool:
        """True if an account completed a sign-in from around there in the last 30 days."""
        return bool(self._look(f"door:{door_key(self.address)}").known)

    def state(self, name: str) -> ThrottleState:
        """All that is counted for the name. Counts nothing."""
        return self._look(f"account:{name}")

    def trusted(self, name: str, besides: Iterable[str] = ()) -> TrustedAddresses:
        """The addresses that are known to the account; `besides` are places that are none."""
        state = self.state(name)
        others = sum(map(state.knows, besides))
        return TrustedAddresses(len(state.known) - others, state.knows(self.address))

    def forget_known(self, name: str) -> None:
        """No address is known to the account any longer."""
        self.counters.change(
            {f"account:{name}": lambda state, **_: state.without_known()}, keep=True
        )

    def password_changed(self, name: str) -> None:
        """Strangers may try again."""
        self.counters.change(
            {f"account:{name}": lambda state, **_: state.reset_unknown()}, keep=True
        )

    def unlocked(self, name: str) -> None:
        """Nothing is counted any more."""
        self.counters.change({f"account:{name}": lambda state, **_: state.unlocked()}, keep=True)

    def record_sent_code(self, name: str, number: Secret) -> None:
        """One more code for that account to that number. Raises RateLimited, with the wait."""
        # Not for a stranger at the door.
        from apppw_tui.domain.phone import parted
        from apppw_tui.domain.sent_codes import ACCOUNT_SENDS, NUMBER_SENDS, record_sent_code

        e164, _ = parted(number.reveal())
        self.counters.change(
            {
                f"account:{name}": partial(record_sent_code, limit=ACCOUNT_SENDS),
                f"number:{e164}": partial(record_sent_code, limit=NUMBER_SENDS),
            },
            keep=True,
        )

    def _look(self, subject: str) -> ThrottleState:
        return self.counters.change({subject: lambda state, **_: state}, keep=False)[subject]


def fault_for_a_stranger(error: StoreError, error_log: ErrorLog) -> StoreError:
    """The error to raise for `error`: who is not signed in is told no path of the server's.

    The log has why nobody can sign in.
    """
    if isinstance(error, DiskFull) or not isinstance(error, StoreDamaged | StoreUnusable):
        return error
    error_log.error("nobody can sign in", why=str(error))
    return StoreUnusable(SIGN_IN_DOWN)
