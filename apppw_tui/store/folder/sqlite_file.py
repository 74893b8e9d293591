"""A file of SQLite: made, opened, set aside; the one place that knows this library (SAFETY 8, 10).

A file is made whole under another name and then given its own: who is killed leaves all or nothing.
None but SQLite opens it: closing any descriptor of a file drops every lock on it that this process
has (fcntl(2)).
"""

import contextlib
import errno
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from apppw_tui.domain.errors import StoreBusy, StoreDamaged, StoreUnusable
from apppw_tui.store.folder import files
from apppw_tui.store.folder.files import BUSY

if TYPE_CHECKING:
    import sqlite3
    from typing import TypeAlias

    Connection: TypeAlias = sqlite3.Connection

BESIDE = ("-wal", "-shm", "-journal")  # kept beside a file, for a while or for good
_PROBE = 4096  # bytes


class DamagedFile(Exception):
    """SQLite can make nothing of the file, or `part` is in its place, or beside it, and is none."""

    def __init__(self, part: Path | None = None, kind: str = "damaged") -> None:
        super().__init__(kind)
        self.part = part
        self.kind = kind


@dataclass(frozen=True)
class Schema:
    """The tables of a ledger, as SQL, and their version: 1 is the first.

    `steps` make the next version of each one before; what is new goes through all of them.
    """

    version: int
    tables: str
    steps: tuple[str, ...] = ()

    def script(self, version: int) -> str:
        """All that a file of `version` lacks; 0 is one that is made."""
        parts = (self.tables, *self.steps)[version : self.version]
        return f"BEGIN IMMEDIATE; {'; '.join(parts)}; PRAGMA user_version = {self.version}; COMMIT"


def parts(path: Path) -> list[Path]:
    return [path, *(path.with_name(path.name + suffix) for suffix in BESIDE)]


def make(path: Path, script: str) -> None:
    """Makes the file whole, and then gives it its name. Whoever calls is alone."""
    temporary = path.with_name(f".tmp-{path.name}")
    for leftover in (*parts(path)[1:], *parts(temporary)):
        files.remove_temporary(leftover)
    # SQLite gives what lies beside a file the mode of the file, whatever the umask.
    os.mknod(temporary, stat.S_IFREG | files.FILE_MODE)
    temporary.chmod(files.FILE_MODE)
    with closing(connect(temporary, "mode=rw", 0.0)) as connection:
        connection.executescript(script)
        connection.execute("PRAGMA journal_mode = WAL")
    files.move(temporary, path)


def set_aside(path: Path) -> Path:
    """Gives the file, and what lies beside it, another name. Whoever calls is alone."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names = (f"{path.name}.damaged-{stamp}{f'-{number}' if number else ''}" for number in count())
    aside = next(free for free in map(path.with_name, names) if not os.path.lexists(free))
    # The file first: without it, what lies beside it is nobody's.
    for old, new in zip(parts(path), parts(aside), strict=True):
        if os.path.lexists(old):
            files.move(old, new)
    return aside


def connect(path: Path, how: str, timeout: float) -> "Connection":
    import sqlite3  # which a screen before the sign-in need not wait for

    return sqlite3.connect(
        f"file:{quote(str(path))}?{how}",
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
        uri=True,
    )


def prepare(
    connection: "Connection",
    path: Path,
    schema: Schema,
    alone: Callable[[], contextlib.AbstractContextManager[None]],
) -> None:
    """Makes the tables those of `schema`; nobody else does that in `alone`.

    Raises:
        StoreDamaged: they are of a newer version.
        DamagedFile: they are another program's.
    """
    ((version,),) = connection.execute("PRAGMA user_version").fetchall()
    if version > schema.version:
        raise StoreDamaged(f"{path} is of a newer apppw-tui; it was left alone.")
    if version < 1:
        raise DamagedFile
    if version < schema.version:
        with alone():
            ((version,),) = connection.execute("PRAGMA user_version").fetchall()
            if version < schema.version:  # nobody else was faster
                connection.executescript(schema.script(version))


def close(connection: "Connection", process: int) -> None:
    """Closes it, in the process that it is of: another one would take its parent's locks away."""
    if process == os.getpid():
        import sqlite3

        with contextlib.suppress(sqlite3.Error):
            connection.close()


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raises the domain's errors, and DamagedFile, for SQLite's and the system's."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - what is not SQLite's stays as it is
        raise translation(path, error) from None


def translation(path: Path, error: Exception) -> Exception:
    """The domain's error, or DamagedFile, for one of SQLite's or the system's; others as they are.

    Asked by the code of an exception, so that nobody has to load the library for an `except`.
    """
    if isinstance(error, OSError):
        return files.store_error(path, error)
    code = getattr(error, "sqlite_errorcode", None)
    return error if code is None else _translation(path, error, code)


def _translation(path: Path, error: Exception, code: int) -> Exception:
    import sqlite3

    match code & 0xFF:  # the rest is the detail
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(BUSY)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return DamagedFile()
        case sqlite3.SQLITE_FULL:
            return files.store_error(path, OSError(errno.ENOSPC, ""))
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN:
            return files.store_error(path, _reason(path.parent))
    return StoreUnusable(f"{path} cannot be used: {error}.")


def _reason(folder: Path) -> OSError:
    """The system's own word for what is wrong there, which SQLite does not hand on."""
    probe = folder / f".tmp-probe-{os.getpid()}-{threading.get_ident()}"
    try:
        probe.write_bytes(os.urandom(_PROBE))
    except OSError as error:
        return error
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    return OSError(errno.EIO, os.strerror(errno.EIO))
