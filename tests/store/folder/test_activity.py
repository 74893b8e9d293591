"""The activity of accounts: whole, in order, bounded, and followed while it is written."""

import json
import os
import shutil
import stat
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from apppw_tui.domain.activity import RETENTION, UNKNOWN_UID, ActivityEntry
from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.store.folder import activity as module
from apppw_tui.store.folder.activity import FROM_DAEMON, FolderActivityLog
from apppw_tui.store.folder.ledger import Ledger
from tests.faults import kills, steps
from tests.store.small_disks import fill
from tests.store.test_killed import forked
from tests.support import NOW, FixedClock

UID, OTHER = "0123456789abcdef" * 2, "f" * 32


class Rooms:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(0o700, exist_ok=True)
        self.clock = FixedClock()
        self.daemon = FolderActivityLog(folder, self.clock, FROM_DAEMON)
        self.activity = FolderActivityLog(folder, self.clock)
        self.path = folder / "ledger" / "activity.sqlite"

    def record(self, *acts: str, uid: str = UID) -> None:
        for act in acts:
            self.activity.record(uid, act, "ada")

    @property
    def read(self) -> list[str]:
        return [one.event for one in self.activity.read(UID)]

    def count(self, uid: str = UID) -> int:
        ledger = Ledger(self.path, module._SCHEMA)
        ((number,),) = ledger.rows("SELECT count(*) FROM activity WHERE uid = ?", uid)
        return int(number)


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    return Rooms(tmp_path / "store")


def whats(news: list[tuple[str, ActivityEntry]]) -> list[str]:
    return [one.event for _, one in news]


# --- reading --------------------------------------------------------------------------------


def test_what_the_daemon_saw_stands_where_it_belongs(rooms: Rooms) -> None:
    rooms.record("first")
    rooms.clock.advance(1)
    rooms.daemon.record(UID, "second", "the server")
    assert (rooms.folder / "usage" / "activity.sqlite").exists()
    rooms.clock.advance(1)
    rooms.record("third")
    assert rooms.read == ["first", "second", "third"]
    assert [uid for uid, _ in rooms.activity.read_all()] == [UID] * 3
    assert [one.event for one in rooms.daemon.read(UID)] == ["first", "second", "third"]


@pytest.mark.parametrize("uid", ["", "../../log", UID.upper(), UID + "\n"])
def test_what_is_no_uid_has_none(rooms: Rooms, uid: str) -> None:
    assert rooms.activity.read(uid) == []
    rooms.activity.forget_old(uid)


def test_a_link_is_not_followed(rooms: Rooms) -> None:
    rooms.record("theirs")
    rooms.activity._own.close()
    rooms.path.rename(rooms.folder / "elsewhere")
    rooms.path.symlink_to(rooms.folder / "elsewhere")
    before = (rooms.folder / "elsewhere").read_bytes()
    assert list(rooms.activity.read(UID)) == []
    rooms.record("anew")
    assert (rooms.folder / "elsewhere").read_bytes() == before
    assert stat.S_ISREG(rooms.path.lstat().st_mode)


def test_a_damaged_ledger_is_begun_anew_by_whoever_writes_it(rooms: Rooms) -> None:
    said: list[str] = []
    log = FolderActivityLog(rooms.folder, rooms.clock, complain=lambda one: said.append(str(one)))
    for folder in ("ledger", "usage"):
        (rooms.folder / folder).mkdir(0o700)
        (rooms.folder / folder / "activity.sqlite").write_bytes(b"no database" * 100)
    log.record(UID, "first", "ada")
    assert [one.event for one in log.read(UID)] == ["first"]
    (aside,) = (rooms.folder / "ledger").glob("activity.sqlite.damaged-*")
    assert said == [f"{rooms.path} was damaged, and begun anew: see {aside.name}."]
    assert not [*(rooms.folder / "usage").glob("*.damaged-*")]  # which is the daemon's to do
    rooms.daemon.record(UID, "second", "the server")
    assert [one.event for one in log.read(UID)] == ["first", "second"]


