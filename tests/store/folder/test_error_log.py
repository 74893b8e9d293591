"""The error log, and the activity beside it: bounded; nothing is stopped by them."""

import errno
import json
import os
import stat
from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apppw_tui.domain.lines import LINE_BYTES
from apppw_tui.store.folder import error_log
from apppw_tui.store.folder.activity import FolderActivityLog
from apppw_tui.store.folder.error_log import FolderErrorLog
from tests.store.test_killed import forked
from tests.support import NOW, FixedClock

UID = "0123456789abcdef0123456789abcdef"
RULE = "2026-11-22T12:00:00Z"


class Logs:
    """Both of a store."""

    def __init__(self, folder: Path, clock: FixedClock | None = None) -> None:
        self.activity_log = FolderActivityLog(folder, clock or FixedClock())
        self.record = self.activity_log.record
        self.error = FolderErrorLog(folder, clock or FixedClock()).error


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir(0o700)
    return folder


@pytest.fixture
def logs(folder: Path) -> Logs:
    return Logs(folder)


def lines(folder: Path) -> list[bytes]:
    """What a backup would have of the account."""
    members = FolderActivityLog(folder, FixedClock()).export(UID, {})
    return b"".join(members.values()).splitlines(keepends=True)


def test_an_act_is_one_line_of_json(logs: Logs, folder: Path) -> None:
    logs.record(UID, "app password created", "ada", name="Phone 📱", address="192.0.2.1")
    logs.record(UID, "signed in", "ada")
    first, second = lines(folder)
    assert json.loads(first) == {
        "time": RULE, "what": "app password created", "by": "ada",
        "name": "Phone 📱", "address": "192.0.2.1",
    }  # fmt: skip
    assert json.loads(second) == {"time": RULE, "what": "signed in", "by": "ada"}


def test_a_failure_is_one_line_that_can_be_read_and_searched(logs: Logs, folder: Path) -> None:
    logs.error("delivery failed", kind="text", how="exit 3", output='no "route"', rest="")
    logs.error("store busy")
    assert (folder / "log").read_text() == (
        f'{RULE} delivery failed kind=text how="exit 3" output="no \\"route\\"" rest=""\n'
        f"{RULE} store busy\n"
    )


def test_time_is_written_in_utc(folder: Path) -> None:
    clock = FixedClock(NOW.astimezone(timezone(timedelta(hours=5))) + timedelta(microseconds=7))
    Logs(folder, clock).error("x")
    Logs(folder, clock).record(UID, "x", "y")
    assert (folder / "log").read_text() == f"{RULE} x\n"
    assert json.loads(lines(folder)[0])["time"] == RULE


def test_what_people_typed_acts_nowhere(logs: Logs, folder: Path) -> None:
    evil = 'a\nb\r\x1b]0;x\x07\u202e\x85\u2028\ud800\\" c=d'
    logs.error(f"x{evil}", **{"k\ney": evil})
    logs.record(UID, evil, evil, name=evil)
    (log,) = (folder / "log").read_text().splitlines()
    assert log.isprintable()
    assert log.endswith(r'k\ney="a\nb\r\x1b]0;x\x07\u202e\x85\u2028\ud800\\\" c=d"')
    (line,) = lines(folder)
    assert line.strip().decode("ascii").isprintable()
    assert json.loads(line)["name"] == evil


def test_no_fact_passes_for_the_time_of_an_act(logs: Logs, folder: Path) -> None:
    logs.record(UID, "x", "ada", time="1999-01-01T00:00:00Z", note="kept")
    said = json.loads(lines(folder)[0])
    assert said == {"time": RULE, "what": "x", "by": "ada", "note": "kept"}


@pytest.mark.parametrize("character", ["x", " ", "\n", "ä", "😀", "\U0010ffff"])
def test_a_line_is_bounded_and_still_whole(logs: Logs, folder: Path, character: str) -> None:
    facts = {f"fact{number}": character * 100_000 for number in range(12)}
    logs.error("delivery failed", **facts)
    logs.record(UID, "x" * 100_000, "ada", **facts)
    (act,) = lines(folder)
    for line in ((folder / "log").read_bytes(), act):
        assert len(line) <= LINE_BYTES
        assert line.endswith(b"\n")
    assert json.loads(act)["fact11"].startswith(character)
    assert "fact11=" in (folder / "log").read_text()


def test_however_many_facts_there_are_the_line_is_bounded(logs: Logs, folder: Path) -> None:
    logs.error("x", **{f"ä{number}": "y" for number in range(5000)})
    assert (folder / "log").stat().st_size == LINE_BYTES


