"""Every call of an act to whatever keeps it, counted; and the fault that strikes one of them.

To a disk: those of tests/faults.py, and each statement to a file of SQLite. To a database: each
round trip, and each new connection.
"""

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from apppw_tui.store.folder import sqlite_file
from apppw_tui.store.postgres import database
from apppw_tui.store.postgres.connection import TimedConnection, connect
from tests.faults import DEAD, told_of_calls

DISK = ("broken", "full", "killed")
TRIPS = ("cut", "reply lost", "terminated", "refused", "killed", "killed after")
_CODES = {"broken": sqlite3.SQLITE_IOERR, "full": sqlite3.SQLITE_FULL}
_ERRORS = {"broken": errno.EIO, "full": errno.ENOSPC}
# An error of the server's own, after which it undoes the transaction.
_REFUSAL = b"DO $$ BEGIN RAISE EXCEPTION 'struck' USING ERRCODE = 'disk_full'; END $$"


@dataclass
class Counter:
    """Counts calls once it is `armed`, and strikes the one of number `at` with `fault`.

    `terminate` ends a process of the database server.
    """

    terminate: Callable[[int], None] = lambda _process: None
    at: int = -1
    fault: str = ""
    armed: bool = False
    calls: list[str] = field(default_factory=list)
    has_struck: bool = False

    @property
    def disk(self) -> list[int]:
        """The numbers of the calls to a disk; the others are those to a database."""
        return [number for number, name in enumerate(self.calls) if name not in _DATABASE]

    @property
    def trips(self) -> list[int]:
        return [number for number, name in enumerate(self.calls) if name in _DATABASE]

    def is_struck(self, name: str) -> bool:
        """True if this call, which is counted, is the one."""
        if not self.armed:
            return False
        self.calls.append(name)
        if len(self.calls) - 1 != self.at or self.fault not in (
            TRIPS if name in _DATABASE else DISK
        ):
            return False
        self.has_struck = True
        if self.fault == "killed":
            os._exit(DEAD)
        return True

    def on_disk(self, name: str) -> None:
        if self.is_struck(name):
            number = _ERRORS[self.fault]
            raise OSError(number, os.strerror(number))


_DATABASE = ("connect", "trip")


def _struck_file(counter: Counter) -> type[sqlite3.Connection]:
    class Struck(sqlite3.Connection):
        """A file of SQLite that cannot be read or written at one statement."""

        def execute(self, *arguments: Any) -> sqlite3.Cursor:
            self._count()
            return super().execute(*arguments)

        def executescript(self, script: str) -> sqlite3.Cursor:
            self._count()
            return super().executescript(script)

        def _count(self) -> None:
            if counter.is_struck("statement"):
                if self.in_transaction:  # as SQLite itself does upon such an error
                    super().execute("ROLLBACK")
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorcode = _CODES[counter.fault]
                raise error

    return Struck


def _cut(connection: TimedConnection) -> psycopg.OperationalError:
    connection.pgconn.finish()
    return psycopg.OperationalError("server closed the connection unexpectedly")


def _trip(counter: Counter, real: Callable[..., Any]) -> Callable[..., Any]:
    def wait(self: TimedConnection, gen: Any, *rest: Any, **more: Any) -> Any:
        # That of entering psycopg's pipeline sends nothing yet.
        if gen.gi_code.co_name == "_enter_gen" or not counter.is_struck("trip"):
            return real(self, gen, *rest, **more)
        match counter.fault:
            case "cut":
                gen.close()
                raise _cut(self)
            case "refused":
                gen.close()
                raise psycopg.errors.error_from_result(self.pgconn.exec_(_REFUSAL))
            case "terminated":
                counter.terminate(self.pgconn.backend_pid)
                return real(self, gen, *rest, **more)
            case "reply lost":
                real(self, gen, *rest, **more)
                raise _cut(self)
            case "killed after":
                real(self, gen, *rest, **more)
                os._exit(DEAD)
        raise AssertionError(counter.fault)

    return wait


def _connected(counter: Counter) -> Callable[[str, float], TimedConnection]:
    def struck_connect(dsn: str, timeout: float) -> TimedConnection:
        connection = connect(dsn, timeout)
        if not counter.is_struck("connect"):
            return connection
        if counter.fault == "killed after":
            os._exit(DEAD)
        connection.close()
        raise psycopg.OperationalError("connection refused")

    return struck_connect


@contextmanager
def struck(counter: Counter) -> Iterator[Counter]:
    """Within it every call goes by `counter`, of files and databases opened within it, too."""
    real_file = sqlite_file.connect
    own = _struck_file(counter)

    def connect_file(path: Any, how: str, timeout: float) -> sqlite3.Connection:
        with pytest.MonkeyPatch.context() as patched:
            plain = sqlite3.connect
            patched.setattr(
                sqlite3, "connect", lambda *words, **more: plain(*words, factory=own, **more)
            )
            return real_file(path, how, timeout)

    with ExitStack() as stack:
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        patched.setattr(sqlite_file, "connect", connect_file)
        patched.setattr(TimedConnection, "wait", _trip(counter, TimedConnection.wait))
        patched.setattr(database, "connect", _connected(counter))
        stack.enter_context(told_of_calls(counter.on_disk))
        yield counter
