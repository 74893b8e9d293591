"""A file of rows for what is counted or appended: one for each writer (SAFETY 8)."""

import contextlib
import os
import stat
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from apppw_tui.domain.errors import DiskFull, StoreBusy, StoreDamaged, StoreError, StoreUnusable
from apppw_tui.store.folder import files, sqlite_file
from apppw_tui.store.folder.disk_reserve import DiskReserve
from apppw_tui.store.folder.files import BUSY, LOCK_TIMEOUT, locked
from apppw_tui.store.folder.sqlite_file import DamagedFile, Schema

if TYPE_CHECKING:
    from apppw_tui.store.folder.sqlite_file import Connection

LEDGERS = "ledger"  # the folder of the portal and the commands; the daemon has its own
_NEEDED = 64 * 1024  # bytes: a few pages written anew, and what lies beside the file
_CHECKPOINT = 256  # pages of -wal that wait at most; what is in the file need not lie there as well
_TRIES = 10  # at a file that others set aside at the same time

Row = tuple[Any, ...]
Result = TypeVar("Result")
_Statement = tuple[str, tuple[Any, ...]]


class Transaction:
    """The rows as they are, and what is to be done to them when the block ends.

    Nothing is written before: on a disk that was full the end is tried again, without the block.
    """

    def __init__(self, rows: Callable[[_Statement], list[Row]]) -> None:
        self._rows = rows
        self.seen: list[tuple[_Statement, list[Row]]] = []
        self.writes: list[_Statement] = []

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """Returns the result of a SELECT, without what this block is about to write.

        Raises StoreError.
        """
        result = self._rows((sql, values))
        self.seen.append(((sql, values), result))
        return result

    def write(self, sql: str, *values: Any) -> None:
        """Has the statement executed at the end, after those before it."""
        self.writes.append((sql, values))


@dataclass(frozen=True)
class _Opened:
    """The file as this process has it open; `close` runs by itself when the ledger is gone."""

    connection: "Connection"
    identity: tuple[int, int]  # device and inode
    close: Callable[[], object]


