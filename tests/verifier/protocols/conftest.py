"""A house with an enforced account, its app password, and a socket, for every protocol."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import NOW, House
from tests.verifier.wire import Desk


@pytest.fixture
def secret(house: House) -> str:
    return house.issue("Phone").secret.reveal()


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    house.alter(enforced_from=NOW)
    desk = Desk(house)
    yield desk
    desk.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"
