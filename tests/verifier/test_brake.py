"""SAFETY 19: who has to wait, and what counts."""

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier import brake as module
from apppw_tui.verifier.brake import FIRST_DELAY, FORGOTTEN_AFTER, FREE, LONGEST_DELAY, Brake
from tests.support import FixedClock

HERE = "198.51.100.9"
ADA = "ada@example.org"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def brake(clock: FixedClock) -> Brake:
    return Brake(clock.monotonic, ["203.0.113.1", "2001:db8:7::1"])


def fail(brake: Brake, address: str | None = HERE, times: int = FREE, first: int = 0) -> None:
    """So many different secrets are wrong."""
    for number in range(first, first + times):
        brake.wrong(address, ADA, Secret(str(number)), "1")


def test_the_first_ones_are_free(brake: Brake) -> None:
    fail(brake, times=FREE - 1)
    assert brake.wait(HERE) == 0
    fail(brake, times=1, first=FREE)
    assert brake.wait(HERE) == FIRST_DELAY


def test_each_further_one_doubles_the_delay_up_to_the_longest(
    brake: Brake, clock: FixedClock
) -> None:
    fail(brake)
    delays = []
    for number in range(12):
        delays.append(brake.wait(HERE))
        clock.seconds += delays[-1] - 0.01
        assert brake.wait(HERE) == pytest.approx(0.01)
        clock.seconds += 0.01
        assert brake.wait(HERE) == pytest.approx(0)
        fail(brake, times=1, first=FREE + number)
    assert delays == pytest.approx([1, 2, 4, 8, 16, 32, 64, 128, 256, *[LONGEST_DELAY] * 3])


def test_however_many_there_were_the_delay_is_a_number(brake: Brake) -> None:
    fail(brake, times=3000)
    assert brake.wait(HERE) == LONGEST_DELAY


def test_after_a_quiet_while_all_is_forgotten(brake: Brake, clock: FixedClock) -> None:
    fail(brake, times=FREE + 30)
    clock.seconds += FORGOTTEN_AFTER + 1
    assert brake.wait(HERE) == 0
    fail(brake, times=FREE - 1, first=100)
    assert brake.wait(HERE) == 0


def test_the_same_wrong_secret_counts_once(brake: Brake) -> None:
    fail(brake, times=FREE - 1)
    for _ in range(50):
        brake.wrong(HERE, ADA, Secret("0"), "1")
    assert brake.wait(HERE) == 0


def test_a_mail_program_that_goes_on_asking_keeps_nobody_waiting(
    brake: Brake, clock: FixedClock
) -> None:
    fail(brake)
    clock.seconds += FIRST_DELAY
    brake.wrong(HERE, ADA, Secret("0"), "1")
    assert brake.wait(HERE) == 0


def test_once_the_account_changed_it_counts_again(brake: Brake) -> None:
    fail(brake, times=FREE - 1)
    brake.wrong(HERE, ADA, Secret("0"), "2")
    assert brake.wait(HERE) > 0


def test_the_same_secret_for_another_account_is_another_one(brake: Brake) -> None:
    for number in range(FREE):
        brake.wrong(HERE, f"account{number}", Secret("same"), "1")
    assert brake.wait(HERE) > 0


def test_where_the_account_ends_and_the_secret_begins_counts(brake: Brake) -> None:
    fail(brake, times=FREE - 2)
    brake.wrong(HERE, "ada", Secret("7"), "1")
    brake.wrong(HERE, "ad", Secret("a7"), "1")
    assert brake.wait(HERE) > 0


def test_every_address_has_a_bucket_of_its_own(brake: Brake) -> None:
    fail(brake)
    assert brake.wait(HERE) > 0
    assert brake.wait("198.51.100.10") == 0
    assert brake.wait(None) == 0


def test_who_does_not_say_where_they_come_from_shares_one_bucket(brake: Brake) -> None:
    fail(brake, None, FREE - 1)
    fail(brake, "", 1, first=FREE)
    assert brake.wait(None) == brake.wait("") == FIRST_DELAY
    assert brake.wait(HERE) == 0


def test_ipv6_counts_by_its_64(brake: Brake) -> None:
    for number in range(FREE):
        fail(brake, f"2001:db8:1:2::{number:x}", 1, first=number)
    assert brake.wait("2001:db8:1:2:ffff::1") > 0
    assert brake.wait("2001:db8:1:3::1") == 0


def test_an_ipv4_address_is_the_same_written_as_ipv6(brake: Brake) -> None:
    fail(brake)
    assert brake.wait(f"::ffff:{HERE}") > 0


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_the_machine_itself_never_waits(brake: Brake, address: str) -> None:
    fail(brake, address, FREE + 30)
    assert brake.wait(address) == 0


@pytest.mark.parametrize(
    "address", ["203.0.113.1", "::ffff:203.0.113.1", "2001:db8:7::1", "2001:DB8:7:0::1"]
)
def test_whom_the_administrator_trusts_never_waits(brake: Brake, address: str) -> None:
    fail(brake, address, FREE + 30)
    assert brake.wait(address) == 0


@pytest.mark.parametrize("address", ["203.0.113.2", "2001:db8:7::2"])
def test_the_neighbours_of_who_is_trusted_are_not(brake: Brake, address: str) -> None:
    fail(brake, address)
    assert brake.wait(address) > 0


@pytest.mark.parametrize("address", ["proxy.example.org", "\udcff", "::1.evil", "x" * 9999])
def test_what_is_no_address_is_counted_as_it_is(brake: Brake, address: str) -> None:
    fail(brake, address)
    assert brake.wait(address) > 0
    assert all(len(key) <= 64 for key in brake._buckets)


def test_so_many_addresses_are_kept_and_no_more(
    brake: Brake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 10)
    fail(brake)
    for number in range(9):
        fail(brake, f"192.0.2.{number}", 1)
    assert brake.wait(HERE) > 0
    fail(brake, "192.0.2.99", 1)
    assert len(brake._buckets) == 10
    assert brake.wait(HERE) == 0


def test_so_many_wrong_ones_are_kept_for_each_and_no_more(brake: Brake) -> None:
    fail(brake, times=500)
    (bucket,) = brake._buckets.values()
    assert len(bucket.secrets) == 64


def test_nothing_of_the_secret_is_kept_and_every_process_has_a_key_of_its_own(
    clock: FixedClock,
) -> None:
    kept = []
    for _ in range(2):
        brake = Brake(clock.monotonic)
        brake.wrong(HERE, ADA, Secret("7kfm2xqd9h3vtw5nc8rw"), "1")
        assert "7kfm2xqd9h3vtw5nc8rw" not in repr(vars(brake))
        kept += [bucket.secrets.keys() for bucket in brake._buckets.values()]
    assert not kept[0] & kept[1]
