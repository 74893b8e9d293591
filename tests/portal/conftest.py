import pytest

from tests.support import House


@pytest.fixture
def house() -> House:
    """A portal over memory, with ada@example.org in it."""
    house = House()
    house.add()
    return house
