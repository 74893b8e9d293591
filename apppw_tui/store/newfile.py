"""A file outside the store that somebody named: written whole, or not there at all."""

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from apppw_tui.domain.errors import Refused, SaveUncertain
from apppw_tui.store.folder.files import FILE_MODE, close

PREFIX = ".apppw-tui-"  # of what is not whole yet
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_NO_NAMELESS = (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL)
_OPEN_FILES = "/proc/self/fd"


class FileTaken(Refused):
    """Something is at that path already; it was left as it is."""


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file of mode 0600 that is at `path` once the block has ended well, and not before.

    It has no name until then, so that whoever is killed leaves nothing behind: it may hold the key.

    Raises:
        FileTaken: something is there already, be it only since the block began.
        Refused: it cannot be written; the sentence says why.
        SaveUncertain: it is there, but the disk did not confirm that it will stay.
    """
    if os.path.lexists(path):
        raise _taken(path)
    temporary = None
    try:
        descriptor = _nameless(path.parent)
        if descriptor is None:
            _sweep(path.parent)
            descriptor, temporary = tempfile.mkstemp(prefix=PREFIX, dir=path.parent)
            with contextlib.suppress(OSError):  # where there are no locks, it is not swept either
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with os.fdopen(descriptor, "w+b") as file:
            yield cast(BinaryIO, file)
            file.flush()
            os.fsync(descriptor)
            _settle(temporary or f"{_OPEN_FILES}/{descriptor}", path, named=temporary is not None)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise Refused(f"{path} cannot be written: {reason}.") from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108 - mkstemp gives a string


def _nameless(folder: Path) -> int | None:
    """A file without a name, which goes with whoever holds it: open(2), O_TMPFILE.

    None where the file system has none, as that of a stick, or could not give it a name later.
    """
    try:
        descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        if error.errno in _NO_NAMELESS:
            return None
        raise
    if not os.path.lexists(f"{_OPEN_FILES}/{descriptor}"):
        close(descriptor)
        return None
    os.fchmod(descriptor, FILE_MODE)  # whatever the umask
    return descriptor


def _sweep(folder: Path) -> None:
    """Takes away what somebody who was killed has left: nobody holds its lock any more."""
    with contextlib.suppress(OSError):
        for left in folder.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                _remove_unheld(left)


def _remove_unheld(left: Path) -> None:
    """Raises OSError where it is somebody's."""
    descriptor = os.open(left, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()
    finally:
        close(descriptor)


def _settle(temporary: str, path: Path, *, named: bool) -> None:
    """Gives the file its name, unless somebody has taken it meanwhile."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # With a folder that it does not need: else Python would not follow the link in /proc.
        os.link(temporary, path, src_dir_fd=folder, follow_symlinks=not named)
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        if error.errno not in _NO_LINKS or not named:
            raise
        # A stick, say, whose file system has no second names for a file.
        if os.path.lexists(path):
            raise _taken(path) from None
        os.rename(temporary, path)  # noqa: PTH104 - as above
        _confirm(folder, path)
    else:
        _confirm(folder, path)
    finally:
        close(folder)


def _confirm(folder: int, path: Path) -> None:
    try:
        os.fsync(folder)
    except OSError:
        raise SaveUncertain(
            f"{path} is written, but the disk did not confirm that it stays."
        ) from None


def _taken(path: Path) -> FileTaken:
    return FileTaken(f"{path} is there already; name another file.")
