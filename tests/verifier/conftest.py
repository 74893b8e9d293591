import pytest

from tests.support import House


@pytest.fixture
def house() -> House:
    """Ada's account, open as it began."""
    house = House()
    house.add()
    return house
