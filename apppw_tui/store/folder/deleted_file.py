"""The list of deleted ids as lines of JSON, {"uid": …, "ids": […]}: in a backup, and in the store.

A version from before there were ledgers knows the store's file `deleted` alone. It stays where it
is and gets what is deleted now as well, so that whoever goes back to such a version has it all.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from apppw_tui.domain.deleted_ids import LARGEST, DeletedIdSet, lines, parse
from apppw_tui.store.folder import files
from apppw_tui.store.folder.disk_reserve import DiskReserve


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