class Ledger:
    """The file at `path`, which many threads and processes use at once.

    Args:
        path: `<store>/<folder>/<file>`; the folder is made, but never a store that is gone.
        durable: what is acknowledged is on the disk, whatever the power does.
        replaceable: a damaged file, or what is none, is set aside and another begun; else it is
            StoreDamaged.
        has_reserve: on a full disk it may take of the room that is kept for deletions, as
            whatever a deletion or a sign-in needs.
        timeout: seconds that others are waited for.
        complain: hears of a file that was set aside.
    """

    def __init__(
        self,
        path: Path,
        schema: Schema,
        *,
        durable: bool = False,
        replaceable: bool = True,
        has_reserve: bool = True,
        timeout: float = LOCK_TIMEOUT,
        complain: Callable[[StoreError], None] = lambda _error: None,
    ) -> None:
        self.path = path
        self.complain = complain
        self._schema = schema
        self._durable = durable
        self._replaceable = replaceable
        self._timeout = timeout
        self._parts = sqlite_file.parts(path)
        self._store = path.parent.parent
        self._reserve = DiskReserve(self._store) if has_reserve else None
        self._opened: _Opened | None = None
        self._looked_at: tuple[int, int] | None = None  # the file that was to be opened last
        self._process = (os.getpid(), threading.Lock())

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Alone with the file: what the block reads stays so until what it writes is saved.

        If the block raises, nothing was changed. Blocks are short, and are never nested.

        Raises:
            StoreBusy: others had the file for longer than the time-out.
            StoreError: nothing was changed.
        """
        with self._held():
            try:
                self._with_room(self._begin)
                transaction = Transaction(self._rows)
                yield transaction
                self._with_room(lambda: self._finish(transaction))
            finally:
                self._roll_back()

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """Returns the result of a SELECT; nothing where there is no file yet. Raises StoreError."""
        with self._held():
            if self._opened is None:
                files.check_folder(self._store)
            if not os.path.lexists(self.path):
                return []
            if os.statvfs(self.path.parent).f_flag & os.ST_RDONLY:
                with (
                    sqlite_file.translated(self.path),
                    closing(self._frozen()) as frozen,
                ):
                    return frozen.execute(sql, values).fetchall()
            result: list[Row] = []
            # A reader, too, needs a little room beside the file.
            self._with_room(lambda: result.extend(self._rows((sql, values))))
            return result

    def close(self) -> None:
        """Closes the file in this process; whoever needs it again opens it again."""
        with self._held():
            self._close()

    # All below is called by whoever holds the lock of this process.

    @contextmanager
    def _held(self) -> Iterator[None]:
        if self._process[0] != os.getpid():  # a connection does not survive a fork
            self._process, self._opened = (os.getpid(), threading.Lock()), None
        lock = self._process[1]
        if not lock.acquire(timeout=self._timeout):
            raise StoreBusy(BUSY)
        try:
            yield
        finally:
            lock.release()

    def _frozen(self) -> "Connection":
        """The file as it lies on a disk that nobody can write."""
        return sqlite_file.connect(self.path, "immutable=1", self._timeout)

    def _begin(self) -> None:
        self._anew(lambda: self._connection().execute("BEGIN IMMEDIATE"))

    def _rows(self, statement: _Statement) -> list[Row]:
        return self._anew(lambda: self._connection().execute(*statement).fetchall())

    def _finish(self, transaction: Transaction) -> None:
        if not transaction.writes:
            return
        if not self._in_transaction():  # it was lost on a full disk
            self._begin()
            for statement, result in transaction.seen:
                if self._rows(statement) != result:
                    raise StoreBusy(BUSY)
        self._anew(lambda: self._save(transaction.writes))

    def _save(self, writes: list[_Statement]) -> None:
        connection = self._connection()
        for statement in writes:
            connection.execute(*statement)
        connection.execute("COMMIT")

    def _in_transaction(self) -> bool:
        return self._opened is not None and self._opened.connection.in_transaction

    def _roll_back(self) -> None:
        if self._in_transaction():
            with contextlib.suppress(StoreError, DamagedFile), sqlite_file.translated(self.path):
                self._connection().execute("ROLLBACK")

    def _with_room(self, act: Callable[[], None]) -> None:
        """Has it done, also on a full disk: who cannot sign in cannot delete either (SAFETY 24)."""
        try:
            act()
        except DiskFull:
            self._make_room()
            if self._reserve is None:
                raise

            def attempt() -> None:
                try:
                    act()
                except DiskFull:
                    self._make_room()
                    raise

            self._reserve.write(attempt, _NEEDED)

    def _make_room(self) -> None:
        """Has in the file what waits beside it, as far as there is room for that."""
        self._roll_back()
        if self._opened is not None:
            with contextlib.suppress(StoreError, DamagedFile), sqlite_file.translated(self.path):
                self._opened.connection.execute("PRAGMA wal_checkpoint").fetchall()

    def _anew(self, act: Callable[[], Result]) -> Result:
        """Does it, on another file if this one is damaged or gone. Raises StoreError."""
        for _ in range(_TRIES):
            within = self._in_transaction()
            try:
                return act()
            except Exception as fault:  # noqa: BLE001 - SQLite's, which only translation knows
                error = sqlite_file.translation(self.path, fault)
                if isinstance(error, DamagedFile):
                    self._set_aside(error)
                elif self._is_of_this_file(error) and not within:
                    self._close()  # it may have been what is open here
                    with contextlib.suppress(DamagedFile), sqlite_file.translated(self.path):
                        if self._looked_at == self._identity():  # else the next round opens it
                            raise error from None
                else:
                    raise error from None
            if within:
                self._begin()
        raise StoreBusy(BUSY)

    @staticmethod
    def _is_of_this_file(error: Exception) -> bool:
        return isinstance(error, StoreUnusable) and not isinstance(error, DiskFull)

    def _connection(self) -> "Connection":
        """The connection to the file that is at the path now."""
        if self._opened is not None:
            if self._opened.connection.in_transaction:
                return self._opened.connection
            if self._opened.identity == self._identity():
                return self._opened.connection
            self._close()
        self._looked_at = self._identity()
        files.check_folder(self._store)  # a store that is gone is not made again in passing
        files.make_folder(self.path.parent)
        if self._looked_at is None:
            with self._alone():
                if self._identity() is None:
                    sqlite_file.make(self.path, self._schema.script(0))
        identity = self._looked_at = self._identity()
        if identity is None or self.path.stat().st_size == 0:
            raise DamagedFile
        connection = sqlite_file.connect(self.path, "mode=rw", self._timeout)
        close = weakref.finalize(self, _close, connection, os.getpid(), self._reserve)
        self._opened = _Opened(connection, identity, close)
        try:
            sqlite_file.prepare(connection, self.path, self._schema, self._alone)
            connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
            if self._reserve is not None:
                connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT}")
        except BaseException:
            self._close()
            raise
        return connection

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _set_aside(self, damage: DamagedFile) -> None:
        """Gives a damaged file another name. Raises StoreDamaged, if it must not be begun anew."""
        self._close()
        path = damage.part or self.path
        if not self._replaceable:
            raise StoreDamaged(f"{path} is {damage.kind}; it was left alone.")
        with self._alone(), sqlite_file.translated(self.path):
            try:
                identity = self._identity()
            except DamagedFile:
                pass  # a link or a folder, which is renamed itself, and never followed
            else:
                if damage.part or self._looked_at is None or self._looked_at != identity:
                    return  # somebody else was faster
            aside = sqlite_file.set_aside(self.path)
        self.complain(StoreDamaged(f"{path} was {damage.kind}, and begun anew: see {aside.name}."))

    def _identity(self) -> tuple[int, int] | None:
        """Device and inode of the file, once it is safe to open; None if there is none.

        Raises DamagedFile: a link, or no ordinary file, is in its place, or in that of a part.
        """
        result = None
        for part in reversed(self._parts):
            try:
                status = part.lstat()
            except (FileNotFoundError, NotADirectoryError):
                result = None
                continue
            result = (status.st_dev, status.st_ino)
            if not stat.S_ISREG(status.st_mode):
                kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "not an ordinary file"
                raise DamagedFile(part, kind)
            if stat.S_IMODE(status.st_mode) != files.FILE_MODE:
                with contextlib.suppress(OSError):
                    part.chmod(files.FILE_MODE)
        return result

    def _alone(self) -> contextlib.AbstractContextManager[None]:
        return locked(self.path.with_name(f".{self.path.name}.lock"), self._timeout)


def _close(connection: "Connection", process: int, reserve: DiskReserve | None) -> None:
    sqlite_file.close(connection, process)
    if reserve is not None:
        reserve.take_back()  # what lay beside the file is free now, and the next one needs it
