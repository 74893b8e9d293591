"""When app passwords were used: in memory, then in the tables of usage/usage.sqlite."""

import errno
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.domain.scopes import IMAP, SMTP, Service
from apppw_tui.domain.usage import COUNTED_DAYS, MOST_SERVICES, SHOWN_DAYS, LastUse, Used
from apppw_tui.store.folder import files
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.ledger import Ledger, Transaction
from apppw_tui.store.folder.usage import FolderUsage
from apppw_tui.store.folder.usage_book import FolderUsageBook
from apppw_tui.store.folder.usage_ledger import UsageLedger
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

    @property
    def book(self) -> FolderUsageBook:
        """As the portal has it."""
        return FolderUsageBook(self.folder, self.clock)

    @property
    def path(self) -> Path:
        return self.folder / "usage" / "usage.sqlite"

    @property
    def read(self) -> Used:
        return self.book.read(self.ada.uid)


def used(*uses: tuple[str, LastUse], legacy: LastUse | None = None) -> Used:
    return Used.of(uses, legacy)


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    return Rooms(tmp_path / "store")


LAST = LastUse(NOW, IMAP, "192.0.2.7")


def test_a_use_is_kept_in_memory_until_it_is_written(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, IMAP, "192.0.2.7")
    rooms.usage.old_password("ada", None, None)
    assert not rooms.path.exists()
    rooms.usage.flush()
    assert rooms.read == used(("abc", LAST), legacy=LastUse(NOW))
    assert rooms.complaints == []


def test_the_tables_are_the_owners_alone(rooms: Rooms) -> None:
    with_umask = os.umask(0)
    try:
        rooms.usage.used(PHONE, IMAP, "192.0.2.7")
        rooms.usage.flush()
    finally:
        os.umask(with_umask)
    assert stat.S_IMODE(rooms.path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in rooms.path.parent.iterdir()} == {0o600}


def test_a_thousand_sign_ins_of_all_accounts_are_one_transaction(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Ledger] = []
    real = Ledger.transaction

    def transaction(ledger: Ledger) -> AbstractContextManager[Transaction]:
        begun.append(ledger)
        return real(ledger)

    grace = add(rooms.store, "grace", seed=2)
    rooms.usage.used(PHONE, IMAP, None)
    rooms.usage.flush()
    monkeypatch.setattr(Ledger, "transaction", transaction)
    for _ in range(500):
        rooms.clock.advance(0.01)
        rooms.usage.used(PHONE, IMAP, "192.0.2.7")
        rooms.usage.used(Verdict("grace", record(), grace.uid), IMAP, "192.0.2.7")
    rooms.usage.flush()
    rooms.usage.flush()
    assert len(begun) == 1
    assert rooms.read.by_id["abc"].time == NOW + timedelta(seconds=5)
    counted = UsageLedger(rooms.folder).counts(grace.uid)
    assert counted == {("abc", "imap", NOW.date()): 500}


def test_the_last_use_is_kept_for_each_service_the_newest_first(rooms: Rooms) -> None:
    for service in (IMAP, SMTP, None, IMAP):
        rooms.clock.advance(60)
        rooms.usage.used(PHONE, service, "192.0.2.7")
        rooms.usage.flush()
    read = rooms.read
    assert [use.service for use in read.services["abc"]] == ["imap", None, "smtp"]
    assert read.by_id["abc"] == read.services["abc"][0]
    assert read.by_id["abc"].time == rooms.clock.now()


def test_of_services_so_many_are_kept_the_newest(rooms: Rooms) -> None:
    for number in range(MOST_SERVICES + 5):
        rooms.clock.advance(1)
        rooms.usage.used(PHONE, Service(f"service{number}"), None)
    rooms.usage.flush()
    kept = [use.service for use in rooms.read.services["abc"]]
    assert (len(kept), kept[0]) == (MOST_SERVICES, f"service{MOST_SERVICES + 4}")
    assert len(UsageLedger(rooms.folder).counts(rooms.ada.uid)) == MOST_SERVICES


