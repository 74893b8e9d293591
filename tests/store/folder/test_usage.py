"""When app passwords were used: in memory, then in one file for each account."""

import errno
import json
import os
import shutil
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tinydb import TinyDB

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.domain.usage import LastUse, Used
from apppw_tui.store.folder import files
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.usage import FolderUsage
from tests.store.folder.using import PHONE, Verdict
from tests.store.making import account_file, add, folder_store, record, touch
from tests.support import NOW, FixedClock


class Rooms:
    """A store with ada in it, and the usage of its app passwords."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store: FolderStore = folder_store(folder)
        self.clock = FixedClock()
        self.complaints: list[str] = []
        self.usage = self.again()
        self.ada = add(self.store)

    def again(self) -> FolderUsage:
        return FolderUsage(self.folder, self.store, self.clock, complain=self.complaints.append)

    def path(self, account: Account | None = None) -> Path:
        return self.folder / "usage" / f"{(account or self.ada).uid}.json"

    @property
    def read(self) -> Used:
        return self.again().read(self.ada.uid)


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    return Rooms(tmp_path / "store")


LAST = LastUse(NOW, "imap", "192.0.2.7")


def test_a_use_is_kept_in_memory_until_it_is_written(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, "imap", "192.0.2.7")
    rooms.usage.old_password("ada", None, None)
    assert not rooms.path().exists()
    rooms.usage.flush()
    assert rooms.read == Used({"abc": LAST}, LastUse(NOW))
    assert rooms.complaints == []


def test_it_is_a_tinydb_document_of_the_owner_alone(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, "imap", "192.0.2.7")
    rooms.usage.flush()
    assert stat.S_IMODE(rooms.path().stat().st_mode) == 0o600
    assert stat.S_IMODE(rooms.path().parent.stat().st_mode) == 0o700
    with TinyDB(rooms.path()) as database:
        (used,) = database.table("used").all()
    time = NOW.isoformat().replace("+00:00", "Z")
    assert used == {"id": "abc", "time": time, "service": "imap", "address": "192.0.2.7"}


def test_a_thousand_sign_ins_cost_one_write(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []
    real = files.write

    def write(path: Path, *rest: Any) -> None:
        written.append(path)
        real(path, *rest)

    monkeypatch.setattr(files, "write", write)
    for _ in range(1000):
        rooms.clock.advance(0.01)
        rooms.usage.used(PHONE, "imap", "192.0.2.7")
    rooms.usage.flush()
    rooms.usage.flush()
    assert written == [rooms.path()]
    assert rooms.read.by_id["abc"].time == NOW + timedelta(seconds=10)


def test_later_uses_join_what_was_written(rooms: Rooms) -> None:
    def with_car(account: Account) -> Account:
        return account.with_app_password(record("xyz", "Car"), 40)

    with rooms.store.transaction("ada", rooms.ada.uid) as change:
        change.account = with_car(change.existing)
    rooms.usage.used(PHONE, "imap", "192.0.2.7")
    rooms.usage.old_password("ada", "smtp", None)
    rooms.usage.flush()
    rooms.clock.advance(60)
    rooms.usage.used(Verdict("ada", record("xyz", "Car")), "smtp", None)
    rooms.usage.flush()
    later = NOW + timedelta(seconds=60)
    wanted = Used({"abc": LAST, "xyz": LastUse(later, "smtp")}, LastUse(NOW, "smtp"))
    assert rooms.read == wanted


def test_what_was_deleted_is_forgotten(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, "imap", None)
    rooms.usage.flush()
    with rooms.store.transaction("ada", rooms.ada.uid) as change:
        change.account = replace(change.existing, app_passwords=(record("xyz", "Car"),))
    rooms.usage.old_password("ada", None, None)
    rooms.usage.used(PHONE, "imap", None)  # deleted while it was judged
    rooms.usage.flush()
    assert rooms.read == Used({}, LastUse(NOW))


def test_of_an_account_that_is_gone_nothing_is_written(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, "imap", None)
    rooms.store.remove("ada")
    rooms.usage.flush()
    assert not (rooms.folder / "usage").exists()
    rooms.usage.used(PHONE, "imap", None)
    rooms.usage.old_password("ada", None, None)
    rooms.usage.old_password("nobody", None, None)
    rooms.usage.flush()
    assert not (rooms.folder / "usage").exists()
    assert rooms.complaints == []


def test_an_account_that_got_the_name_inherits_nothing(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, "imap", None)
    rooms.store.remove("ada")
    other = add(rooms.store, seed=2)
    rooms.usage.flush()
    assert not rooms.path(other).exists()
    assert not rooms.path().exists()
    stale = Verdict("ada", replace(record(), hash="$argon2id$of another"))
    rooms.usage.used(stale, "imap", None)
    rooms.usage.flush()
    assert not rooms.path(other).exists()


def test_in_a_store_that_is_gone_nothing_is_made(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, "imap", None)
    shutil.rmtree(rooms.folder)
    rooms.usage.flush()
    assert not rooms.folder.exists()
    assert len(rooms.complaints) == 1


def test_an_app_password_under_another_name_is_still_the_same(rooms: Rooms) -> None:
    rooms.usage.used(Verdict("ada", replace(record(), name="Old name")), "imap", "192.0.2.7")
    rooms.usage.flush()
    assert rooms.read.by_id == {"abc": LAST}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b'{"used": []}',
        b'{"used": {"1": 5}}',
        b'{"used": {"1": {}}}',
        b'{"used": {"1": {"id": 5, "time": "2026-11-22T12:00:00Z"}}}',
        b'{"used": {"1": {"id": "abc", "time": "yesterday"}}}',
        b'{"used": {"1": {"id": "abc", "time": "2026-11-22T12:00:00Z", "service": 5}}}',
        b'{"used": {"x": {"id": "abc", "time": "2026-11-22T12:00:00Z"}}}',
        b'{"old_password": {"1": []}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_damaged_counts_as_empty_and_is_replaced(rooms: Rooms, content: bytes) -> None:
    rooms.path().parent.mkdir()
    rooms.path().write_bytes(content)
    assert rooms.read.last_legacy_login is None
    rooms.usage.used(PHONE, "imap", "192.0.2.7")
    rooms.usage.flush()
    assert rooms.read == Used({"abc": LAST})
    assert json.loads(rooms.path().read_bytes())
    assert rooms.complaints == []


def test_a_link_is_replaced_and_not_followed(rooms: Rooms, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine")
    rooms.path().parent.mkdir()
    rooms.path().symlink_to(tmp_path / "other")
    rooms.usage.used(PHONE, "imap", "192.0.2.7")
    rooms.usage.flush()
    assert (tmp_path / "other").read_text() == "mine"
    assert rooms.read == Used({"abc": LAST})


@pytest.mark.parametrize("uid", ["", "../other", "x" * 32, "\u0660" * 32])
def test_what_is_no_uid_was_never_used(rooms: Rooms, uid: str) -> None:
    rooms.usage.used(PHONE, "imap", None)
    rooms.usage.flush()
    for path in (rooms.folder / "other.json", rooms.folder / "usage" / f"{uid}.json"):
        path.write_bytes(rooms.path().read_bytes())
    assert rooms.usage.read(uid) == Used()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_full_disk_is_said_once_and_nothing_is_lost(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    grace = add(rooms.store, "grace", seed=2)
    tries: list[object] = []

    def fail(path: Path, *_: object) -> None:
        tries.append(path)
        raise files.store_error(path, OSError(number, os.strerror(number)))

    monkeypatch.setattr(files, "write", fail)
    rooms.usage.used(PHONE, "imap", "192.0.2.7")
    rooms.usage.used(Verdict("grace", record(), grace.uid), "imap", "192.0.2.7")
    for _ in range(3):
        rooms.usage.flush()
    assert len(rooms.complaints) == 1
    assert len(tries) == 3  # one account shows that the disk is full; the others need not
    rooms.clock.advance(60)
    rooms.usage.used(PHONE, "smtp", None)
    monkeypatch.undo()
    rooms.usage.flush()
    assert rooms.read == Used({"abc": LastUse(NOW + timedelta(seconds=60), "smtp")})
    assert rooms.usage.read(grace.uid) == Used({"abc": LAST})
    monkeypatch.setattr(files, "write", fail)
    rooms.usage.used(PHONE, "imap", None)
    rooms.usage.flush()
    assert len(rooms.complaints) == 2  # it went well in between


def test_what_is_used_while_it_cannot_be_written_is_the_later_one(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = files.write

    def fail(path: Path, temporary: Path, content: bytes) -> None:
        if path != rooms.path():
            return real(path, temporary, content)
        rooms.clock.advance(60)
        rooms.usage.used(PHONE, "smtp", None)
        raise files.store_error(path, OSError(errno.ENOSPC, ""))

    monkeypatch.setattr(files, "write", fail)
    rooms.usage.used(PHONE, "imap", None)
    rooms.usage.old_password("ada", "imap", None)
    rooms.usage.flush()
    monkeypatch.undo()
    rooms.usage.flush()
    later = LastUse(NOW + timedelta(seconds=60), "smtp")
    assert rooms.read == Used({"abc": later}, LastUse(NOW, "imap"))


def test_one_busy_or_damaged_account_keeps_no_other_waiting(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    grace = add(rooms.store, "grace", seed=2)
    rooms.usage.used(PHONE, "imap", "192.0.2.7")
    rooms.usage.used(Verdict("grace", record(), grace.uid), "imap", "192.0.2.7")
    good = account_file(rooms.folder).read_bytes()
    account_file(rooms.folder).write_bytes(b"{")
    rooms.usage.flush()
    assert rooms.usage.read(grace.uid) == Used({"abc": LAST})
    assert len(rooms.complaints) == 1
    account_file(rooms.folder).write_bytes(good)
    impatient = FolderStore(rooms.folder, lock_timeout=0)
    monkeypatch.setattr(rooms.store, "transaction", impatient.transaction)
    with rooms.store._lock("ada"):
        rooms.usage.flush()
    assert rooms.complaints[1:] == ["The store is busy. Try again in a moment."]
    rooms.usage.flush()
    assert rooms.read == Used({"abc": LAST})


def test_a_store_that_fails_while_somebody_signs_in_stops_nothing(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise StoreUnusable("No.")

    monkeypatch.setattr(rooms.store, "get", fail)
    rooms.usage.used(PHONE, "imap", None)
    rooms.usage.old_password("ada", "imap", None)
    rooms.usage.flush()
    monkeypatch.undo()
    rooms.usage.flush()  # whose old password it was is found out later
    assert rooms.read == Used({"abc": LastUse(NOW, "imap")}, LastUse(NOW, "imap"))


@pytest.mark.parametrize("secret", ["7kfm2xqd9h3vtw58", "7kfm2xqd9h3vtw5nc8rw"])
def test_nothing_that_may_be_a_password_is_kept(rooms: Rooms, secret: str) -> None:
    grouped = "-".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    rooms.usage.used(PHONE, secret, grouped)
    rooms.usage.old_password("ada", grouped, "fe80::1%hunter2")
    rooms.usage.flush()
    assert rooms.read == Used({"abc": LastUse(NOW)}, LastUse(NOW, None, "fe80::1"))


def test_accounts_are_not_written(rooms: Rooms) -> None:
    touch(rooms.store, rooms.ada, "nord")
    before = account_file(rooms.folder).stat()
    rooms.usage.used(PHONE, "imap", None)
    rooms.usage.flush()
    after = account_file(rooms.folder).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
