"""The accounts as a daemon reads them: enough to decide, parsed once, and asked for each time."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Any, LiteralString

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import StoreDamaged, StoreError
from apppw_tui.domain.names import is_account_name
from apppw_tui.store import documents
from apppw_tui.store.documents import loads
from apppw_tui.store.fields import DocumentError, Tables
from apppw_tui.store.postgres.database import Database

_MOST_HELD = 4096  # parsed accounts of a daemon
# Lists are text: an array costs twice as much to send and to plan. No name has a blank or a /.
_IF_ANOTHER: LiteralString = """
    SELECT name, CASE WHEN name || '/' || uid || '/' || version <> ALL (string_to_array(%s, ' '))
      THEN verifying::text END
    FROM apppw.account WHERE name = ANY (string_to_array(%s, ' '))"""
# Tables and keys that are named here alone: what a later version adds is hidden until it is needed.
_TABLES = ("app_passwords", "restricted")
_KEYS = (
    *("schema", "name", "uid", "version", "epoch", "enabled", "enforced_from", "deleted_ids"),
    *("created", "password_changed"),
)
# What must stand there, and tells nothing.
_BLANK: dict[str, Any] = {
    "password_hash": None,
    "appearance": None,
    "preferred": None,
    "verification_required": False,
    "bypass_until": None,
}


def without_secrets(tables: Tables) -> Tables:
    """The document without account password, methods, sealed values and bypass."""
    heads = {
        key: {field: head[field] for field in _KEYS if field in head} | _BLANK
        for key, head in tables["account"].items()
    }
    return {"account": heads} | {name: tables[name] for name in _TABLES if name in tables}


class _HeldAccount:
    """A parsed account, and how the database says that it is still this one."""

    __slots__ = ("account", "stand")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.stand = f"{account.name}/{account.uid}/{account.version}"


class HeldAccounts:
    """See CachedAccounts: every read asks the primary which version stands (SAFETY 18)."""

    most_files = 0

    def __init__(self, database: Database, most: int = _MOST_HELD) -> None:
        self._database = database
        self._most = most
        self._held: OrderedDict[str, _HeldAccount] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> Account | None:
        account = self.get_all([name]).get(name)
        if isinstance(account, StoreError):
            raise account
        return account

    def get_all(self, names: Collection[str]) -> Mapping[str, Account | StoreError]:
        asked = {name: self._held.get(name) for name in names if is_account_name(name)}
        held = " ".join([each.stand for each in asked.values() if each is not None])
        rows = self._database.rows(_IF_ANOTHER, held, " ".join(asked))
        accounts: dict[str, Account | StoreError] = {}
        for name, content in rows:
            there = asked.pop(name)
            if content is None and there is not None:
                accounts[name] = there.account
                self._keep(name, there)
                continue
            try:
                account = accounts[name] = parsed(name, content)
            except StoreError as error:
                accounts[name] = error
                self._keep(name, None)
            else:
                self._keep(name, _HeldAccount(account))
        for name in asked:  # there is none of that name
            self._keep(name, None)
        return accounts

    def close(self) -> None:
        self._held.clear()
        self._database.close()

    def _keep(self, name: str, held: "_HeldAccount | None") -> None:
        with self._lock:
            if held is None:
                self._held.pop(name, None)
            else:
                self._held[name] = held
                self._held.move_to_end(name)
                while len(self._held) > self._most:
                    self._held.popitem(last=False)


def parsed(name: str, content: str) -> Account:
    """The account of that name. Raises StoreDamaged."""
    try:
        return documents.load(parsed_tables(content), name)
    except DocumentError as error:
        raise StoreDamaged(f"{name} cannot be read: {error}; it was left alone.") from None


def parsed_tables(content: str) -> Any:
    return loads(content.encode())
