"""Closed accounts: what cannot be told, whoever is killed meanwhile, and stores of before."""

import errno
import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from apppw_tui.domain.enforced import Enforcement, enforcement
from apppw_tui.domain.errors import DiskFull, StoreError, StoreUnusable
from apppw_tui.store.folder import files
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.enforced import FolderEnforcements, line
from tests.store.making import (
    account_file,
    add,
    alter,
    folder_store,
    new_account,
    record,
    told,
    touch,
)
from tests.store.other_uid import OTHER, only_root, said_as
from tests.store.test_killed import forked, killed
from tests.store.test_owner import give, ground  # noqa: F401 - a fixture
from tests.support import NOW

LATER = NOW + timedelta(days=60)
KILLS = (60, pytest.param(500, marks=pytest.mark.slow))
LONGEST_SPIN = 100_000  # turns of an empty loop: about as long as two changes take


@pytest.fixture
def folder(ground: Path) -> Path:  # noqa: F811 - that fixture
    return ground / "store"


# --- where it cannot be told ------------------------------------------------------------------

CLOSING: list[dict[str, Any]] = [
    {"enforced_from": NOW},
    {"enforced_from": LATER},
]


@only_root
@pytest.mark.parametrize("fields", CLOSING)
def test_what_cannot_be_told_is_refused_and_nothing_is_changed(
    disk: FolderStore, folder: Path, fields: dict[str, Any]
) -> None:
    account = add(disk)
    give(folder)
    (folder / "enforced").chmod(0o500)
    said = said_as(OTHER, lambda: alter(FolderStore(folder), **fields))
    path = folder / "enforced" / "ada"
    assert said == f"StoreUnusable: Nothing was changed: {path} cannot be used: permission denied."
    assert disk.get("ada") == account
    assert told(folder) is None


@only_root
def test_what_cannot_be_told_keeps_nobody_from_being_disabled(
    disk: FolderStore, folder: Path
) -> None:
    add(disk)
    give(folder)
    (folder / "enforced").chmod(0o500)

    def disable() -> tuple[bool, list[str]]:
        store = FolderStore(folder)
        heard: list[str] = []
        store.complain = lambda name, _: heard.append(name)
        return alter(store, enabled=False).enabled, heard

    assert said_as(OTHER, disable) == "(False, ['ada', 'ada'])"


@only_root
def test_what_cannot_be_told_keeps_no_app_password_of_an_enforced_account(
    disk: FolderStore, folder: Path
) -> None:
    add(disk)
    alter(disk, enforced_from=NOW)
    (folder / "enforced" / "ada").unlink()
    give(folder)
    (folder / "enforced").chmod(0o500)

    def delete() -> tuple[int, list[str]]:
        store = FolderStore(folder)
        heard: list[str] = []
        store.complain = lambda name, _: heard.append(name)
        gone = alter(store, app_passwords=())
        return len(gone.app_passwords), heard

    assert said_as(OTHER, delete) == "(0, ['ada', 'ada'])"  # before and after: neither could


