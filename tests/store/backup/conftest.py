from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.store.backing import AnyPlace, Place
from tests.store.engines import in_postgresql
from tests.store.postgres.cluster import Cluster
from tests.support import FixedClock

Make = Callable[[str, Path], AnyPlace]


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes a store, of which one may be in the database of these tests."""
    engines = []

    def make(kind: str, folder: Path) -> AnyPlace:
        if kind == "folder":
            return Place(folder)
        database: Cluster = request.getfixturevalue("database")
        clock = FixedClock()
        engine = in_postgresql(database.dsn(), folder, clock)[0]
        engines.append(engine)
        return AnyPlace(engine, clock)

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture
def place(request: pytest.FixtureRequest, make: Make, folder: Path) -> AnyPlace:
    """A store with ada; in a folder, unless a test says otherwise."""
    place = make(getattr(request, "param", "folder"), folder)
    place.house.add("ada")
    return place


@pytest.fixture
def empty(request: pytest.FixtureRequest, make: Make, tmp_path: Path) -> AnyPlace:
    """A store that nobody has used yet."""
    return make(getattr(request, "param", "folder"), tmp_path / "other")
