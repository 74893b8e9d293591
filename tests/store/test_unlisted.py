"""A deletion that cannot be listed is done, says so, and is listed at the next change."""

import errno
from itertools import count
from pathlib import Path

import pytest

from apppw_tui.domain.account import UNLISTED, Account
from apppw_tui.domain.errors import StoreError, StoreUnusable
from apppw_tui.portal.admin import Admin
from apppw_tui.store.folder import files
from apppw_tui.store.folder.deleted_ids import DeletedIds
from tests.store.backing import Place
from tests.store.making import account_file, alter, tables


@pytest.fixture
def place(folder: Path) -> Place:
    place = Place(folder)
    place.house.add("ada")
    place.house.issue("Phone", "ada")
    place.house.issue("Tablet", "ada")
    place.house.add("ben")
    return place


@pytest.fixture
def logged(place: Place) -> list[str]:
    names: list[str] = []
    place.store.deletions.complain = lambda name, _error: names.append(name)
    return names


def put_in_the_way(place: Place) -> None:
    path = place.folder / "ledger" / "deleted.sqlite"
    path.rename(place.folder / "elsewhere")
    path.mkdir()


def take_out_of_the_way(place: Place) -> None:
    path = place.folder / "ledger" / "deleted.sqlite"
    path.rmdir()
    (place.folder / "elsewhere").rename(path)


def listed(place: Place, account: Account) -> frozenset[str]:
    return DeletedIds(place.folder).read().of(account.uid)


def test_a_deletion_that_could_not_be_listed_is_listed_at_the_next_change(
    place: Place, logged: list[str]
) -> None:
    backup, account = place.backup(), place.now()
    phone = account.app_passwords[0].id
    put_in_the_way(place)
    portal = place.house.portal
    portal.delete_app_password(place.house.session("ada"), phone)
    assert portal.besides == f" {UNLISTED}"
    assert logged == ["ada"]
    assert [one.name for one in place.now().app_passwords] == ["Tablet"]
    take_out_of_the_way(place)
    alter(place.store, appearance="nord")
    assert listed(place, account) == {phone}
    assert "unlisted" not in tables(place.folder)
    portal.rename_app_password(place.house.session("ada"), account.app_passwords[1].id, "Pad")
    assert portal.besides == ""
    account_file(place.folder).write_text("{")  # the list alone knows of it now
    place.restore(backup)
    assert [one.name for one in place.now().app_passwords] == ["Tablet"]


def test_what_waits_is_not_forgotten_where_the_account_is_renamed_or_restored(
    place: Place, logged: list[str]
) -> None:
    backup, account = place.backup(), place.now()
    phone = account.app_passwords[0].id
    put_in_the_way(place)
    place.house.operator.delete_app_password("ada", phone)
    place.house.operator.rename("ada", "lea")
    place.house.operator.rename("lea", "ada")
    take_out_of_the_way(place)
    place.restore(backup, overwrite=True)
    assert listed(place, account) == {phone}
    assert [one.name for one in place.now().app_passwords] == ["Tablet"]


@pytest.mark.parametrize("next_", ["change", "restore", "backup"])
def test_an_account_that_was_removed_is_listed_whatever_comes_next(
    place: Place, logged: list[str], next_: str
) -> None:
    backup, account = place.backup(), place.now()
    put_in_the_way(place)
    said: list[str] = []
    Admin(place.house.means, warn=said.append).remove_account("ada")
    assert said == [f"ada: {UNLISTED}"]
    assert logged == ["ada"]
    assert place.store.list_names() == ["ben"]
    with pytest.raises(StoreError):
        place.restore(backup)
    take_out_of_the_way(place)
    if next_ == "change":
        alter(place.store, "ben", appearance="nord")
    elif next_ == "backup":
        place.backup()
    else:
        place.restore(backup, ["ada"])
        assert place.now().app_passwords == ()
    assert listed(place, account) == account.used_ids
    assert [*(place.folder / "unlisted").iterdir()] == []
    place.restore(backup, ["ada"])
    assert place.now().app_passwords == ()


def test_an_account_that_the_disk_does_not_give_now_is_not_removed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody would know any more what it had."""
    backup, account = place.backup(), place.now()
    opened = files.read
    with monkeypatch.context() as patched:
        path, reads = account_file(place.folder), count()

        def read(path_: Path, **more: bool) -> bytes | None:
            if path_ == path and next(reads) == 2:  # the one under the lock
                raise files.store_error(path, OSError(errno.EIO, "input/output error"))
            return opened(path_, **more)

        patched.setattr(files, "read", read)
        with pytest.raises(StoreUnusable, match="input/output error"):
            place.house.operator.remove_account("ada")
    assert place.now() == account
    place.house.operator.remove_account("ada")
    place.restore(backup)
    assert place.now().app_passwords == ()


def test_all_that_are_deleted_at_once_say_so_once(place: Place, logged: list[str]) -> None:
    put_in_the_way(place)
    said: list[str] = []
    Admin(place.house.means, warn=said.append).delete_app_passwords("ada")
    assert said == [f"ada: {UNLISTED}"]


def test_what_waits_is_listed_without_a_change(place: Place, logged: list[str]) -> None:
    ada = place.now()
    place.house.issue("Laptop", "ben")
    ben = place.now("ben")
    put_in_the_way(place)
    place.house.operator.delete_app_password("ada", ada.app_passwords[0].id)
    place.house.operator.remove_account("ben")
    assert not place.store.deletions.list_all_waiting(place.store)
    take_out_of_the_way(place)
    before = place.now()
    assert place.store.deletions.list_all_waiting(place.store)
    assert listed(place, ada) == {ada.app_passwords[0].id}
    assert listed(place, ben) == ben.used_ids
    assert (place.now(), "unlisted" in tables(place.folder)) == (before, False)
