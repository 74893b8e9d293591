"""The app passwords that were ever deleted: a list that only grows, so that none is restored.

The file `deleted` has a line of JSON for each deletion, {"uid": …, "ids": […]}. The account's own
document names its deleted ids as well, but goes with the account, and may be damaged.
"""

import contextlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import ID_LENGTH
from apppw_tui.domain.base32 import SYMBOLS
from apppw_tui.domain.errors import StoreError
from apppw_tui.store import documents
from apppw_tui.store.fields import DocumentError, Tables, loads
from apppw_tui.store.folder import files
from apppw_tui.store.folder.disk_reserve import DiskReserve

UNLISTED = "unlisted"  # a table of a document, and a folder: what is to be listed yet
LARGEST = 256 * 1024 * 1024  # bytes; some four million deletions
_LINE = 64  # bytes of a line, mostly
_UID = re.compile("[0-9a-f]{32}")
_ID = re.compile(f"[{SYMBOLS}]{{{ID_LENGTH}}}")


@dataclass
class DeletedIdSet:
    """The ids of each uid, and how many lines are none: a full disk may have cut one short."""

    ids: dict[str, set[str]] = field(default_factory=dict)
    unreadable: int = 0

    def of(self, uid: str) -> frozenset[str]:
        return frozenset(self.ids.get(uid, ()))

    def add(self, other: "DeletedIdSet") -> None:
        for uid, ids in other.ids.items():
            self.ids.setdefault(uid, set()).update(ids)
        self.unreadable += other.unreadable


class DeletedIds:
    """The list in the store's folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "deleted"

    def add(self, uid: str, ids: Collection[str]) -> None:
        """Appends to the list, and sees to it that the disk has it. Raises StoreError.

        Whoever calls holds the account's lock, or restores.
        """
        if not ids:
            return
        line = json.dumps({"uid": uid, "ids": sorted(ids)}).encode() + b"\n"
        try:
            with files.opened_to_append(self._path) as descriptor:
                files.append_line(descriptor, line)
                os.fsync(descriptor)
        except OSError as error:
            raise files.store_error(self._path, error) from None

    def ensure_exists(self) -> None:
        """An empty list, if there is none: a disk without an inode left has room for a line."""
        with contextlib.suppress(OSError), files.opened_to_append(self._path):
            pass

    def read(self) -> DeletedIdSet:
        """All of it; nothing, if there is none. Raises StoreError."""
        content = self.content()
        return DeletedIdSet() if content is None else parse(content)

    def content(self) -> bytes | None:
        """The file as it is. Raises StoreError."""
        return files.read(self._path, LARGEST)


class Deletions:
    """Has every deletion listed: before it is done, or at the next change of any account.

    Whatever is wrong with the list, the app password goes (SAFETY 24); `complain` hears of it.
    """

    def __init__(self, folder: Path, reserve: DiskReserve) -> None:
        self.complain: Callable[[str, StoreError], None] = lambda _name, _error: None
        self._list = DeletedIds(folder)
        self._waiting = folder / UNLISTED
        self._reserve = reserve

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
                    self._list.add(uid, ids)
                    files.remove(path)

    def are_waiting(self) -> bool:
        """True if accounts that were removed wait to be listed."""
        return self._waiting.is_dir() and any(self._waiting.iterdir())

    def make(self) -> None:
        """Makes what a full disk would have no room for (see DeletedIds.ensure_exists)."""
        self._list.ensure_exists()

    def _add(self, name: str, uid: str, ids: Collection[str]) -> bool:
        try:
            self._reserve.write(lambda: self._list.add(uid, ids), _LINE)
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
