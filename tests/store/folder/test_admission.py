"""Never more at the door than there are places, whoever comes and however they go."""

import os
import signal
from pathlib import Path

import pytest

from apppw_tui.domain.errors import StoreBusy, StoreUnusable
from apppw_tui.store.folder.slots import Admission
from tests.store.test_killed import forked, killed

FULL = r"Too many people are signing in just now\. Try again in a minute\."
HERE = "192.0.2.7"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir(0o700)
    return folder


def entered(
    folder: Path, address: str, most: int = 10, kept: int = 0, *, known: bool = False
) -> Admission:
    admission = Admission(folder, most, kept=kept)
    admission.acquire(address, known=known)
    return admission


def test_three_of_ten_are_kept_for_who_is_known(folder: Path) -> None:
    inside = [entered(folder, f"192.0.2.{number}", kept=3) for number in range(7)]
    for _ in range(2):
        with pytest.raises(StoreBusy, match=FULL):
            entered(folder, "198.51.100.1", kept=3)
    inside += [entered(folder, f"198.51.100.{number}", kept=3, known=True) for number in range(3)]
    with pytest.raises(StoreBusy, match=FULL):
        entered(folder, "198.51.100.9", kept=3, known=True)
    inside.pop().release()
    with pytest.raises(StoreBusy, match=FULL):
        entered(folder, "198.51.100.1", kept=3)
    inside.pop(0).release()
    inside.append(entered(folder, "198.51.100.1", kept=3))
    for one in inside:
        one.release()


def test_who_is_known_takes_no_place_of_strangers_first(folder: Path) -> None:
    inside = [entered(folder, f"198.51.100.{one}", kept=3, known=True) for one in range(3)]
    inside += [entered(folder, f"192.0.2.{number}", kept=3) for number in range(7)]
    for one in inside:
        one.release()


def test_nobody_has_more_than_three_however_well_known(folder: Path) -> None:
    inside = [entered(folder, HERE, kept=3, known=True) for _ in range(3)]
    with pytest.raises(StoreBusy, match=FULL):
        entered(folder, HERE, kept=3, known=True)
    for one in inside:
        one.release()


def test_three_of_one_address_and_ten_in_all(folder: Path) -> None:
    inside = [entered(folder, HERE) for _ in range(3)]
    for _ in range(2):
        with pytest.raises(StoreBusy, match=FULL):
            entered(folder, HERE)
    inside += [entered(folder, f"192.0.2.{100 + number}") for number in range(7)]
    with pytest.raises(StoreBusy, match=FULL):
        entered(folder, "198.51.100.1")
    inside.pop(0).release()
    inside.append(entered(folder, HERE))
    for one in inside:
        one.release()


def test_an_ipv6_network_is_one_address(folder: Path) -> None:
    inside = [entered(folder, f"2001:db8::{number}") for number in range(3)]
    for address in ("2001:db8::ffff", "2001:db8:0:ff::1"):
        with pytest.raises(StoreBusy, match=FULL):
            entered(folder, address)
    inside.append(entered(folder, "2001:db8:0:100::1"))
    for one in inside:
        one.release()


def test_who_left_is_not_counted_and_may_leave_twice(folder: Path) -> None:
    for _ in range(12):
        one = entered(folder, HERE, most=1)
        one.release()
        one.release()


def test_the_place_of_a_killed_process_is_free(folder: Path) -> None:
    reading, said = os.pipe()

    def work() -> None:
        held = entered(folder, HERE, most=1)
        os.write(said, b"in")
        signal.pause()
        held.release()

    child = forked(work)
    assert os.read(reading, 2) == b"in"
    with pytest.raises(StoreBusy, match=FULL):
        entered(folder, HERE, most=1)
    os.kill(child, signal.SIGKILL)
    assert killed(child)
    entered(folder, HERE, most=1).release()
    for descriptor in (reading, said):
        os.close(descriptor)


def test_a_store_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable):
        entered(tmp_path / "gone", HERE)
    assert not (tmp_path / "gone").exists()


def test_no_address_is_written_down(folder: Path) -> None:
    one = entered(folder, HERE)
    for path in (folder / "locks").iterdir():
        assert HERE.encode() not in path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
    one.release()
