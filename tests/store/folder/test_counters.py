"""Where tries are counted: on disk and in memory alike, and by many at once."""

import errno
import fcntl
import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from apppw_tui.domain.errors import RateLimited, StoreBusy, StoreError
from apppw_tui.domain.ports import ThrottleStore
from apppw_tui.domain.throttle import FailureCount, FailureCounts, ThrottleState
from apppw_tui.store.folder import counters as module
from apppw_tui.store.folder.counters import FolderThrottleStore, MemoryThrottleStore
from tests.store.test_killed import forked, killed
from tests.support import NOW, FixedClock

HOME, CAFE = "192.0.2.1", "198.51.100.7"
ADA = "account:ada@example.org"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir(0o700)
    return folder


@pytest.fixture
def disk(folder: Path, clock: FixedClock) -> FolderThrottleStore:
    return FolderThrottleStore(folder, clock)


@pytest.fixture(params=["folder", "memory"])
def counters(request: pytest.FixtureRequest, folder: Path, clock: FixedClock) -> ThrottleStore:
    return (
        FolderThrottleStore(folder, clock, 4)
        if request.param == "folder"
        else MemoryThrottleStore(clock, 4)
    )


def charge(
    counters: ThrottleStore,
    clock: FixedClock,
    subject: str = ADA,
    address: str = CAFE,
    *,
    keep: bool = True,
) -> None:
    with counters.change(subject, keep=keep) as entry:
        entry.state = entry.state.record_attempt("password", address, clock.now())


def kept(counters: ThrottleStore, subject: str = ADA, *, keep: bool = True) -> ThrottleState:
    with counters.change(subject, keep=keep) as entry:
        return entry.state


def failures(counters: ThrottleStore, subject: str = ADA, *, keep: bool = True) -> int:
    return kept(counters, subject, keep=keep).unknown_addresses.password.failures


def put(
    counters: ThrottleStore, subject: str, ledger: ThrottleState, *, keep: bool = False
) -> None:
    with counters.change(subject, keep=keep) as entry:
        entry.state = ledger


