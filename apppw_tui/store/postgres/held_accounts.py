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
from apppw_tui.store.postgres.connection import Row
from apppw_tui.store.postgres.database import Database

_MOST_HELD = 4096  # parsed accounts of a daemon
# Lists are text: an array costs twice as much to send and to plan. No name has a blank. Nearly
# always an account is still the one that is held; to compare in the statement, or to ask for the
# document there, too, costs the server half as much again.
_VERSIONS: LiteralString = """
    SELECT name, uid, version, NULL FROM apppw.account
    WHERE name = ANY (string_to_array(%s, ' '))"""
_WHOLE: LiteralString = """
    SELECT name, uid, version, verifying::text FROM apppw.account
    WHERE name = ANY (string_to_array(%s, ' '))"""
_BOTH: LiteralString = f"{_VERSIONS} UNION ALL {_WHOLE}"
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
        asked = {name: self._held.get(name) for name in names if is_account_name(name)}
        accounts: dict[str, Account | StoreError] = {}
        others = []  # of another version than is held
        for name, uid, version, content in self._rows(asked):
            held = asked.pop(name)
            if content is not None:
                self._keep(name, accounts, content)
            elif held is not None and (held.uid, held.version) == (uid, version):
                accounts[name] = held
                self._hold(name, held)
            else:
                others.append(name)
        # By a statement of its own, which tells everything of one and the same version.
        for name, _, _, content in self._rows(dict.fromkeys(others)):
            others.remove(name)
            self._keep(name, accounts, content)
        for name in (*asked, *others):  # there is none of that name
            self._hold(name, None)
        return accounts

    def _rows(self, asked: Mapping[str, Account | None]) -> list[Row]:
        """Name, uid and version of each, and the document of those that are not held."""
        held = " ".join([name for name, account in asked.items() if account is not None])
        whole = " ".join([name for name, account in asked.items() if account is None])
        if held and whole:
            return self._database.rows(_BOTH, held, whole)
        if held or whole:
            return self._database.rows(_VERSIONS if held else _WHOLE, held or whole)
        return []

    def close(self) -> None:
        self._held.clear()
        self._database.close()

    def _keep(self, name: str, accounts: dict[str, Account | StoreError], content: str) -> None:
        """Parses it, and adds what came of it to `accounts`."""
        try:
            account = accounts[name] = parsed(name, content)
        except StoreError as error:
            accounts[name] = error
            self._hold(name, None)
        else:
            self._hold(name, account)

    def _hold(self, name: str, account: Account | None) -> None:
        with self._lock:
            if account is None:
                self._held.pop(name, None)
            else:
                self._held[name] = account
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
