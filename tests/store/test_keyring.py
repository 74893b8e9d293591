"""Sealing: what opens again and what does not, and when the key is made."""

import errno
import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import filelock
import pytest

from apppw_tui.domain.errors import (
    DecryptionFailed,
    KeyMissing,
    SaveUncertain,
    StoreBusy,
    StoreDamaged,
    StoreUnusable,
)
from apppw_tui.domain.key_set import KeySet, new_key
from apppw_tui.domain.secret import Secret
from apppw_tui.store.folder import files
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.key_file import FolderKeyring
from apppw_tui.store.memory_engine import MemoryKeyring
from tests.store.making import account_file, add
from tests.store.rotator import content, keyring, opened, put, with_values
from tests.store.test_killed import forked

UID, FIELD = "1" * 32, "authenticator"
SECRET = Secret("JBSWY3DPEHPK3PXP")


def test_another_key_does_not_open_and_says_neither_value_nor_token(
    disk: FolderStore, folder: Path
) -> None:
    sealed = keyring(folder).encrypt(UID, FIELD, SECRET)
    (folder / "key").write_text(new_key().reveal())
    with pytest.raises(DecryptionFailed) as refusal:
        keyring(folder).decrypt(UID, FIELD, sealed)
    assert str(refusal.value) == (
        "The authenticator of this account cannot be opened: put back the key that sealed it, "
        "or set it up again."
    )
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None


@pytest.mark.parametrize("damage", ["", "x", "gAAAA", "\u624b", "\ud800", "a=b", "[1, 2, 3]"])
def test_what_is_no_token_is_told_as_broken(disk: FolderStore, folder: Path, damage: str) -> None:
    seals = keyring(folder)
    seals.encrypt(UID, FIELD, SECRET)
    with pytest.raises(DecryptionFailed):
        seals.decrypt(UID, FIELD, damage)


@pytest.mark.parametrize("place", range(0, 140, 7))
def test_a_token_with_a_wrong_symbol_does_not_open(place: int) -> None:
    seals = MemoryKeyring()
    sealed = seals.encrypt(UID, FIELD, SECRET)
    other = "A" if sealed[place] != "A" else "B"
    with pytest.raises(DecryptionFailed):
        seals.decrypt(UID, FIELD, sealed[:place] + other + sealed[place + 1 :])


@pytest.mark.parametrize("inside", [b"{}", b"3", b'["1", "2"]', b"not JSON", b"\xff"])
def test_a_token_of_the_right_key_with_something_else_in_it_is_broken(inside: bytes) -> None:
    from cryptography.fernet import Fernet

    key = new_key()
    sealed = Fernet(key.reveal()).encrypt(inside).decode()
    with pytest.raises(DecryptionFailed):
        KeySet((key,)).decrypt(UID, FIELD, sealed)


def test_a_token_does_not_tell_when_it_was_sealed() -> None:
    from cryptography.fernet import Fernet

    key = new_key()
    sealed = KeySet((key,)).encrypt(UID, FIELD, SECRET)
    assert Fernet(key.reveal()).extract_timestamp(sealed) == 0


def test_the_first_key_seals_and_all_open(disk: FolderStore, folder: Path) -> None:
    old, new = new_key(), new_key()
    sealed = KeySet((old,)).encrypt(UID, FIELD, SECRET)
    (folder / "key").write_text(f"{new.reveal()}\n{old.reveal()}\n")
    (folder / "key").chmod(0o600)
    seals = keyring(folder)
    assert seals.decrypt(UID, FIELD, sealed).reveal() == SECRET.reveal()
    again = seals.encrypt(UID, FIELD, SECRET)
    assert KeySet((new,)).can_decrypt(UID, FIELD, again)
    assert not KeySet((old,)).can_decrypt(UID, FIELD, again)


def test_the_file_is_read_afresh_for_every_value(disk: FolderStore, folder: Path) -> None:
    seals = keyring(folder)
    seals.encrypt(UID, FIELD, SECRET)
    other = new_key()
    (folder / "key").write_text(other.reveal())
    sealed = seals.encrypt(UID, FIELD, SECRET)
    assert KeySet((other,)).can_decrypt(UID, FIELD, sealed)
    (folder / "key").write_text(new_key().reveal())
    with pytest.raises(DecryptionFailed):
        seals.decrypt(UID, FIELD, sealed)


# --- when the key is made -------------------------------------------------------------------


@pytest.fixture
def umask_restored() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_the_first_value_makes_the_key_0600_whatever_the_umask(
    disk: FolderStore, folder: Path, umask: int, umask_restored: None
) -> None:
    os.umask(umask)
    drawn: list[int] = []

    def randbytes(size: int) -> bytes:
        drawn.append(size)
        return bytes(range(size))

    seals = FolderKeyring(folder, folder / "key", lambda: False, randbytes=randbytes)
    seals.encrypt(UID, FIELD, SECRET)
    seals.encrypt(UID, FIELD, SECRET)
    assert drawn == [32]
    assert (folder / "key").read_text() == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    for path in (folder / "key", folder / "locks" / ".key.lock"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) == [
        "accounts", "enforced", "key", "locks",
    ]  # fmt: skip