def test_on_a_full_disk_an_account_is_closed_with_the_room_kept_for_deletions(
    disk: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(disk)
    reserve = folder / "reserve"
    whole = reserve.stat().st_size
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if reserve.stat().st_size == whole and stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(DiskFull):
        add(disk, "grace")
    account = alter(disk, enabled=False)
    assert told(folder) == f"1970-01-01T00:00:00Z {account.uid}\n"


def test_what_the_disk_did_not_confirm_is_not_done(
    disk: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = add(disk)

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(StoreUnusable, match=r"did not confirm .*: nothing was changed\."):
            alter(disk, enforced_from=NOW)
    assert disk.get("ada") == account
    assert told(folder) is not None  # too strict, and mended at the next act
    touch(disk, account, "nord")
    assert told(folder) is None


def test_a_document_that_cannot_be_written_takes_back_what_was_told(
    disk: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = add(disk)
    real = files.write

    def write(path: Path, temporary: Path, content: bytes) -> None:
        if path.suffix == ".json":
            raise StoreUnusable("It cannot be used.")
        real(path, temporary, content)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", write)
        with pytest.raises(StoreUnusable, match="It cannot be used"):
            alter(disk, enforced_from=NOW)
    assert disk.get("ada") == account
    assert told(folder) is None


def test_an_account_is_opened_although_that_cannot_be_told(
    disk: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(disk)
    alter(disk, enforced_from=NOW)
    heard: list[tuple[str, StoreError]] = []
    disk.complain = lambda name, error: heard.append((name, error))

    def remove(_self: FolderEnforcements, _name: str) -> None:
        raise StoreUnusable("It cannot be used.")

    with monkeypatch.context() as patch:
        patch.setattr(FolderEnforcements, "remove", remove)
        opened = alter(disk, enforced_from=None)
    assert opened.enforced_from is None
    assert [name for name, _ in heard] == ["ada"]
    assert disk.mend_enforcements() == 1
    assert told(folder) is None


# --- killed, and in a race ----------------------------------------------------------------------


@pytest.mark.parametrize("closing", [True, False])
@pytest.mark.parametrize("step", ["before the document", "after the document"])
def test_killed_between_the_two_it_is_told_too_strictly_until_the_next_act(
    folder: Path, monkeypatch: pytest.MonkeyPatch, closing: bool, step: str
) -> None:
    disk = folder_store(folder)
    account = add(disk)
    if not closing:
        alter(disk, enforced_from=NOW)
    real = files.write

    def write(path: Path, temporary: Path, content: bytes) -> None:
        if path.suffix == ".json":
            if step == "after the document":
                real(path, temporary, content)
            os.kill(os.getpid(), signal.SIGKILL)
        real(path, temporary, content)

    def work() -> None:
        monkeypatch.setattr(files, "write", write)
        alter(disk, enforced_from=NOW if closing else None)

    assert killed(forked(work))
    assert told(folder) == f"2026-11-22T12:00:00Z {account.uid}\n"
    now = disk.get("ada")
    assert now is not None
    closed = closing == (step == "after the document")
    assert (now.enforced_from is not None) is closed
    assert disk.mend_enforcements() == (0 if closed else 1)
    assert (told(folder) is not None) is closed


def toggle(folder: Path) -> None:
    store = FolderStore(folder, lock_timeout=60.0)
    while True:
        for fields in (
            {"enforced_from": NOW},
            {"enabled": False},
            {"enforced_from": LATER, "enabled": True},
            {"enforced_from": None},
        ):
            alter(store, **fields)


@pytest.mark.slow
@pytest.mark.parametrize("kills", KILLS)
def test_killed_at_any_instant_no_closed_account_goes_untold(
    disk: FolderStore, folder: Path, kills: int
) -> None:
    random = Random(kills)
    account = add(disk)
    strict = 0
    for _ in range(kills):
        child = forked(lambda: toggle(folder))
        for _ in range(random.randrange(LONGEST_SPIN)):
            pass
        os.kill(child, signal.SIGKILL)
        assert killed(child)
        wanted = enforcement(disk.get("ada"))
        found = disk.enforcements.read("ada")
        assert wanted is None or (found is not None and found.since <= wanted.since)
        strict += found != wanted
        touch(disk, account, str(random.random()))
        assert disk.enforcements.read("ada") == wanted
    disk.mend_enforcements()  # sweeps what was left half written
    assert {path.name for path in (folder / "enforced").iterdir()} <= {"ada"}


@pytest.mark.slow
def test_whoever_looks_meanwhile_finds_no_closed_account_untold(
    disk: FolderStore, folder: Path
) -> None:
    """Two processes close and open the account while this one looks."""
    add(disk)
    toggling = [sys.executable, "-m", "tests.store.toggler", str(folder), "150"]
    children = [subprocess.Popen(toggling, env={**os.environ, "PYTHONPATH": "."}) for _ in "12"]
    closed = 0
    while any(child.poll() is None for child in children):
        before = disk.get("ada")
        found = disk.enforcements.read("ada")
        after = disk.get("ada")
        wanted = enforcement(before)
        if before == after and wanted is not None:
            closed += 1
            assert found is not None
            assert found.since <= wanted.since
    assert [child.returncode for child in children] == [0, 0]
    assert closed > 0
    assert disk.tells_rightly("ada")


# --- a store of before --------------------------------------------------------------------------


def of_before(folder: Path) -> FolderStore:
    """A store with an enforced, a scheduled, a disabled and an open account, and a damaged one."""
    disk = folder_store(folder)
    for seed, name in enumerate(("ada", "ben", "cem", "dan", "eve"), 1):
        add(disk, name, seed)
    alter(disk, "ada", enforced_from=NOW)
    alter(disk, "ben", enforced_from=LATER)
    alter(disk, "cem", enabled=False)
    account_file(folder, "eve").write_text("{}")
    for path in (folder / "enforced").iterdir():
        path.unlink()
    (folder / "enforced").rmdir()
    return disk


def test_a_store_of_before_gets_the_folder_whole(folder: Path) -> None:
    disk = of_before(folder)
    disk.enforcements.ensure_exists()
    assert [path.name for path in sorted((folder / "enforced").iterdir())] == [
        "ada", "ben", "cem", "eve",
    ]  # fmt: skip
    assert all(disk.tells_rightly(name) for name in disk.list_names())
    assert (told(folder, "eve") or "").startswith("1970-01-01T00:00:00Z ")  # cannot be read: waits
    assert (folder / "enforced").stat().st_mode & 0o777 == 0o700
    assert (folder / "enforced" / "ada").stat().st_mode & 0o777 == 0o600


def test_the_first_that_is_closed_makes_the_folder_with_all_the_others(folder: Path) -> None:
    disk = of_before(folder)
    dan = disk.get("dan")
    assert dan is not None
    touch(disk, dan, "nord")  # an open account has nothing to tell
    assert not (folder / "enforced").exists()
    alter(disk, "dan", enabled=False)
    assert sorted(path.name for path in (folder / "enforced").iterdir()) == [
        "ada", "ben", "cem", "dan", "eve",
    ]  # fmt: skip


def test_killed_while_the_folder_is_made_it_is_not_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = of_before(folder)

    def work() -> None:
        monkeypatch.setattr(os, "sync", lambda: os.kill(os.getpid(), signal.SIGKILL))
        disk.enforcements.ensure_exists()

    assert killed(forked(work))
    assert not (folder / "enforced").exists()
    disk.enforcements.ensure_exists()
    assert len(list((folder / "enforced").iterdir())) == 4
    assert not list(folder.glob(".tmp-*"))


@only_root
def test_who_may_not_write_the_store_leaves_it_alone(folder: Path) -> None:
    of_before(folder)
    give(folder)
    folder.chmod(0o500)
    said = said_as(OTHER, FolderStore(folder).enforcements.ensure_exists)
    assert said == f"StoreUnusable: {folder / 'enforced'} cannot be used: permission denied."


def test_mending_makes_everything_right_and_says_of_how_many_it_was_not(folder: Path) -> None:
    disk = of_before(folder)
    assert disk.mend_enforcements() == 0  # it was made, and is right
    (folder / "enforced" / "ada").unlink()
    (folder / "enforced" / "ben").write_bytes(b"")
    told_of = line(Enforcement(NOW, "0" * 32))
    (folder / "enforced" / "dan").write_bytes(told_of)
    (folder / "enforced" / "gone").write_bytes(told_of)
    (folder / "enforced" / ".tmp-cem").write_bytes(b"2026")
    assert disk.mend_enforcements() == 4
    assert sorted(path.name for path in (folder / "enforced").iterdir()) == [
        "ada", "ben", "cem", "eve",
    ]  # fmt: skip
    assert all(disk.tells_rightly(name) for name in disk.list_names())
    assert disk.mend_enforcements() == 0


def test_a_new_store_has_the_folder_from_the_beginning(folder: Path) -> None:
    folder_store(folder)
    assert list((folder / "enforced").iterdir()) == []


def test_an_account_that_is_made_closed_is_told_of(disk: FolderStore, folder: Path) -> None:
    """As a rename does, which copies it disabled."""
    account = replace(new_account(), enabled=False, app_passwords=(record(),))
    with disk.transaction("ada", None) as change:
        change.account = account
    assert told(folder) == f"1970-01-01T00:00:00Z {account.uid}\n"