def test_uses_are_counted_by_day_for_as_long_as_they_are_wanted(rooms: Rooms) -> None:
    days = 0
    while days <= COUNTED_DAYS:
        rooms.usage.used(PHONE, IMAP, None)
        rooms.usage.used(PHONE, IMAP, None)
        rooms.usage.flush()
        rooms.clock.advance(10 * 86_400)
        days += 10
    counts = UsageLedger(rooms.folder).counts(rooms.ada.uid)
    first = NOW.date() + timedelta(days=10)
    assert counts == {("abc", "imap", first + timedelta(days=day)): 2 for day in range(0, 90, 10)}
    rooms.clock.advance(COUNTED_DAYS * 86_400)
    rooms.usage.flush()  # nobody has signed in, and a day has begun
    assert UsageLedger(rooms.folder).counts(rooms.ada.uid) == {}
    assert rooms.read.by_id["abc"].service == "imap"


def test_of_two_times_the_newer_is_kept(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, IMAP, "192.0.2.7")
    rooms.usage.old_password("ada", IMAP, None)
    rooms.usage.flush()
    rooms.clock.advance(-60)  # the clock was set back
    rooms.usage.used(PHONE, IMAP, "198.51.100.9")
    rooms.usage.flush()
    assert rooms.read == used(("abc", LAST), legacy=LastUse(NOW, IMAP))


def test_later_uses_join_what_was_written(rooms: Rooms) -> None:
    def with_car(account: Account) -> Account:
        return account.with_app_password(record("xyz", "Car"), 40)

    with rooms.store.transaction("ada", rooms.ada.uid) as change:
        change.account = with_car(change.existing)
    rooms.usage.used(PHONE, IMAP, "192.0.2.7")
    rooms.usage.old_password("ada", SMTP, None)
    rooms.usage.flush()
    rooms.clock.advance(60)
    rooms.usage.used(Verdict("ada", record("xyz", "Car")), SMTP, None)
    rooms.usage.flush()
    later = NOW + timedelta(seconds=60)
    wanted = used(("abc", LAST), ("xyz", LastUse(later, SMTP)), legacy=LastUse(NOW, SMTP))
    assert rooms.read == wanted


def test_what_was_deleted_is_forgotten(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, IMAP, None)
    rooms.usage.flush()
    with rooms.store.transaction("ada", rooms.ada.uid) as change:
        change.account = replace(change.existing, app_passwords=(record("xyz", "Car"),))
    rooms.usage.old_password("ada", None, None)
    rooms.usage.used(PHONE, IMAP, None)  # deleted while it was judged
    rooms.usage.flush()
    assert rooms.read == used(legacy=LastUse(NOW))
    assert UsageLedger(rooms.folder).counts(rooms.ada.uid) == {}


def test_of_an_account_that_is_gone_nothing_is_written(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, IMAP, None)
    rooms.store.remove("ada")
    rooms.usage.flush()
    assert not (rooms.folder / "usage").exists()
    rooms.usage.used(PHONE, IMAP, None)
    rooms.usage.old_password("ada", None, None)
    rooms.usage.old_password("nobody", None, None)
    rooms.usage.flush()
    assert not (rooms.folder / "usage").exists()
    assert rooms.complaints == []


def test_an_account_that_got_the_name_inherits_nothing(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, IMAP, None)
    rooms.store.remove("ada")
    other = add(rooms.store, seed=2)
    rooms.usage.flush()
    assert not rooms.path.exists()
    stale = Verdict("ada", replace(record(), hash="$argon2id$of another"))
    rooms.usage.used(stale, IMAP, None)
    rooms.usage.flush()
    assert rooms.book.read(other.uid) == rooms.read == Used()


def test_in_a_store_that_is_gone_nothing_is_made(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, IMAP, None)
    shutil.rmtree(rooms.folder)
    rooms.usage.flush()
    assert not rooms.folder.exists()
    assert len(rooms.complaints) == 1


