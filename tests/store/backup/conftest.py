from pathlib import Path

import pytest

from tests.store.backing import Place


@pytest.fixture
def place(folder: Path) -> Place:
    place = Place(folder)
    place.house.add("ada")
    return place


@pytest.fixture
def empty(tmp_path: Path) -> Place:
    """A store that nobody has used yet."""
    return Place(tmp_path / "other")