def test_opening_makes_no_key(disk: FolderStore, folder: Path) -> None:
    sealed = MemoryKeyring().encrypt(UID, FIELD, SECRET)
    with pytest.raises(KeyMissing) as refusal:
        keyring(folder).decrypt(UID, FIELD, sealed)
    assert str(refusal.value) == (
        f"The key of the store is missing: {folder}/key. Put it back; nothing was changed."
    )
    assert content(folder) == {}


def test_a_store_whose_key_vanished_gets_no_other_and_loses_nothing(
    disk: FolderStore, folder: Path
) -> None:
    add(disk)
    add(disk, "grace", seed=2)
    seals = keyring(folder)
    put(disk, seals, "grace", "x")
    key = (folder / "key").read_bytes()
    (folder / "key").unlink()
    before = content(folder)
    account = disk.get("ada")
    assert account is not None
    for _ in range(2):
        with (
            pytest.raises(KeyMissing, match="Put it back"),
            disk.transaction("ada", account.uid) as ada,
        ):
            ada.account = with_values(ada.existing, seals, "y")
        with pytest.raises(KeyMissing, match="Put it back"):
            put(disk, seals, "grace", "y")
    assert content(folder) == before
    (folder / "key").write_bytes(key)
    (folder / "key").chmod(0o600)
    found = disk.get("grace")
    assert found is not None
    assert opened(found, seals) == ["x", "x"]


def test_once_nothing_is_sealed_any_more_a_lost_key_is_made_anew(
    disk: FolderStore, folder: Path
) -> None:
    add(disk)
    put(disk, keyring(folder), "ada", "x")
    assert disk.has_sealed_values()
    (folder / "key").unlink()
    disk.remove("ada")
    assert not disk.has_sealed_values()
    add(disk)
    put(disk, keyring(folder), "ada", "y")


def test_while_nobody_can_tell_what_an_account_holds_no_key_is_made(
    disk: FolderStore, folder: Path
) -> None:
    add(disk)
    (folder / "locks" / ".nothing-sealed").unlink()  # a store of an earlier version has none
    account_file(folder).write_text("{")
    with pytest.raises(StoreDamaged, match=r"ada\.json cannot be read"):
        keyring(folder).encrypt(UID, FIELD, SECRET)
    assert not (folder / "key").exists()


def test_a_key_that_another_process_made_meanwhile_is_used(
    disk: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, acquire = new_key(), filelock.FileLock.acquire

    def late(self: filelock.FileLock) -> object:
        (folder / "key").write_text(other.reveal())
        (folder / "key").chmod(0o600)
        return acquire(self)

    monkeypatch.setattr(filelock.FileLock, "acquire", late)
    assert KeySet((other,)).can_decrypt(UID, FIELD, keyring(folder).encrypt(UID, FIELD, SECRET))
    assert (folder / "key").read_text() == other.reveal()


@pytest.mark.parametrize("turn", range(8))
def test_of_many_processes_that_seal_first_at_once_one_makes_the_key(
    disk: FolderStore, folder: Path, turn: int
) -> None:
    names = ["ada", "ben", "cleo", "dora"]
    for number, name in enumerate(names):
        add(disk, name, seed=number)
    MemoryKeyring().encrypt(UID, FIELD, SECRET)  # imports, before the start
    waiting, start = os.pipe()

    def seal(name: str) -> None:
        os.close(start)
        os.read(waiting, 1)  # until all are ready
        put(disk, keyring(folder, 60.0), name, name)
        os._exit(0)

    children = [forked(partial(seal, name)) for name in names]
    os.close(start)
    os.close(waiting)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(names)
    assert len((folder / "key").read_text().split()) == 1
    for name in names:
        found = disk.get(name)
        assert found is not None
        assert opened(found, keyring(folder)) == [name, name]


def test_while_another_makes_the_key_the_store_is_busy(disk: FolderStore, folder: Path) -> None:
    with keyring(folder).locked(), pytest.raises(StoreBusy, match="Try again in a moment"):
        keyring(folder, 0.05).encrypt(UID, FIELD, SECRET)
    assert not (folder / "key").exists()
    keyring(folder, 0.05).encrypt(UID, FIELD, SECRET)


def test_a_key_that_may_not_stay_on_the_disk_seals_nothing(
    disk: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise SaveUncertain("The disk did not confirm the change: it may or may not be saved.")

    monkeypatch.setattr(files, "confirm", fail)
    with pytest.raises(SaveUncertain):
        keyring(folder).encrypt(UID, FIELD, SECRET)


def test_a_full_disk_makes_no_key(
    disk: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreUnusable, match="disk is full"):
            keyring(folder).encrypt(UID, FIELD, SECRET)
    assert content(folder) == {}
