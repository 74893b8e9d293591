"""Where tries are counted: on disk and in memory alike, and by many at once."""

import json
import os
import shutil
import sqlite3
import stat
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest

from apppw_tui.domain import throttle
from apppw_tui.domain.errors import RateLimited, StoreBusy, StoreError
from apppw_tui.domain.ports import ThrottleStore
from apppw_tui.domain.progress import showing_progress
from apppw_tui.domain.sent_codes import record_sent_code
from apppw_tui.domain.throttle import FailureCount, FailureCounts, ThrottleState
from apppw_tui.store.folder import counters as counting
from apppw_tui.store.folder.counters import FolderThrottleStore
from apppw_tui.store.folder.ledger import Ledger, Transaction
from apppw_tui.store.memory import MemoryThrottleStore
from tests.faults import kills, steps
from tests.store.counting import ADA, CAFE, charge, failures, kept, success
from tests.store.folder.ledger.words import put_in_place
from tests.store.test_killed import forked, killed
from tests.support import NOW, FixedClock

HOME = "192.0.2.1"


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


def put(
    counters: ThrottleStore, subject: str, ledger: ThrottleState, *, keep: bool = False
) -> None:
    counters.change({subject: lambda state, **_: ledger}, keep=keep)  # noqa: ARG005 - a rule


def test_what_several_get_is_counted_in_one_transaction(
    disk: FolderThrottleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[object] = []
    real = Ledger.transaction

    def transaction(ledger: Ledger) -> AbstractContextManager[Transaction]:
        begun.append(ledger)
        return real(ledger)

    charge(disk)
    monkeypatch.setattr(Ledger, "transaction", transaction)
    states = disk.change({ADA: success(HOME), "door:x": success("x")}, keep=True)
    assert [len(state.known) for state in states.values()] == [1, 1]
    assert len(begun) == 1
    assert [len(kept(disk, name).known) for name in states] == [1, 1]


def test_of_names_that_nobody_has_those_with_the_fewest_and_oldest_failures_are_dropped(
    counters: ThrottleStore,
) -> None:
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
    counters: ThrottleStore, clock: FixedClock
) -> None:
    for number in range(10):
        charge(counters, f"account:{number}")
    for number in range(20):
        put(counters, f"account:no{number}", ThrottleState(FailureCounts(FailureCount(50, NOW))))
    assert [failures(counters, f"account:{number}") for number in range(10)] == [1] * 10
    there = [failures(counters, f"account:no{number}", keep=False) for number in range(20)]
    assert sorted(there) == [0] * 16 + [50] * 4
    assert there[19] == 50


def test_no_name_number_or_address_can_be_read(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock
) -> None:
    for address in (HOME, "2001:db8:77::1"):
        disk.change({ADA: success(address)}, keep=True)
    disk.change({"number:+493012345": record_sent_code}, keep=True)
    charge(disk, "account:\udcff never \x1b mind", keep=False)
    there = b"".join(path.read_bytes() for path in (folder / "ledger").iterdir())
    # Not `ada` alone: three hexadecimal digits stand in many a hash.
    for word in (b"ada@", b"example", b"3012345", HOME.encode(), b"2001:", b":db8:", b"never"):
        assert word not in there
    digests = rows(folder, "SELECT digest FROM throttle")
    assert len(digests) == 3
    assert {len(digest) for (digest,) in digests} == {32}


def test_another_store_and_another_account_mark_the_same_address_differently(
    tmp_path: Path, clock: FixedClock
) -> None:
    marks: list[str] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        disk = FolderThrottleStore(tmp_path / name, clock)
        for subject in (ADA, "account:grace"):
            marks += disk.change({subject: success(HOME)}, keep=True)[subject].known
    assert len(set(marks)) == 4


@pytest.mark.parametrize("mask", [0, 0o022, 0o777])
def test_everything_is_the_owners_alone(folder: Path, clock: FixedClock, mask: int) -> None:
    before = os.umask(mask)
    try:
        charge(FolderThrottleStore(folder, clock))
    finally:
        os.umask(before)
    found = {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*")
    }
    assert found == {
        "throttle": 0o700, "throttle/key": 0o600, "throttle/.key.lock": 0o600,
        "ledger": 0o700, "ledger/throttle.sqlite": 0o600, "ledger/.throttle.sqlite.lock": 0o600,
    }  # fmt: skip


def test_another_process_counts_on(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock
) -> None:
    charge(disk)
    assert failures(FolderThrottleStore(folder, clock)) == 1


def rows(folder: Path, sql: str, *values: object) -> list[Any]:
    """Has the statement executed behind the back of whoever counts."""
    with closing(sqlite3.connect(ledger(folder))) as connection, connection:
        return connection.execute(sql, values).fetchall()


