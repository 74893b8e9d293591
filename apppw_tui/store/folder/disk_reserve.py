"""Room for the day when the disk is full: then a deletion must still fit (SAFETY 24)."""

import contextlib
import os
import stat
from pathlib import Path

from apppw_tui.store.folder import files

# More than any account under the default limits takes, written anew beside the old file.
SIZE = 256 * 1024  # bytes


class DiskReserve:
    """A file that holds nothing but room; given up when something must be written after all."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "reserve"

    def allocate(self) -> None:
        """Sets the room aside, if it is not yet. Never raises: then there is none, as before."""
        with contextlib.suppress(OSError):
            self._path.lstat()
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(self._path, flags, files.FILE_MODE)
        except OSError:
            return
        try:
            os.fchmod(descriptor, files.FILE_MODE)
            # Not zeros: some file systems keep no room for these.
            os.write(descriptor, os.urandom(SIZE))
        except OSError:
            with contextlib.suppress(OSError):
                self._path.unlink()
        finally:
            files.close(descriptor)

    def release(self) -> bool:
        """Gives the room up; True if there was any."""
        try:
            ordinary = stat.S_ISREG(self._path.lstat().st_mode)
            self._path.unlink()
        except OSError:
            return False
        return ordinary
