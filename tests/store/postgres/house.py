"""The engine of a House in PostgreSQL, each in a database of its own: APPPW_TEST_ENGINE=postgresql.

So the tests of the portal and of the verifier run over it as they are.
"""

import atexit
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
_open: deque[PostgresEngine] = deque()
_MOST_OPEN = 8  # one test has few; the server has places for a hundred connections


def engine_in_database(clock: Clock) -> PostgresEngine:
    """An engine with nobody in it."""
    cluster, folder = _cluster()
    number = next(_numbers)
    cluster.execute("postgres", f"CREATE DATABASE house{number} TEMPLATE {_TEMPLATE}")
    dsn = cluster.dsn(database=f"house{number}")
    engine, _ = in_postgresql(dsn, folder / f"house{number}", clock)
    _open.append(engine)
    if len(_open) > _MOST_OPEN:
        _open.popleft().close()
    return engine


@cache
def _cluster() -> tuple[Cluster, Path]:
    stack = ExitStack()
    atexit.register(stack.close)
    cluster = stack.enter_context(private_cluster())
    cluster.create(_TEMPLATE)
    return cluster, Path(stack.enter_context(tempfile.TemporaryDirectory()))
