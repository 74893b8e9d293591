"""A house with an enforced account, its app password, and a socket, for every protocol."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.protocols.http import Http
from tests.support import NOW, House
from tests.verifier.harness import Desk, served
from tests.verifier.protocols.http_client import ADDRESS, SERVICE, Site


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


@pytest.fixture
async def site(house: House, secret: str, path: Path) -> AsyncIterator[Site]:
    """The account, open, behind HTTP."""
    desk = Desk(house)
    handler = Http(*desk.parts, lambda: True, service_header=SERVICE, address_header=ADDRESS)
    async with served(handler.handle, path) as server:
        yield Site(house, desk.book, Secret(secret), server)
    desk.close()
