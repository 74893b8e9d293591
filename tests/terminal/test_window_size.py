"""A window is as large as whoever reaches the kiosk says: no more of it is taken than is drawn."""

import fcntl
import os
import pty
import re
import resource
import select
import signal
import struct
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.ui.driver import LARGEST, clamped
from tests.terminal.conftest import Installed
from tests.terminal.program import PATIENCE

_HUGE = 65535
_ENOUGH = 400 * 1024 * 1024  # bytes; it took 18 GB
_AT = re.compile(rb"\x1b\[([0-9]+);([0-9]+)H")


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        ((80, 24), (80, 24)),
        ((_HUGE, _HUGE), LARGEST),
        ((_HUGE, 1), (500, 1)),
        ((1, _HUGE), (1, 200)),
        ((0, 0), (80, 24)),
        ((0, 50), (80, 50)),
    ],
)
def test_the_size_is_clamped(told: tuple[int, int], taken: tuple[int, int]) -> None:
    assert clamped(told) == taken


class Window:
    """A terminal that is `size` columns by rows, with the kiosk in it."""

    def __init__(self, installed: Installed, size: tuple[int, int]) -> None:
        master, slave = pty.openpty()
        self._master = master
        self.resize(size)
        self.pid = os.fork()
        if self.pid == 0:  # pragma: no cover
            _login(slave)
            os.execve(installed.command[0], [*installed.command, "--kiosk"], installed.environment)
        os.close(slave)
        self.output = b""

    def resize(self, size: tuple[int, int]) -> None:
        packed = struct.pack("HHHH", size[1], size[0], _HUGE, _HUGE)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, packed)

    def send(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def see(self, text: bytes) -> None:
        """Waits until `text` is drawn, as from now on."""
        while text not in self.output:
            assert select.select([self._master], [], [], PATIENCE)[0], self.output[-600:]
            self.output += os.read(self._master, 65536)

    @property
    def most_memory(self) -> int:
        """The most memory, in bytes, that it has held so far."""
        told = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+([0-9]+) kB", told)
        assert found is not None, told
        return int(found[1]) * 1024

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._master)


def _login(slave: int) -> None:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for descriptor in range(3):
        os.dup2(slave, descriptor)


@pytest.fixture
def windows(installed: Installed) -> Iterator[list[Window]]:
    opened: list[Window] = []
    yield opened
    for one in opened:
        one.close()


def test_a_huge_window_takes_no_memory(installed: Installed, windows: list[Window]) -> None:
    windows.append(Window(installed, (_HUGE, _HUGE)))
    window = windows[0]
    window.see(b"Quit")
    assert window.most_memory < _ENOUGH
    drawn = [(int(row), int(column)) for row, column in _AT.findall(window.output)]
    assert max(row for row, _ in drawn) <= LARGEST[1]


@pytest.mark.slow
def test_a_window_that_becomes_huge_takes_no_memory(
    installed: Installed, windows: list[Window]
) -> None:
    windows.append(Window(installed, (80, 24)))
    window = windows[0]
    window.see(b"Quit")
    window.output = b""
    window.resize((_HUGE, _HUGE))
    window.see(b"Quit")
    assert window.most_memory < _ENOUGH


@pytest.mark.slow
def test_a_size_that_the_terminal_reports_is_not_taken(
    installed: Installed, windows: list[Window]
) -> None:
    """Mode 2048 is not asked for; its report, which anybody can type, does nothing."""
    windows.append(Window(installed, (80, 24)))
    window = windows[0]
    window.see(b"Quit")
    assert b"\x1b[?2048" not in window.output
    window.output = b""
    window.send(b"\x1b[?2048;2$y\x1b[48;65535;65535;65535;65535tada")
    window.see(b"ada")  # what was typed after it, where it stood before
    assert b"\x1b[?2048" not in window.output
    assert not any(int(row) > 24 for row, _ in _AT.findall(window.output))
    assert window.most_memory < _ENOUGH


@pytest.mark.slow
def test_the_kiosk_has_bounds(installed: Installed, windows: list[Window]) -> None:
    windows.append(Window(installed, (80, 24)))
    window = windows[0]
    window.see(b"Quit")
    soft, _ = resource.prlimit(window.pid, resource.RLIMIT_AS)
    assert 0 < soft <= 2 * 1024**3
    assert resource.prlimit(window.pid, resource.RLIMIT_CORE) == (0, 0)
