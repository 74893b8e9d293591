"""SAFETY 7, 8 and 10: what lies in the folder."""

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tinydb import TinyDB

from apppw_tui.domain.errors import StoreDamaged, StoreUnusable
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.location import open_store
from tests.store.making import (
    account_file,
    add,
    alter,
    folder_store,
    record,
    tables,
    touch,
    version_of,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_bare_tinydb_opens_the_file_and_shows_the_account(
    disk: FolderStore, folder: Path
) -> None:
    account = add(disk)
    with TinyDB(account_file(folder)) as database:
        (head,) = database.table("account").all()
        (password,) = database.table("app_passwords").all()
    assert head["name"] == "ada"
    assert head["uid"] == account.uid
    assert head["schema"] == "1.5"
    assert head["created"] == "2026-11-22T12:00:00Z"
    assert password["name"] == "Phone"
    assert password["id"] == "abc"
    assert password["scope"] == ["any"]
    assert password["expires"] is None


def test_what_a_bare_tinydb_changed_is_read(disk: FolderStore, folder: Path) -> None:
    add(disk)
    with TinyDB(account_file(folder)) as database:
        database.table("app_passwords").update({"name": "Old phone"})
    found = disk.get("ada")
    assert found is not None
    assert [password.name for password in found.app_passwords] == ["Old phone"]


@pytest.fixture
def umask_restored() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_folders_are_0700_and_files_0600_whatever_the_umask(
    folder: Path, umask: int, umask_restored: None
) -> None:
    os.umask(umask)
    store = folder_store(folder)
    account = add(store)
    touch(store, account, "nord")
    found = {str(path.relative_to(folder)): mode(path) for path in folder.rglob("*")}
    assert mode(folder) == 0o700
    assert found == {
        "locks/.nothing-sealed": 0o600,
        "accounts": 0o700,
        "accounts/ada.json": 0o600,
        "enforced": 0o700,
        "locks": 0o700,
        "locks/ada.lock": 0o600,
        "ledger": 0o700,
        "ledger/.deleted.sqlite.lock": 0o600,
        **{f"ledger/deleted.sqlite{part}": 0o600 for part in ("", "-wal", "-shm")},
        "reserve": 0o600,
        "deleted": 0o600,
    }


@pytest.mark.parametrize(("umask", "made"), [(0o000, 0o755), (0o002, 0o755), (0o027, 0o750)])
def test_nobody_else_may_write_what_a_new_store_lies_in(
    tmp_path: Path, umask: int, made: int, umask_restored: None
) -> None:
    (there := tmp_path / "there").mkdir(0o775)
    os.umask(umask)
    open_store(there / "parent" / "of" / "store", create=True)
    assert {mode(there / "parent"), mode(there / "parent" / "of")} == {made}
    assert mode(there) == 0o755  # which is somebody's, who has it like that


def test_a_file_that_was_open_to_others_is_closed_by_the_next_change(
    disk: FolderStore, folder: Path
) -> None:
    account = add(disk)
    account_file(folder).chmod(0o644)
    touch(disk, account, "nord")
    assert mode(account_file(folder)) == 0o600


def test_the_lock_file_stays_when_the_account_goes(disk: FolderStore, folder: Path) -> None:
    add(disk)
    lock = folder / "locks" / "ada.lock"
    before = lock.stat().st_ino
    disk.remove("ada")
    add(disk, seed=2)
    assert lock.stat().st_ino == before


def test_asking_for_an_unknown_account_leaves_no_trace(disk: FolderStore, folder: Path) -> None:
    assert disk.get("ada") is None
    assert version_of(disk, "ada") is None
    assert [path.name for path in sorted(folder.rglob("*"))] == [
        *("accounts", "enforced", "locks", ".nothing-sealed"),
    ]


def test_a_change_replaces_the_file_instead_of_writing_into_it(
    disk: FolderStore, folder: Path
) -> None:
    account = add(disk)
    with account_file(folder).open("rb") as before:
        old = before.read()
        touch(disk, account, "nord")
        before.seek(0)
        assert before.read() == old
    assert account_file(folder).read_bytes() != old


def test_leftovers_of_killed_processes_are_no_accounts_and_are_swept_by_the_next_change(
    disk: FolderStore, folder: Path
) -> None:
    account = add(disk)
    leftover = folder / "accounts" / ".tmp-ada"
    leftover.write_text("half a doc")
    assert disk.list_names() == ["ada"]
    with disk.transaction("ada", account.uid):
        assert not leftover.exists()
    leftover.write_text("half a doc")
    disk.remove("ada")
    assert not leftover.exists()
    assert disk.list_names() == []


def test_files_that_are_no_accounts_are_not_listed(disk: FolderStore, folder: Path) -> None:
    add(disk)
    for name in ("Ada.json", "ada.json~", "ada.json.bak", ".ada.json", "README", "a b.json"):
        (folder / "accounts" / name).write_text("{}")
    assert disk.list_names() == ["ada"]


def newer(folder: Path) -> dict[str, object]:
    """Makes of ada's file what a newer minor schema might have written."""
    content = tables(folder)
    content["account"]["1"] |= {"schema": "1.7", "phone": {"sealed": "x", "tries": [1, 2]}}
    content["app_passwords"]["1"]["colour"] = "blue"
    content["devices"] = {"1": {"kind": "authenticator", "half": "\ud800"}, "9": {"kind": "phone"}}
    account_file(folder).write_text(json.dumps(content))
    return content


def test_what_a_newer_minor_schema_wrote_survives_every_change(
    disk: FolderStore, folder: Path
) -> None:
    account = add(disk)
    written = newer(folder)
    touch(disk, account, "nord")
    with disk.transaction("ada", account.uid) as change:
        renamed = change.existing.with_app_password_changed(
            replace(change.existing.existing_app_password("abc"), name="Car")
        )
        change.account = renamed.with_app_password(record("abd", "Desk"), 40)
    with disk.transaction("ada", account.uid) as change:
        change.account = change.existing.without_app_password("abd")
    kept = tables(folder)
    assert kept["devices"] == written["devices"]
    head, password = kept["account"]["1"], kept["app_passwords"]["1"]
    assert head["schema"] == "1.7"
    assert head["phone"] == {"sealed": "x", "tries": [1, 2]}
    assert head["appearance"] == "nord"
    assert password["colour"] == "blue"
    assert password["name"] == "Car"
    assert list(kept["app_passwords"]) == ["1"]


def test_letters_are_kept_readable_in_the_file(disk: FolderStore, folder: Path) -> None:
    account = add(disk)
    with disk.transaction("ada", account.uid) as change:
        change.account = change.existing.with_app_password_changed(
            replace(change.existing.existing_app_password("abc"), name="B\u00fcro \U0001f4f1")
        )
    assert "B\u00fcro \U0001f4f1" in account_file(folder).read_text(encoding="utf-8")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A good store with ada in it, somewhere else."""
    add(folder_store(tmp_path / "elsewhere"))
    return tmp_path / "elsewhere"


def test_an_account_file_that_is_a_link_is_refused(
    disk: FolderStore, folder: Path, elsewhere: Path
) -> None:
    account_file(folder).symlink_to(account_file(elsewhere))
    before = account_file(elsewhere).read_bytes()
    with pytest.raises(StoreDamaged, match=r"accounts/ada\.json is a symbolic link"):
        disk.get("ada")
    with pytest.raises(StoreDamaged, match="is a symbolic link"), disk.transaction("ada", None):
        pytest.fail("the block must not run")
    with pytest.raises(StoreDamaged, match="is a symbolic link"):
        disk.remove("ada")
    assert account_file(folder).is_symlink()
    assert account_file(elsewhere).read_bytes() == before


def test_an_accounts_folder_that_is_a_link_is_refused(
    disk: FolderStore, folder: Path, elsewhere: Path
) -> None:
    (folder / "accounts").rmdir()
    (folder / "accounts").symlink_to(elsewhere / "accounts")
    match = "accounts is a symbolic link"
    for call in (
        lambda: disk.get("ada"),
        lambda: version_of(disk, "ada"),
        disk.list_names,
        lambda: disk.remove("ada"),
        lambda: add(disk, "grace"),
        lambda: open_store(folder, create=True),
    ):
        with pytest.raises(StoreUnusable, match=match):
            call()
    assert not account_file(elsewhere, "grace").exists()


def test_a_store_that_is_a_link_is_refused(folder: Path, elsewhere: Path) -> None:
    folder.symlink_to(elsewhere)
    for create in (False, True):
        with pytest.raises(StoreUnusable, match="store is a symbolic link"):
            open_store(folder, create=create)


def test_a_lock_that_is_a_link_is_refused(disk: FolderStore, folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (folder / "locks" / "ada.lock").symlink_to(victim)
    with pytest.raises(StoreUnusable, match=r"ada\.lock cannot be used"):
        add(disk)
    assert victim.read_text() == "precious"


def test_a_temporary_file_that_is_a_link_is_replaced_and_never_followed(
    disk: FolderStore, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (folder / "accounts" / ".tmp-ada").symlink_to(victim)
    with monkeypatch.context() as patch:
        # As if it came back meanwhile.
        patch.setattr(Path, "unlink", lambda _path, **_options: None)
        with pytest.raises(StoreUnusable, match="file exists"):
            add(disk)
    assert disk.get("ada") is None
    add(disk)
    assert victim.read_text() == "precious"
    assert disk.get("ada") is not None


@pytest.mark.parametrize("mode_", [0o720, 0o702])
@pytest.mark.parametrize("inner", ["", "accounts", "locks", "enforced"])
def test_a_store_that_others_may_write_is_refused_with_the_command_that_closes_it(
    disk: FolderStore, folder: Path, mode_: int, inner: str
) -> None:
    account = add(disk)
    alter(disk, enforced_from=account.created)
    open_ = folder / inner if inner else folder
    open_.chmod(mode_)
    with pytest.raises(StoreUnusable) as error:
        open_store(folder)
    assert str(error.value) == f"{open_} can be written by others. Close it with: chmod 700 {open_}"
    if inner == "accounts":  # of a daemon that has it open
        with pytest.raises(StoreUnusable, match="can be written by others"):
            disk.get("ada")
    open_.chmod(0o750)  # as systemd makes it, say: read by a group at worst
    assert open_store(folder).get("ada") is not None
