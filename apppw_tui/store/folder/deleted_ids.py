"""The app passwords that were ever deleted: a list that only grows, so that none is restored.

The ledger deleted.sqlite has a row for each of them. The account's own document names its deleted
ids as well, but goes with the account, and may be damaged. For versions from before there were
ledgers, and from them, the list is the file `deleted` as well (see deleted_file.py).
"""

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import astuple
from pathlib import Path

from apppw_tui.domain.account import Account
from apppw_tui.domain.deleted_ids import ID, UID, DeletedIdSet, lines
from apppw_tui.domain.errors import StoreDamaged, StoreError
from apppw_tui.domain.ports import AccountStore
from apppw_tui.store import documents
from apppw_tui.store.documents import loads
from apppw_tui.store.fields import DocumentError, Tables
from apppw_tui.store.folder import before_ledgers, files
from apppw_tui.store.folder.deleted_file import DeletedFile, Position
from apppw_tui.store.folder.ledger import LEDGERS, Ledger, Row
from apppw_tui.store.folder.sqlite_file import Schema

NAME = "deleted.sqlite"
UNLISTED = "unlisted"  # a table of a document, and a folder: what is to be listed yet
_BATCH = 1000  # accounts in a transaction
# `position` has one row at most: how far the file `deleted` was read (see Position).
_SCHEMA = Schema(
    2,
    f"""
    CREATE TABLE deleted (
      seq INTEGER PRIMARY KEY, uid TEXT NOT NULL, id TEXT NOT NULL,
      at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')), UNIQUE (uid, id)) STRICT;
    CREATE TABLE unreadable (lines INTEGER NOT NULL) STRICT;
    {before_ledgers.TABLE}
    """,
    (
        # The file is no longer moved away to be read once.
        """
    DROP TABLE taken_over;
    DROP TABLE unreadable;
    CREATE TABLE position (
      inode INTEGER NOT NULL, size INTEGER NOT NULL, whole INTEGER NOT NULL,
      unreadable INTEGER NOT NULL, cut_short INTEGER NOT NULL) STRICT
    """,
    ),
)
_ADD = "INSERT OR IGNORE INTO deleted (uid, id) VALUES (?, ?)"
_POSITION = "SELECT inode, size, whole, unreadable, cut_short FROM position"


class DeletedIds:
    """The list of the store in `folder`; a damaged one is never begun anew by itself.

    `complain` hears of what an earlier version, put back, would not know as deleted.
    """

    def __init__(self, folder: Path) -> None:
        self.complain: Callable[[StoreError], None] = lambda _error: None
        self.path = folder / LEDGERS / NAME
        self._ledger = Ledger(self.path, _SCHEMA, durable=True, replaceable=False)
        self._file = DeletedFile(folder)
        self._file_path = self._file.path

    def add(self, uid: str, ids: Collection[str]) -> None:
        """Puts them on the list, and sees to it that the disk has it. Raises StoreError.

        Whoever calls holds the account's lock, or restores.
        """
        self.merge({uid: ids})

    def merge(self, ids: Mapping[str, Collection[str]]) -> None:
        """Adds those of many accounts. Raises StoreError."""
        if any(ids.values()):
            try:
                self._file.append(ids)
            except StoreError as error:  # which is for a version that may never come back
                self.complain(error)
            self._list(ids)

    def ensure_exists(self) -> None:
        """Empty ones, if there are none: a full disk has room for a row, and not for a file."""
        with contextlib.suppress(StoreError):
            if not self.path.exists():
                with self._ledger.transaction():
                    pass
        if not os.path.lexists(self._file_path):
            with contextlib.suppress(OSError):
                self._file.ensure_exists()

    def read(self, after: int = 0) -> DeletedIdSet:
        """All that was listed `after` that, nothing if there is no list. Raises StoreError."""
        before = self._position()
        position, appended = self._file.read_on(before)
        if position != before:
            # On a disk that is full or cannot be written it is read again the next time.
            with contextlib.suppress(StoreError):
                self._list({})
        result = DeletedIdSet(appended.ids, until=after)
        for seq, uid, id_ in self._ledger.rows(
            "SELECT seq, uid, id FROM deleted WHERE seq > ? ORDER BY seq", after
        ):
            result.ids.setdefault(uid, set()).add(id_)
            result.until = seq
        if after == 0:
            result.unreadable = position.unreadable + position.cut_short
        return result

    def look(self) -> DeletedIdSet:
        """As `read`, and writes nothing. Raises StoreError."""
        result = self._file.read_on(self._position())[1]
        for uid, id_ in self._ledger.rows("SELECT uid, id FROM deleted"):
            result.ids.setdefault(uid, set()).add(id_)
        return result

    def check(self) -> None:
        """Raises StoreDamaged if it cannot be read to its end, StoreError if not at all."""
        for (sentence,) in self._ledger.rows("PRAGMA quick_check(1)"):
            if sentence != "ok":
                raise StoreDamaged(f"{self.path} is damaged; it was left alone.")

    def content(self) -> bytes | None:
        """The list as lines, for a backup; None if there is none. Raises StoreError."""
        listed = self.read()
        if not listed.ids and not self.path.exists():
            return None
        return lines(listed.ids)

    def _position(self) -> Position:
        return _last(self._ledger.rows(_POSITION))

    def _list(self, ids: Mapping[str, Collection[str]]) -> None:
        """Has in the ledger these ids, and what the file has more by now. Raises StoreError."""
        with self._ledger.transaction() as transaction:
            before = position = _last(transaction.rows(_POSITION))
            listed = DeletedIdSet()
            with contextlib.suppress(StoreError):  # whoever reads the list is told
                position, listed = self._file.read_on(before)
            for uid, those in (*listed.ids.items(), *ids.items()):
                for id_ in sorted(those):
                    transaction.write(_ADD, uid, id_)
            if position != before:
                transaction.write("DELETE FROM position")
                transaction.write("INSERT INTO position VALUES (?, ?, ?, ?, ?)", *astuple(position))


