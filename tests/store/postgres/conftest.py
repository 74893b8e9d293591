from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.store.postgres.engine import PostgresEngine
from tests.store.engines import in_postgresql
from tests.store.postgres.cluster import Cluster
from tests.support import FixedClock


@pytest.fixture
def machines(
    database: Cluster, tmp_path: Path, clock: FixedClock
) -> Iterator[tuple[PostgresEngine, PostgresEngine]]:
    """Two machines, each with a folder of its own."""
    first, second = (
        in_postgresql(database.dsn(), tmp_path / name, clock)[0] for name in ("first", "second")
    )
    yield first, second
    first.close()
    second.close()