def ledger(folder: Path) -> Path:
    return folder / "ledger" / "throttle.sqlite"


@pytest.mark.parametrize(
    "state",
    ["", "{", "[]", "null", "[" * 100_000, '{"x": 1}', '{"1": {"strangers": 7}}'],
)
def test_a_damaged_state_counts_as_empty(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock, state: str
) -> None:
    charge(disk)
    charge(disk, "account:grace")
    rows(folder, "UPDATE throttle SET state = ? WHERE digest = (SELECT max(digest) FROM throttle)",
         state)  # fmt: skip
    assert sorted((failures(disk), failures(disk, "account:grace"))) == [0, 1]
    charge(disk)
    charge(disk, "account:grace")
    assert sorted((failures(disk), failures(disk, "account:grace"))) == [1, 2]


@pytest.mark.parametrize("content", [b"", b"{}", bytes(5000), b"[" * 100_000])
def test_a_damaged_file_is_set_aside_and_said(
    folder: Path, clock: FixedClock, content: bytes
) -> None:
    charge(FolderThrottleStore(folder, clock))
    ledger(folder).write_bytes(content)
    said: list[str] = []
    disk = FolderThrottleStore(folder, clock, complain=lambda error: said.append(str(error)))
    assert failures(disk) == 0
    charge(disk)
    assert failures(disk) == 1
    (aside,) = (folder / "ledger").glob("throttle.sqlite.damaged-*")
    assert aside.read_bytes() == content
    assert said == [f"{ledger(folder)} was damaged, and begun anew: see {aside.name}."]


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_damaged_key_is_made_anew(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock, content: bytes
) -> None:
    charge(disk)
    key = folder / "throttle" / "key"
    key.write_bytes(content)
    charge(disk)
    assert len(key.read_bytes()) == 32
    assert failures(disk) == 1


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
@pytest.mark.parametrize("name", ["throttle/key", "ledger/throttle.sqlite"])
def test_what_is_no_file_is_set_aside_and_counting_goes_on(
    folder: Path, clock: FixedClock, name: str, kind: str
) -> None:
    said: list[str] = []
    disk = FolderThrottleStore(folder, clock, complain=lambda error: said.append(str(error)))
    charge(disk)
    (folder / "target").write_bytes(bytes(32))
    (folder / name).unlink()
    put_in_place(kind, folder / name, folder / "target")
    charge(disk)
    assert failures(FolderThrottleStore(folder, clock)) == 1
    assert (folder / "target").read_bytes() == bytes(32)
    assert [str(folder / name) in sentence for sentence in said] == [True]
    assert len([*folder.glob(f"{name}.damaged-*Z")]) == 1
    assert stat.S_ISREG((folder / name).lstat().st_mode)


def test_linked_folders_are_refused_and_what_they_point_to_is_left_alone(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock
) -> None:
    charge(disk)
    for name in ("throttle", "ledger"):
        (folder / name).rename(folder / "elsewhere")
        (folder / name).symlink_to(folder / "elsewhere")
        with pytest.raises(StoreError, match="symbolic link"):
            charge(FolderThrottleStore(folder, clock))
        (folder / name).unlink()
        (folder / "elsewhere").rename(folder / name)


def test_a_store_that_is_gone_is_not_made_again(folder: Path, clock: FixedClock) -> None:
    folder.rmdir()
    with pytest.raises(StoreError):
        charge(FolderThrottleStore(folder, clock))
    assert not folder.exists()


def test_a_refused_try_that_changes_nothing_writes_nothing(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock
) -> None:
    for _ in range(5):
        charge(disk)
    with closing(sqlite3.connect(ledger(folder))) as watching:

        def version() -> int:
            ((number,),) = watching.execute("PRAGMA data_version")
            return int(number)

        before = version()
        with pytest.raises(RateLimited):
            charge(disk)
        assert version() == before
        clock.advance(5)
        charge(disk)
        assert version() != before


def test_while_another_counts_the_store_is_busy(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock
) -> None:
    charge(disk)
    impatient = FolderThrottleStore(folder, clock, lock_timeout=0.05)

    def rule(state: ThrottleState, /, *, now: datetime) -> ThrottleState:
        with pytest.raises(StoreBusy):
            charge(impatient)
        return state

    disk.change({"account:grace": rule}, keep=True)
    charge(impatient)
    assert failures(disk) == 2


