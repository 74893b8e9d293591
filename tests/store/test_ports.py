"""SAFETY 9: the five calls, the same for every engine."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from apppw_tui.domain.errors import InvalidName, NameTaken, NotFound
from apppw_tui.domain.ports import AccountStore
from apppw_tui.store.memory import MemoryStore
from tests.store.making import add, folder_store, new_account, record, touch, version_of
from tests.support import NOW

ENGINES: dict[str, Callable[[Path], AccountStore]] = {
    "folder": folder_store,
    "memory": lambda _: MemoryStore(),
}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, folder: Path) -> AccountStore:
    return ENGINES[request.param](folder)


def test_an_empty_store_knows_nobody(store: AccountStore) -> None:
    assert store.list_names() == []
    assert store.get("ada") is None
    assert version_of(store, "ada") is None


def test_what_was_written_is_read_again_in_full(store: AccountStore) -> None:
    full = replace(
        new_account("ada@example.org"),
        session_generation=7,
        enabled=False,
        appearance="nord",
        deleted_ids=frozenset({"000", "zzz"}),
        app_passwords=(
            record("abc", "Phone"),
            replace(record("abd", "[b]\u624b\u673a \U0001f4f1"), scope=("imap", "smtp")),
            replace(record("abe", "Car"), expires=NOW + timedelta(microseconds=1)),
        ),
    )
    with store.transaction(full.name, None) as change:
        assert change.account is None
        change.account = full
    assert store.get(full.name) == full
    assert version_of(store, full.name) == full.version


def test_names_are_sorted(store: AccountStore) -> None:
    for name in ("grace", "ada@example.org", "ada", "ada.b"):
        add(store, name)
    assert store.list_names() == ["ada", "ada.b", "ada@example.org", "grace"]


def test_every_change_raises_the_version_by_itself(store: AccountStore) -> None:
    account = add(store)
    seen = [account.version]
    for appearance in ("nord", "dark", "nord"):
        touch(store, account, appearance)
        version = version_of(store, "ada")
        assert version is not None
        seen.append(version)
    assert seen == sorted(set(seen))
    found = store.get("ada")
    assert found is not None
    assert found.version == seen[-1]
    assert found.appearance == "nord"


def test_a_change_cannot_set_the_version_back(store: AccountStore) -> None:
    account = add(store)
    with store.transaction("ada", account.uid) as change:
        change.account = replace(change.existing, version=0, appearance="nord")
    assert version_of(store, "ada") == account.version + 1


def test_a_block_that_changes_nothing_does_not_raise_the_version(store: AccountStore) -> None:
    account = add(store)
    with store.transaction("ada", account.uid):
        pass
    with store.transaction("ada", account.uid) as change:
        change.account = replace(change.existing)
    assert version_of(store, "ada") == account.version
    assert store.get("ada") == account


def test_a_block_that_creates_nothing_makes_no_account(store: AccountStore) -> None:
    with store.transaction("ada", None):
        pass
    assert store.get("ada") is None
    assert store.list_names() == []


def test_an_exception_in_the_block_writes_nothing_and_comes_out(store: AccountStore) -> None:
    account = add(store)

    def fail(name: str, uid: str | None) -> None:
        with store.transaction(name, uid) as change:
            change.account = replace(new_account(name), session_generation=99)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail("ada", account.uid)
    with pytest.raises(ZeroDivisionError):
        fail("grace", None)
    assert store.get("ada") == account
    assert store.list_names() == ["ada"]


def test_after_an_exception_the_lock_is_free_again(store: AccountStore) -> None:
    account = add(store)
    with pytest.raises(ZeroDivisionError), store.transaction("ada", account.uid):
        raise ZeroDivisionError
    touch(store, account, "nord")
    assert version_of(store, "ada") == account.version + 1


def test_a_change_starts_from_what_stands_and_not_from_what_was_read(store: AccountStore) -> None:
    account = add(store)
    touch(store, account, "nord")
    with store.transaction("ada", account.uid) as change:
        assert change.existing.appearance == "nord"


def test_an_account_cannot_be_created_twice(store: AccountStore) -> None:
    account = add(store)
    with pytest.raises(NameTaken, match="already an account ada"), store.transaction("ada", None):
        pytest.fail("the block must not run")
    assert store.get("ada") == account


@pytest.mark.parametrize("uid", ["0" * 32, "", "abc"])
def test_a_change_for_another_uid_is_refused_and_changes_nothing(
    store: AccountStore, uid: str
) -> None:
    account = add(store)
    with pytest.raises(NotFound, match="ada is gone"), store.transaction("ada", uid):
        pytest.fail("the block must not run")
    assert store.get("ada") == account


def test_a_late_change_of_a_removed_account_creates_nothing(store: AccountStore) -> None:
    account = add(store)
    store.remove("ada")
    with pytest.raises(NotFound, match="ada is gone"), store.transaction("ada", account.uid):
        pytest.fail("the block must not run")
    assert store.get("ada") is None
    assert store.list_names() == []


def test_names_are_told_one_by_one_and_whether_there_is_any(store: AccountStore) -> None:
    assert (store.has_accounts(), [*store.each_name()]) == (False, [])
    for name in ("grace", "ada", "ada@example.org"):
        add(store, name)
    assert store.has_accounts()
    assert sorted(store.each_name()) == ["ada", "ada@example.org", "grace"]


def test_a_removed_account_is_gone(store: AccountStore) -> None:
    add(store)
    add(store, "grace")
    store.remove("ada")
    assert store.get("ada") is None
    assert version_of(store, "ada") is None
    assert store.list_names() == ["grace"]


@pytest.mark.parametrize("name", ["grace", "Ada", "", "../x", "a\x1b[31m"])
def test_what_is_not_there_cannot_be_removed(store: AccountStore, name: str) -> None:
    add(store)
    with pytest.raises(NotFound):
        store.remove(name)
    assert store.list_names() == ["ada"]


def test_made_again_under_the_same_name_it_is_another_account(store: AccountStore) -> None:
    first = add(store)
    touch(store, first, "nord")
    seen = {first.version, first.version + 1}
    store.remove("ada")
    second = add(store, seed=2)
    assert version_of(store, "ada") not in seen
    found = store.get("ada")
    assert found is not None
    assert found.uid == second.uid != first.uid
    assert found.appearance is None
    with pytest.raises(NotFound), store.transaction("ada", first.uid):
        pytest.fail("the block must not run")


@pytest.mark.parametrize("name", ["Ada", "", "../x", "/x", "ada/../x", "ada\n", "\u00e4"])
def test_a_name_that_is_none_is_unknown_and_cannot_be_created(
    store: AccountStore, name: str, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert store.get(name) is None
    assert version_of(store, name) is None
    for uid in (None, "0" * 32):
        with pytest.raises(InvalidName), store.transaction(name, uid):
            pytest.fail("the block must not run")
    assert store.list_names() == []
    assert sorted(tmp_path.rglob("*")) == before