def test_what_cannot_be_written_is_reported_once_for_each_reason(rooms: Rooms) -> None:
    losses: list[str] = []
    log = FolderActivityLog(
        rooms.folder, rooms.clock, report_loss=lambda error: losses.append(str(error))
    )
    (rooms.folder / "ledger").touch()
    for _ in range(2):
        log.record(UID, "lost", "ada")
    assert losses == [f"{rooms.folder / 'ledger'} is not a folder, as it has to be."]
    (rooms.folder / "ledger").unlink()
    log.record(UID, "written", "ada")
    assert [event.event for event in log.read(UID)] == ["written"]
    assert len(losses) == 1


def test_half_a_character_is_kept_in_what_people_typed(rooms: Rooms) -> None:
    rooms.activity.record(UID, "x\udcff", "ada\ud800", name="\udcff")
    (found,) = rooms.activity.read(UID)
    assert found == ActivityEntry(NOW, "x\\udcff", "ada\\ud800", {"name": "\udcff"})


# --- how long it is kept ----------------------------------------------------------------------


def test_of_one_account_so_many_events_are_kept_and_no_more(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 5)
    rooms.record("hers", uid=OTHER)
    rooms.record(*(str(number) for number in range(12)))
    assert rooms.read == ["7", "8", "9", "10", "11"]
    assert rooms.count() == 5
    assert rooms.count(OTHER) == 1


def test_old_events_are_not_shown_and_swept_by_whoever_writes(rooms: Rooms) -> None:
    rooms.record("first", uid=OTHER)
    rooms.record("first")
    rooms.clock.advance(1)
    rooms.record("second")
    rooms.clock.instant = NOW + RETENTION + timedelta(seconds=1)
    assert rooms.read == ["second"]
    assert rooms.count() == 2
    rooms.record("third", uid=UNKNOWN_UID)
    assert rooms.read == ["second"]
    assert (rooms.count(), rooms.count(OTHER)) == (1, 0)


def test_what_is_old_is_forgotten_and_what_is_not_is_kept(rooms: Rooms) -> None:
    rooms.record("x")
    rooms.clock.advance((RETENTION + timedelta(seconds=1)).total_seconds())
    rooms.daemon.record(UID, "y", "the server")
    rooms.activity.forget_old(UID)
    assert rooms.count() == 0
    assert rooms.read == ["y"]


def test_on_a_full_disk_nothing_is_said_and_the_room_for_deletions_is_left_alone(
    small_disk: Path,
) -> None:
    rooms = Rooms(small_disk / "store")
    rooms.record("before")
    (rooms.folder / "reserve").write_bytes(bytes(65536))
    fill(small_disk)
    for number in range(200):
        rooms.record(str(number))
    assert (rooms.folder / "reserve").stat().st_size == 65536
    assert rooms.read[0] == "before"
    (small_disk / "filler").unlink()
    rooms.record("after")
    assert rooms.read[-1] == "after"


