"""One connection to a database, which is left where it says nothing in time.

A deadline never asks the server to cancel: a silent one would keep that waiting, too. What hears
nothing in time leaves the connection, and closes it.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, LiteralString, Protocol, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.waiting import Ready

from apppw_tui import __version__
from apppw_tui.store.postgres.errors import SILENT, SilentDatabase

Row = tuple[Any, ...]


class RowReader(Protocol):
    """Reads by one statement: of the database as it is now, in a transaction or in a snapshot."""

    def rows(self, sql: LiteralString, /, *values: Any) -> list[Row]: ...


TIMEOUT = 3.0  # seconds
PROGRAM = f"apppw-tui {__version__}"  # as pg_stat_activity tells of whoever is connected
_LEAST_CONNECT = 2  # seconds; libpq takes a shorter time for this one
_T = TypeVar("_T")
# Else what it has to say would be written over the screens.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


class TimedConnection(psycopg.Connection[Row]):
    """Leaves, where the server says nothing for `patience` seconds."""

    patience = TIMEOUT
    _when_silent: Callable[[], bool] | None = None

    @contextmanager
    def cancelled_when_silent(self, process: int) -> Iterator[list[int]]:
        """Within it a statement of the server's `process` that takes too long is cancelled, once.

        Another connection does it. A COMMIT that waits for a standby is done then, unless the
        primary is lost. What is given has the process that was told so.
        """
        cancelled = list[int]()

        def cancel() -> bool:
            self._when_silent = None
            try:
                # The very host: to another one the number is that of somebody else's process.
                host = make_conninfo(**self.info.get_parameters())
                with connect(host, self.patience) as other:
                    other.execute("SELECT pg_cancel_backend(%s)", (process,))
            except psycopg.Error:
                return False
            cancelled.append(process)
            return True

        self._when_silent = cancel
        try:
            yield cancelled
        finally:
            self._when_silent = None

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        patient: Any = self._patient(gen)
        return super().wait(patient, *args, **options)

    def _patient(self, gen: "Generator[Any, Ready, _T]") -> "Generator[Any, Ready, _T]":
        until = time.monotonic() + self.patience
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready == Ready.NONE and time.monotonic() >= until:
                    if self._when_silent is not None and self._when_silent():
                        until = time.monotonic() + self.patience
                        wanted = gen.send(ready)
                        continue
                    gen.close()
                    self.pgconn.finish()
                    raise SilentDatabase(SILENT)
                wanted = gen.send(ready)
        except StopIteration as end:
            result: _T = end.value
            return result


def connect(dsn: str, timeout: float) -> TimedConnection:
    """A new connection. Raises psycopg.Error."""
    connection = TimedConnection.connect(
        dsn,
        autocommit=True,
        prepare_threshold=None,  # a pooler hands the next statement to another session
        connect_timeout=max(_LEAST_CONNECT, int(timeout)),
        application_name=PROGRAM,
    )
    connection.patience = timeout
    return connection
