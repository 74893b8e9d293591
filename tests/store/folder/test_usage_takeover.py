"""What an earlier version kept of uses, and what waits for the daemon, comes into the tables."""

import json
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apppw_tui.domain.scopes import IMAP, SMTP
from apppw_tui.domain.usage import FirstUse, LastUse, UsageRecord, Used
from apppw_tui.store.folder import files, sqlite_file
from apppw_tui.store.folder.usage import FolderUsage
from apppw_tui.store.folder.usage_book import FolderUsageBook
from apppw_tui.store.folder.usage_ledger import UsageLedger
from tests.faults import STEPS, kills, steps, struck_by
from tests.store.folder.using import PHONE
from tests.store.making import add, folder_store
from tests.support import NOW, FixedClock

GONE_ACCOUNT, DAMAGED = "0123456789abcdef" * 2, "f" * 32
# As version 0.1 wrote them.
OLD = """\
{"used": {"1": {"id": "abc", "time": "2026-11-20T08:00:00Z", "service": "imap", \
"address": "192.0.2.7"}, "2": {"id": "xyz", "time": "2026-11-01T08:00:00.000250Z", \
"service": null, "address": null}}, "old_password": {"1": {"time": "2026-11-19T08:00:00Z", \
"service": "smtp", "address": "2001:db8::1"}}, "passed_on": {"1": {"time": \
"2026-11-22T08:00:00Z", "service": "imap", "address": null}}, "networks": {"1": {"network": \
"192.0.2.0/24", "time": "2026-11-20T08:00:00Z"}, "2": {"network": "198.51.100.0/24", "time": \
"2026-11-12T08:00:00Z"}}}"""
OLD_REPORTS = '{"since": "2026-11-02T08:00:00Z", "last": "2026-11-22T08:00:00Z"}'
SINCE = datetime(2026, 11, 2, 8, tzinfo=UTC)
USED = Used.of(
    [
        ("abc", LastUse(datetime(2026, 11, 20, 8, tzinfo=UTC), IMAP, "192.0.2.7")),
        ("xyz", LastUse(datetime(2026, 11, 1, 8, 0, 0, 250, tzinfo=UTC))),
    ],
    LastUse(datetime(2026, 11, 19, 8, tzinfo=UTC), SMTP, "2001:db8::1"),
)
NETWORKS = {"192.0.2.0/24", "198.51.100.0/24"}


