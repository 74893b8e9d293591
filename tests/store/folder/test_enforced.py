"""SAFETY 17: who is closed to old passwords is told beside the documents, never too late."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apppw_tui.domain.enforced import EVER, Enforcement, Enforcements, enforcement
from apppw_tui.domain.errors import StoreDamaged
from apppw_tui.domain.names import AccountName
from apppw_tui.domain.ports import AccountStore
from apppw_tui.portal import rename_account
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.enforced import line, parse
from apppw_tui.store.memory import MemoryStore
from tests.store.backing import Place
from tests.store.making import add, alter, folder_store, told
from tests.support import NOW

LATER = NOW + timedelta(days=60)
ENGINES: dict[str, Callable[[Path], Any]] = {
    "folder": folder_store,
    "memory": lambda _: MemoryStore(),
}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, folder: Path) -> Any:
    return ENGINES[request.param](folder)


# --- what is told, of every engine ------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "since"),
    [
        ({}, None),
        ({"enforced_from": NOW}, NOW),
        ({"enforced_from": LATER}, LATER),
        ({"enforced_from": NOW + timedelta(microseconds=1)}, NOW),
        ({"enabled": False}, EVER),
        ({"enabled": False, "enforced_from": LATER}, EVER),
    ],
)
def test_every_change_tells_what_the_document_says(
    store: Any, fields: dict[str, Any], since: datetime | None
) -> None:
    account = add(store)
    alter(store, **fields)
    expected = since and Enforcement(since, account.uid)
    assert store.enforcements.read("ada") == expected
    alter(store, enabled=True, enforced_from=None)
    assert store.enforcements.read("ada") is None


def test_an_account_that_is_removed_is_told_of_no_more(store: Any) -> None:
    add(store)
    alter(store, enforced_from=NOW)
    store.remove("ada")
    assert store.enforcements.read("ada") is None


def test_a_renamed_account_is_told_of_under_its_new_name(store: Any) -> None:
    add(store)
    account = alter(store, enforced_from=NOW)
    rename_account.rename(store, account, AccountName("grace"))
    assert store.enforcements.read("ada") is None
    assert store.enforcements.read("grace") == Enforcement(NOW, account.uid)


def test_a_name_that_is_used_again_inherits_nothing(store: Any) -> None:
    account = add(store)
    store.enforcements.write("ada", Enforcement(EVER, account.uid), urgent=False)
    store.remove("ada")
    # As if the process had been killed after the document was gone.
    store.enforcements.write("ada", Enforcement(EVER, account.uid), urgent=False)
    other = add(store, seed=2)
    assert store.enforcements.read("ada") is None
    alter(store, enforced_from=NOW)
    assert store.enforcements.read("ada") == Enforcement(NOW, other.uid)


@pytest.mark.parametrize("appearance", ["nord", None])
def test_what_was_left_too_strict_is_mended_by_any_change_and_by_none(
    store: Any, appearance: str | None
) -> None:
    account = add(store)
    store.enforcements.write("ada", Enforcement(EVER, account.uid), urgent=False)
    with store.transaction("ada", account.uid) as change:
        change.account = replace(change.existing, appearance=appearance)
    assert store.enforcements.read("ada") is None


class Recorder:
    """Notes in which order the documents and what is told of them are written."""

    def __init__(self, inner: Enforcements, store: AccountStore) -> None:
        self._inner = inner
        self._store = store
        self.steps: list[tuple[Enforcement | None, Enforcement | None]] = []

    def read(self, name: str) -> Enforcement | None:
        return self._inner.read(name)

    def write(self, name: str, told: Enforcement, *, urgent: bool) -> None:
        self.steps.append((told, enforcement(self._store.get(name))))
        self._inner.write(name, told, urgent=urgent)

    def remove(self, name: str) -> None:
        self.steps.append((None, enforcement(self._store.get(name))))
        self._inner.remove(name)


def test_what_closes_is_told_before_the_document_says_so_and_what_opens_after(store: Any) -> None:
    uid = add(store).uid
    now, later = Enforcement(NOW, uid), Enforcement(LATER, uid)
    store.enforcements = recorder = Recorder(store.enforcements, store)
    alter(store, enforced_from=LATER)
    alter(store, enforced_from=NOW)
    alter(store, enforced_from=LATER)
    alter(store, enforced_from=None)
    assert recorder.steps == [
        (later, None),  # scheduled: told while the document does not say so yet
        (now, later),
        (later, later),  # put off: told once the document says so
        (None, None),
    ]


# --- the files --------------------------------------------------------------------------------


def test_a_file_is_an_instant_and_a_uid_of_the_owners_alone(
    disk: FolderStore, folder: Path
) -> None:
    account = add(disk, "ada@example.org")
    before = os.umask(0)
    try:
        alter(disk, "ada@example.org", enforced_from=NOW)
    finally:
        os.umask(before)
    path = folder / "enforced" / "ada@example.org"
    assert path.read_text() == f"2026-11-22T12:00:00Z {account.uid}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    alter(disk, "ada@example.org", enabled=False)
    assert path.read_text() == f"1970-01-01T00:00:00Z {account.uid}\n"
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_instants_sort_as_text_whatever_their_year() -> None:
    uid = "0" * 32
    years = [datetime(year, 1, 2, tzinfo=UTC) for year in (1, 999, 1970, 2026, 9999)]
    lines = [line(Enforcement(year, uid)) for year in years]
    assert lines == sorted(lines)
    assert [parse(one) for one in lines] == [Enforcement(year, uid) for year in years]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"2026-11-22T12:00:00Z\n",
        b"2026-11-22T12:00:00Z " + b"0" * 31 + b"\n",
        b"2026-11-22T12:00:00Z " + b"0" * 32,
        b"2026-13-22T12:00:00Z " + b"0" * 32 + b"\n",
        b"2026-11-22T12:00:00+01:00 " + b"0" * 32 + b"\n",
        b"x" * 300,
    ],
)
def test_a_file_that_tells_nothing_is_named_and_written_anew(
    disk: FolderStore, folder: Path, content: bytes
) -> None:
    account = add(disk)
    path = folder / "enforced" / "ada"
    path.write_bytes(content)
    with pytest.raises(StoreDamaged, match="enforced/ada"):
        disk.enforcements.read("ada")
    assert not disk.tells_rightly("ada")
    alter(disk, enforced_from=NOW)
    assert disk.enforcements.read("ada") == Enforcement(NOW, account.uid)


def test_restored_it_is_told_before_the_document_is_there(tmp_path: Path) -> None:
    place = Place(tmp_path / "one")
    add(place.store)
    account = alter(place.store, enforced_from=NOW)
    backup = place.backup()
    other = Place(tmp_path / "two")
    other.restore(backup)
    assert told(other.folder) == f"2026-11-22T12:00:00Z {account.uid}\n"
