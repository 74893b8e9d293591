"""SAFETY 9: the five calls, the same for every engine."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from apppw_tui.domain.errors import InvalidName, NameTaken, NotFound
from apppw_tui.domain.ports import Store
from apppw_tui.store.memory import MemoryStore
from tests.store.making import add, folder_store, new_account, record, touch
from tests.support import NOW

ENGINES: dict[str, Callable[[Path], Store]] = {
    "folder": folder_store,
    "memory": lambda _: MemoryStore(),
}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, folder: Path) -> Store:
    return ENGINES[request.param](folder)


def test_an_empty_store_knows_nobody(store: Store) -> None:
    assert store.names() == []
    assert store.read("ada") is None
    assert store.version("ada") is None


def test_what_was_written_is_read_again_in_full(store: Store) -> None:
    full = replace(
        new_account("ada@example.org"),
        epoch=7,
        enabled=False,
        appearance="nord",
        deleted_ids=frozenset({"000", "zzz"}),
        app_passwords=(
            record("abc", "Phone"),
            replace(record("abd", "[b]\u624b\u673a \U0001f4f1"), scope=("imap", "smtp")),
            replace(record("abe", "Car"), expires=NOW + timedelta(microseconds=1)),
        ),
    )
    with store.change(full.name, None) as change:
        assert change.account is None
        change.account = full
    assert store.read(full.name) == full
    assert store.version(full.name) == full.version


def test_names_are_sorted(store: Store) -> None:
    for name in ("grace", "ada@example.org", "ada", "ada.b"):
        add(store, name)
    assert store.names() == ["ada", "ada.b", "ada@example.org", "grace"]


def test_every_change_raises_the_version_by_itself(store: Store) -> None:
    account = add(store)
    seen = [account.version]
    for appearance in ("nord", "dark", "nord"):
        touch(store, account, appearance)
        version = store.version("ada")
        assert version is not None
        seen.append(version)
    assert seen == sorted(set(seen))
    found = store.read("ada")
    assert found is not None
    assert found.version == seen[-1]
    assert found.appearance == "nord"


def test_a_change_cannot_set_the_version_back(store: Store) -> None:
    account = add(store)
    with store.change("ada", account.uid) as change:
        change.account = replace(change.present, version=0, appearance="nord")
    assert store.version("ada") == account.version + 1


def test_a_block_that_changes_nothing_does_not_raise_the_version(store: Store) -> None:
    account = add(store)
    with store.change("ada", account.uid):
        pass
    with store.change("ada", account.uid) as change:
        change.account = replace(change.present)
    assert store.version("ada") == account.version
    assert store.read("ada") == account


def test_a_block_that_creates_nothing_makes_no_account(store: Store) -> None:
    with store.change("ada", None):
        pass
    assert store.read("ada") is None
    assert store.names() == []


def test_an_exception_in_the_block_writes_nothing_and_comes_out(store: Store) -> None:
    account = add(store)

    def fail(name: str, uid: str | None) -> None:
        with store.change(name, uid) as change:
            change.account = replace(new_account(name), epoch=99)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail("ada", account.uid)
    with pytest.raises(ZeroDivisionError):
        fail("grace", None)
    assert store.read("ada") == account
    assert store.names() == ["ada"]


def test_after_an_exception_the_lock_is_free_again(store: Store) -> None:
    account = add(store)
    with pytest.raises(ZeroDivisionError), store.change("ada", account.uid):
        raise ZeroDivisionError
    touch(store, account, "nord")
    assert store.version("ada") == account.version + 1


def test_a_change_starts_from_what_stands_and_not_from_what_was_read(store: Store) -> None:
    account = add(store)
    touch(store, account, "nord")
    with store.change("ada", account.uid) as change:
        assert change.present.appearance == "nord"


def test_an_account_cannot_be_created_twice(store: Store) -> None:
    account = add(store)
    with pytest.raises(NameTaken, match="already an account ada"), store.change("ada", None):
        pytest.fail("the block must not run")
    assert store.read("ada") == account


@pytest.mark.parametrize("uid", ["0" * 32, "", "abc"])
def test_a_change_for_another_uid_is_refused_and_changes_nothing(store: Store, uid: str) -> None:
    account = add(store)
    with pytest.raises(NotFound, match="ada is gone"), store.change("ada", uid):
        pytest.fail("the block must not run")
    assert store.read("ada") == account


def test_a_late_change_of_a_removed_account_creates_nothing(store: Store) -> None:
    account = add(store)
    store.remove("ada")
    with pytest.raises(NotFound, match="ada is gone"), store.change("ada", account.uid):
        pytest.fail("the block must not run")
    assert store.read("ada") is None
    assert store.names() == []


def test_a_removed_account_is_gone(store: Store) -> None:
    add(store)
    add(store, "grace")
    store.remove("ada")
    assert store.read("ada") is None
    assert store.version("ada") is None
    assert store.names() == ["grace"]


@pytest.mark.parametrize("name", ["grace", "Ada", "", "../x", "a\x1b[31m"])
def test_what_is_not_there_cannot_be_removed(store: Store, name: str) -> None:
    add(store)
    with pytest.raises(NotFound):
        store.remove(name)
    assert store.names() == ["ada"]


def test_made_again_under_the_same_name_it_is_another_account(store: Store) -> None:
    first = add(store)
    touch(store, first, "nord")
    seen = {first.version, first.version + 1}
    store.remove("ada")
    second = add(store, seed=2)
    assert store.version("ada") not in seen
    found = store.read("ada")
    assert found is not None
    assert found.uid == second.uid != first.uid
    assert found.appearance is None
    with pytest.raises(NotFound), store.change("ada", first.uid):
        pytest.fail("the block must not run")


@pytest.mark.parametrize("name", ["Ada", "", "../x", "/x", "ada/../x", "ada\n", "\u00e4"])
def test_a_name_that_is_none_is_unknown_and_cannot_be_created(
    store: Store, name: str, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert store.read(name) is None
    assert store.version(name) is None
    for uid in (None, "0" * 32):
        with pytest.raises(InvalidName), store.change(name, uid):
            pytest.fail("the block must not run")
    assert store.names() == []
    assert sorted(tmp_path.rglob("*")) == before