class Rooms:
    """A store as version 0.1 leaves it, with ada in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder_store(folder)
        self.clock = FixedClock()
        self.complaints: list[str] = []
        self.told: list[FirstUse] = []
        self.ada = add(self.store)
        self.usage = folder / "usage"
        self.usage.mkdir(0o700)
        self.old = {
            f"{self.ada.uid}.json": OLD,
            f"{GONE_ACCOUNT}.json": '{"used": {}}',
            f"{DAMAGED}.json": '{"used": {"1": {}}}',
            "old-passwords": OLD_REPORTS,
        }
        for name, content in self.old.items():
            (self.usage / name).write_text(content)
            (self.usage / name).chmod(0o600)
        # What the daemon saw is not its uses.
        (self.usage / f"{self.ada.uid}.jsonl").write_text("{}\n")

    @property
    def daemon(self) -> FolderUsage:
        """As it is after a start."""
        return FolderUsage(
            self.folder,
            self.store,
            self.clock,
            complain=self.complaints.append,
            announce=self.told.append,
        )

    @property
    def book(self) -> FolderUsageBook:
        """As the portal has it."""
        return FolderUsageBook(self.folder, self.clock)

    @property
    def record(self) -> UsageRecord:
        return UsageLedger(self.folder).record(self.ada.uid)


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    return Rooms(tmp_path / "store")


def aside(rooms: Rooms) -> dict[str, str]:
    folder = rooms.usage / "before-ledgers"
    return {path.name: path.read_text() for path in folder.iterdir()}


def waiting(rooms: Rooms) -> set[str]:
    return {path.name for path in (rooms.usage / "waiting").iterdir()}


# --- an earlier version's -------------------------------------------------------------------


def test_until_a_daemon_has_run_the_files_are_read_as_they_were(rooms: Rooms) -> None:
    assert rooms.book.read(rooms.ada.uid) == USED
    assert rooms.book.old_passwords_since() == SINCE
    assert rooms.book.read(DAMAGED) == rooms.book.read("1" * 32) == Used()
    assert not (rooms.usage / "usage.sqlite").exists()


def test_they_are_taken_over_once_and_kept_aside(rooms: Rooms) -> None:
    rooms.daemon.flush()
    assert rooms.record.used == rooms.book.read(rooms.ada.uid) == USED
    assert rooms.record.networks.keys() == NETWORKS
    assert rooms.book.old_passwords_since() == SINCE
    assert aside(rooms) == rooms.old
    assert stat.S_IMODE((rooms.usage / "before-ledgers").stat().st_mode) == 0o700
    (sentence,) = rooms.complaints
    assert f"{DAMAGED}.json is damaged" in sentence
    assert (rooms.usage / f"{rooms.ada.uid}.jsonl").exists()


def test_what_an_earlier_version_wrote_in_between_is_taken_over_as_well(rooms: Rooms) -> None:
    daemon = rooms.daemon
    daemon.used(PHONE, IMAP, None)
    daemon.flush()
    (rooms.usage / f"{rooms.ada.uid}.json").write_text(OLD.replace("2026-11-20", "2026-11-29"))
    reports = OLD_REPORTS.replace("2026-11-22", "2026-11-29")
    (rooms.usage / "old-passwords").write_text(reports)
    rooms.daemon.flush()
    assert rooms.record.used.by_id["abc"].time == datetime(2026, 11, 29, 8, tzinfo=UTC)
    rooms.clock.advance(33 * 86_400)  # a month after the last report is not over
    assert rooms.book.old_passwords_since() == SINCE


def test_who_was_seen_before_is_not_new(rooms: Rooms) -> None:
    daemon = rooms.daemon
    daemon.used(PHONE, IMAP, "198.51.100.200")
    daemon.used(PHONE, IMAP, "203.0.113.9")
    daemon.flush()
    assert [(first.use.address, first.moved) for first in rooms.told] == [("203.0.113.9", True)]
    assert rooms.record.used.by_id["abc"].time == NOW
    assert [use.service for use in rooms.record.used.services["abc"]] == ["imap"]


def test_of_files_that_cannot_be_taken_over_nothing_is_lost(rooms: Rooms) -> None:
    (rooms.usage / "before-ledgers").write_text("")
    daemon = rooms.daemon
    daemon.used(PHONE, IMAP, "203.0.113.9")
    for _ in range(2):
        daemon.flush()
    assert any("not a folder" in sentence for sentence in rooms.complaints)
    assert rooms.told == []
    (rooms.usage / "before-ledgers").unlink()
    daemon.flush()
    assert rooms.record.used.by_id["abc"].time == NOW
    assert len(rooms.told) == 1
    assert aside(rooms) == rooms.old


def test_once_they_are_no_account_costs_a_file(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms.daemon.flush()
    opened: list[object] = []
    connect = sqlite_file.connect

    def connected(path: Path, how: str, timeout: float) -> sqlite3.Connection:
        opened.append(path)
        return connect(path, how, timeout)

    monkeypatch.setattr(sqlite_file, "connect", connected)
    monkeypatch.setattr(files, "read", lambda path, *_: opened.append(path))
    book = rooms.book
    for number in range(20):
        book.read(f"{number:032x}")
        book.old_passwords_since()
    assert opened == [rooms.usage / "usage.sqlite"]


def test_what_is_moved_or_removed_outlives_a_power_cut(
    rooms: Rooms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without what lies beside the tables, they have it."""
    seen: list[Used] = []
    real_replace, real_remove = Path.replace, files.remove

    def cut(path: Path) -> None:
        if path.stem in (rooms.ada.uid, GONE_ACCOUNT):
            shutil.copytree(rooms.usage, tmp_path / "cut" / "usage", dirs_exist_ok=True)
            (tmp_path / "cut" / "usage" / "usage.sqlite-wal").unlink(missing_ok=True)
            seen.append(UsageLedger(tmp_path / "cut").record(path.stem).used)
            shutil.rmtree(tmp_path / "cut")

    def replace(path: Path, target: Path) -> Path:
        cut(path)
        return real_replace(path, target)

    def remove(path: Path) -> bool:
        cut(path)
        return real_remove(path)

    (rooms.usage / f"{GONE_ACCOUNT}.json").unlink()
    rooms.usage.joinpath("waiting").mkdir(0o700)
    (rooms.usage / "waiting" / f"{GONE_ACCOUNT}.json").write_text(OLD)
    daemon = rooms.daemon
    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(files, "remove", remove)
    daemon.flush()
    assert seen == [USED, USED]
    monkeypatch.undo()
    rooms.book.forget(rooms.ada.uid)
    monkeypatch.setattr(files, "remove", remove)
    daemon.flush()
    assert seen == [USED, USED, Used()]


