from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from apppw_tui.domain.errors import TooMany
from apppw_tui.domain.throttle import (
    KNOWN_FOR,
    LONGEST_DELAY,
    MOST_KNOWN,
    NUMBER_SENDS,
    STRANGERS_LOCK,
    Bucket,
    Count,
    Known,
    Ledger,
    SendLimit,
    Step,
    address_key,
    door_key,
    in_words,
)
from tests.support import NOW

HOME, CAFE, ELSEWHERE = "192.0.2.1", "198.51.100.7", "203.0.113.9"
DAY = timedelta(days=1)
STEPS: tuple[Step, ...] = ("password", "second")


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def failed(step: Step, times: int, ledger: Ledger, address: str = CAFE) -> tuple[Ledger, datetime]:
    """The ledger after so many failures, each as soon as it was admitted, and the last instant."""
    now = NOW
    for _ in range(times):
        try:
            ledger = ledger.charge(step, address, now)
        except TooMany as refused:
            now += timedelta(seconds=refused.wait or 0)
            ledger = ledger.charge(step, address, now)
    return ledger, now


def at_home(*addresses: str) -> Ledger:
    """A ledger of an account that signed in from there before."""
    ledger = Ledger()
    for address in addresses:
        ledger = ledger.completed(address, NOW)
    return ledger


def refusal(charge: Callable[[], Ledger]) -> tuple[str, float | None]:
    with pytest.raises(TooMany) as refused:
        charge()
    return str(refused.value), refused.value.wait


def locked(ledger: Ledger, step: Step = "password") -> Ledger:
    count = Count(STRANGERS_LOCK, NOW)
    return replace(ledger, strangers=ledger.strangers.put(step, count))