# Longer ones may be cut, so that the line is bounded.
_SHORT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.mark.slow
@settings(deadline=None)
@given(_SHORT, _SHORT, st.dictionaries(_SHORT, _SHORT, max_size=5))
def test_whatever_is_said_is_one_line(
    tmp_path_factory: pytest.TempPathFactory, what: str, by: str, facts: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    logs = Logs(folder)
    facts = {key: value for key, value in facts.items() if key not in ("self", "uid", "what", "by")}
    logs.record(UID, what, by, **facts)
    logs.error(what, **facts)
    (line,) = lines(folder)
    assert json.loads(line) == {**facts, "time": RULE, "what": what, "by": by}
    assert len((folder / "log").read_text("utf-8").splitlines()) == 1


@pytest.mark.parametrize(
    "uid", ["", "ada", UID.upper(), UID[1:], UID + "0", UID + "\n", "../" + UID, "\u0660" * 32]
)
def test_what_is_no_uid_is_ignored(logs: Logs, folder: Path, uid: str) -> None:
    logs.record(uid, "signed in", "ada")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("mask", [0, 0o022, 0o777])
def test_everything_is_the_owners_alone(logs: Logs, folder: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        logs.record(UID, "x", "ada")
        logs.error("x")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert modes.pop("ledger") == 0o700
    assert modes.keys() >= {"log", "activity.sqlite", "activity.sqlite-wal"}
    assert set(modes.values()) == {0o600}


def test_each_line_is_one_write_to_the_end(
    logs: Logs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[bytes] = []
    flags: list[int] = []
    real_write, real_open = os.write, os.open

    def write(descriptor: int, content: bytes) -> int:
        writes.append(content)
        return real_write(descriptor, content)

    def opening(path: Any, flag: int, *rest: int, **more: Any) -> int:
        flags.append(flag)
        return real_open(path, flag, *rest, **more)

    monkeypatch.setattr(os, "write", write)
    monkeypatch.setattr(os, "open", opening)
    logs.error("x", output="y z")
    assert writes == [(folder / "log").read_bytes()]
    assert sum(flag & os.O_APPEND != 0 for flag in flags) == 1


def failing(number: int) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise OSError(number, os.strerror(number))

    return fail


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("call", ["open", "write", "fstat", "fchmod", "pread"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_disk_that_fails_stops_nothing(
    logs: Logs, monkeypatch: pytest.MonkeyPatch, folder: Path, call: str, number: int
) -> None:
    logs.error("x")
    logs.record(UID, "x", "ada")
    (folder / "log").chmod(0o640)
    before = open_files()
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing(number))
        logs.record(UID, "x", "ada")
        logs.error("x")
    assert open_files() == before


def test_a_store_that_is_gone_is_not_made_again(logs: Logs, folder: Path) -> None:
    folder.rmdir()
    logs.record(UID, "x", "ada")
    logs.error("x")
    assert not folder.exists()


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe"])
def test_only_ordinary_files_are_written(logs: Logs, folder: Path, kind: str) -> None:
    (folder / "ledger").mkdir(0o700)
    target = folder / "target"
    for path in (folder / "log", folder / "ledger" / "activity.sqlite"):
        if kind == "folder":
            path.mkdir()
        elif kind == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(target)
    if kind == "link":
        target.write_text("precious\n")
    logs.record(UID, "x", "ada")
    logs.error("x")
    assert not target.exists() or target.read_text() == "precious\n"


def test_a_folder_of_activity_that_is_a_link_is_not_followed(logs: Logs, folder: Path) -> None:
    (folder / "target").mkdir()
    (folder / "ledger").symlink_to(folder / "target")
    logs.record(UID, "x", "ada")
    assert list((folder / "target").iterdir()) == []


def test_a_log_that_has_grown_begins_anew(
    logs: Logs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(error_log, "LOG_BYTES", 100)
    for number in range(8):
        logs.error(f"fault{number}", a="x" * 10)
        logs.record(UID, f"act{number}", "ada")
    line = len(f"{RULE} fault0 a={'x' * 10}\n")
    assert (line, len((folder / "log.1").read_bytes())) == (41, 123)
    assert "fault6" in (folder / "log").read_text()
    assert "fault3" in (folder / "log.1").read_text()
    assert stat.S_IMODE((folder / "log").stat().st_mode) == 0o600
    assert len(lines(folder)) == 8
    assert sorted(path.name for path in folder.iterdir()) == ["ledger", "log", "log.1"]


def test_many_processes_lose_no_line_even_where_the_log_begins_anew(folder: Path) -> None:
    (folder / "log").write_text("x" * (error_log.LOG_BYTES - 100) + "\n")
    reading, writing = os.pipe()

    def work() -> None:
        os.close(writing)
        os.read(reading, 1)  # returns when the last writer is gone: all begin at once
        logs = Logs(folder)
        for number in range(50):
            logs.error("x", pid=str(os.getpid()), number=str(number))
            logs.record(UID, f"{os.getpid()}-{number}", "ada")
        os._exit(0)

    children = [forked(work) for _ in range(6)]
    os.close(writing)
    os.close(reading)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
    acts = [json.loads(line)["what"] for line in lines(folder)]
    assert len(acts) == len(set(acts)) == 300
    old, new = (folder / "log.1").read_text(), (folder / "log").read_text()
    assert len(old) > error_log.LOG_BYTES > len(new)
    assert (old + new).count("number=") == 300


def test_who_comes_too_late_moves_nothing(folder: Path) -> None:
    log = folder / "log"
    log.write_text("full")
    descriptor = os.open(log, os.O_RDWR)
    log.rename(folder / "log.1")
    log.write_text("new")
    assert error_log._set_aside(log, descriptor)
    os.close(descriptor)
    assert (log.read_text(), (folder / "log.1").read_text()) == ("new", "full")
