"""The engine of a House in PostgreSQL, each in a database of its own: APPPW_TEST_ENGINE=postgresql.

So the tests of the portal and of the verifier run over it as they are.
"""

import tempfile
from collections import deque
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path

from apppw_tui.domain.ports import Clock
from apppw_tui.store.postgres.engine import PostgresEngine
from tests.store.engines import in_postgresql
from tests.store.postgres.cluster import Cluster, private_cluster

_TEMPLATE = "apppw"
_numbers = count(1)
_open: deque[tuple[str, PostgresEngine]] = deque()
_stack = ExitStack()
_MOST_OPEN = 8  # one test has few; the server has places for a hundred connections


def engine_in_database(clock: Clock) -> PostgresEngine:
    """An engine with nobody in it."""
    cluster, folder = _cluster()
    name = f"house{next(_numbers)}"
    cluster.execute("postgres", f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    engine, _ = in_postgresql(cluster.dsn(database=name), folder / name, clock)
    _open.append((name, engine))
    if len(_open) > _MOST_OPEN:
        oldest, closed = _open.popleft()
        closed.close()
        cluster.execute("postgres", f"DROP DATABASE {oldest} WITH (FORCE)")
    return engine


def end_cluster() -> None:
    """Ends the server, while this process is still waited for."""
    _stack.close()


@cache
def _cluster() -> tuple[Cluster, Path]:
    cluster = _stack.enter_context(private_cluster())
    cluster.create(_TEMPLATE)
    return cluster, Path(_stack.enter_context(tempfile.TemporaryDirectory()))
