from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.store.engine import Engine, Machine
from apppw_tui.store.folder.accounts import FolderStore
from tests.store.engines import ENGINES, in_postgresql
from tests.store.making import folder_store
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster, private_cluster
from tests.store.small_disks import tmpfs
from tests.support import FixedClock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the store is: its own folder in one that everybody may enter."""
    return tmp_path / "store"


@pytest.fixture
def disk(folder: Path) -> FolderStore:
    """A store in `folder`, without accounts yet."""
    return folder_store(folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    with tmpfs(tmp_path / "small", "size=1m") as disk:
        yield disk


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL with one database, which nobody but these tests knows."""
    with private_cluster() as cluster:
        cluster.create("apppw")
        yield cluster


@pytest.fixture
def database(cluster: Cluster) -> Cluster:
    """The same, with nothing in the tables."""
    cluster.empty("apppw")
    return cluster


@pytest.fixture(params=[*ENGINES, pytest.param("postgresql", marks=ONE_CLUSTER)])
def engine_and_machine(
    request: pytest.FixtureRequest, folder: Path, clock: FixedClock
) -> Iterator[tuple[Engine, Machine]]:
    if request.param in ENGINES:
        yield ENGINES[request.param](folder, clock)
        return
    database: Cluster = request.getfixturevalue("database")
    engine, machine = in_postgresql(database.dsn(), folder, clock)
    yield engine, machine
    engine.close()


@pytest.fixture
def engine(engine_and_machine: tuple[Engine, Machine]) -> Engine:
    return engine_and_machine[0]


@pytest.fixture
def machine(engine_and_machine: tuple[Engine, Machine]) -> Machine:
    return engine_and_machine[1]