def _last(rows: list[Row]) -> Position:
    return Position(*rows[0]) if rows else Position()


class Deletions:
    """Has every deletion listed: before it is done, or at the next change of any account.

    Whatever is wrong with the list, the app password goes (SAFETY 24); `complain` hears of it.
    """

    def __init__(self, folder: Path) -> None:
        self.complain: Callable[[str, StoreError], None] = lambda _name, _error: None
        self.ids = DeletedIds(folder)
        self._waiting = folder / UNLISTED

    def record(self, before: Account, after: Account, tables: Tables, *earlier: Tables) -> bool:
        """Lists what goes with this change, and what waits in `tables` and those from `earlier`.

        False: it could not be; then `tables`, of which the next are made, have it wait.
        """
        ids = set(after.deleted_ids - before.deleted_ids)
        for document in (tables, *earlier):
            ids |= _waiting_in(document)
        self.list_waiting()
        listed = self._add(before.name, before.uid, ids)
        tables.pop(UNLISTED, None)
        if not listed:
            tables[UNLISTED] = {"1": {"ids": sorted(ids)}}
        return listed

    def record_removal(self, account: Account, path: Path) -> bool:
        """Lists all that the account ever had; False: it could not be, and its file waits aside."""
        self.list_waiting()
        if self._add(account.name, account.uid, account.used_ids):
            return True
        with contextlib.suppress(OSError, StoreError):
            files.make_folder(self._waiting)
            path.replace(self._waiting / f"{account.uid}.json")  # which takes no room
        return False

    def list_waiting(self) -> None:
        """Lists what the accounts had that were removed meanwhile. Never raises."""
        with contextlib.suppress(OSError, StoreError):
            for path in self._waiting.iterdir():
                uid, ids = path.stem, _ids_in(files.read(path) or b"")
                if UID.fullmatch(uid) and ids is not None:
                    self.ids.add(uid, ids)
                    files.remove(path)

    def list_known(self, accounts: Iterable[Account]) -> int:
        """Lists what these know as deleted, and the list does not; returns of how many ids.

        So a list that was lost has again what the accounts know that are there. Raises StoreError.
        """
        self.ids.ensure_exists()
        listed, count = self.ids.read(), 0
        missing: dict[str, frozenset[str]] = {}
        for account in accounts:
            ids = account.deleted_ids - listed.of(account.uid)
            if ids:
                missing[account.uid] = ids
                count += len(ids)
            if len(missing) == _BATCH:
                self.ids.merge(missing)
                missing = {}
        self.ids.merge(missing)
        return count

    def read(self, after: int = 0) -> DeletedIdSet:
        return self.ids.read(after)

    def merge(self, ids: Mapping[str, Collection[str]]) -> None:
        self.ids.merge(ids)

    def export(self) -> bytes | None:
        return self.ids.content()

    def list_all_waiting(self, accounts: AccountStore) -> bool:
        self.list_waiting()
        waiting = [
            name for name in accounts.each_name() if waits_in(accounts.read_raw(name).content)
        ]
        for name in waiting:
            with accounts.raw_transaction(name) as raw:
                if raw.account is not None and raw.content is not None:
                    raw.tables = loads(raw.content)
        left = any(waits_in(accounts.read_raw(name).content) for name in waiting)
        return not left and not self.are_waiting()

    def are_waiting(self) -> bool:
        """True if accounts that were removed wait to be listed."""
        return self._waiting.is_dir() and any(self._waiting.iterdir())

    def make(self) -> None:
        """Makes the file that a full disk would have no room for (see DeletedIds.ensure_exists)."""
        self.ids.ensure_exists()

    def _add(self, name: str, uid: str, ids: Collection[str]) -> bool:
        try:
            self.ids.add(uid, ids)
        except StoreError as error:
            self.complain(name, error)
            return False
        return True


def waits_in(content: bytes | None) -> bool:
    """True if deletions of an account wait in its file to be listed."""
    try:
        return content is not None and UNLISTED in loads(content)
    except DocumentError:
        return False


def _waiting_in(tables: Tables) -> set[str]:
    """The ids that could not be listed when the account was changed; nobody else writes there."""
    ids: set[str] = set()
    with contextlib.suppress(AttributeError, KeyError, TypeError):
        for document in tables[UNLISTED].values():
            ids |= {id_ for id_ in document["ids"] if ID.fullmatch(id_)}
    return ids


def _ids_in(content: bytes) -> frozenset[str] | None:
    """All ids that the account in a file ever had; None if it cannot be read."""
    try:
        tables = loads(content)
        (head,) = tables["account"].values()
        return documents.load(tables, head["name"]).used_ids
    except (DocumentError, AttributeError, KeyError, TypeError, ValueError):
        return None
