"""SAFETY 19: who has to wait, and what counts."""

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier import attempt_memory as module
from apppw_tui.verifier.attempt_memory import (
    FIRST_DELAY,
    FORGIVEN_AFTER,
    FREE,
    LONGEST_DELAY,
    MOST_COUNTED,
    AddressRateLimiter,
    CountedAddress,
)
from tests.support import FixedClock, first_quick

HERE = "198.51.100.9"
ADA = "ada@example.org"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def rate_limiter(clock: FixedClock) -> AddressRateLimiter:
    return AddressRateLimiter(clock.monotonic, ["203.0.113.1", "2001:db8:7::1", "198.18.0.0/15"])


def fail(
    rate_limiter: AddressRateLimiter, address: str | None = HERE, times: int = FREE, first: int = 0
) -> None:
    """So many different secrets are wrong."""
    for number in range(first, first + times):
        rate_limiter.record_failure(address, ADA, Secret(str(number)), known=True)


def test_the_first_ones_are_free(rate_limiter: AddressRateLimiter) -> None:
    fail(rate_limiter, times=FREE - 1)
    assert rate_limiter.delay(HERE, ADA) == 0
    fail(rate_limiter, times=1, first=FREE)
    assert rate_limiter.delay(HERE, ADA) == FIRST_DELAY


def test_each_further_one_doubles_the_delay_up_to_the_longest(
    rate_limiter: AddressRateLimiter,
) -> None:
    fail(rate_limiter)
    delays = []
    for number in range(12):
        delays.append(rate_limiter.delay(HERE, ADA))
        fail(rate_limiter, times=1, first=FREE + number)
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, *[LONGEST_DELAY] * 3]


def test_who_waits_may_try_once_more_and_no_sooner(
    rate_limiter: AddressRateLimiter, clock: FixedClock
) -> None:
    fail(rate_limiter)
    for number in range(5):
        delay = rate_limiter.delay(HERE, ADA)
        clock.seconds += delay - 0.01
        assert rate_limiter.delay(HERE, ADA) == pytest.approx(0.01)
        clock.seconds += 0.01
        assert rate_limiter.delay(HERE, ADA) == pytest.approx(0)
        fail(rate_limiter, times=1, first=FREE + number)
        assert rate_limiter.delay(HERE, ADA) == 2 * delay


def test_however_many_there_were_the_delay_is_a_number_and_a_quarter_of_an_hour_forgives(
    rate_limiter: AddressRateLimiter, clock: FixedClock
) -> None:
    fail(rate_limiter, times=3000)
    assert rate_limiter.delay(HERE, ADA) == LONGEST_DELAY
    clock.seconds += MOST_COUNTED * FORGIVEN_AFTER
    assert rate_limiter.list_counted() == []
    fail(rate_limiter, times=FREE - 1, first=3000)
    assert rate_limiter.delay(HERE, ADA) == 0


def test_each_is_forgiven_after_a_while(
    rate_limiter: AddressRateLimiter, clock: FixedClock
) -> None:
    fail(rate_limiter, times=FREE - 1)
    clock.seconds += 5 * FORGIVEN_AFTER
    fail(rate_limiter, times=5, first=FREE)
    assert rate_limiter.delay(HERE, ADA) == 0
    fail(rate_limiter, times=1, first=2 * FREE)
    assert rate_limiter.delay(HERE, ADA) == FIRST_DELAY


@pytest.mark.parametrize("phones", first_quick(100, 1000))
def test_an_address_with_many_stale_passwords_recovers(
    rate_limiter: AddressRateLimiter, clock: FixedClock, phones: int
) -> None:
    """Each asks every five minutes; what is refused as "not now" was not compared."""
    learned, rounds = set[int](), 0
    while len(learned) < phones:
        rounds += 1
        assert rounds < phones
        for number in range(phones):
            clock.seconds += 300 / phones
            if rate_limiter.delay(HERE, ADA) == 0:
                learned.add(number)
                fail(rate_limiter, times=1, first=number)
    clock.seconds += LONGEST_DELAY
    for _ in range(3):
        fail(rate_limiter, times=phones)
        assert rate_limiter.delay(HERE, ADA) == 0


