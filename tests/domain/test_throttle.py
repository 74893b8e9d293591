from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from apppw_tui.domain.addresses import address_key, door_key
from apppw_tui.domain.errors import RateLimited
from apppw_tui.domain.lines import describe_wait
from apppw_tui.domain.sent_codes import record_sent_code
from apppw_tui.domain.throttle import (
    KNOWN_FOR,
    LONGEST_DELAY,
    MOST_KNOWN,
    UNKNOWN_LOCKOUT,
    FailureCount,
    FailureCounts,
    KnownAddress,
    Step,
    ThrottleState,
)
from tests.support import NOW

HOME, CAFE, ELSEWHERE = "192.0.2.1", "198.51.100.7", "203.0.113.9"
DAY = timedelta(days=1)
STEPS: tuple[Step, ...] = ("password", "second")


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def failed(
    step: Step, times: int, ledger: ThrottleState, address: str = CAFE
) -> tuple[ThrottleState, datetime]:
    """The ledger after so many failures, each as soon as it was admitted, and the last instant."""
    now = NOW
    for _ in range(times):
        try:
            ledger = ledger.record_attempt(step, address, now)
        except RateLimited as refused:
            now += timedelta(seconds=refused.wait or 0)
            ledger = ledger.record_attempt(step, address, now)
    return ledger, now


def at_home(*addresses: str) -> ThrottleState:
    """A ledger of an account that signed in from there before."""
    ledger = ThrottleState()
    for address in addresses:
        ledger = ledger.record_success(address, NOW)
    return ledger


def refusal(charge: Callable[[], ThrottleState]) -> tuple[str, float | None]:
    with pytest.raises(RateLimited) as refused:
        charge()
    return str(refused.value), refused.value.wait


def locked(ledger: ThrottleState, step: Step = "password") -> ThrottleState:
    count = FailureCount(UNKNOWN_LOCKOUT, NOW)
    return replace(ledger, unknown_addresses=ledger.unknown_addresses.put(step, count))


