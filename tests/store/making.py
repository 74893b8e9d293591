"""Accounts and stores for the tests of the stores."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.ports import AccountStore
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.location import open_store
from tests.support import NOW

HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"  # has the form, is never computed


def new_account(name: str = "ada", seed: int = 1) -> Account:
    random = Random(seed)
    return Account.new(name, HASH, NOW, lambda size: random.randbytes(size).hex())


def record(id_: str = "abc", name: str = "Phone") -> AppPassword:
    return AppPassword(id_, name, HASH, NOW)


def version_of(store: AccountStore, account_name: str) -> int | None:
    """The number that every change of the account raises; None if there is no such account."""
    account = store.get(account_name)
    return None if account is None else account.version


def add(store: AccountStore, name: str = "ada", seed: int = 1) -> Account:
    """A new account in the store, with one app password."""
    account = new_account(name, seed).with_app_password(record(), 40)
    with store.transaction(name, None) as change:
        change.account = account
    return account


def touch(store: AccountStore, account: Account, appearance: str) -> None:
    """Some change of the account."""
    with store.transaction(account.name, account.uid) as change:
        change.account = replace(change.existing, appearance=appearance)


def folder_store(folder: Path) -> FolderStore:
    return open_store(folder, create=True)


def account_file(folder: Path, name: str = "ada") -> Path:
    return folder / "accounts" / f"{name}.json"


def tables(folder: Path, name: str = "ada") -> dict[str, Any]:
    """What the file says, read without the store."""
    found: dict[str, Any] = json.loads(account_file(folder, name).read_bytes())
    return found


def alter(store: AccountStore, name: str = "ada", **fields: Any) -> Account:
    """Some fields of the account, as they are to be."""
    account = store.get(name)
    assert account is not None
    with store.transaction(name, account.uid) as change:
        change.account = replace(change.existing, **fields)
    return change.existing


def told(folder: Path, name: str = "ada") -> str | None:
    """The file of an enforced account, as Dovecot's Lua reads it."""
    path = folder / "enforced" / name
    return path.read_text() if path.exists() else None
