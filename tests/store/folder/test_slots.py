"""Never more hashes at once than there are slots, whoever asks."""

import os
import signal
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event, Thread

import pytest

from apppw_tui.domain.errors import StoreBusy, StoreUnusable
from apppw_tui.store.folder.slots import Slots, default_count
from tests.store.test_killed import forked, killed

PATIENT = 60.0  # seconds; on a slow machine, waiting long for the others is no defect
BUSY = r"The server is busy\. Try again in a moment\."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir(0o700)
    return folder


def impatient(folder: Path, count: int) -> AbstractContextManager[None]:
    return Slots(folder, count, timeout=0.0).acquire()


def holder(folder: Path, count: int) -> tuple[int, int]:
    """A process that holds a slot: its pid, and a pipe on which a byte lets it go."""
    said_reading, said = os.pipe()
    reading, go = os.pipe()

    def work() -> None:
        os.close(go)
        with Slots(folder, count, PATIENT).acquire():
            os.write(said, b"in")
            os.read(reading, 1)
        os._exit(0)

    child = forked(work)
    os.close(said)
    os.close(reading)
    assert os.read(said_reading, 2) == b"in"
    os.close(said_reading)
    return child, go


def let_go(held: tuple[int, int]) -> None:
    child, go = held
    os.write(go, b".")
    os.close(go)
    assert os.waitpid(child, 0)[1] == 0


def test_of_many_processes_never_more_are_inside_than_there_are_slots(folder: Path) -> None:
    written = folder / "trace"
    trace = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def work() -> None:
        for _ in range(8):
            with Slots(folder, 2, PATIENT).acquire():
                os.write(trace, b"+")
                for _ in range(20):
                    os.sched_yield()
                os.write(trace, b"-")
        os._exit(0)

    children = [forked(work) for _ in range(6)]
    os.close(trace)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
    inside, most = 0, 0
    for step in written.read_bytes():
        inside += 1 if step == ord("+") else -1
        most = max(most, inside)
    assert written.stat().st_size == 6 * 8 * 2
    assert most <= 2
    assert inside == 0


def test_as_many_are_admitted_as_there_are_slots(folder: Path) -> None:
    held = [holder(folder, 3) for _ in range(3)]
    with pytest.raises(StoreBusy, match=BUSY), impatient(folder, 3):
        pytest.fail("the block must not run")
    let_go(held.pop())
    with impatient(folder, 3):
        pass
    for one in held:
        let_go(one)


def test_who_waits_gets_the_slot_that_becomes_free(folder: Path) -> None:
    held = holder(folder, 1)
    inside = Event()

    def wait() -> None:
        with Slots(folder, 1, PATIENT).acquire():
            inside.set()

    waiting = Thread(target=wait)
    waiting.start()
    assert not inside.wait(0.1)
    let_go(held)
    waiting.join()
    assert inside.is_set()


def test_a_killed_holder_frees_its_slot(folder: Path) -> None:
    child, go = holder(folder, 1)
    with pytest.raises(StoreBusy), impatient(folder, 1):
        pytest.fail("the block must not run")
    os.kill(child, signal.SIGKILL)
    assert killed(child)
    os.close(go)
    with impatient(folder, 1):
        pass


@pytest.mark.parametrize("same", [True, False])
def test_threads_of_one_process_exclude_each_other(folder: Path, same: bool) -> None:
    slots = Slots(folder, 1, timeout=0.0)
    refused: list[StoreBusy] = []

    def enter() -> None:
        try:
            with (slots if same else Slots(folder, 1, timeout=0.0)).acquire():
                pass
        except StoreBusy as busy:
            refused.append(busy)

    with slots.acquire():
        other = Thread(target=enter)
        other.start()
        other.join()
    assert len(refused) == 1
    enter()
    assert len(refused) == 1


def fault() -> None:
    raise KeyError("a fault")


def test_a_block_that_raises_frees_its_slot(folder: Path) -> None:
    with pytest.raises(KeyError), Slots(folder, 1).acquire():
        fault()
    with impatient(folder, 1):
        pass


@pytest.mark.parametrize(("processors", "count"), [(1, 1), (2, 1), (3, 1), (4, 2), (16, 8)])
def test_half_of_the_processors_may_hash(
    folder: Path, monkeypatch: pytest.MonkeyPatch, processors: int, count: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
    assert default_count() == count
    with_default: Callable[[], AbstractContextManager[None]] = Slots(folder, timeout=0.0).acquire
    held = [holder(folder, count) for _ in range(count)]
    with pytest.raises(StoreBusy), with_default():
        pytest.fail("the block must not run")
    for one in held:
        let_go(one)
    with with_default():
        pass


def test_where_the_system_tells_no_affinity_all_processors_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert default_count() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert default_count() == 1


def test_slots_are_the_owners_alone_and_no_link_is_followed(folder: Path) -> None:
    before = os.umask(0)
    try:
        with Slots(folder, 1).acquire():
            pass
    finally:
        os.umask(before)
    slot = folder / "locks" / ".slot-0"
    assert stat.S_IMODE(slot.stat().st_mode) == 0o600
    assert stat.S_IMODE(slot.parent.stat().st_mode) == 0o700
    slot.unlink()
    slot.symlink_to(folder / "target")
    with pytest.raises(StoreUnusable), Slots(folder, 1).acquire():
        pytest.fail("the block must not run")
    assert not (folder / "target").exists()


def test_a_store_that_is_gone_is_not_made_again(folder: Path) -> None:
    folder.rmdir()
    with pytest.raises(StoreUnusable), Slots(folder, 1).acquire():
        pytest.fail("the block must not run")
    assert not folder.exists()
