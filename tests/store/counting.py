"""Tries that are counted, for tests of throttle stores."""

from functools import partial

from apppw_tui.domain.ports import ThrottleStore
from apppw_tui.domain.throttle import Rule, Step, ThrottleState

CAFE = "198.51.100.7"
ADA = "account:ada@example.org"


def attempt(address: str = CAFE, step: Step = "password") -> Rule:
    return partial(ThrottleState.record_attempt, step=step, address=address)


def success(address: str) -> Rule:
    return partial(ThrottleState.record_success, address=address)


def charge(
    counters: ThrottleStore, subject: str = ADA, address: str = CAFE, *, keep: bool = True
) -> None:
    counters.change({subject: attempt(address)}, keep=keep)


def kept(counters: ThrottleStore, subject: str = ADA, *, keep: bool = True) -> ThrottleState:
    return counters.change({subject: lambda state, **_: state}, keep=keep)[subject]


def failures(counters: ThrottleStore, subject: str = ADA, *, keep: bool = True) -> int:
    return kept(counters, subject, keep=keep).unknown_addresses.password.failures
