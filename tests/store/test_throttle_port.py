"""What every engine promises of its throttle (see ThrottleStore)."""

from datetime import datetime

import pytest

from apppw_tui.domain.errors import RateLimited
from apppw_tui.domain.throttle import FailureCount, FailureCounts, ThrottleState
from apppw_tui.store.engine import Engine
from tests.store.counting import ADA, attempt, charge, failures, kept, success
from tests.support import NOW, FixedClock


def test_what_is_charged_stays_charged(engine: Engine, clock: FixedClock) -> None:
    charge(engine.throttle)
    charge(engine.throttle)
    charge(engine.throttle, "account:grace")
    assert kept(engine.throttle).unknown_addresses == FailureCounts(FailureCount(2, NOW))
    assert failures(engine.throttle, "account:grace") == 1
    assert failures(engine.throttle, "account:ada") == 0


def test_an_account_and_a_name_that_nobody_has_are_counted_alike(
    engine: Engine, clock: FixedClock
) -> None:
    for keep in (True, False):
        for _ in range(5):
            charge(engine.throttle, f"account:{keep}", keep=keep)
        with pytest.raises(RateLimited, match=r"Wait 5 s\."):
            charge(engine.throttle, f"account:{keep}", keep=keep)
        assert failures(engine.throttle, f"account:{keep}", keep=keep) == 5


def test_an_address_stays_known(engine: Engine, clock: FixedClock) -> None:
    engine.throttle.change({ADA: success("2001:db8::1")}, keep=True)
    for _ in range(5):
        charge(engine.throttle)
    charge(engine.throttle, address="2001:db8::2")
    with pytest.raises(RateLimited):
        charge(engine.throttle, address="2001:db8:0:1::1")


@pytest.mark.parametrize(
    "refusal", [RateLimited("Wait.", 1.0), KeyError("a fault"), KeyboardInterrupt()]
)
def test_a_rule_that_raises_counts_nothing(
    engine: Engine, clock: FixedClock, refusal: BaseException
) -> None:
    charge(engine.throttle)

    def rule(state: ThrottleState, /, *, now: datetime) -> ThrottleState:
        raise refusal

    with pytest.raises(type(refusal)):
        engine.throttle.change({ADA: rule}, keep=True)
    assert failures(engine.throttle) == 1
    charge(engine.throttle)  # and nothing is held
    assert failures(engine.throttle) == 2


def test_a_refused_try_brings_the_stamps_of_a_clock_set_back_to_the_present(
    engine: Engine, clock: FixedClock
) -> None:
    for _ in range(5):
        charge(engine.throttle)
    clock.advance(-400 * 86_400)
    with pytest.raises(RateLimited, match="Wait 5 s"):
        charge(engine.throttle)
    clock.advance(5)
    charge(engine.throttle)
    assert failures(engine.throttle) == 6


def test_where_one_of_several_refuses_those_before_it_are_counted(
    engine: Engine,
) -> None:
    for _ in range(5):
        charge(engine.throttle, "number:2")
    names = ("account:1", "number:2", "account:3")
    with pytest.raises(RateLimited, match=r"Wait 5 s\."):
        engine.throttle.change(dict.fromkeys(names, attempt()), keep=True)
    assert [failures(engine.throttle, name) for name in names] == [1, 5, 0]
