"""Ssh keys in the store's documents, and the index by which they are recognized."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import StoreDamaged
from apppw_tui.domain.phone import Phone
from apppw_tui.domain.ssh_key import SshKey
from apppw_tui.domain.totp import Authenticator
from apppw_tui.store import documents
from apppw_tui.store.backup.merge import merge_backup
from apppw_tui.store.engine import Engine
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.postgres.held_accounts import without_secrets
from tests.store.making import account_file, add, alter, tables
from tests.support import KEY, NOW, OTHER_KEY

LAPTOP = SshKey(KEY.fingerprint, KEY.type, "Laptop", NOW, NOW + timedelta(days=1), "192.0.2.7")
YUBIKEY = SshKey(OTHER_KEY.fingerprint, OTHER_KEY.type, "YubiKey", NOW)
APP = Authenticator("gAAAAA==", NOW, 59844960)
PHONE = Phone("office", "gAAAAA==", NOW)


def test_keys_come_back_as_they_were(engine: Engine) -> None:
    add(engine.accounts)
    alter(engine.accounts, ssh_keys=(LAPTOP, YUBIKEY))
    found = engine.accounts.get("ada")
    assert found is not None
    assert found.ssh_keys == (LAPTOP, YUBIKEY)
    alter(engine.accounts, ssh_keys=(YUBIKEY,))
    found = engine.accounts.get("ada")
    assert found is not None
    assert found.ssh_keys == (YUBIKEY,)


def schema(folder: Path) -> str:
    text: str = tables(folder)["account"]["1"]["schema"]
    return text


def test_account_with_keys_alone_is_refused_by_an_older_program(
    disk: FolderStore, folder: Path
) -> None:
    add(disk)
    assert schema(folder) == "1.5"
    alter(disk, ssh_keys=(LAPTOP,))
    assert schema(folder) == "2.5"  # of which an older one knows nothing
    for other in ({"authenticator": APP}, {"phones": (PHONE,)}):
        alter(disk, **other)
        assert schema(folder) == "1.5"  # it asks for a code
        alter(disk, authenticator=None, phones=())
        assert schema(folder) == "2.5"
    alter(disk, ssh_keys=())
    assert schema(folder) == "1.5"


@pytest.mark.parametrize(
    ("field", "value"), [("fingerprint", "MD5:00"), ("type", "A\nb"), ("added", None)]
)
def test_malformed_key_is_damage(
    disk: FolderStore, folder: Path, field: str, value: str | None
) -> None:
    add(disk)
    alter(disk, ssh_keys=(LAPTOP,))
    content = tables(folder)
    (document,) = content["ssh_keys"].values()
    document[field] = value
    account_file(folder).write_bytes(documents.dumps(content))
    with pytest.raises(StoreDamaged, match=f"its {field} is"):
        disk.get("ada")


def test_daemon_is_shown_no_keys(disk: FolderStore, folder: Path) -> None:
    add(disk)
    alter(disk, ssh_keys=(LAPTOP,))
    assert "Laptop" in str(tables(folder))
    shown = without_secrets(tables(folder))
    assert "Laptop" not in str(shown)
    assert documents.load(shown, "ada").ssh_keys == ()


def test_index_knows_the_last_account(engine: Engine) -> None:
    index = engine.key_index
    assert index.get(KEY.fingerprint) is None
    index.remove(KEY.fingerprint, "ada")
    index.put(KEY.fingerprint, "ada")
    index.put(OTHER_KEY.fingerprint, "ada")
    index.put(KEY.fingerprint, "ben")
    index.remove(OTHER_KEY.fingerprint, "ben")  # which is not its
    assert (index.get(KEY.fingerprint), index.get(OTHER_KEY.fingerprint)) == ("ben", "ada")
    index.remove(KEY.fingerprint, "ben")
    assert index.get(KEY.fingerprint) is None


def restored(backup: Account, present: Account | None) -> tuple[SshKey, ...]:
    return merge_backup(backup, present, frozenset(), lambda _: 1).ssh_keys


def test_restore_brings_no_key_back_that_was_removed_since(disk: FolderStore) -> None:
    backup = replace(add(disk), ssh_keys=(LAPTOP, YUBIKEY))
    newer = replace(backup, version=backup.version + 1, ssh_keys=(YUBIKEY,))
    assert restored(backup, newer) == (YUBIKEY,)
    older = replace(newer, version=backup.version - 1)
    assert restored(backup, older) == (LAPTOP, YUBIKEY)
    assert restored(backup, None) == (LAPTOP, YUBIKEY)
