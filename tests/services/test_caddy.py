"""Caddy asks by forward_auth, with the very file of recipes/caddy/."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.require import require_program
from tests.services.web import (
    HOST,
    Door,
    Site,
    application,
    free_port,
    listening,
    opened,
    own_folder,
    wanted,
)
from tests.services.web_trials import SignsIn

_OPTIONS = """\
{
	admin off
	auto_https off
}
"""


@pytest.fixture(scope="module")
def site(folder: Path, user: OrdinaryUser) -> Iterator[Site]:
    caddy = require_program("caddy", "caddy")
    own = own_folder(folder, "caddy", user)
    socket, port = folder / "http", free_port()
    configuration = own / "Caddyfile"
    with application() as behind:
        recipe = adapted(
            "caddy/Caddyfile",
            {
                "unix//run/apppw-tui/http": f"unix/{socket}",
                "www.example.org": f"http://{HOST}:{port}",
                "127.0.0.1:8080": f"{HOST}:{behind}",
            },
        )
        configuration.write_text(_OPTIONS + recipe)
        # It keeps what it was configured with at home.
        home = ["env", f"HOME={own}"]
        command = [*home, caddy, "run", "--adapter", "caddyfile", "--config", str(configuration)]
        with listening(user, command, port, own / "log"):
            yield Site(port, own / "log", socket)


@pytest.fixture
def door(site: Site) -> Iterator[Door]:
    with opened(site, wanted("caddy/Caddyfile")) as door:
        yield door


class TestCaddy(SignsIn):
    """All of it."""

    down = 502
