"""Whose old passwords are still right elsewhere: told by Dovecot, found out and kept by usage."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from apppw_tui.domain.names import candidates
from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.usage import LastUse, Used
from apppw_tui.store.folder.usage import FolderUsage
from apppw_tui.store.usage_buffer import MOST_OLD
from tests.store.folder.test_usage import LAST, Rooms
from tests.store.folder.using import PHONE
from tests.store.making import add, new_account
from tests.support import NOW


@pytest.fixture
def rooms(folder: Path) -> Rooms:
    return Rooms(folder)


def test_an_old_password_costs_no_reading_until_it_is_written(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms.store, "get", None)
    rooms.usage.old_password("ada", IMAP, "192.0.2.7")
    rooms.usage.old_password("no name", IMAP, "192.0.2.7")
    monkeypatch.undo()
    rooms.usage.flush()
    assert rooms.read == Used({}, LAST)


def test_an_old_password_counts_for_whom_the_name_means(rooms: Rooms) -> None:
    whole = add(rooms.store, "grace@example.org", seed=2)
    usage = FolderUsage(
        rooms.folder,
        rooms.store,
        rooms.clock,
        meaning=lambda name: candidates(name, "example.org"),
    )
    for name in ("ada", "grace", "Grace", "ada@example.org", "nobody"):
        usage.old_password(name, IMAP, "192.0.2.7")
    usage.flush()
    assert rooms.read.last_legacy_login == LAST
    assert rooms.book.read(whole.uid).last_legacy_login == LAST


def test_of_names_that_come_by_the_thousand_so_many_are_kept(rooms: Rooms) -> None:
    for number in range(MOST_OLD + 10):
        rooms.usage.old_password(f"name{number}", None, None)
    rooms.usage.old_password("name0", IMAP, None)
    rooms.usage.old_password("ada", IMAP, None)
    rooms.usage.flush()
    assert rooms.read == Used()
    assert rooms.book.old_passwords_since() is None
    rooms.usage.old_password("ada", IMAP, None)  # there is room again
    rooms.usage.flush()
    assert rooms.read.last_legacy_login == LastUse(NOW, IMAP)


def test_an_account_that_got_the_name_has_not_used_the_others_old_password(rooms: Rooms) -> None:
    rooms.usage.old_password("ada", IMAP, None)
    rooms.store.remove("ada")
    rooms.clock.advance(60)
    later = replace(new_account(seed=2), created=rooms.clock.now())
    with rooms.store.transaction("ada", None) as change:
        change.account = later
    rooms.usage.flush()
    assert rooms.book.read(later.uid) == Used()


def told(rooms: Rooms) -> datetime | None:
    """Somebody's old password is right; since when that is told."""
    rooms.usage.old_password("ada", IMAP, None)
    rooms.usage.flush()
    return rooms.book.old_passwords_since()


def test_since_when_old_passwords_are_told_of_is_known(rooms: Rooms) -> None:
    assert rooms.book.old_passwords_since() is None
    rooms.usage.used(PHONE, IMAP, None)
    rooms.usage.flush()
    assert rooms.book.old_passwords_since() is None
    for _ in range(10):
        assert told(rooms) == NOW
        rooms.clock.advance(60)


def test_where_nobody_has_told_for_long_it_is_not_known_any_more(rooms: Rooms) -> None:
    for _ in range(3):
        assert told(rooms) == NOW
        rooms.clock.advance(29 * 86_400)
    rooms.clock.advance(86_400)
    assert rooms.book.old_passwords_since() is None
    assert told(rooms) == rooms.clock.now()  # what was in between, nobody knows
