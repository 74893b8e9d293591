"""Many who come at once: few stand at the door, and nothing is left of the others."""

from typing import Any

import pexpect
import pytest

from tests.kiosk.kiosk import CLIENT, KioskServer
from tests.kiosk.scratch import await_end
from tests.terminal.program import PATIENCE

pytestmark = pytest.mark.slow
FULL = "Too many people are signing in just now."


def test_of_forty_strangers_at_once_seven_come_to_the_door(kiosk: KioskServer) -> None:
    clients = [_start(kiosk, f"127.0.0.{2 + number // 2}") for number in range(40)]
    try:
        seen = [_first_word(client) for client in clients]
        assert seen.count("Quit") == 7
        assert seen.count(FULL) >= 10
        assert len(kiosk.portals()) == 7
        left = list(kiosk.sessions())
    finally:
        for client in clients:
            client.close(force=True)
    assert await_end(left) == []
    assert kiosk.sessions() == {}
    again = kiosk.client()
    try:
        again.see("Quit")
    finally:
        again.close()


def test_of_one_address_three_come_to_the_door(kiosk: KioskServer) -> None:
    clients = [_start(kiosk, "127.0.0.77") for _ in range(5)]
    try:
        seen = [_first_word(client) for client in clients]
        assert (seen.count("Quit"), seen.count(FULL)) == (3, 2)
        left = list(kiosk.sessions())
    finally:
        for client in clients:
            client.close(force=True)
    assert await_end(left) == []


def _start(kiosk: KioskServer, address: str) -> Any:
    command, *arguments = kiosk.ssh(address=address)
    return pexpect.spawn(command, arguments, env=CLIENT, dimensions=(24, 80), timeout=6 * PATIENCE)


def _first_word(client: Any) -> str:
    """The portal's, or why there is none; "" where sshd itself had too many.

    Who was turned away has gone by then.
    """
    words = ["Quit", FULL]
    found: int = client.expect_exact([*(word.encode() for word in words), pexpect.EOF])
    if words[found : found + 1] == [FULL]:
        client.expect_exact(pexpect.EOF)
    return [*words, ""][found]