def test_where_nothing_was_nothing_is_made(tmp_path: Path) -> None:
    folder_store(tmp_path / "store")
    usage = FolderUsage(tmp_path / "store", folder_store(tmp_path / "store"), FixedClock())
    usage.flush()
    assert not (tmp_path / "store" / "usage").exists()


def taken_over(rooms: Rooms) -> None:
    assert rooms.record.used == rooms.book.read(rooms.ada.uid) == USED
    assert rooms.record.networks.keys() == NETWORKS
    assert rooms.book.old_passwords_since() == SINCE
    assert aside(rooms) == rooms.old


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_call_the_next_daemon_takes_over_the_rest(tmp_path: Path, step: int) -> None:
    for at in steps(step):
        rooms = Rooms(tmp_path / f"store{at}")
        before = rooms.book.read(rooms.ada.uid)
        dead = kills(rooms.daemon.flush, at)
        assert rooms.book.read(rooms.ada.uid) == before  # whoever looks sees them all the while
        rooms.daemon.flush()
        taken_over(rooms)
        if not dead:
            break


@pytest.mark.parametrize("step", STEPS)
def test_where_any_call_fails_the_same_daemon_takes_over_the_rest(
    tmp_path: Path, step: int
) -> None:
    for at in steps(step):
        rooms = Rooms(tmp_path / f"store{at}")
        daemon = rooms.daemon
        struck, raised = struck_by(daemon.flush, at)
        assert raised is None
        daemon.flush()
        taken_over(rooms)
        if not struck:
            break


# --- what waits -----------------------------------------------------------------------------


def test_who_is_removed_is_so_at_once_and_the_rows_are_when_the_daemon_looks(rooms: Rooms) -> None:
    daemon = rooms.daemon
    daemon.flush()
    daemon.used(PHONE, IMAP, None)
    daemon.flush()
    rooms.store.remove("ada")
    rooms.book.forget(rooms.ada.uid)
    assert rooms.book.read(rooms.ada.uid) == Used()
    assert waiting(rooms) == {f"{rooms.ada.uid}.gone"}
    assert f"{rooms.ada.uid}.json" not in aside(rooms)
    daemon.flush()
    assert waiting(rooms) == set()
    with closing(sqlite3.connect(rooms.usage / "usage.sqlite")) as tables:
        for table in ("used", "uses", "network", "old_password"):
            counted = tables.execute(f"SELECT count(*) FROM {table} WHERE uid = ?", [rooms.ada.uid])
            assert counted.fetchone() == (0,)


def test_who_is_removed_before_a_daemon_has_run_leaves_nothing(rooms: Rooms) -> None:
    rooms.book.forget(rooms.ada.uid)
    assert not (rooms.usage / f"{rooms.ada.uid}.json").exists()
    rooms.daemon.flush()
    assert rooms.book.read(rooms.ada.uid) == Used()


