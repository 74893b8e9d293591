"""A rename that is cut short: never under both names, and nothing deleted comes back."""

import errno
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import ApppwError, NotFound, SaveUncertain, StoreDamaged
from apppw_tui.store.folder.accounts import FolderStore
from tests.faults import STEPS, kills, steps, struck_by
from tests.store.making import add, alter, folder_store, record, told
from tests.support import House


@pytest.fixture(params=["ada", "zoe"])
def old(request: pytest.FixtureRequest) -> str:
    """Before and behind the new name, whose lock is taken first."""
    return str(request.param)


def begin(folder: Path, old: str) -> House:
    shutil.rmtree(folder, ignore_errors=True)
    house = House(store=folder_store(folder))
    account = add(house.store, old)
    alter(
        house.store,
        old,
        app_passwords=(record(), record("xyz", "Tablet")),
        deleted_ids=frozenset({"qqq"}),
    )
    alter(house.store, old, enforced_from=account.created)
    return house


def readable(store: FolderStore, *names: str) -> list[Account]:
    found = []
    for name in names:
        with suppress(StoreDamaged):
            account = store.get(name)
            found += [account] if account else []
    return found


def finished(house: House, folder: Path, old: str) -> None:
    """Deletes one wherever the account is by now, and does it again, if it must be."""
    store = FolderStore(folder)
    for account in readable(store, old, "lea"):
        with store.transaction(account.name, account.uid) as change:
            change.account = change.existing.without_app_password("xyz")
    with suppress(NotFound):
        house.operator.rename(old, "lea")
    if any(password.id == "xyz" for password in house.now("lea").app_passwords):
        house.operator.delete_app_password("lea", "xyz")
    now = house.now("lea")
    assert [password.id for password in now.app_passwords] == ["abc"]
    assert now.enabled
    assert now.deleted_ids == {"xyz", "qqq"}
    assert store.list_names() == ["lea"]
    store.mend_enforcements()  # as `store tidy` does: what is told of nobody keeps nobody out
    assert told(folder, old) is None
    assert (told(folder, "lea") or "").endswith(f" {now.uid}\n")
    leftover = [path.name for path in (folder / "accounts").iterdir()]
    assert leftover == ["lea.json"]


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_call_it_is_under_one_name_and_can_be_done_again(
    folder: Path, old: str, step: int
) -> None:
    for at in steps(step):
        house = begin(folder, old)
        if not kills(lambda: house.operator.rename(old, "lea"), at):  # noqa: B023
            assert at > 20
            break
        assert len(readable(FolderStore(folder), old, "lea")) < 2
        finished(house, folder, old)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_on_a_disk_that_fails_at_any_call_what_is_said_is_true(
    folder: Path, old: str, error: int, step: int
) -> None:
    for at in steps(step):
        house = begin(folder, old)
        before = house.now(old)
        struck, said = struck_by(lambda: house.operator.rename(old, "lea"), at, error)  # noqa: B023
        if not struck:
            assert said is None
            break
        assert said is None or isinstance(said, ApppwError), at
        if said is None:
            assert house.now("lea").uid == before.uid
        elif not isinstance(said, SaveUncertain):
            assert house.now(old) == before, str(said)
            assert FolderStore(folder).list_names() == [old]
        finished(house, folder, old)


def test_a_disk_that_fails_twice_says_to_do_it_again(
    disk: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(store=disk)
    add(disk)
    real: Callable[[Path, Path], Path] = Path.replace

    def replaced(path: Path, target: Path) -> Path:
        if path.name != "ada.json":
            raise OSError(errno.EIO, "Input/output error")
        return real(path, target)

    monkeypatch.setattr(Path, "replace", replaced)
    with pytest.raises(ApppwError) as error:
        house.operator.rename("ada", "lea")
    assert str(error.value) == (
        "ada is renamed by half and opens nothing: rename it to lea once more."
    )
    monkeypatch.undo()
    assert readable(disk, "ada", "lea") == []
    with pytest.raises(NotFound):
        house.operator.rename("ada", "grace")
    assert house.operator.rename("ada", "lea").name == "lea"
    assert disk.list_names() == ["lea"]


def test_what_an_older_program_left_under_both_names_becomes_one_and_nothing_comes_back(
    disk: FolderStore, folder: Path
) -> None:
    house = House(store=disk)
    account = add(disk)
    account = alter(disk, app_passwords=(record(), record("xyz", "Tablet")))
    with disk.transaction("lea", None) as change:  # the copy it made first
        change.account = replace(account, name="lea")
    house.operator.delete_app_password("ada", "xyz")
    renamed = house.operator.rename("ada", "lea")
    assert [password.id for password in renamed.app_passwords] == ["abc"]
    assert disk.list_names() == ["lea"]


def test_what_an_older_program_had_moved_already_is_not_lost(disk: FolderStore) -> None:
    house = House(store=disk)
    account = add(disk)
    with disk.transaction("lea", None) as change:
        change.account = replace(account.with_disabled(), name="lea")
    alter(disk, "ada", enabled=False)
    alter(disk, "ada", app_passwords=())  # moved, it thought
    renamed = house.operator.rename("ada", "lea")
    assert [password.id for password in renamed.app_passwords] == ["abc"]
    assert not renamed.enabled
