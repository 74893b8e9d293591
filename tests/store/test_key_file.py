"""The key file: which one is refused, and where it is."""

import os
from pathlib import Path

import pytest

from apppw_tui.domain.errors import (
    KeyMissing,
    StoreDamaged,
    StoreUnusable,
)
from apppw_tui.domain.key_set import new_key
from apppw_tui.domain.secret import Secret
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.key_file import FolderKeyring
from apppw_tui.store.folder.location import key_path
from apppw_tui.store.memory_engine import MemoryKeyring
from tests.store.making import add
from tests.store.other_uid import OTHER, only_root, said_as
from tests.store.rotator import keyring, put

UID, FIELD = "1" * 32, "authenticator"
SECRET = Secret("JBSWY3DPEHPK3PXP")


@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_is_refused_and_never_written_through(
    disk: FolderStore, folder: Path, tmp_path: Path, dangling: bool
) -> None:
    victim = tmp_path / "victim"
    if not dangling:
        victim.write_text(new_key().reveal())
        victim.chmod(0o600)
    (folder / "key").symlink_to(victim)
    sealed = MemoryKeyring().encrypt(UID, FIELD, SECRET)
    with pytest.raises(StoreDamaged, match=r"store/key is a symbolic link"):
        keyring(folder).encrypt(UID, FIELD, SECRET)
    with pytest.raises(StoreDamaged, match="is a symbolic link"):
        keyring(folder).decrypt(UID, FIELD, sealed)
    assert (folder / "key").is_symlink()
    assert victim.exists() is not dangling


def test_a_temporary_file_that_is_a_link_is_replaced(
    disk: FolderStore, folder: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (folder / ".tmp-key").symlink_to(victim)
    keyring(folder).encrypt(UID, FIELD, SECRET)
    assert victim.read_text() == "precious"
    assert not (folder / ".tmp-key").is_symlink()


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_ordinary_file_is_refused(disk: FolderStore, folder: Path, kind: str) -> None:
    (folder / "key").mkdir() if kind == "folder" else os.mkfifo(folder / "key")
    with pytest.raises(StoreDamaged, match="is not an ordinary file"):
        keyring(folder).encrypt(UID, FIELD, SECRET)


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o666])
def test_a_key_that_is_open_to_others_is_refused_with_the_command_that_closes_it(
    disk: FolderStore, folder: Path, mode: int
) -> None:
    seals = keyring(folder)
    sealed = seals.encrypt(UID, FIELD, SECRET)
    (folder / "key").chmod(mode)
    for call in (
        lambda: seals.encrypt(UID, FIELD, SECRET),
        lambda: seals.decrypt(UID, FIELD, sealed),
    ):
        with pytest.raises(StoreUnusable) as refusal:
            call()
        key = folder / "key"
        assert str(refusal.value) == f"{key} is open to others. Close it with: chmod 600 {key}"


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640])
def test_a_key_that_only_its_owner_and_group_can_read_is_used(
    disk: FolderStore, folder: Path, mode: int
) -> None:
    seals = keyring(folder)
    sealed = seals.encrypt(UID, FIELD, SECRET)
    (folder / "key").chmod(mode)
    assert seals.decrypt(UID, FIELD, sealed).reveal() == SECRET.reveal()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no key"),
        ("\n \n", "holds no key"),
        ("hunter2", "holds something that is no key"),
        ("A" * 43 + "=\nhunter2\n", "holds something that is no key"),
        ("A" * 43, "holds something that is no key"),
        ("A" * 44 + "=", "holds something that is no key"),
        ("A" * 43 + "= " + "A" * 43 + "=", "holds something that is no key"),
        ("\u00e9" * 43 + "=", "holds something that is no key"),
        ("hunter2\x00", "holds something that is no key"),
    ],
)
def test_a_malformed_key_is_refused_without_its_content_and_left_alone(
    disk: FolderStore, folder: Path, text: str, reason: str
) -> None:
    (folder / "key").write_text(text)
    (folder / "key").chmod(0o600)
    with pytest.raises(StoreDamaged) as refusal:
        keyring(folder).encrypt(UID, FIELD, SECRET)
    assert str(refusal.value) == f"{folder}/key {reason}; it was left alone."
    assert refusal.value.__cause__ is None
    assert (folder / "key").read_text() == text


def test_ends_of_lines_from_elsewhere_and_empty_lines_do_not_matter(
    disk: FolderStore, folder: Path
) -> None:
    first, second = new_key(), new_key()
    (folder / "key").write_bytes(f"\r\n{first.reveal()}\r\n\n{second.reveal()}".encode())
    (folder / "key").chmod(0o600)
    found = keyring(folder).read()
    assert found is not None
    assert [key.reveal() for key in found.keys] == [first.reveal(), second.reveal()]


@only_root
def test_a_key_that_cannot_be_read_says_so(disk: FolderStore, folder: Path) -> None:
    keyring(folder).encrypt(UID, FIELD, SECRET)
    said = said_as(OTHER, keyring(folder).read)
    assert said == f"StoreUnusable: {folder}/key cannot be used: permission denied."


# --- where it is ----------------------------------------------------------------------------


def test_the_key_is_where_it_was_named_then_configured_then_in_the_store(tmp_path: Path) -> None:
    named, configured = Path("/etc/a"), Path("/etc/b")
    with_credential = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    (tmp_path / "apppw-tui-key").write_text("x")
    assert key_path(tmp_path, named, configured, with_credential) == named
    assert key_path(tmp_path, None, configured, with_credential) == configured
    assert key_path(tmp_path, None, None, with_credential) == tmp_path / "apppw-tui-key"
    assert key_path(tmp_path, None, None, {}) == tmp_path / "key"


def test_a_credentials_folder_without_the_key_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "apppw-tui-key").write_text("x")
    (tmp_path / "empty").mkdir()
    for folder in (str(tmp_path / "empty"), str(tmp_path / "nowhere"), "", "."):
        found = key_path(tmp_path / "store", None, None, {"CREDENTIALS_DIRECTORY": folder})
        assert found == tmp_path / "store" / "key"


def test_a_credential_that_cannot_be_looked_at_is_still_the_one(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 300)  # lstat fails with another reason than its absence
    found = key_path(tmp_path, None, None, {"CREDENTIALS_DIRECTORY": str(folder)})
    assert found == folder / "apppw-tui-key"


def test_the_key_may_be_kept_elsewhere_and_the_lock_stays_in_the_store(
    disk: FolderStore, folder: Path, tmp_path: Path
) -> None:
    add(disk)
    (tmp_path / "etc").mkdir()
    seals = FolderKeyring(folder, tmp_path / "etc" / "secret", disk.has_sealed_values)
    put(disk, seals, "ada", "x")
    assert [path.name for path in (tmp_path / "etc").iterdir()] == ["secret"]
    assert (folder / "locks" / ".key.lock").exists()
    assert not (folder / "key").exists()
    (tmp_path / "etc" / "secret").unlink()
    with pytest.raises(KeyMissing, match="etc/secret"):
        put(disk, seals, "ada", "y")
