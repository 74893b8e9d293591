"""Room for the day when the disk is full: then a deletion must still fit (SAFETY 24)."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from apppw_tui.domain.errors import DiskFull
from apppw_tui.store.folder import files

# More than any account under the default limits takes, written anew beside the old file.
SIZE = 256 * 1024  # bytes
_BLOCK = 4096  # bytes
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class DiskReserve:
    """A file that holds nothing but room; given up by the piece when something must be written.

    Only as much as that needs: whatever else fills the disk takes what is free for a moment, and
    the next deletion has to fit as well.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "reserve"
        self._has_given = False

    def allocate(self) -> None:
        """Sets aside what is missing, as far as there is room. Never raises."""
        with contextlib.suppress(OSError), self._opened(os.O_CREAT) as (descriptor, size):
            if size < SIZE:
                os.fchmod(descriptor, files.FILE_MODE)
                # Not zeros: some file systems keep no room for these.
                os.write(descriptor, os.urandom(SIZE - size))

    def require_full(self) -> None:
        """Sets aside what is missing, before something grows.

        Raises DiskFull: there is no room for that. Where there can be no reserve at all, nothing is
        required.
        """
        self.allocate()
        with contextlib.suppress(OSError), self._opened() as (_, size):
            if size < SIZE:
                raise files.store_error(
                    self._path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                )

    def take_back(self) -> None:
        """Sets aside again what was given here, once it may be free. Never raises."""
        if self._has_given:
            self.allocate()

    def write(self, write: Callable[[], None], needed: int) -> None:
        """Calls `write`, again with some of the room while the disk is full; raises what it does.

        `needed` is about how many bytes it writes.
        """
        try:
            write()
            return
        except DiskFull:
            if not self._give(needed):
                raise
        while True:
            try:
                write()
                break
            except DiskFull:  # it takes more than that, or somebody else took it
                needed *= 2
                if not self._give(needed):
                    raise
        self.allocate()

    def _give(self, needed: int) -> bool:
        """Gives up a piece; False if there was none."""
        wanted = -(-needed // _BLOCK) * _BLOCK
        try:
            with self._opened() as (descriptor, size):
                self._has_given = True
                os.ftruncate(descriptor, max(0, size - wanted))
            if size == 0:  # at last the file itself: a disk may have no room for another
                self._path.unlink()
        except OSError:
            return False
        return True

    @contextmanager
    def _opened(self, flags: int = 0) -> Iterator[tuple[int, int]]:
        """Its descriptor, and its size in bytes. Raises OSError: it is none."""
        descriptor = os.open(self._path, _FLAGS | flags, files.FILE_MODE)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError
            yield descriptor, status.st_size
        finally:
            os.close(descriptor)
