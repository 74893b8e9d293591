"""The list of deleted ids as lines of JSON, {"uid": …, "ids": […]}: in a backup, and in the store.

A version from before there were ledgers knows the store's file `deleted` alone. It stays where it
is and gets what is deleted now as well, so that whoever goes back to such a version has it all.
"""

import json
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from apppw_tui.domain.app_password import ID_LENGTH, SYMBOLS
from apppw_tui.store.folder import files
from apppw_tui.store.folder.disk_reserve import DiskReserve

LARGEST = 256 * 1024 * 1024  # bytes; some four million deletions
UID = re.compile("[0-9a-f]{32}")
ID = re.compile(f"[{SYMBOLS}]{{{ID_LENGTH}}}")


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


@dataclass(frozen=True)
class Position:
    """The end of what was read of a file, and how many lines before it are none.

    `size` is all that was there, `whole` the part that ends with a line's end, both in bytes; what
    comes after that may be a line that is being written, and is read again with the next.
    """

    inode: int = 0
    size: int = 0
    whole: int = 0
    unreadable: int = 0  # up to `whole`
    cut_short: int = 0  # after that: 1 or 0


@dataclass(frozen=True)
class DeletedFile:
    """The file `deleted` in the store's `folder`."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "deleted"

    def append(self, ids: Mapping[str, Collection[str]]) -> None:
        """Adds a line for each uid, and sees to it that the disk has them. Raises StoreError."""
        content = lines(ids)

        def write() -> None:
            try:
                with files.opened_to_append(self.path) as descriptor:
                    files.append_line(descriptor, content)
                    os.fsync(descriptor)
            except OSError as error:
                raise files.store_error(self.path, error) from None

        files.check_folder(self.folder)
        DiskReserve(self.folder).write(write, len(content))

    def ensure_exists(self) -> None:
        """An empty one, if there is none. Raises OSError."""
        if not os.path.lexists(self.path):
            with files.opened_to_append(self.path):
                pass

    def read_on(self, read: Position) -> tuple[Position, DeletedIdSet]:
        """Returns all that was appended since; from its beginning, if it is another file or less.

        Raises StoreDamaged: it is no ordinary file. Raises StoreError.
        """
        try:
            status = self.path.lstat()
        except FileNotFoundError:
            return read, DeletedIdSet()
        except OSError as error:
            raise files.store_error(self.path, error) from None
        if status.st_size == read.size and (status.st_ino == read.inode or not read.size):
            return read, DeletedIdSet()
        if status.st_ino != read.inode or status.st_size < read.size:
            read = Position(status.st_ino)
        content = files.read(self.path, LARGEST, start=read.whole) or b""
        end = content.rfind(b"\n") + 1
        appended, rest = parse(content[:end]), parse(content[end:])
        position = Position(
            read.inode,
            read.whole + len(content),
            read.whole + end,
            read.unreadable + appended.unreadable,
            rest.unreadable,
        )
        appended.add(rest)
        return position, appended


def lines(ids: Mapping[str, Collection[str]]) -> bytes:
    return b"".join(
        json.dumps({"uid": uid, "ids": sorted(ids[uid])}).encode() + b"\n"
        for uid in ids
        if ids[uid]
    )


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
            case {"uid": str(uid), "ids": [*ids]} if UID.fullmatch(uid):
                if all(isinstance(id_, str) and ID.fullmatch(id_) for id_ in ids):
                    return uid, ids
    except (ValueError, RecursionError):
        pass
    return None