def test_the_same_wrong_secret_counts_once(rate_limiter: AddressRateLimiter) -> None:
    fail(rate_limiter, times=FREE - 1)
    for _ in range(50):
        rate_limiter.record_failure(HERE, ADA, Secret("0"), known=True)
    assert rate_limiter.delay(HERE, ADA) == 0


def test_a_mail_program_that_goes_on_asking_keeps_nobody_waiting(
    rate_limiter: AddressRateLimiter, clock: FixedClock
) -> None:
    fail(rate_limiter)
    clock.seconds += FIRST_DELAY
    rate_limiter.record_failure(HERE, ADA, Secret("0"), known=True)
    assert rate_limiter.delay(HERE, ADA) == 0


def test_the_same_secret_for_another_account_is_another_one(
    rate_limiter: AddressRateLimiter,
) -> None:
    for number in range(FREE):
        rate_limiter.record_failure(HERE, f"account{number}", Secret("same"), known=True)
    assert rate_limiter.delay(HERE, ADA) > 0


def test_where_the_account_ends_and_the_secret_begins_counts(
    rate_limiter: AddressRateLimiter,
) -> None:
    fail(rate_limiter, times=FREE - 2)
    rate_limiter.record_failure(HERE, "ada", Secret("7"), known=True)
    rate_limiter.record_failure(HERE, "ad", Secret("a7"), known=True)
    assert rate_limiter.delay(HERE, ADA) > 0


def test_every_address_has_a_bucket_of_its_own(rate_limiter: AddressRateLimiter) -> None:
    fail(rate_limiter)
    assert rate_limiter.delay(HERE, ADA) > 0
    assert rate_limiter.delay("198.51.100.10", ADA) == 0
    assert rate_limiter.delay(None, ADA) == 0


@pytest.mark.parametrize("nowhere", [None, ""])
def test_where_no_address_is_told_every_name_has_a_bucket_of_its_own(
    rate_limiter: AddressRateLimiter, nowhere: str | None
) -> None:
    fail(rate_limiter, nowhere)
    assert rate_limiter.delay(None, ADA) == rate_limiter.delay("", ADA) == FIRST_DELAY
    assert rate_limiter.delay(None, "grace@example.org") == 0
    assert rate_limiter.delay(HERE, ADA) == 0


def test_a_name_that_looks_like_an_address_is_none(rate_limiter: AddressRateLimiter) -> None:
    for number in range(FREE):
        rate_limiter.record_failure(None, HERE, Secret(str(number)), known=False)
    assert rate_limiter.delay(None, HERE) > 0
    assert rate_limiter.delay(HERE, HERE) == 0


def test_ipv6_counts_by_its_64(rate_limiter: AddressRateLimiter) -> None:
    for number in range(FREE):
        fail(rate_limiter, f"2001:db8:1:2::{number:x}", 1, first=number)
    assert rate_limiter.delay("2001:db8:1:2:ffff::1", ADA) > 0
    assert rate_limiter.delay("2001:db8:1:3::1", ADA) == 0


def test_an_ipv4_address_is_the_same_written_as_ipv6(rate_limiter: AddressRateLimiter) -> None:
    fail(rate_limiter)
    assert rate_limiter.delay(f"::ffff:{HERE}", ADA) > 0


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_the_machine_itself_never_waits(rate_limiter: AddressRateLimiter, address: str) -> None:
    fail(rate_limiter, address, FREE + 30)
    assert rate_limiter.delay(address, ADA) == 0


@pytest.mark.parametrize(
    "address",
    ["203.0.113.1", "::ffff:203.0.113.1", "2001:DB8:7:0::1", "198.18.0.0", "198.19.255.255"],
)
def test_whom_the_administrator_trusts_never_waits(
    rate_limiter: AddressRateLimiter, address: str
) -> None:
    fail(rate_limiter, address, FREE + 30)
    assert rate_limiter.delay(address, ADA) == 0


