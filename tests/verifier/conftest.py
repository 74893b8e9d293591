import pytest

from tests.support import House


@pytest.fixture
def house() -> House:
    house = House()
    house.add()
    return house