def same_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has all subjects share one shard, so that it fills soon."""
    real = module._digest
    monkeypatch.setattr(module, "_digest", lambda *rest: "00" + real(*rest)[2:])


def test_what_is_charged_stays_charged(counters: ThrottleStore, clock: FixedClock) -> None:
    charge(counters, clock)
    charge(counters, clock)
    charge(counters, clock, "account:grace")
    assert kept(counters).unknown_addresses == FailureCounts(FailureCount(2, NOW))
    assert failures(counters, "account:grace") == 1
    assert failures(counters, "account:ada") == 0


def test_an_account_and_a_name_that_nobody_has_are_counted_alike(
    counters: ThrottleStore, clock: FixedClock
) -> None:
    for keep in (True, False):
        for _ in range(5):
            charge(counters, clock, f"account:{keep}", keep=keep)
        with pytest.raises(RateLimited, match=r"Wait 5 s\."):
            charge(counters, clock, f"account:{keep}", keep=keep)
        assert failures(counters, f"account:{keep}", keep=keep) == 5


def test_an_address_stays_known(counters: ThrottleStore, clock: FixedClock) -> None:
    with counters.change(ADA, keep=True) as entry:
        entry.state = entry.state.record_success("2001:db8::1", NOW)
    for _ in range(5):
        charge(counters, clock)
    charge(counters, clock, address="2001:db8::2")
    with pytest.raises(RateLimited):
        charge(counters, clock, address="2001:db8:0:1::1")


@pytest.mark.parametrize(
    "refusal", [RateLimited("Wait.", 1.0), KeyError("a fault"), KeyboardInterrupt()]
)
def test_a_block_that_raises_counts_nothing(
    counters: ThrottleStore, clock: FixedClock, refusal: BaseException
) -> None:
    charge(counters, clock)

    def block() -> None:
        with counters.change(ADA, keep=True) as entry:
            entry.state = entry.state.record_attempt("password", CAFE, NOW)
            raise refusal

    with pytest.raises(type(refusal)):
        block()
    assert failures(counters) == 1
    charge(counters, clock)  # and nothing is held
    assert failures(counters) == 2


def test_a_refused_try_brings_the_stamps_of_a_clock_set_back_to_the_present(
    counters: ThrottleStore, clock: FixedClock
) -> None:
    for _ in range(5):
        charge(counters, clock)
    clock.advance(-400 * 86_400)
    with pytest.raises(RateLimited, match="Wait 5 s"):
        charge(counters, clock)
    clock.advance(5)
    charge(counters, clock)
    assert failures(counters) == 6


def test_one_counter_is_changed_at_a_time(counters: ThrottleStore, clock: FixedClock) -> None:
    with counters.change(ADA, keep=True), pytest.raises(RuntimeError, match="one counter"):
        charge(counters, clock, "number:+493012345")
    charge(counters, clock)


def test_of_names_that_nobody_has_those_with_the_fewest_and_oldest_failures_are_dropped(
    counters: ThrottleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    same_shard(monkeypatch)
    for number, (count, age) in enumerate([(2, 5), (1, 7), (1, 9), (3, 99)]):
        stamp = NOW - timedelta(days=age)
        put(counters, f"account:{number}", ThrottleState(FailureCounts(FailureCount(count, stamp))))

    def there() -> list[int]:
        return [failures(counters, f"account:{number}", keep=False) for number in range(6)]

    assert there() == [2, 1, 1, 3, 0, 0]
    put(counters, "account:0", ThrottleState(FailureCounts(FailureCount(2, NOW))))
    assert there() == [2, 1, 1, 3, 0, 0]  # who is there already takes nobody's place
    put(counters, "account:4", ThrottleState(FailureCounts(FailureCount(1, NOW))))
    assert there() == [2, 1, 0, 3, 1, 0]
    put(
        counters,
        "account:5",
        ThrottleState(FailureCounts(FailureCount(1, NOW - timedelta(days=100)))),
    )
    assert there() == [2, 0, 0, 3, 1, 1]  # never the one that is being charged


def test_what_belongs_to_an_account_is_never_dropped(
    counters: ThrottleStore, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    same_shard(monkeypatch)
    for number in range(10):
        charge(counters, clock, f"account:{number}")
    for number in range(20):
        put(counters, f"account:no{number}", ThrottleState(FailureCounts(FailureCount(50, NOW))))
    assert [failures(counters, f"account:{number}") for number in range(10)] == [1] * 10
    there = [failures(counters, f"account:no{number}", keep=False) for number in range(20)]
    assert sorted(there) == [0] * 16 + [50] * 4
    assert there[19] == 50


def test_no_name_number_or_address_can_be_read(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock
) -> None:
    with disk.change(ADA, keep=True) as entry:
        entry.state = entry.state.record_success(HOME, NOW).record_success("2001:db8:77::1", NOW)
    with disk.change("number:+493012345", keep=True) as entry:
        entry.state = entry.state.record_sent_code(NOW)
    charge(disk, clock, "account:\udcff never \x1b mind", keep=False)
    there = b"".join(str(path).encode() + path.read_bytes() for path in folder.rglob("*.json"))
    # Not `ada` alone: three hexadecimal digits stand in many a hash.
    for word in (b"ada@", b"example", b"3012345", HOME.encode(), b"2001:", b":db8:", b"never"):
        assert word not in there
    keys = {key for path in folder.rglob("*.json") for key in json.loads(path.read_bytes())}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}


def test_another_store_and_another_account_mark_the_same_address_differently(
    tmp_path: Path, clock: FixedClock
) -> None:
    marks: list[str] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        disk = FolderThrottleStore(tmp_path / name, clock)
        for subject in (ADA, "account:grace"):
            with disk.change(subject, keep=True) as entry:
                entry.state = entry.state.record_success(HOME, NOW)
                marks += entry.state.known
    assert len(set(marks)) == 4


@pytest.mark.parametrize("mask", [0, 0o022, 0o777])
def test_everything_is_the_owners_alone(folder: Path, clock: FixedClock, mask: int) -> None:
    before = os.umask(mask)
    try:
        charge(FolderThrottleStore(folder, clock), clock)
    finally:
        os.umask(before)
    throttle = folder / "throttle"
    assert stat.S_IMODE(throttle.stat().st_mode) == 0o700
    found = {
        path.suffix or path.name: stat.S_IMODE(path.stat().st_mode) for path in throttle.iterdir()
    }
    assert found == {"key": 0o600, ".json": 0o600, ".lock": 0o600}


def test_another_process_counts_on(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock
) -> None:
    charge(disk, clock)
    assert failures(FolderThrottleStore(folder, clock)) == 1


def shard(folder: Path) -> Path:
    (path,) = (folder / "throttle").glob("*.json")
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"x": 1}',
        b'{"1": {"strangers": 7}}',
    ],
)
def test_a_damaged_shard_counts_as_empty(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock, content: bytes
) -> None:
    charge(disk, clock)
    shard(folder).write_bytes(content)
    assert failures(disk) == 0
    charge(disk, clock)
    assert failures(disk) == 1
    assert len(json.loads(shard(folder).read_bytes())) == 1


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_damaged_key_is_made_anew(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock, content: bytes
) -> None:
    charge(disk, clock)
    key = folder / "throttle" / "key"
    key.write_bytes(content)
    charge(disk, clock)
    assert len(key.read_bytes()) == 32
    assert failures(disk) == 1


def linked(folder: Path, name: str) -> None:
    (folder / "target").write_bytes(bytes(32))
    path = folder / "throttle" / name
    path.unlink()
    path.symlink_to(folder / "target")


def test_links_are_refused_and_what_they_point_to_is_left_alone(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock
) -> None:
    charge(disk, clock)
    name = shard(folder).name
    for one in ("key", name, f".{name.removesuffix('.json')}.lock"):
        content = (folder / "throttle" / one).read_bytes()
        linked(folder, one)
        with pytest.raises(StoreError):
            charge(disk, clock)
        assert (folder / "target").read_bytes() == bytes(32)
        (folder / "throttle" / one).unlink()
        (folder / "throttle" / one).write_bytes(content)
    (folder / "throttle").rename(folder / "elsewhere")
    (folder / "throttle").symlink_to(folder / "elsewhere")
    with pytest.raises(StoreError, match="symbolic link"):
        charge(disk, clock)


def failing(number: int) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("call", ["fchmod", "replace"])
def test_what_cannot_be_counted_is_refused_and_leaves_nothing(
    disk: FolderThrottleStore,
    folder: Path,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    charge(disk, clock)
    with monkeypatch.context() as patch:
        patch.setattr(Path if call == "replace" else os, call, failing(errno.ENOSPC))
        with pytest.raises(StoreError, match="The disk is full"):
            charge(disk, clock)
    assert failures(disk) == 1
    assert not list((folder / "throttle").glob(".tmp-*"))


def test_a_store_that_is_gone_is_not_made_again(folder: Path, clock: FixedClock) -> None:
    folder.rmdir()
    with pytest.raises(StoreError):
        charge(FolderThrottleStore(folder, clock), clock)
    assert not folder.exists()


def test_a_refused_try_that_changes_nothing_writes_nothing(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock
) -> None:
    for _ in range(5):
        charge(disk, clock)
    before = shard(folder).stat().st_ino
    with shard(folder).open():  # so that its inode is not used again
        with pytest.raises(RateLimited):
            charge(disk, clock)
        assert shard(folder).stat().st_ino == before
        clock.advance(5)
        charge(disk, clock)
        assert shard(folder).stat().st_ino != before


def test_while_another_holds_the_shard_the_store_is_busy(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock
) -> None:
    charge(disk, clock)
    impatient = FolderThrottleStore(folder, clock, lock_timeout=0.05)
    with (folder / "throttle" / f".{shard(folder).stem}.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreBusy):
            charge(impatient, clock)
    charge(impatient, clock)


def test_threads_of_one_process_take_turns(counters: ThrottleStore, clock: FixedClock) -> None:
    entered = Event()

    def enter() -> None:
        with counters.change(ADA, keep=True) as entry:
            entered.set()
            entry.state = entry.state.record_attempt("second", CAFE, NOW)

    other = Thread(target=enter)
    with counters.change(ADA, keep=True) as entry:
        other.start()
        assert not entered.wait(0.1)
        entry.state = entry.state.record_attempt("password", CAFE, NOW)
    other.join()
    assert kept(counters).unknown_addresses == FailureCounts(
        FailureCount(1, NOW), FailureCount(1, NOW)
    )


def test_processes_that_begin_at_once_share_one_key_and_lose_no_charge(
    folder: Path, clock: FixedClock
) -> None:
    processes, times = 6, 15
    reading, writing = os.pipe()

    def work() -> None:
        os.close(writing)
        os.read(reading, 1)  # returns when the last writer is gone: all begin at once
        patient = FolderThrottleStore(folder, clock, lock_timeout=60.0)
        for _ in range(times):
            with patient.change(ADA, keep=True) as entry:
                count = entry.state.unknown_addresses.password
                strangers = FailureCounts(count.with_attempt(NOW))  # without the delays
                entry.state = replace(entry.state, unknown_addresses=strangers)
        os._exit(0)

    children = [forked(work) for _ in range(processes)]
    os.close(writing)
    os.close(reading)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * processes
    assert failures(FolderThrottleStore(folder, clock)) == processes * times
    assert len(list((folder / "throttle").glob("*.json"))) == 1


@pytest.mark.parametrize("step", ["fchmod", "replace"])
def test_a_process_killed_in_a_write_leaves_the_old_counts_and_no_lock(
    disk: FolderThrottleStore,
    folder: Path,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    charge(disk, clock)

    def work() -> None:
        owner: Any = Path if step == "replace" else os
        monkeypatch.setattr(owner, step, lambda *_: os.kill(os.getpid(), 9))
        charge(disk, clock)

    assert killed(forked(work))
    assert list((folder / "throttle").glob(".tmp-*"))
    assert failures(disk) == 1
    charge(disk, clock)
    assert failures(disk) == 2
    assert not list((folder / "throttle").glob(".tmp-*"))