def test_many_processes_and_threads_lose_no_event(rooms: Rooms) -> None:
    rooms.record("before")

    def work(log: FolderActivityLog) -> None:
        for _ in range(10):
            log.record(UID, "x", "ada")

    def process() -> None:
        log = FolderActivityLog(rooms.folder, rooms.clock)
        threads = [Thread(target=work, args=(log,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        os._exit(0)

    children = [forked(process) for _ in range(8)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
    assert len(rooms.read) == 241


# --- following ------------------------------------------------------------------------------


def test_only_what_comes_from_now_on_is_news(rooms: Rooms) -> None:
    rooms.record("before")
    tail = FolderActivityLog(rooms.folder, rooms.clock).tail(None)
    assert tail() == []
    rooms.record("a", "b")
    rooms.record("c", uid=OTHER)
    rooms.daemon.record(UID, "d", "the server")
    assert sorted(whats(tail())) == ["a", "b", "c", "d"]
    assert tail() == []


def test_nothing_is_lost_or_told_twice_where_events_are_dropped_or_a_ledger_begun_anew(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 4)
    rooms.record("before")
    tail = FolderActivityLog(rooms.folder, rooms.clock).tail(None)
    seen: list[str] = []
    for number in range(20):
        rooms.record(str(number))
        if number % 3 == 2:
            seen += whats(tail())
        if number == 11:
            rooms.activity._own.close()
            rooms.path.write_bytes(b"no database" * 100)
    seen += whats(tail())
    assert seen == [str(number) for number in range(20)]


def test_a_folder_that_cannot_be_used_is_told(rooms: Rooms) -> None:
    rooms.record("x")
    rooms.folder.rename(rooms.folder.with_name("moved"))
    with pytest.raises(StoreUnusable, match="no such file"):
        rooms.activity.tail(None)


# --- what an older program wrote --------------------------------------------------------------


def line(what: str, second: int = 0, **facts: str) -> str:
    time = f"2026-11-22T11:00:{second:02}Z"
    return json.dumps({"time": time, "what": what, "by": "ada", **facts}) + "\n"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store with the files of a program from before there were ledgers."""
    folder = tmp_path / "old"
    for name in ("", "activity", "usage"):
        (folder / name).mkdir(0o700)
    (folder / "activity" / f"{UID}.jsonl.1").write_text(line("a") + line("b", 2))
    (folder / "activity" / f"{UID}.jsonl").write_text(line("d", 5, name="Phone") + '{"time": "20')
    (folder / "activity" / f"{OTHER}.jsonl").write_bytes(
        b"\xff\n[]\n5\n\n" + b"[" * 100_000 + b"\n" + line("hers").encode()
    )
    (folder / "usage" / f"{UID}.jsonl").write_text(line("c", 3))
    (folder / "usage" / f"{UID}.json").write_text("{}")
    return folder


def of(folder: Path, uid: str = UID) -> list[str]:
    return [one.event for one in FolderActivityLog(folder, FixedClock()).read(uid)]


def test_the_files_of_an_older_program_are_taken_over_and_kept(old: Path) -> None:
    assert of(old) == ["a", "b", "c", "d"]
    assert of(old, OTHER) == ["hers"]
    assert FolderActivityLog(old, FixedClock()).read(UID)[3].details == {"name": "Phone"}
    aside = old / "before-ledgers"
    assert sorted(str(path.relative_to(aside)) for path in aside.rglob("*.jsonl*")) == [
        f"activity-1/{UID}.jsonl", f"activity-1/{UID}.jsonl.1", f"activity-1/{OTHER}.jsonl",
        f"first-uses-1/{UID}.jsonl",
    ]  # fmt: skip
    assert [path.name for path in (old / "usage").iterdir()] == [f"{UID}.json"]


def test_what_an_older_program_goes_on_writing_is_taken_over_too(old: Path) -> None:
    assert len(of(old)) == 4
    (old / "activity" / f"{UID}.jsonl").write_text(line("e", 7))
    (old / "usage" / f"{UID}.jsonl").write_text(line("f", 8))
    for _ in range(2):
        assert of(old) == ["a", "b", "c", "d", "e", "f"]


@pytest.mark.slow
def test_killed_at_any_call_of_the_taking_over_nothing_is_lost_or_there_twice(
    old: Path, tmp_path: Path
) -> None:
    for at in steps(2):
        folder = tmp_path / f"copy{at}"
        shutil.copytree(old, folder)
        struck = kills(lambda: of(folder), at)  # noqa: B023
        assert of(folder) == ["a", "b", "c", "d"]
        assert of(folder, OTHER) == ["hers"]
        if not struck:
            break
    assert at > 10


# --- what a backup has -------------------------------------------------------------------------


def test_a_backup_has_lines_of_both_and_they_come_back_where_nothing_is_known(
    rooms: Rooms, tmp_path: Path
) -> None:
    rooms.activity.record(UID, "first", "ada", name="Phone")
    rooms.daemon.record(UID, "second", "the server")
    members = rooms.activity.export(UID, {})
    assert list(members) == [f"activity/{UID}.jsonl", f"usage/{UID}.jsonl"]
    assert rooms.activity.export(OTHER, {}) == {}
    empty = Rooms(tmp_path / "empty")
    assert not empty.activity.knows(UID)
    for _ in range(2):
        empty.activity.restore(UID, members.values())
        assert empty.activity.read(UID) == rooms.activity.read(UID)
    assert empty.activity.knows(UID)
