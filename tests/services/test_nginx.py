"""nginx asks by auth_request, with the very files of recipes/nginx/."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.services import nginx, trials
from tests.services.ordinary import OrdinaryUser
from tests.services.trials import OPEN
from tests.services.web import Door, Site, application, basic, opened
from tests.services.web_trials import SignsIn
from tests.verifier.harness import Handler, served_in_thread


@pytest.fixture(scope="module")
def site(folder: Path, user: OrdinaryUser) -> Iterator[Site]:
    with application() as behind, nginx.running(folder, user, behind) as site:
        yield site


@pytest.fixture
def door(site: Site) -> Iterator[Door]:
    with opened(site, nginx.SOCKET) as door:
        yield door


class TestNginx(SignsIn):
    """All of it."""

    def test_nobody_can_ask_by_way_of_the_inner_place(self, door: Door) -> None:
        with door.site.client() as client:
            assert client.ask(basic(OPEN, door.issue(OPEN)), path="/apppw-verify").status == 404


def test_the_connection_to_apppw_tui_is_kept(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    connections = 0

    def counted(converse: Handler, path: Path) -> AbstractContextManager[None]:
        async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            await converse(reader, writer)

        return served_in_thread(counting, path)

    monkeypatch.setattr(trials, "served_in_thread", counted)
    with opened(site, nginx.SOCKET) as door, site.client() as client:
        mine = basic(OPEN, door.issue(OPEN))
        for _ in range(10):
            assert client.ask(mine).user == OPEN
    assert connections == 1