def test_threads_of_one_process_take_turns(counters: ThrottleStore) -> None:
    entered = Event()

    def enter(state: ThrottleState, /, *, now: datetime) -> ThrottleState:
        entered.set()
        return state.record_attempt("second", CAFE, now)

    other = Thread(target=lambda: counters.change({ADA: enter}, keep=True))

    def begin(state: ThrottleState, /, *, now: datetime) -> ThrottleState:
        other.start()
        assert not entered.wait(0.1)
        return state.record_attempt("password", CAFE, now)

    counters.change({ADA: begin}, keep=True)
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
            patient.change({ADA: without_delay}, keep=True)
        os._exit(0)

    def without_delay(state: ThrottleState, /, *, now: datetime) -> ThrottleState:
        count = state.unknown_addresses.password
        return replace(state, unknown_addresses=FailureCounts(count.with_attempt(now)))

    children = [forked(work) for _ in range(processes)]
    os.close(writing)
    os.close(reading)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * processes
    assert failures(FolderThrottleStore(folder, clock)) == processes * times
    assert len(rows(folder, "SELECT digest FROM throttle")) == 1


def test_a_process_killed_in_a_change_leaves_the_old_counts_and_no_lock(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock
) -> None:
    charge(disk)

    def die(state: ThrottleState, /, *, now: datetime) -> ThrottleState:
        os.kill(os.getpid(), 9)
        return state.record_attempt("password", CAFE, now)

    assert killed(forked(lambda: FolderThrottleStore(folder, clock).change({ADA: die}, keep=True)))
    assert failures(disk) == 1
    charge(FolderThrottleStore(folder, clock, lock_timeout=0.0))
    assert failures(disk) == 2


def test_it_is_known_without_counting_how_many_rows_are_nobodys(
    folder: Path, clock: FixedClock
) -> None:
    disk = FolderThrottleStore(folder, clock, 5)

    def tally() -> tuple[int, int]:
        ((unkept,),) = rows(folder, "SELECT unkept FROM tally")
        ((counted,),) = rows(folder, "SELECT count(*) FROM throttle WHERE NOT keep")
        return int(unkept), int(counted)

    for number in range(8):
        charge(disk, f"account:no{number}", keep=False)
    assert tally() == (5, 5)
    charge(disk, "account:no7")  # it is an account's by now
    charge(disk)
    assert tally() == (4, 4)
    for number in range(7):
        put(disk, f"account:no{number}", ThrottleState())
    assert tally() == (0, 0)


def test_what_counts_no_longer_is_swept_a_little_at_each_change(
    disk: FolderThrottleStore, folder: Path, clock: FixedClock
) -> None:
    def there() -> int:
        ((number,),) = rows(folder, "SELECT count(*) FROM throttle")
        return int(number)

    for number in range(40):
        disk.change({f"account:{number}": success(HOME)}, keep=True)
    charge(disk)
    assert there() == 41
    clock.advance(31 * 86_400)
    charge(disk)
    assert 20 <= there() < 41
    for _ in range(3):
        clock.advance(3600)
        charge(disk)
    assert there() == 1  # failures end by a success alone
    assert failures(disk) == 5


OLD_SHARDS: dict[str, dict[str, Any]] = {
    "a7.json": {
        "a7000000000000000000000000000000": {
            "keep": True,
            "strangers": {"password": [7, "2026-11-22T10:00:00+00:00"]},
            "known": {
                "b1000000000000000000000000000000": {
                    "completed": "2026-11-20T10:00:00+00:00",
                    "second": [2, "2026-11-21T10:00:00+00:00"],
                }
            },
            "sends": ["2026-11-22T09:00:00+00:00"],
        },
        "a7100000000000000000000000000000": {"keep": False, "strangers": {}},
        "nothing": 7,
    },
    "00.json": {
        "00000000000000000000000000000001": {
            "keep": False,
            "strangers": {"password": [90, "2026-11-22T10:00:00+00:00"]},
            "known": {},
            "sends": [],
        }
    },
}  # fmt: skip


@pytest.fixture
def old(folder: Path) -> Path:
    """A store as a program from before there were ledgers wrote it."""
    (folder / "throttle").mkdir(0o700)
    for name, shard in OLD_SHARDS.items():
        (folder / "throttle" / name).write_text(json.dumps(shard))
    (folder / "throttle" / "ff.json").write_bytes(b"damag")
    (folder / "throttle" / "key").write_bytes(bytes(range(32)))
    (folder / "throttle" / "profiles.json").write_text("{}")
    (folder / "throttle" / ".a7.lock").touch()
    return folder


def taken_over(folder: Path) -> dict[str, tuple[bool, ThrottleState]]:
    return {
        digest: (bool(keep), throttle.parse(state))
        for digest, keep, state in rows(folder, "SELECT digest, keep, state FROM throttle")
    }


EXPECTED = {
    digest: (document["keep"], throttle.parse(json.dumps(document)))
    for shard in OLD_SHARDS.values()
    for digest, document in shard.items()
    if isinstance(document, dict) and document["strangers"]
}