def test_what_a_backup_has_comes_back_where_nothing_is(rooms: Rooms) -> None:
    daemon = rooms.daemon
    daemon.flush()
    rooms.book.restore(GONE_ACCOUNT, OLD.encode())
    rooms.book.restore(rooms.ada.uid, b'{"used": {}}')  # there are uses
    assert waiting(rooms) == {f"{GONE_ACCOUNT}.json"}
    daemon.flush()
    assert rooms.book.read(GONE_ACCOUNT) == rooms.book.read(rooms.ada.uid) == USED
    assert waiting(rooms) == set()


def test_who_was_removed_and_came_back_has_what_came_back(rooms: Rooms) -> None:
    daemon = rooms.daemon
    daemon.flush()
    rooms.book.forget(rooms.ada.uid)
    again = json.loads(OLD)
    del again["used"]["1"]
    rooms.book.restore(rooms.ada.uid, json.dumps(again).encode())
    assert waiting(rooms) == {f"{rooms.ada.uid}.gone", f"{rooms.ada.uid}.json"}
    daemon.flush()
    assert rooms.book.read(rooms.ada.uid).by_id.keys() == {"xyz"}


def test_before_a_daemon_has_run_what_came_back_is_read_where_it_waits(rooms: Rooms) -> None:
    rooms.book.forget(rooms.ada.uid)
    rooms.book.restore(rooms.ada.uid, OLD.encode())
    assert rooms.book.read(rooms.ada.uid) == USED
    rooms.daemon.flush()
    assert rooms.book.read(rooms.ada.uid) == USED


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("act", [
    lambda rooms: rooms.daemon.flush(),
    lambda rooms: rooms.book.forget(rooms.ada.uid),
])  # fmt: skip
def test_killed_at_any_call_of_a_removal_the_rest_is_done(
    tmp_path: Path, step: int, act: Callable[[Rooms], None]
) -> None:
    for at in steps(step):
        rooms = Rooms(tmp_path / f"store{at}")
        rooms.daemon.flush()
        rooms.book.forget(rooms.ada.uid)
        rooms.book.restore(GONE_ACCOUNT, OLD.encode())
        dead = kills(lambda: act(rooms), at)  # noqa: B023 - called at once
        rooms.daemon.flush()
        assert rooms.record == UsageRecord()
        assert rooms.book.read(GONE_ACCOUNT) == USED
        if not dead:
            break


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b"null", b'"x"', b'{"used": []}', b'{"used": {"1": 5}}',
    b'{"used": {"1": {"id": 5, "time": "2026-11-22T12:00:00Z"}}}',
    b'{"used": {"1": {"id": "abc", "time": "yesterday"}}}',
    b'{"used": {"1": {"id": "abc", "time": "2026-11-22T12:00:00Z", "service": 5}}}',
    b'{"used": {"x": {"id": "abc", "time": "2026-11-22T12:00:00Z"}}}',
    b'{"old_password": {"1": []}}', b"\xff\xfe", b"[" * 100_000,
])  # fmt: skip
def test_what_is_damaged_counts_as_empty(rooms: Rooms, content: bytes) -> None:
    path = rooms.usage / f"{rooms.ada.uid}.json"
    path.write_bytes(content)
    assert rooms.book.read(rooms.ada.uid) == Used()
    rooms.daemon.flush()
    assert rooms.book.read(rooms.ada.uid) == Used()
    assert (rooms.usage / "before-ledgers" / path.name).read_bytes() == content


def test_a_link_is_not_followed(rooms: Rooms, tmp_path: Path) -> None:
    path = rooms.usage / f"{rooms.ada.uid}.json"
    path.rename(tmp_path / "other")
    path.symlink_to(tmp_path / "other")
    assert rooms.book.read(rooms.ada.uid) == Used()
    rooms.daemon.flush()
    assert rooms.book.read(rooms.ada.uid) == Used()
    assert (tmp_path / "other").read_text() == OLD
