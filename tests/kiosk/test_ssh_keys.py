"""Ssh keys at the kiosk: a real sshd has them proved, and the portal says what they count for."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kiosk.keys import generate
from tests.kiosk.kiosk import ACCOUNT, VERSION, KioskServer, kiosk_server, wheel
from tests.support import PASSWORD
from tests.terminal.tmux import Tmux

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def door(given: Path) -> Iterator[KioskServer]:
    """Installed and listening; a second factor is required, as it is by default."""
    with kiosk_server(Path("/"), given) as server:
        server.install(wheel(VERSION))
        server.configure("")
        server.add_account()
        server.listen()
        yield server


def test_walk_by_key_alone_from_the_first_set_up_on(
    door: KioskServer, tmux: Tmux, tmp_path: Path
) -> None:
    key = generate(tmp_path, "laptop")
    come = f"{shlex.join(door.ssh(options=key.options))}; echo code=$?"
    tmux.run(come)
    tmux.see(f"No account knows your key {key.fingerprint}.")
    tmux.type(ACCOUNT)
    tmux.press("Enter")
    tmux.type(PASSWORD)
    tmux.press("Enter")
    tmux.see("Set it up now")
    tmux.press("Enter")
    tmux.see("The ssh key of this session: Ed25519")
    tmux.press("Down", "Enter")
    tmux.see(key.fingerprint)
    tmux.type("Laptop")
    tmux.press("Enter")
    tmux.see("Your recovery codes")
    tmux.press("C-q")
    tmux.press("C-q")
    tmux.see("code=0")
    tmux.run("clear")
    tmux.run(come)
    tmux.see('Your key "Laptop" was recognized.')
    assert ACCOUNT in tmux.screen
    tmux.type(PASSWORD)
    tmux.press("Enter")
    tmux.see("No app passwords yet")
