"""SAFETY 10: whose the store is, and who may open it."""

import os
import pwd
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from apppw_tui.store.folder.location import is_owned_by_me, open_store
from tests.programs import finished
from tests.store.making import account_file, add, folder_store, touch, version_of
from tests.store.other_uid import OTHER, only_root, said_as

pytestmark = only_root


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder that everybody may enter, unlike those that pytest makes."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def folder(ground: Path) -> Path:
    return ground / "store"


def give(folder: Path, uid: int = OTHER) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, uid)


def test_another_persons_store_is_refused_with_the_command_that_opens_it(folder: Path) -> None:
    add(folder_store(folder))
    folder.chmod(0o777)  # even then
    said = said_as(OTHER, lambda: open_store(folder))
    assert said == (
        f"StoreUnusable: {folder} belongs to root. "
        f"Open it with: sudo -u root apppw-tui --store {folder}"
    )
    assert said_as(OTHER, lambda: is_owned_by_me(folder)) == "False"
    assert said_as(0, lambda: is_owned_by_me(folder)) == "True"


def test_the_command_is_quoted_for_a_shell(ground: Path) -> None:
    folder = ground / "it's a store; rm -rf"
    folder.mkdir()
    os.chown(folder, 4_000_123, 4_000_123)
    said = said_as(OTHER, lambda: open_store(folder))
    quoted = str(folder).replace("'", "'\"'\"'")
    assert said.endswith(f"sudo -u '#4000123' apppw-tui --store '{quoted}'")


def test_whom_it_has_to_belong_to_is_told_and_not_to_become_root(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(folder_store(folder))
    home = SimpleNamespace(pw_name="apppw", pw_dir=str(folder), pw_uid=OTHER, pw_gid=OTHER)
    monkeypatch.setattr(pwd, "getpwall", lambda: [home])
    assert said_as(OTHER, lambda: open_store(folder)) == (
        f"StoreUnusable: {folder} belongs to root, and apppw is at home there. "
        f"Give it back, as root: chown -hR apppw: {folder}"
    )


def test_what_root_makes_where_somebody_is_at_home_is_theirs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_as(OTHER, lambda: open_store(folder.parent / "nowhere"))  # imports what OTHER may not read
    people = [SimpleNamespace(pw_dir=str(folder), pw_uid=OTHER, pw_gid=OTHER)]
    monkeypatch.setattr(pwd, "getpwall", lambda: people)

    def make(where: Path) -> int:
        open_store(where, create=True)
        return os.geteuid()

    assert said_as(0, lambda: make(folder)) == str(OTHER)
    assert {path.stat().st_uid for path in (folder, *folder.iterdir())} == {OTHER}
    assert said_as(0, lambda: make(folder.parent / "another")) == "0"
    folder.rename(folder.parent / "moved")
    folder.mkdir()  # somebody's own, who has it like that
    assert said_as(0, lambda: make(folder)) == "0"


def test_uid_0_becomes_the_stores_owner_before_it_opens_anything(folder: Path) -> None:
    folder_store(folder)
    give(folder)

    def as_root() -> tuple[object, ...]:
        os.setgroups([0, 4, 27])
        touch(store := open_store(folder, create=True), add(store), "nord")
        return (os.getresuid(), os.getresgid(), os.getgroups(), store.list_names())

    said = said_as(0, as_root)
    assert said == f"({(OTHER,) * 3}, {(OTHER,) * 3}, [], ['ada'])"
    found = {path.name: path.stat() for path in folder.rglob("*")}
    assert set(found) == {
        "accounts", "enforced", "locks", ".nothing-sealed", "ada.json", "ada.lock", "reserve",
        "deleted",        "ledger", *(path.name for path in (folder / "ledger").iterdir()),
    }  # fmt: skip
    assert {(status.st_uid, status.st_gid) for status in found.values()} == {(OTHER, OTHER)}


def test_root_without_all_its_rights_becomes_the_owner_as_well(folder: Path) -> None:
    """As in apppw-backup.service; with a database the folder is made where it is missing."""
    folder_store(folder)
    give(folder)
    script = (
        "import os, pathlib, sys; from apppw_tui.store.folder.location import check_store\n"
        "check_store(pathlib.Path(sys.argv[1]), create=True); print(os.geteuid())"
    )
    setpriv = ["setpriv", "--bounding-set=-all,+setuid,+setgid", "--inh-caps=-all"]
    done = finished([*setpriv, sys.executable, "-c", script, folder])
    assert (done.stdout, done.stderr) == (f"{OTHER}\n", "")


def test_having_become_the_owner_there_is_no_way_back(folder: Path) -> None:
    folder_store(folder)
    give(folder)

    def as_root() -> None:
        open_store(folder)
        os.setuid(0)

    assert said_as(0, as_root).startswith("PermissionError")


def test_a_store_that_its_owner_cannot_read_says_so(folder: Path) -> None:
    add(folder_store(folder))
    give(folder)
    account_file(folder).chmod(0)
    said = said_as(OTHER, lambda: open_store(folder).get("ada"))
    assert said == f"StoreUnusable: {account_file(folder)} cannot be used: permission denied."
    (folder / "accounts").chmod(0)
    for call in (
        lambda: open_store(folder).list_names(),
        lambda: open_store(folder).get("ada"),
        lambda: open_store(folder).remove("ada"),
    ):
        said = said_as(OTHER, call)
        assert said == f"StoreUnusable: {folder}/accounts cannot be used: permission denied."
    folder.chmod(0)
    said = said_as(OTHER, lambda: open_store(folder))
    assert said == f"StoreUnusable: {folder} cannot be used: permission denied."


def test_a_store_that_its_owner_cannot_write_is_read_and_not_changed(folder: Path) -> None:
    account = add(folder_store(folder))
    give(folder)
    (folder / "accounts").chmod(0o500)
    assert said_as(OTHER, lambda: open_store(folder).list_names()) == "['ada']"
    assert said_as(OTHER, lambda: version_of(open_store(folder), "ada")) == str(account.version)
    denied = f"StoreUnusable: {account_file(folder)} cannot be used: permission denied."
    assert said_as(OTHER, lambda: touch(open_store(folder), account, "nord")) == denied
    assert said_as(OTHER, lambda: open_store(folder).remove("ada")) == denied
    (folder / "locks" / "ada.lock").unlink()
    (folder / "locks").chmod(0o500)
    said = said_as(OTHER, lambda: touch(open_store(folder), account, "nord"))
    assert said == f"StoreUnusable: {folder}/locks/ada.lock cannot be used: permission denied."
    assert open_store_version(folder) == account.version


def open_store_version(folder: Path) -> int:
    return int(said_as(0, lambda: version_of(open_store(folder), "ada")))


def test_a_store_behind_a_closed_folder_says_so(ground: Path, folder: Path) -> None:
    folder_store(folder)
    give(folder)
    ground.chmod(0o700)
    for said in (
        said_as(OTHER, lambda: open_store(folder)),
        said_as(OTHER, lambda: open_store(folder, create=True)),
    ):
        assert said.startswith("StoreUnusable: ")
        assert said.endswith("cannot be used: permission denied.")
    assert said_as(OTHER, lambda: is_owned_by_me(folder)) == "False"
