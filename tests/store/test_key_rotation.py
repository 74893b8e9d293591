"""Another key: at every instant every value opens, and no key goes that one of them needs."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apppw_tui.domain.account import Account, Change
from apppw_tui.domain.errors import (
    DecryptionFailed,
    KeyMissing,
    Refused,
    SaveUncertain,
    StoreBusy,
    StoreDamaged,
    StoreUnusable,
)
from apppw_tui.domain.key_set import KeySet
from apppw_tui.store.folder import files
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.key_rotation import drop_old_keys, rotate
from apppw_tui.store.memory_engine import MemoryKeyring
from tests.store.making import account_file, add, version_of
from tests.store.rotator import (
    SEALED,
    all_open,
    content,
    fill,
    keyring,
    keys,
    now,
    opened,
    put,
    with_values,
)
from tests.store.test_trouble import held


@pytest.fixture
def full(disk: FolderStore, folder: Path) -> FolderStore:
    fill(disk, folder)
    return disk


def ring_of(folder: Path) -> KeySet:
    found = keyring(folder).read()
    assert found is not None
    return found


def put_back(disk: FolderStore, ring: KeySet, name: str) -> None:
    """As somebody does who had read the key before it was replaced."""
    with disk.transaction(name, now(disk, name).uid) as change:
        change.account = with_values(change.existing, ring, name)


# --- rotate ---------------------------------------------------------------------------------


def test_rotating_seals_everything_anew_and_leaves_the_rest_alone(
    full: FolderStore, folder: Path
) -> None:
    (old,) = keys(folder)
    ben = account_file(folder, "ben").read_bytes()
    versions = {name: version_of(full, name) for name in SEALED}
    before = now(full, "ada")
    done = rotate(keyring(folder), full)
    assert (done.reencrypted, done.failures) == (3, {})
    assert len(keys(folder)) == 2
    assert keys(folder)[1] == old
    all_open(full, folder)
    for name in SEALED:
        assert opened(now(full, name), ring_of(folder).primary) == [name, name]
        assert version_of(full, name) == (versions[name] or 0) + 1
    assert account_file(folder, "ben").read_bytes() == ben
    after = now(full, "ada")
    assert after.with_sealed_values(before.sealed_values()).phones == before.phones
    assert after.app_passwords == before.app_passwords
    assert (folder / "key").stat().st_mode & 0o777 == 0o600


def test_rotating_again_goes_on_with_the_same_key(full: FolderStore, folder: Path) -> None:
    rotate(keyring(folder), full)
    before = content(folder)
    done = rotate(keyring(folder), full)
    assert (done.reencrypted, done.failures) == (0, {})
    assert content(folder) == before


def test_a_new_key_that_may_not_stay_on_the_disk_is_written_again_before_it_seals(
    full: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed: list[str] = []

    def confirm(path: Path) -> None:
        confirmed.append(path.name)
        if len(confirmed) == 1:
            raise SaveUncertain("The disk did not confirm the change: it may or may not be saved.")

    monkeypatch.setattr(files, "confirm", confirm)
    with pytest.raises(SaveUncertain):
        rotate(keyring(folder), full)
    all_open(full, folder)
    assert rotate(keyring(folder), full).reencrypted == 3
    assert confirmed == ["key", "key", "ada.json", "cleo.json", "dora.json"]
    assert len(keys(folder)) == 2


def test_a_rotation_that_overtakes_another_leaves_it_nothing_to_do(
    full: FolderStore, folder: Path
) -> None:
    class Overtaken(FolderStore):
        @contextmanager
        def transaction(self, account: str, uid: str | None) -> Iterator[Change]:
            if account == "ada":
                for _ in range(2):
                    rotate(keyring(folder), full)
                    drop_old_keys(keyring(folder), full)
            with super().transaction(account, uid) as change:
                yield change

    done = rotate(keyring(folder), Overtaken(folder))
    assert (done.reencrypted, done.failures) == (0, {})
    assert len(keys(folder)) == 1
    all_open(full, folder)


def test_what_is_in_the_way_of_one_account_stops_no_other(full: FolderStore, folder: Path) -> None:
    broken = MemoryKeyring()
    with full.transaction("cleo", now(full, "cleo").uid) as change:
        change.account = with_values(change.existing, broken, "cleo")
    account_file(folder, "dora").write_text("{")
    before = account_file(folder, "cleo").read_bytes()
    add(full, "emil")
    put(full, keyring(folder), "emil", "emil")
    with held(folder, "ada"):
        done = rotate(keyring(folder), FolderStore(folder, lock_timeout=0.05))
    assert done.reencrypted == 1
    kinds = {name: type(trouble) for name, trouble in done.failures.items()}
    assert kinds == {"ada": StoreBusy, "cleo": DecryptionFailed, "dora": StoreDamaged}
    assert account_file(folder, "cleo").read_bytes() == before
    assert account_file(folder, "dora").read_text() == "{"
    assert opened(now(full, "ada"), keyring(folder)) == ["ada", "ada"]
    assert opened(now(full, "emil"), ring_of(folder).primary) == ["emil", "emil"]


@pytest.mark.slow
def test_an_account_that_goes_meanwhile_is_no_trouble(full: FolderStore, folder: Path) -> None:
    class Leaving(FolderStore):
        def list_names(self) -> list[str]:
            return [*super().list_names(), "gone"]

        def get(self, account: str) -> Account | None:
            found = super().get(account)
            if account == "dora" and found is not None:
                FolderStore(folder).remove("dora")  # which reads it once more
            return found

    done = rotate(keyring(folder), Leaving(folder))
    assert (done.reencrypted, done.failures) == (2, {})
    put(full, keyring(folder), "ada", "ada")
    add(full, "dora")
    put(full, keyring(folder), "dora", "dora")
    assert drop_old_keys(keyring(folder), Leaving(folder)) == 1


@pytest.mark.parametrize("what", [rotate, drop_old_keys])
def test_where_nothing_is_sealed_there_is_no_key_to_replace(
    disk: FolderStore, folder: Path, what: Callable[..., object]
) -> None:
    add(disk)
    with pytest.raises(Refused, match="Nothing is sealed yet"):
        what(keyring(folder), disk)
    assert not (folder / "key").exists()


@pytest.mark.parametrize("what", [rotate, drop_old_keys])
def test_with_the_key_missing_nothing_is_changed(
    full: FolderStore, folder: Path, what: Callable[..., object]
) -> None:
    (folder / "key").unlink()
    before = content(folder)
    with pytest.raises(KeyMissing, match="Put it back; nothing was changed"):
        what(keyring(folder), full)
    assert content(folder) == before


def test_a_key_that_vanishes_meanwhile_is_told_of_every_account_that_needs_it(
    full: FolderStore, folder: Path
) -> None:
    class Losing(FolderStore):
        def list_names(self) -> list[str]:
            (folder / "key").unlink()
            return super().list_names()

    before = content(folder)
    done = rotate(keyring(folder), Losing(folder))
    assert done.reencrypted == 0
    assert {name: type(trouble) for name, trouble in done.failures.items()} == dict.fromkeys(
        SEALED, KeyMissing
    )
    assert {**content(folder), "key": before["key"]} == before


@pytest.mark.parametrize("what", [rotate, drop_old_keys])
def test_of_two_who_replace_the_key_one_waits(
    full: FolderStore, folder: Path, what: Callable[..., object]
) -> None:
    before = content(folder)
    with keyring(folder).locked(), pytest.raises(StoreBusy):
        what(keyring(folder, 0.05), full)
    assert content(folder) == before


def test_a_key_that_cannot_be_written_is_not_replaced_and_nothing_is_sealed_anew(
    full: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, real = content(folder), os.open

    def opening(path: object, *rest: int, **more: int) -> int:
        if str(path).endswith(".tmp-key"):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real(str(path), *rest, **more)

    monkeypatch.setattr(os, "open", opening)
    with pytest.raises(StoreUnusable, match="read-only file system"):
        rotate(keyring(folder), full)
    assert content(folder) == before


# --- finish ---------------------------------------------------------------------------------


def test_finishing_drops_the_older_key_and_writes_no_account(
    full: FolderStore, folder: Path
) -> None:
    rotate(keyring(folder), full)
    before = content(folder)
    first = keys(folder)[0]
    assert drop_old_keys(keyring(folder), full) == 1
    assert keys(folder) == [first]
    assert (folder / "key").stat().st_mode & 0o777 == 0o600
    all_open(full, folder)
    assert {**content(folder), "key": before["key"]} == before
    assert drop_old_keys(keyring(folder), full) == 0


def refusal_to_finish(full: FolderStore, folder: Path) -> str:
    """What it says; not a byte may change."""
    before = content(folder)
    with pytest.raises(Refused) as refusal:
        drop_old_keys(keyring(folder), full)
    assert content(folder) == before
    return str(refusal.value)


def test_the_older_key_stays_while_a_value_needs_it(full: FolderStore, folder: Path) -> None:
    old = ring_of(folder)
    rotate(keyring(folder), full)
    put_back(full, old, "ada")
    put_back(full, old, "dora")
    assert refusal_to_finish(full, folder) == (
        "The older key stays: accounts that still need it: 2; that cannot be read: 0. "
        "Rotate again first."
    )
    assert rotate(keyring(folder), full).reencrypted == 2
    assert drop_old_keys(keyring(folder), full) == 1
    all_open(full, folder)


def test_the_older_key_stays_for_one_value_of_an_account(full: FolderStore, folder: Path) -> None:
    old = now(full, "ada").sealed_values()
    rotate(keyring(folder), full)
    with full.transaction("ada", now(full, "ada").uid) as change:
        values = change.existing.sealed_values()
        change.account = change.existing.with_sealed_values(
            {**values, "phone office": old["phone office"]}
        )
    assert "still need it: 1;" in refusal_to_finish(full, folder)
    assert rotate(keyring(folder), full).reencrypted == 1
    all_open(full, folder)


def test_the_older_key_stays_while_an_account_cannot_be_read(
    full: FolderStore, folder: Path
) -> None:
    rotate(keyring(folder), full)
    whole = account_file(folder, "ben").read_bytes()
    account_file(folder, "ben").write_text("{")
    impatient = FolderStore(folder, lock_timeout=0.05)
    with held(folder, "ada"):
        assert refusal_to_finish(impatient, folder).startswith(
            "The older key stays: accounts that still need it: 0; that cannot be read: 2."
        )
    account_file(folder, "ben").write_bytes(whole)
    with full.transaction("cleo", now(full, "cleo").uid) as change:
        change.account = with_values(change.existing, MemoryKeyring(), "cleo")
    assert "cannot be read: 1." in refusal_to_finish(full, folder)


def test_an_account_that_comes_up_behind_the_sweep_is_looked_at_too(
    full: FolderStore, folder: Path
) -> None:
    class Growing(FolderStore):
        grown = False

        def list_names(self) -> list[str]:
            found = super().list_names()
            if not self.grown:
                self.grown = True
                add(full, "aaron")
                put_back(full, old, "aaron")
            return found

    old = ring_of(folder)
    rotate(keyring(folder), full)
    with pytest.raises(Refused, match="still need it: 1;"):
        drop_old_keys(keyring(folder), Growing(folder))
    assert len(keys(folder)) == 2


def test_what_was_sealed_anew_is_on_the_disk_before_the_older_key_goes(
    full: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotate(keyring(folder), full)
    synced: list[int] = []
    monkeypatch.setattr(os, "sync", lambda: synced.append(len(keys(folder))))
    drop_old_keys(keyring(folder), full)
    assert synced == [2]
