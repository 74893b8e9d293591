"""One connection to a database, which is left where it says nothing in time.

A deadline never asks the server to cancel: a silent one would keep that waiting, too. What hears
nothing in time leaves the connection, and closes it.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, LiteralString, Protocol, TypeVar

import psycopg
from psycopg.adapt import Buffer, Loader
from psycopg.conninfo import make_conninfo
from psycopg.waiting import Ready

from apppw_tui import __version__
from apppw_tui.domain.errors import StoreDamaged, StoreError
from apppw_tui.store.postgres.errors import SILENT, SilentDatabase

Row = tuple[Any, ...]


class RowReader(Protocol):
    """Reads by one statement: of the database as it is now, in a transaction or in a snapshot."""

    def rows(self, sql: LiteralString, /, *values: Any) -> list[Row]: ...


TIMEOUT = 3.0  # seconds
PROGRAM = f"apppw-tui {__version__}"  # as pg_stat_activity tells of whoever is connected
_LEAST_CONNECT = 2  # seconds; libpq takes a shorter time for this one
_T = TypeVar("_T")
# Policies that hide rows are an error: else an account, or a deletion, would pass for none.
UNHIDDEN: LiteralString = "SET row_security = off"
# A role or a database may have others: then times come in a form that is not read here.
_TEXTS: tuple[tuple[str, str, LiteralString], ...] = (
    ("DateStyle", "ISO, MDY", "SET DateStyle TO 'ISO, MDY'"),
    ("IntervalStyle", "postgres", "SET IntervalStyle TO 'postgres'"),
    ("TimeZone", "UTC", "SET TimeZone TO 'UTC'"),
    ("standard_conforming_strings", "on", "SET standard_conforming_strings TO on"),
)
_LEAST, _END = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
# A condition on `time`: nothing that is read here is one of these.
NO_TIME: LiteralString = "(time < '1970-01-02Z' OR time >= '9999-01-01Z')"
# Else what it has to say would be written over the screens.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


class _OrdinaryTime(Loader):
    """Reads a time or a day; one that no program writes, such as infinity, is None."""

    def __init__(self, oid: int, context: Any = None) -> None:
        super().__init__(oid, context)
        self._ordinary = psycopg.adapters.get_loader(oid, psycopg.pq.Format.TEXT)(oid, context)  # type: ignore[misc]

    def load(self, data: Buffer) -> Any:
        try:
            when = self._ordinary.load(data)
        except (psycopg.DataError, OverflowError):
            return None
        if isinstance(when, datetime):
            return when if _LEAST <= when < _END else None
        return when if _LEAST.date() <= when < _END.date() else None


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
    try:
        agree(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def note_unread(failures: dict[str, StoreError], counts: Mapping[str, int]) -> None:
    """Has `failures` say of how many rows each of these members of a backup had to do without."""
    for member, count in counts.items():
        rows = f"{count} rows" if count > 1 else "A row"
        failures[f"part of {member}"] = StoreDamaged(f"{rows} of {member} cannot be read.")


def agree(connection: psycopg.Connection[Any]) -> None:
    """Has the server show all rows or none, and write them as they are read here."""
    wanted = [
        statement
        for parameter, value, statement in _TEXTS
        if connection.info.parameter_status(parameter) not in (None, value)
    ]
    connection.execute("; ".join([UNHIDDEN, *wanted]))
    for kind in ("timestamptz", "date"):
        connection.adapters.register_loader(kind, _OrdinaryTime)