def test_what_is_damaged_is_set_aside_and_begun_anew(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, IMAP, None)
    rooms.usage.flush()
    (rooms.folder / "garbage").write_bytes(b"nothing that a database begins with" * 1000)
    (rooms.folder / "garbage").rename(rooms.path)
    assert rooms.book.read(rooms.ada.uid) == Used()  # whoever reads leaves it alone
    assert rooms.book.old_passwords_since() is None
    rooms.usage.used(PHONE, IMAP, "192.0.2.7")
    rooms.usage.flush()
    assert rooms.read == used(("abc", LAST))
    rooms.usage.flush()
    assert UsageLedger(rooms.folder).is_taken_over()
    (aside,) = rooms.path.parent.glob("usage.sqlite.damaged-*Z")
    assert aside.read_bytes().startswith(b"nothing")
    (sentence,) = rooms.complaints
    assert aside.name in sentence


def test_what_a_newer_version_has_made_is_left_alone(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, IMAP, None)
    rooms.usage.flush()
    with closing(sqlite3.connect(rooms.path)) as newer:
        newer.execute("PRAGMA user_version = 99")
    rooms.usage = rooms.again()
    rooms.usage.used(PHONE, SMTP, None)
    rooms.usage.flush()
    (sentence,) = rooms.complaints
    assert "newer" in sentence
    assert [path.name for path in rooms.path.parent.glob("*damaged*")] == []


@pytest.mark.parametrize("uid", ["", "../x", "ABC", "0" * 31, "usage"])
def test_what_is_no_uid_was_never_used(rooms: Rooms, uid: str) -> None:
    rooms.usage.used(PHONE, IMAP, None)
    rooms.usage.flush()
    assert rooms.book.read(uid) == Used()
    rooms.book.forget(uid)
    rooms.book.restore(uid, b"{}")
    assert not (rooms.path.parent / "waiting").exists()


