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
_IF_ANOTHER: LiteralString = """
    SELECT account.name, CASE WHEN account.uid <> held.uid OR account.version <> held.version
      THEN verifying::text END
    FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS held (name, uid, version)
    JOIN apppw.account USING (name)"""
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


class HeldAccounts:
    """See CachedAccounts: every read asks the primary which version stands (SAFETY 18)."""

    most_files = 0

    def __init__(self, database: Database, most: int = _MOST_HELD) -> None:
        self._database = database
        self._most = most
        self._held: OrderedDict[str, Account] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> Account | None:
        account = self.get_all([name]).get(name)
        if isinstance(account, StoreError):
            raise account
        return account

    def get_all(self, names: Collection[str]) -> Mapping[str, Account | StoreError]:
        asked = [(name, self._held.get(name)) for name in names if is_account_name(name)]
        versions = [(-1 if held is None else held.version) for _, held in asked]
        uids = ["" if held is None else held.uid for _, held in asked]
        rows = self._database.rows(_IF_ANOTHER, [name for name, _ in asked], uids, versions)
        contents: dict[str, str | None] = dict(rows)
        accounts: dict[str, Account | StoreError] = {}
        for name, held in asked:
            content = contents.get(name)
            try:
                account = held if content is None else parsed(name, content)
            except StoreError as error:
                accounts[name], account = error, None
            if name not in contents:
                account = None
            self._keep(name, account)
            if account is not None:
                accounts[name] = account
        return accounts

    def close(self) -> None:
        self._held.clear()
        self._database.close()

    def _keep(self, name: str, account: Account | None) -> None:
        with self._lock:
            self._held.pop(name, None)
            if account is not None:
                self._held[name] = account
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
