from pathlib import Path

import pytest

from apppw_tui.store.folder.location import open_store
from tests.doctor.healthy import Server
from tests.support import House


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """The store that is served, with ada in it."""
    house = House(store=open_store(tmp_path / "store", create=True))
    house.add("ada")
    return house


@pytest.fixture
def right(house: House) -> str:
    return house.issue("Phone", "ada").secret.reveal()