@pytest.mark.parametrize("address", ["203.0.113.2", "2001:db8:7::2", "198.20.0.1"])
def test_the_neighbours_of_who_is_trusted_are_not(
    rate_limiter: AddressRateLimiter, address: str
) -> None:
    fail(rate_limiter, address)
    assert rate_limiter.delay(address, ADA) > 0


@pytest.mark.parametrize("address", ["proxy.example.org", "\udcff", "::1.evil", "x" * 9999])
def test_what_is_no_address_is_counted_as_it_is(
    rate_limiter: AddressRateLimiter, address: str
) -> None:
    fail(rate_limiter, address)
    assert rate_limiter.delay(address, ADA) > 0
    assert all(len(place.address or "") <= 64 for place in rate_limiter.list_counted())


def test_so_many_addresses_are_kept_and_no_more(
    rate_limiter: AddressRateLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 10)
    fail(rate_limiter)
    for number in range(9):
        fail(rate_limiter, f"192.0.2.{number}", 1)
    assert rate_limiter.delay(HERE, ADA) > 0
    fail(rate_limiter, "192.0.2.99", 1)
    assert len(rate_limiter._buckets) == 10
    assert rate_limiter.delay(HERE, ADA) == 0


def test_so_many_wrong_ones_are_known_again_and_no_more(
    rate_limiter: AddressRateLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_SECRETS", 10)
    fail(rate_limiter, times=9)
    fail(rate_limiter, times=1)  # the newest again
    fail(rate_limiter, times=4, first=9)
    assert len(rate_limiter._secrets) == 10
    before = rate_limiter.list_counted()
    fail(rate_limiter, times=1)
    assert rate_limiter.list_counted() == before
    fail(rate_limiter, times=1, first=1)
    assert rate_limiter.list_counted() != before


def test_nothing_of_the_secret_is_kept_and_every_process_has_a_key_of_its_own(
    clock: FixedClock,
) -> None:
    states = []
    for _ in range(2):
        rate_limiter = AddressRateLimiter(clock.monotonic)
        rate_limiter.record_failure(HERE, ADA, Secret("7kfm2xqd9h3vtw5nc8rw"), known=True)
        assert "7kfm2xqd9h3vtw5nc8rw" not in repr(vars(rate_limiter))
        states.append(rate_limiter._secrets.keys())
    assert not states[0] & states[1]


def test_what_is_counted_can_be_seen_without_any_name_that_is_no_account(
    rate_limiter: AddressRateLimiter,
) -> None:
    fail(rate_limiter)
    fail(rate_limiter, None, 2)
    rate_limiter.record_failure(None, "correct horse battery", Secret("1"), known=False)
    assert rate_limiter.list_counted() == [
        CountedAddress(HERE, None, FREE, FIRST_DELAY),
        CountedAddress(None, ADA, 2, 0),
        CountedAddress(None, None, 1, 0),
    ]
    assert "correct horse" not in repr(vars(rate_limiter))


def test_what_is_counted_can_be_cleared(rate_limiter: AddressRateLimiter) -> None:
    for address in (HERE, "2001:db8:1:2::1", None):
        fail(rate_limiter, address)
    assert rate_limiter.clear("192.0.2.99") == 0
    assert rate_limiter.clear("2001:db8:1:2::ffff") == 1
    assert [place.address for place in rate_limiter.list_counted()] == [HERE, None]
    assert rate_limiter.clear(ADA) == 1
    assert rate_limiter.delay(None, ADA) == 0
    assert rate_limiter.clear() == 1
    assert rate_limiter.list_counted() == []


def test_whom_is_trusted_can_change_and_what_was_counted_stays(
    rate_limiter: AddressRateLimiter,
) -> None:
    fail(rate_limiter)
    rate_limiter.set_trusted(["198.51.100.0/24"])
    assert rate_limiter.delay(HERE, ADA) == 0
    rate_limiter.set_trusted([])
    assert rate_limiter.delay(HERE, ADA) == FIRST_DELAY