def test_delays_begin_after_the_fifth_failure_and_double_up_to_a_quarter_of_an_hour() -> None:
    waits = [FailureCount(failures, NOW).wait(NOW) for failures in range(15)]
    assert waits == [0, 0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert FailureCount(10**30, NOW).wait(NOW) == LONGEST_DELAY
    assert FailureCount(7, NOW).wait(after(19)) == 1
    assert FailureCount(7, NOW).wait(after(20)) == 0
    assert FailureCount(7, NOW).wait(after(10_000)) == 0


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("address", [HOME, CAFE])
def test_a_try_too_early_is_refused_with_the_wait_and_not_charged(step: Step, address: str) -> None:
    ledger, now = failed(step, 8, at_home(HOME), address)
    said = refusal(lambda: ledger.record_attempt(step, address, now))
    assert said == ("Too many tries. Wait 40 s.", 40.0)
    later = now + timedelta(seconds=39)
    assert refusal(lambda: ledger.record_attempt(step, address, later))[1] == 1.0
    charged = ledger.record_attempt(step, address, now + timedelta(seconds=40))
    assert max(count.failures for count in charged.counts) == 9


def test_password_and_second_factor_are_counted_apart() -> None:
    ledger, now = failed("password", 8, ThrottleState())
    assert ledger.record_attempt("second", CAFE, now).unknown_addresses == FailureCounts(
        FailureCount(8, now), FailureCount(1, now)
    )
    other, now = failed("second", 8, ThrottleState())
    assert other.record_attempt("password", CAFE, now).unknown_addresses.second == FailureCount(
        8, now
    )


def test_all_strangers_share_one_count_and_a_known_address_has_its_own() -> None:
    ledger, now = failed("password", 5, at_home(HOME))
    assert refusal(lambda: ledger.record_attempt("password", ELSEWHERE, now))[1] == 5.0
    ledger = ledger.record_attempt("password", HOME, now)
    other, now = failed("password", 5, at_home(HOME, ELSEWHERE), HOME)
    assert refusal(lambda: other.record_attempt("password", HOME, now))[1] == 5.0
    other.record_attempt("password", CAFE, now)
    other.record_attempt("password", ELSEWHERE, now)


@pytest.mark.parametrize("address", [HOME, CAFE])
def test_a_right_try_takes_back_its_own_charge_and_nothing_else(address: str) -> None:
    ledger, now = failed("password", 5, at_home(HOME), address)
    then = now + timedelta(seconds=5)
    ledger = ledger.record_attempt("password", address, then).undo_attempt(
        "password", address, then
    )
    assert [count.failures for count in ledger.counts if count.failures] == [5]
    first = ThrottleState().record_attempt("second", CAFE, NOW).undo_attempt("second", CAFE, NOW)
    assert first == ThrottleState()
    assert (
        first.undo_attempt("second", CAFE, NOW) == ThrottleState()
    )  # reset meanwhile by another session


@pytest.mark.parametrize("step", STEPS)
def test_at_ninety_failures_strangers_are_refused_until_something_else_happens(step: Step) -> None:
    ledger, now = failed(step, UNKNOWN_LOCKOUT - 1, at_home(HOME))
    now += timedelta(seconds=LONGEST_DELAY)
    ledger = ledger.record_attempt(step, CAFE, now)
    for waited, left in ((0, "24 h"), (3600, "23 h"), (86_100, "5 min"), (86_399, "1 s")):
        later = now + timedelta(seconds=waited)
        for either in STEPS:
            sentence, wait = refusal(lambda: ledger.record_attempt(either, ELSEWHERE, later))  # noqa: B023 - called at once
            assert wait == 86_400 - waited
            assert sentence == (
                "Too many tries from elsewhere: sign in from where you usually do,"
                f" wait {left}, or ask your administrator."
            )
    assert ledger.record_attempt(step, HOME, now).unknown_addresses == ledger.unknown_addresses
    assert ledger.reset_unknown().record_attempt(step, CAFE, now).unknown_addresses.of(
        step
    ) == FailureCount(1, now)
    assert ledger.unlocked().record_attempt(step, CAFE, now).unknown_addresses.of(
        step
    ) == FailureCount(1, now)


@pytest.mark.parametrize("step", STEPS)
def test_a_day_after_the_last_try_that_was_compared_strangers_begin_again(step: Step) -> None:
    ledger = locked(at_home(HOME), step)
    for either in STEPS:  # what the lock refuses does not prolong it
        refusal(lambda: ledger.record_attempt(either, CAFE, NOW + DAY / 2))  # noqa: B023 - called at once
    again = ledger.record_attempt(step, CAFE, NOW + DAY)
    assert again.unknown_addresses.of(step) == FailureCount(1, NOW + DAY)
    assert not again.unknown_addresses.locked


def test_a_clock_that_is_set_back_prolongs_the_lock_by_a_day_at_most() -> None:
    ledger = locked(at_home(HOME)).as_of(NOW - 400 * DAY)
    assert refusal(lambda: ledger.record_attempt("password", CAFE, NOW - 400 * DAY))[1] == 86_400
    assert (
        ledger.record_attempt("password", CAFE, NOW - 399 * DAY).unknown_addresses.password.failures
        == 1
    )


@pytest.mark.parametrize("step", STEPS)
def test_a_known_address_is_not_lifted_but_goes_on(step: Step) -> None:
    ledger, now = failed(step, UNKNOWN_LOCKOUT, at_home(HOME), HOME)
    count = ledger.record_attempt(step, HOME, now + DAY).known[HOME].bucket.of(step)
    assert count == FailureCount(UNKNOWN_LOCKOUT + 1, now + DAY)


def test_the_ninetieth_try_is_still_admitted_and_may_be_right() -> None:
    ledger, now = failed("password", UNKNOWN_LOCKOUT - 1, ThrottleState())
    now += timedelta(seconds=LONGEST_DELAY)
    right = ledger.record_attempt("password", CAFE, now).undo_attempt("password", CAFE, now)
    assert (
        right.record_attempt("second", CAFE, now).record_success(CAFE, now).unknown_addresses
        == FailureCounts()
    )


def test_a_known_address_is_never_locked_out_for_good() -> None:
    ledger, now = failed("second", 2 * UNKNOWN_LOCKOUT, at_home(HOME), HOME)
    assert refusal(lambda: ledger.record_attempt("second", HOME, now))[1] == LONGEST_DELAY
    ledger.record_attempt("second", HOME, now + timedelta(seconds=LONGEST_DELAY))


def test_completing_from_a_known_address_resets_its_own_counts_alone() -> None:
    ledger = at_home(HOME, CAFE)
    for step in STEPS:
        for address in (HOME, CAFE, ELSEWHERE):
            ledger = ledger.record_attempt(step, address, NOW)
    ledger = ledger.record_success(HOME, NOW)
    one = FailureCounts(FailureCount(1, NOW), FailureCount(1, NOW))
    assert ledger.unknown_addresses == one
    assert {key: known.bucket for key, known in ledger.known.items()} == {
        HOME: FailureCounts(),
        CAFE: one,
    }


@pytest.mark.parametrize("step", STEPS)
def test_completing_from_an_address_known_before_unlocks_strangers(step: Step) -> None:
    ledger = locked(at_home(HOME), step)
    assert ledger.record_success(HOME, NOW).unknown_addresses == FailureCounts()
    almost = replace(
        ledger,
        unknown_addresses=FailureCounts().put(step, FailureCount(UNKNOWN_LOCKOUT - 1, NOW - DAY)),
    )
    assert almost.record_success(HOME, NOW).unknown_addresses == almost.unknown_addresses


def test_completing_from_elsewhere_resets_the_count_of_strangers_and_makes_it_known() -> None:
    ledger, now = failed("password", 6, at_home(HOME))
    ledger = ledger.record_attempt("password", HOME, now).record_success(CAFE, now)
    assert ledger.unknown_addresses == FailureCounts()
    assert ledger.known[HOME].bucket == FailureCounts(FailureCount(1, now))
    assert ledger.known[CAFE] == KnownAddress(FailureCounts(), now)


def test_an_address_is_known_for_thirty_days_after_it_completed_last() -> None:
    late = NOW + KNOWN_FOR + timedelta(seconds=1)
    full = FailureCounts(password=FailureCount(UNKNOWN_LOCKOUT, late))
    ledger = replace(at_home(HOME), unknown_addresses=full)
    ledger.record_attempt("password", HOME, NOW + KNOWN_FOR)
    assert refusal(lambda: ledger.record_attempt("password", HOME, late))[1] == 86_400
    again = replace(at_home(HOME).record_success(HOME, NOW + 20 * DAY), unknown_addresses=full)
    again.record_attempt("password", HOME, late)


def test_of_too_many_known_addresses_the_oldest_is_forgotten() -> None:
    ledger = ThrottleState()
    for number in range(MOST_KNOWN + 1):
        ledger = ledger.record_success(f"192.0.2.{number}", after(number))
    assert len(ledger.known) == MOST_KNOWN
    assert "192.0.2.0" not in ledger.known
    again = ledger.record_success("192.0.2.1", after(90)).record_success(ELSEWHERE, after(91))
    assert "192.0.2.1" in again.known
    assert "192.0.2.2" not in again.known
    swollen = replace(
        ledger, known={**ledger.known, ELSEWHERE: KnownAddress(FailureCounts(), NOW - DAY)}
    )
    assert swollen.as_of(after(90)).known == ledger.known


def test_an_unlock_clears_counts_and_sends_and_forgets_no_address() -> None:
    charged = locked(at_home(HOME)).record_attempt("second", HOME, NOW)
    ledger = record_sent_code(charged, NOW)
    assert ledger.unlocked() == at_home(HOME)
    changed = ledger.reset_unknown()
    assert changed == replace(ledger, unknown_addresses=FailureCounts())


@pytest.mark.parametrize("address", [HOME, CAFE])
def test_a_clock_set_back_locks_nobody_out(address: str) -> None:
    ledger, _ = failed("password", 20, at_home(HOME), address)
    ledger = replace(
        ledger, known={**ledger.known, ELSEWHERE: KnownAddress(FailureCounts(), NOW + 400 * DAY)}
    )
    back = NOW - 400 * DAY
    assert refusal(lambda: ledger.record_attempt("password", address, back))[1] == LONGEST_DELAY
    settled = ledger.as_of(back)
    free = back + timedelta(seconds=LONGEST_DELAY)
    charged = settled.record_attempt("password", address, free)
    assert max(count.last for count in charged.counts if count.last) == free
    assert all(known.last_success <= back for known in settled.known.values())


def test_a_charge_leaves_no_stamp_in_the_future() -> None:
    ledger, _ = failed("second", 4, at_home(HOME), HOME)
    back = NOW - 3 * DAY
    charged = replace(ledger, sends=(NOW,)).record_attempt("password", CAFE, back)
    assert charged.known[HOME] == KnownAddress(FailureCounts(second=FailureCount(4, back)), back)
    assert charged.sends == (back,)


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (0.1, "1 s"),
        (40, "40 s"),
        (58.5, "59 s"),
        (59.5, "1 min"),
        (160, "3 min"),
        (900, "15 min"),
        (3541, "1 h"),
        (86_400, "24 h"),
    ],
)
def test_a_wait_is_rounded_up(wait: float, words: str) -> None:
    assert describe_wait(wait) == words


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("local", "local"),
        ("", ""),
        ("x" * 10_000, "x" * 64),
    ],
)
def test_an_address_counts_by_what_one_person_has(text: str, key: str) -> None:
    assert address_key(text) == key


def test_the_door_counts_by_what_one_household_has() -> None:
    assert door_key("2001:db8:1:2f3::9") == "2001:db8:1:200::/56"
    assert door_key("::ffff:192.0.2.1") == "192.0.2.1"
    assert door_key("local") == "local"


def test_a_ledger_marks_addresses_as_its_store_wants_it() -> None:
    ledger = replace(ThrottleState(), hash_address=lambda address: f"<{address_key(address)}>")
    ledger = ledger.record_success("::ffff:192.0.2.1", NOW).record_attempt("second", HOME, NOW)
    assert ledger.known == {
        f"<{HOME}>": KnownAddress(FailureCounts(second=FailureCount(1, NOW)), NOW)
    }
