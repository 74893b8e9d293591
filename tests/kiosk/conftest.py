"""One kiosk for each module, on a server in a folder, with one account."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kiosk.kiosk import CLIENT, VERSION, KioskServer, give, kiosk_server, wheel
from tests.terminal.tmux import Tmux


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return give(tmp_path_factory.mktemp("given"))


@pytest.fixture
def bare(given: Path) -> Iterator[KioskServer]:
    """A server on which nothing is installed yet."""
    with kiosk_server(Path("/"), given) as server:
        yield server


@pytest.fixture(scope="module")
def kiosk(given: Path) -> Iterator[KioskServer]:
    """Installed and listening; the password alone signs the account in."""
    with kiosk_server(Path("/"), given) as server:
        server.install(wheel(VERSION))
        server.configure('[policy]\nsecond_factor = "optional"\n')
        server.add_account()
        server.listen()
        yield server


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    tmux = Tmux(tmp_path, {**CLIENT, "HOME": str(tmp_path)})
    yield tmux
    tmux.close()
