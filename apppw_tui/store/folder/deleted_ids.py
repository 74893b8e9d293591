"""The app passwords that were ever deleted: a list that only grows, so that none is restored.

The ledger deleted.sqlite has a row for each of them. The account's own document names its deleted
ids as well, but goes with the account, and may be damaged. In a backup, and in a store of before,
the list is lines of JSON, {"uid": …, "ids": […]}.
"""

import contextlib
import json
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import ID_LENGTH, SYMBOLS
from apppw_tui.domain.errors import StoreDamaged, StoreError
from apppw_tui.store import documents
from apppw_tui.store.fields import DocumentError, Tables, loads
from apppw_tui.store.folder import before_ledgers, files
from apppw_tui.store.folder.before_ledgers import OldFiles
from apppw_tui.store.folder.ledger import LEDGERS, Ledger, Schema, Transaction

UNLISTED = "unlisted"  # a table of a document, and a folder: what is to be listed yet
LARGEST = 256 * 1024 * 1024  # bytes; some four million deletions
_UID = re.compile("[0-9a-f]{32}")
_ID = re.compile(f"[{SYMBOLS}]{{{ID_LENGTH}}}")
# `unreadable` has how many lines of a list of before could not be read.
_SCHEMA = Schema(
    1,
    f"""
    CREATE TABLE deleted (
      seq INTEGER PRIMARY KEY, uid TEXT NOT NULL, id TEXT NOT NULL,
      at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')), UNIQUE (uid, id)) STRICT;
    CREATE TABLE unreadable (lines INTEGER NOT NULL) STRICT;
    {before_ledgers.TABLE}
    """,
)
_ADD = "INSERT OR IGNORE INTO deleted (uid, id) VALUES (?, ?)"


@dataclass
class DeletedIdSet:
    """The ids of each uid, and how many lines are none: a full disk may have cut one short.

    `until` is how much of the store's list this is.
    """

    ids: dict[str, set[str]] = field(default_factory=dict)
    unreadable: int = 0
    until: int = 0

    def of(self, uid: str) -> frozenset[str]:
        return frozenset(self.ids.get(uid, ()))

    def add(self, other: "DeletedIdSet") -> None:
        for uid, ids in other.ids.items():
            self.ids.setdefault(uid, set()).update(ids)
        self.unreadable += other.unreadable


class DeletedIds:
    """The list of the store in `folder`; a damaged one is never begun anew by itself."""

    def __init__(self, folder: Path) -> None:
        path = folder / LEDGERS / "deleted.sqlite"
        self._ledger = Ledger(path, _SCHEMA, durable=True, replaceable=False)
        self._before = folder / "deleted"
        self._old = OldFiles(
            folder / before_ledgers.FOLDER, "deleted", self._old_list, _load_old_list
        )

    def add(self, uid: str, ids: Collection[str]) -> None:
        """Puts them on the list, and sees to it that the disk has it. Raises StoreError.

        Whoever calls holds the account's lock, or restores.
        """
        self.merge({uid: ids})

    def merge(self, ids: Mapping[str, Collection[str]]) -> None:
        """Adds those of many accounts. Raises StoreError."""
        if any(ids.values()):
            self._old.take_over(self._ledger)
            with self._ledger.transaction() as transaction:
                for uid in ids:
                    for id_ in sorted(ids[uid]):
                        transaction.write(_ADD, uid, id_)

    def ensure_exists(self) -> None:
        """An empty list, if there is none: a full disk has room for a row, and not for a file."""
        with contextlib.suppress(StoreError):
            if not self._ledger.path.exists():
                with self._ledger.transaction():
                    pass

    def read(self, after: int = 0) -> DeletedIdSet:
        """All that was listed `after` that, nothing if there is no list. Raises StoreError."""
        self._old.take_over(self._ledger)
        result = DeletedIdSet(until=after)
        for seq, uid, id_ in self._ledger.rows(
            "SELECT seq, uid, id FROM deleted WHERE seq > ? ORDER BY seq", after
        ):
            result.ids.setdefault(uid, set()).add(id_)
            result.until = seq
        if after == 0:
            ((result.unreadable,),) = self._ledger.rows(
                "SELECT coalesce(sum(lines), 0) FROM unreadable"
            ) or ((0,),)
        return result

    def check(self) -> None:
        """Raises StoreDamaged if it cannot be read to its end, StoreError if not at all."""
        for (sentence,) in self._ledger.rows("PRAGMA quick_check(1)"):
            if sentence != "ok":
                raise StoreDamaged(f"{self._ledger.path} is damaged; it was left alone.")

    def content(self) -> bytes | None:
        """The list as lines, for a backup; None if there is none. Raises StoreError."""
        listed = self.read()
        if not self._ledger.path.exists():
            return None
        return b"".join(
            json.dumps({"uid": uid, "ids": sorted(ids)}).encode() + b"\n"
            for uid, ids in listed.ids.items()
        )

    def _old_list(self) -> Iterator[Path]:
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(self._before.lstat().st_mode):
                raise StoreDamaged(f"{self._before} is not an ordinary file; it was left alone.")
            yield self._before


def _load_old_list(transaction: Transaction, path: Path) -> None:
    listed = parse(files.read(path, LARGEST) or b"")
    for uid, ids in listed.ids.items():
        for id_ in sorted(ids):
            transaction.write(_ADD, uid, id_)
    if listed.unreadable:
        transaction.write("INSERT INTO unreadable VALUES (?)", listed.unreadable)


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

        False: it could not be; then `tables`, which are about to be written, have it wait.
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
                if _UID.fullmatch(uid) and ids is not None:
                    self.ids.add(uid, ids)
                    files.remove(path)

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
            ids |= {id_ for id_ in document["ids"] if _ID.fullmatch(id_)}
    return ids


def _ids_in(content: bytes) -> frozenset[str] | None:
    """All ids that the account in a file ever had; None if it cannot be read."""
    try:
        tables = loads(content)
        (head,) = tables["account"].values()
        return documents.load(tables, head["name"]).used_ids
    except (DocumentError, AttributeError, KeyError, TypeError, ValueError):
        return None


def parse(content: bytes) -> DeletedIdSet:
    """Parses the lines; one that is cut short or damaged is counted, and the others are read."""
    result = DeletedIdSet()
    for line in content.split(b"\n"):
        if not line.strip():
            continue
        entry = _line(line)
        if entry is None:
            result.unreadable += 1
        else:
            result.ids.setdefault(entry[0], set()).update(entry[1])
    return result


def _line(line: bytes) -> tuple[str, Iterable[str]] | None:
    try:
        match json.loads(line):
            case {"uid": str(uid), "ids": [*ids]} if _UID.fullmatch(uid):
                if all(isinstance(id_, str) and _ID.fullmatch(id_) for id_ in ids):
                    return uid, ids
    except (ValueError, RecursionError):
        pass
    return None