def refuse(monkeypatch: pytest.MonkeyPatch, number: int, before: Callable[[], None]) -> None:
    """Has SQLite's file refuse what is to be saved."""

    def save(*_: object) -> NoReturn:
        before()
        raise files.store_error(Path("usage.sqlite"), OSError(number, os.strerror(number)))

    monkeypatch.setattr(Ledger, "_finish", save)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_full_disk_is_said_once_and_nothing_is_lost(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    grace = add(rooms.store, "grace", seed=2)
    tries: list[object] = []
    refuse(monkeypatch, number, lambda: tries.append(None))
    rooms.usage.used(PHONE, IMAP, "192.0.2.7")
    rooms.usage.used(Verdict("grace", record(), grace.uid), IMAP, "192.0.2.7")
    for _ in range(3):
        rooms.usage.flush()
    assert len(rooms.complaints) == 1
    assert len(tries) >= 3
    rooms.clock.advance(60)
    rooms.usage.used(PHONE, SMTP, None)
    monkeypatch.undo()
    rooms.usage.flush()
    smtp = LastUse(NOW + timedelta(seconds=60), SMTP)
    assert rooms.read == used(("abc", LAST), ("abc", smtp))
    assert rooms.book.read(grace.uid) == used(("abc", LAST))
    refuse(monkeypatch, number, lambda: None)
    rooms.usage.used(PHONE, IMAP, None)
    rooms.usage.flush()
    assert len(rooms.complaints) == 2  # it went well in between


def test_what_is_used_while_it_cannot_be_written_is_the_later_one(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:

    def meanwhile() -> None:
        rooms.clock.advance(60)
        rooms.usage.used(PHONE, SMTP, None)

    refuse(monkeypatch, errno.EIO, meanwhile)
    rooms.usage.used(PHONE, IMAP, None)
    rooms.usage.old_password("ada", IMAP, None)
    rooms.usage.flush()
    monkeypatch.undo()
    rooms.usage.flush()
    later = LastUse(NOW + timedelta(seconds=60), SMTP)
    imap = LastUse(NOW, IMAP)
    assert rooms.read == used(("abc", imap), ("abc", later), legacy=imap)


def test_one_damaged_account_keeps_no_other_waiting(rooms: Rooms) -> None:
    grace = add(rooms.store, "grace", seed=2)
    rooms.usage.used(PHONE, IMAP, "192.0.2.7")
    rooms.usage.used(Verdict("grace", record(), grace.uid), IMAP, "192.0.2.7")
    good = account_file(rooms.folder).read_bytes()
    account_file(rooms.folder).write_bytes(b"{")
    rooms.usage.flush()
    assert rooms.book.read(grace.uid) == used(("abc", LAST))
    assert len(rooms.complaints) == 1
    account_file(rooms.folder).write_bytes(good)
    rooms.usage.flush()
    assert rooms.read == used(("abc", LAST))


def test_an_account_that_is_being_changed_does_not_wait(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, IMAP, "192.0.2.7")
    with rooms.store._lock("ada"):
        rooms.usage.flush()
    assert rooms.read == used(("abc", LAST))
    assert rooms.complaints == []


def test_a_store_that_fails_while_somebody_signs_in_stops_nothing(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise StoreUnusable("No.")

    monkeypatch.setattr(rooms.store, "get", fail)
    rooms.usage.used(PHONE, IMAP, None)
    rooms.usage.old_password("ada", IMAP, None)
    rooms.usage.flush()
    monkeypatch.undo()
    rooms.usage.flush()  # whose old password it was is found out later
    imap = LastUse(NOW, IMAP)
    assert rooms.read == used(("abc", imap), legacy=imap)


@pytest.mark.parametrize("secret", ["7kfm2xqd9h3vtw58", "7kfm2xqd9h3vtw5nc8rw"])
def test_nothing_that_may_be_a_password_is_kept(rooms: Rooms, secret: str) -> None:
    grouped = "-".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    rooms.usage.used(PHONE, Service(secret), grouped)
    rooms.usage.old_password("ada", Service(grouped), "fe80::1%hunter2")
    rooms.usage.flush()
    assert rooms.read == used(("abc", LastUse(NOW)), legacy=LastUse(NOW, None, "fe80::1"))


def test_accounts_are_not_written(rooms: Rooms) -> None:
    touch(rooms.store, rooms.ada, "nord")
    before = account_file(rooms.folder).stat()
    rooms.usage.used(PHONE, IMAP, None)
    rooms.usage.flush()
    after = account_file(rooms.folder).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_flush_with_nothing_to_write_notices_that_nothing_could_be(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, IMAP, "192.0.2.7")
    assert rooms.usage.flush()
    (rooms.folder / "usage").rename(rooms.folder / "elsewhere")
    (rooms.folder / "usage").touch()
    assert not rooms.usage.flush()
    assert [rooms.usage.trouble] == rooms.complaints
    (rooms.folder / "usage").unlink()
    (rooms.folder / "elsewhere").rename(rooms.folder / "usage")
    assert rooms.usage.flush()
    assert rooms.usage.trouble is None


def test_file_that_is_overwritten_meanwhile_is_noticed_where_nobody_signs_in(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, IMAP, "192.0.2.7")
    rooms.usage.flush()
    rooms.path.write_bytes(b"foreign" * 5000)
    rooms.usage.flush()
    (sentence,) = rooms.complaints
    assert sentence.startswith(f"{rooms.path} was damaged, and begun anew")


def test_uses_of_the_last_days_are_told_by_app_password_whatever_the_service(rooms: Rooms) -> None:
    for service in (IMAP, SMTP, IMAP):
        rooms.usage.used(PHONE, service, None)
    rooms.usage.flush()
    rooms.clock.advance(86_400)
    rooms.usage.used(PHONE, IMAP, None)
    rooms.usage.flush()
    today, uid = rooms.clock.now().date(), rooms.ada.uid
    per_day = rooms.book.per_day(uid, today)
    assert per_day == {"abc": (*[0] * (SHOWN_DAYS - 2), 3, 1)}
    assert rooms.book.per_day(uid, today + timedelta(days=SHOWN_DAYS - 1))["abc"][0] == 1
    assert rooms.book.per_day(uid, today + timedelta(days=SHOWN_DAYS)) == {}
    rooms.book.forget(uid)
    assert rooms.book.per_day(uid, today) == {}
