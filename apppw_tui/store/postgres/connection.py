"""One connection to a database, which is left where it says nothing in time.

A deadline never asks the server to cancel: a silent one would keep that waiting, too. What hears
nothing in time leaves the connection, and closes it.
"""

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.waiting import Ready

from apppw_tui.store.postgres.errors import SILENT, SilentDatabase

Row = tuple[Any, ...]
TIMEOUT = 3.0  # seconds
_LEAST_CONNECT = 2  # seconds; libpq takes a shorter time for this one
_T = TypeVar("_T")


class TimedConnection(psycopg.Connection[Row]):
    """Leaves, where the server says nothing for `patience` seconds."""

    patience = TIMEOUT

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
        application_name="apppw-tui",
    )
    connection.patience = timeout
    return connection