def test_what_an_older_program_counted_counts_on_and_is_kept_aside(
    old: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[str, int, int | None]] = []
    display = SimpleNamespace(show=lambda *told: shown.append(told), clear=list, restart=list)
    with showing_progress(display):
        assert failures(FolderThrottleStore(old, clock)) == 0
    assert shown == [("Taking over earlier files", done, 3) for done in (1, 2, 3)]
    assert taken_over(old) == EXPECTED
    assert sorted(path.name for path in (old / "throttle").iterdir()) == [
        ".a7.lock", "key", "profiles.json",
    ]  # fmt: skip
    aside = old / "before-ledgers" / "throttle-1"
    assert sorted(path.name for path in aside.iterdir()) == ["00.json", "a7.json", "ff.json"]
    assert stat.S_IMODE(aside.parent.stat().st_mode) == stat.S_IMODE(aside.stat().st_mode) == 0o700
    monkeypatch.setattr(counting, "digest_of", lambda *_: "a7000000000000000000000000000000")
    disk = FolderThrottleStore(old, clock)
    assert failures(disk) == 7
    charge(disk)  # and this is not taken back by what lies aside
    assert failures(FolderThrottleStore(old, clock)) == 8


def test_what_an_older_program_goes_on_counting_counts_if_it_is_more(
    old: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "digest_of", lambda *_: "a7000000000000000000000000000000")
    charge(FolderThrottleStore(old, clock))
    shard = json.loads(json.dumps(OLD_SHARDS["a7.json"]))
    stranger = shard["a7000000000000000000000000000000"]["strangers"]
    for count, time, expected in (
        (3, "2026-11-22T11:00:00+00:00", 8),
        (1, "2026-11-22T12:00:01+00:00", 8),  # newer, and only of who is side by side with it
        (9, clock.now().isoformat().replace("T12", "T13"), 9),
    ):
        stranger["password"] = [count, time]
        (old / "throttle" / "a7.json").write_text(json.dumps(shard))
        assert failures(FolderThrottleStore(old, clock)) == expected
    assert len(list((old / "before-ledgers").iterdir())) == 4


def test_a_wrong_try_in_an_older_session_lifts_no_lock_and_forgets_no_address(
    old: Path, clock: FixedClock
) -> None:
    digest, new = "00000000000000000000000000000001", "c1000000000000000000000000000000"
    assert failures(FolderThrottleStore(old, clock)) == 0
    shard = {
        digest: {
            "keep": False,
            "strangers": {"password": [1, "2026-11-22T11:00:00+00:00"]},
            "known": {new: {"completed": "2026-11-22T11:00:00+00:00"}},
            "sends": ["2026-11-22T11:00:00+00:00"],
        },
        "a7000000000000000000000000000000": {
            "keep": False,
            "strangers": {"second": [3, "2026-11-22T11:00:00+00:00"]},
            "known": {},
            "sends": ["2026-11-22T11:00:00+00:00"],
        },
    }
    (old / "throttle" / "00.json").write_text(json.dumps(shard))
    assert failures(FolderThrottleStore(old, clock)) == 0
    merged = taken_over(old)
    strangers = merged[digest][1].unknown_addresses
    assert strangers.locked
    assert strangers.password == EXPECTED[digest][1].unknown_addresses.password
    assert merged[digest][1].known.keys() == {new}
    keep, both = merged["a7000000000000000000000000000000"]
    assert keep
    assert both.unknown_addresses.password.failures == 7
    assert both.unknown_addresses.second.failures == 3
    assert both.known.keys() == {"b1000000000000000000000000000000"}
    assert [stamp.hour for stamp in both.sends] == [9, 11]


@pytest.mark.slow
def test_killed_at_any_call_of_the_taking_over_nothing_is_lost_or_taken_twice(
    old: Path, clock: FixedClock, tmp_path: Path
) -> None:
    for at in steps():
        folder = tmp_path / f"copy{at}"
        shutil.copytree(old, folder)
        folder.chmod(0o700)
        struck = kills(lambda: failures(FolderThrottleStore(folder, clock)), at)  # noqa: B023
        for _ in range(2):
            assert failures(FolderThrottleStore(folder, clock)) == 0
            assert taken_over(folder) == EXPECTED
        left = [path.name for path in (folder / "before-ledgers").rglob("*.json")]
        assert sorted(left) == ["00.json", "a7.json", "ff.json"]
        if not struck:
            break
    assert at > 10


def test_processes_that_begin_at_once_take_over_once(old: Path, clock: FixedClock) -> None:
    def work() -> None:
        charge(FolderThrottleStore(old, clock, lock_timeout=60.0), keep=False)
        os._exit(0)

    children = [forked(work) for _ in range(4)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert taken_over(old).items() >= EXPECTED.items()
    assert len(list((old / "before-ledgers").iterdir())) == 1
    assert failures(FolderThrottleStore(old, clock)) == 4
