"""A file outside the store that somebody named: written whole, or not there at all."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from apppw_tui.domain.errors import Refused

PREFIX = ".apppw-tui-"  # of what is not whole yet
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file of mode 0600 that is at `path` once the block has ended well, and not before.

    Raises:
        Refused: something is there already, or it cannot be written; the sentence says which.
    """
    if os.path.lexists(path):
        raise _taken(path)
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=PREFIX, dir=path.parent)
        with os.fdopen(descriptor, "w+b") as file:
            yield cast(BinaryIO, file)
            file.flush()
            os.fsync(descriptor)
        _settle(temporary, path)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise Refused(f"{path} cannot be written: {reason}.") from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108 - mkstemp gives a string


def _settle(temporary: str, path: Path) -> None:
    """Gives the file its name, unless somebody has taken it meanwhile."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A stick, say, whose file system has no second names for a file.
        if os.path.lexists(path):
            raise _taken(path) from None
        os.rename(temporary, path)  # noqa: PTH104 - as above
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _taken(path: Path) -> Refused:
    return Refused(f"{path} is there already; name another file.")