def test_delays_begin_after_the_fifth_failure_and_double_up_to_a_quarter_of_an_hour() -> None:
    waits = [Count(failures, NOW).wait(NOW) for failures in range(15)]
    assert waits == [0, 0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert Count(10**30, NOW).wait(NOW) == LONGEST_DELAY
    assert Count(7, NOW).wait(after(19)) == 1
    assert Count(7, NOW).wait(after(20)) == 0
    assert Count(7, NOW).wait(after(10_000)) == 0


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("address", [HOME, CAFE])
def test_a_try_too_early_is_refused_with_the_wait_and_not_charged(step: Step, address: str) -> None:
    ledger, now = failed(step, 8, at_home(HOME), address)
    said = refusal(lambda: ledger.charge(step, address, now))
    assert said == ("Too many tries. Wait 40 s.", 40.0)
    later = now + timedelta(seconds=39)
    assert refusal(lambda: ledger.charge(step, address, later))[1] == 1.0
    charged = ledger.charge(step, address, now + timedelta(seconds=40))
    assert max(count.failures for count in charged.counts) == 9


def test_password_and_second_factor_are_counted_apart() -> None:
    ledger, now = failed("password", 8, Ledger())
    assert ledger.charge("second", CAFE, now).strangers == Bucket(Count(8, now), Count(1, now))
    other, now = failed("second", 8, Ledger())
    assert other.charge("password", CAFE, now).strangers.second == Count(8, now)


def test_all_strangers_share_one_count_and_a_known_address_has_its_own() -> None:
    ledger, now = failed("password", 5, at_home(HOME))
    assert refusal(lambda: ledger.charge("password", ELSEWHERE, now))[1] == 5.0
    ledger = ledger.charge("password", HOME, now)
    other, now = failed("password", 5, at_home(HOME, ELSEWHERE), HOME)
    assert refusal(lambda: other.charge("password", HOME, now))[1] == 5.0
    other.charge("password", CAFE, now)
    other.charge("password", ELSEWHERE, now)


@pytest.mark.parametrize("address", [HOME, CAFE])
def test_a_right_try_takes_back_its_own_charge_and_nothing_else(address: str) -> None:
    ledger, now = failed("password", 5, at_home(HOME), address)
    then = now + timedelta(seconds=5)
    ledger = ledger.charge("password", address, then).refund("password", address, then)
    assert [count.failures for count in ledger.counts if count.failures] == [5]
    first = Ledger().charge("second", CAFE, NOW).refund("second", CAFE, NOW)
    assert first == Ledger()
    assert first.refund("second", CAFE, NOW) == Ledger()  # reset meanwhile by another session


@pytest.mark.parametrize("step", STEPS)
def test_at_ninety_failures_strangers_are_refused_until_something_else_happens(step: Step) -> None:
    ledger, now = failed(step, STRANGERS_LOCK - 1, at_home(HOME))
    now += timedelta(seconds=LONGEST_DELAY)
    ledger = ledger.charge(step, CAFE, now)
    for waited, left in ((0, "24 h"), (3600, "23 h"), (86_100, "5 min"), (86_399, "1 s")):
        later = now + timedelta(seconds=waited)
        for either in STEPS:
            sentence, wait = refusal(lambda: ledger.charge(either, ELSEWHERE, later))  # noqa: B023 - called at once
            assert wait == 86_400 - waited
            assert sentence == (
                "Too many tries from elsewhere: sign in from where you usually do,"
                f" wait {left}, or ask your administrator."
            )
    assert ledger.charge(step, HOME, now).strangers == ledger.strangers
    assert ledger.cleared().charge(step, CAFE, now).strangers.of(step) == Count(1, now)
    assert ledger.unlocked().charge(step, CAFE, now).strangers.of(step) == Count(1, now)


@pytest.mark.parametrize("step", STEPS)
def test_a_day_after_the_last_try_that_was_compared_strangers_begin_again(step: Step) -> None:
    ledger = locked(at_home(HOME), step)
    for either in STEPS:  # what the lock refuses does not prolong it
        refusal(lambda: ledger.charge(either, CAFE, NOW + DAY / 2))  # noqa: B023 - called at once
    again = ledger.charge(step, CAFE, NOW + DAY)
    assert again.strangers.of(step) == Count(1, NOW + DAY)
    assert not again.strangers.locked


def test_a_clock_that_is_set_back_prolongs_the_lock_by_a_day_at_most() -> None:
    ledger = locked(at_home(HOME)).settled(NOW - 400 * DAY)
    assert refusal(lambda: ledger.charge("password", CAFE, NOW - 400 * DAY))[1] == 86_400
    assert ledger.charge("password", CAFE, NOW - 399 * DAY).strangers.password.failures == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_known_address_is_not_lifted_but_goes_on(step: Step) -> None:
    ledger, now = failed(step, STRANGERS_LOCK, at_home(HOME), HOME)
    count = ledger.charge(step, HOME, now + DAY).known[HOME].bucket.of(step)
    assert count == Count(STRANGERS_LOCK + 1, now + DAY)


def test_the_ninetieth_try_is_still_admitted_and_may_be_right() -> None:
    ledger, now = failed("password", STRANGERS_LOCK - 1, Ledger())
    now += timedelta(seconds=LONGEST_DELAY)
    right = ledger.charge("password", CAFE, now).refund("password", CAFE, now)
    assert right.charge("second", CAFE, now).completed(CAFE, now).strangers == Bucket()


def test_a_known_address_is_never_locked_out_for_good() -> None:
    ledger, now = failed("second", 2 * STRANGERS_LOCK, at_home(HOME), HOME)
    assert refusal(lambda: ledger.charge("second", HOME, now))[1] == LONGEST_DELAY
    ledger.charge("second", HOME, now + timedelta(seconds=LONGEST_DELAY))


def test_completing_from_a_known_address_resets_its_own_counts_alone() -> None:
    ledger = at_home(HOME, CAFE)
    for step in STEPS:
        for address in (HOME, CAFE, ELSEWHERE):
            ledger = ledger.charge(step, address, NOW)
    ledger = ledger.completed(HOME, NOW)
    one = Bucket(Count(1, NOW), Count(1, NOW))
    assert ledger.strangers == one
    assert {key: known.bucket for key, known in ledger.known.items()} == {HOME: Bucket(), CAFE: one}


@pytest.mark.parametrize("step", STEPS)
def test_completing_from_an_address_known_before_unlocks_strangers(step: Step) -> None:
    ledger = locked(at_home(HOME), step)
    assert ledger.completed(HOME, NOW).strangers == Bucket()
    almost = replace(ledger, strangers=Bucket().put(step, Count(STRANGERS_LOCK - 1, NOW - DAY)))
    assert almost.completed(HOME, NOW).strangers == almost.strangers


def test_completing_from_elsewhere_resets_the_count_of_strangers_and_makes_it_known() -> None:
    ledger, now = failed("password", 6, at_home(HOME))
    ledger = ledger.charge("password", HOME, now).completed(CAFE, now)
    assert ledger.strangers == Bucket()
    assert ledger.known[HOME].bucket == Bucket(Count(1, now))
    assert ledger.known[CAFE] == Known(Bucket(), now)


def test_an_address_is_known_for_thirty_days_after_it_completed_last() -> None:
    late = NOW + KNOWN_FOR + timedelta(seconds=1)
    full = Bucket(password=Count(STRANGERS_LOCK, late))
    ledger = replace(at_home(HOME), strangers=full)
    ledger.charge("password", HOME, NOW + KNOWN_FOR)
    assert refusal(lambda: ledger.charge("password", HOME, late))[1] == 86_400
    again = replace(at_home(HOME).completed(HOME, NOW + 20 * DAY), strangers=full)
    again.charge("password", HOME, late)


def test_of_too_many_known_addresses_the_oldest_is_forgotten() -> None:
    ledger = Ledger()
    for number in range(MOST_KNOWN + 1):
        ledger = ledger.completed(f"192.0.2.{number}", after(number))
    assert len(ledger.known) == MOST_KNOWN
    assert "192.0.2.0" not in ledger.known
    again = ledger.completed("192.0.2.1", after(90)).completed(ELSEWHERE, after(91))
    assert "192.0.2.1" in again.known
    assert "192.0.2.2" not in again.known
    swollen = replace(ledger, known={**ledger.known, ELSEWHERE: Known(Bucket(), NOW - DAY)})
    assert swollen.settled(after(90)).known == ledger.known


def test_an_unlock_clears_counts_and_sends_and_forgets_no_address() -> None:
    ledger = locked(at_home(HOME)).charge("second", HOME, NOW).sent(NOW)
    assert ledger.unlocked() == at_home(HOME)
    changed = ledger.cleared()
    assert changed == replace(ledger, strangers=Bucket())


@pytest.mark.parametrize("address", [HOME, CAFE])
def test_a_clock_set_back_locks_nobody_out(address: str) -> None:
    ledger, _ = failed("password", 20, at_home(HOME), address)
    ledger = replace(ledger, known={**ledger.known, ELSEWHERE: Known(Bucket(), NOW + 400 * DAY)})
    back = NOW - 400 * DAY
    assert refusal(lambda: ledger.charge("password", address, back))[1] == LONGEST_DELAY
    settled = ledger.settled(back)
    free = back + timedelta(seconds=LONGEST_DELAY)
    charged = settled.charge("password", address, free)
    assert max(count.last for count in charged.counts if count.last) == free
    assert all(known.completed <= back for known in settled.known.values())


def test_a_charge_leaves_no_stamp_in_the_future() -> None:
    ledger, _ = failed("second", 4, at_home(HOME), HOME)
    back = NOW - 3 * DAY
    charged = replace(ledger, sends=(NOW,)).charge("password", CAFE, back)
    assert charged.known[HOME] == Known(Bucket(second=Count(4, back)), back)
    assert charged.sends == (back,)


def test_three_codes_in_ten_minutes_and_no_fourth() -> None:
    ledger = Ledger().sent(NOW).sent(after(60)).sent(after(120))
    said = refusal(lambda: ledger.sent(after(130)))
    assert said == ("Too many codes were sent. Wait 8 min.", 470.0)
    assert ledger.sent(after(600)).sends == (after(60), after(120), after(600))
    assert refusal(lambda: ledger.sent(after(599)))[1] == 1.0


def test_a_number_gets_ten_codes_in_a_day() -> None:
    ledger = Ledger()
    for number in range(10):
        ledger = ledger.sent(after(number * 3600), NUMBER_SENDS)
    said = refusal(lambda: ledger.sent(after(36_000), NUMBER_SENDS))
    assert said == ("Too many codes were sent. Wait 14 h.", 50_400.0)
    ledger.sent(NOW + DAY, NUMBER_SENDS)


def test_codes_sent_in_the_future_hold_for_no_longer_than_the_window() -> None:
    ledger = Ledger(sends=(NOW + DAY, NOW + DAY, NOW + 300 * DAY))
    assert refusal(lambda: ledger.sent(NOW))[1] == 600.0
    settled = ledger.settled(NOW)
    assert settled.sent(after(600)).sends == (after(600),)
    assert Ledger(sends=(NOW,) * 500).settled(NOW).sends == (NOW,) * 100
    assert refusal(lambda: Ledger(sends=(NOW,) * 7).sent(NOW, SendLimit(3, 60)))[1] == 60.0


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
    assert in_words(wait) == words


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
    ledger = replace(Ledger(), mark=lambda address: f"<{address_key(address)}>")
    ledger = ledger.completed("::ffff:192.0.2.1", NOW).charge("second", HOME, NOW)
    assert ledger.known == {f"<{HOME}>": Known(Bucket(second=Count(1, NOW)), NOW)}
