"""Activity read from its files: whole, in order, and followed while it is written."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from apppw_tui.domain.activity import RETENTION, ActivityEntry
from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.store.folder import activity as module
from apppw_tui.store.folder.activity import FROM_DAEMON, FolderActivityLog, Tail
from tests.support import NOW, FixedClock

UID, OTHER = "0123456789abcdef" * 2, "f" * 32


class Rooms:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.clock = FixedClock()
        self.daemon = FolderActivityLog(folder, self.clock, FROM_DAEMON)
        self.activity = FolderActivityLog(folder, self.clock)
        self.path = folder / "activity" / f"{UID}.jsonl"
        self.older = self.path.with_name(f"{UID}.jsonl.1")

    def record(self, *acts: str, uid: str = UID) -> None:
        for act in acts:
            self.activity.record(uid, act, "ada")

    @property
    def read(self) -> list[str]:
        return [one.event for one in self.activity.read(UID)]


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    return Rooms(tmp_path / "store")


def whats(news: list[tuple[str, ActivityEntry]]) -> list[str]:
    return [one.event for _, one in news]


# --- reading --------------------------------------------------------------------------------


def test_what_was_written_is_read(rooms: Rooms) -> None:
    rooms.activity.record(UID, "x", "ada", address="192.0.2.7", later="key")
    assert rooms.activity.read(UID) == [
        ActivityEntry(NOW, "x", "ada", {"address": "192.0.2.7", "later": "key"})
    ]
    assert rooms.activity.read(OTHER) == []


def test_what_the_daemon_saw_stands_where_it_belongs(rooms: Rooms) -> None:
    rooms.record("first")
    rooms.clock.advance(1)
    rooms.daemon.record(UID, "second", "the server")
    assert not (rooms.folder / "activity" / f"{OTHER}.jsonl").exists()
    assert (rooms.folder / "usage" / f"{UID}.jsonl").exists()
    rooms.clock.advance(1)
    rooms.record("third")
    assert rooms.read == ["first", "second", "third"]
    assert rooms.activity.uids() == [UID]


@pytest.mark.parametrize(
    "line",
    [
        b'{"time": "2026-11-22T12:00:00Z", "what": "x", "by": "a',
        b"\xff\xfe",
        b"[]",
        b"5",
        b"",
        b"[" * 100_000,
        b'{"time": "2026-11-22T12:00:00Z", "what": "x"}',
        b'{"time": "yesterday", "what": "x", "by": "ada"}',
        b'{"time": 5, "what": "x", "by": "ada"}',
    ],
)
def test_a_damaged_line_takes_no_other_with_it(rooms: Rooms, line: bytes) -> None:
    rooms.record("first")
    with rooms.path.open("ab") as file:
        file.write(line)
    rooms.record("second")
    assert rooms.read == ["first", "second"]


@pytest.mark.parametrize("uid", ["", "../../log", UID.upper(), UID + "\n"])
def test_what_is_no_uid_has_none(rooms: Rooms, uid: str) -> None:
    assert rooms.activity.read(uid) == []
    rooms.activity.forget_old(uid)


def test_a_link_is_not_followed(rooms: Rooms) -> None:
    rooms.record("theirs", uid=OTHER)
    rooms.path.symlink_to(rooms.path.with_name(f"{OTHER}.jsonl"))
    assert rooms.read == []
    tail = Tail(rooms.folder)
    rooms.path.with_name(f"{UID}.jsonl.1").symlink_to(f"{OTHER}.jsonl")
    assert tail.news() == []


# --- how long it is kept ----------------------------------------------------------------------


def test_it_begins_anew_when_it_is_large_and_nothing_is_lost_yet(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ACTIVITY_BYTES", 250)
    rooms.record(*(str(number) for number in range(8)))
    assert len(rooms.path.read_bytes().splitlines()) == 3
    assert rooms.read == [str(number) for number in range(8)]
    rooms.record("8", "9", "10")
    assert rooms.read == [str(number) for number in range(5, 11)]


def test_it_begins_anew_when_its_first_line_is_old(rooms: Rooms) -> None:
    rooms.record("first")
    rooms.clock.advance((RETENTION / 2).total_seconds() - 1)
    rooms.record("second")
    assert not rooms.older.exists()
    rooms.clock.advance(2)
    rooms.record("third")
    assert len(rooms.older.read_bytes().splitlines()) == 2
    assert rooms.read == ["first", "second", "third"]


def test_old_lines_are_not_shown(rooms: Rooms) -> None:
    rooms.record("first")
    rooms.clock.advance(1)
    rooms.record("second")
    rooms.clock.instant = NOW + RETENTION + timedelta(seconds=1)
    assert rooms.read == ["second"]


def test_what_is_old_is_forgotten_and_what_is_not_is_kept(rooms: Rooms) -> None:
    rooms.record("x")
    rooms.daemon.record(UID, "y", "the server")
    old = (NOW - RETENTION - timedelta(seconds=1)).timestamp()
    os.utime(rooms.path, (old, old))
    rooms.activity.forget_old(UID)
    assert (rooms.path.exists(), rooms.older.exists()) == (False, True)  # somebody may have it open
    rooms.activity.forget_old(UID)
    assert not rooms.older.exists()
    assert rooms.read == ["y"]


# --- following ------------------------------------------------------------------------------


def test_only_what_comes_from_now_on_is_news(rooms: Rooms) -> None:
    rooms.record("before")
    tail = Tail(rooms.folder)
    assert tail.news() == []
    rooms.record("a", "b")
    rooms.record("c", uid=OTHER)
    rooms.daemon.record(UID, "d", "the server")
    assert sorted(whats(tail.news())) == ["a", "b", "c", "d"]
    assert tail.news() == []


def test_only_those_are_followed_that_were_asked_for(rooms: Rooms) -> None:
    tail = Tail(rooms.folder, frozenset({UID}))
    rooms.record("a")
    rooms.record("b", uid=OTHER)
    assert whats(tail.news()) == ["a"]


def test_half_a_line_waits_for_its_end(rooms: Rooms) -> None:
    tail = Tail(rooms.folder)
    rooms.record("a")
    line = json.dumps({"time": "2026-11-22T12:00:00Z", "what": "b", "by": "ada"}).encode()
    with rooms.path.open("ab", buffering=0) as file:
        file.write(line[:20])
        assert whats(tail.news()) == ["a"]
        file.write(line[20:] + b"\n")
    assert whats(tail.news()) == ["b"]


def test_nothing_is_lost_or_told_twice_where_a_file_begins_anew(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ACTIVITY_BYTES", 250)
    rooms.record("before")
    tail = Tail(rooms.folder)
    seen: list[str] = []
    for number in range(20):
        rooms.record(str(number))
        if number % 3 == 2:
            seen += whats(tail.news())
    seen += whats(tail.news())
    assert seen == [str(number) for number in range(20)]


def test_a_folder_that_cannot_be_read_is_told(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(StoreUnusable, match="permission denied"):
        Tail(rooms.folder)
