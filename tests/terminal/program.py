"""The installed program on a terminal of its own, seen as the terminal sees it: byte by byte."""

import base64
import io
import os
import re
import select
import signal
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pexpect

from tests.support import PASSWORD
from tests.terminal.rest import ages, at_rest

PATIENCE = 120.0  # seconds; only a test that fails ever waits as long
CALM = 0.15  # seconds without a byte, and without work: it has come to rest
# And no key is too early any more, where a password has been seen (ui/dialogs/one_time_secret.py).
AWAKE = 0.5
INSTALLED = str(Path(sys.executable).with_name("apppw-tui"))
ACCOUNT = "ada@example.org"
# Waits, so that the terminal can be looked at before the program has it.
_GATE = 'echo at the gate; read go; exec "$@"'
_MODE = re.compile(rb"\x1b\[\?([0-9]+)([hl])")
_STYLE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_BORN_WITH = {7, 25}  # lines wrap, and the cursor shows
_ECHO_AND_LINES = termios.ECHO | termios.ICANON | termios.ISIG
_OSC52 = re.compile(rb"\x1b\]52;[^;]*;([^\x07\x1b]*)")


class Program:
    """One run; `see` waits for what has not been seen yet, `output` is everything so far."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._output = io.BytesIO()
        self._child: Any = pexpect.spawn(
            "/bin/sh",
            ["-c", _GATE, "sh", *command],
            env=dict(environment),
            dimensions=(24, 80),
            timeout=PATIENCE,
            maxread=65536,
        )
        self._child.delaybeforesend = None
        self._child.logfile_read = self._output
        self.pid: int = self._child.pid
        self.watch = os.pidfd_open(self.pid)
        self.see("at the gate")
        self.before = self.terminal
        self.send("\n")

    @property
    def output(self) -> bytes:
        return self._output.getvalue()

    @property
    def text(self) -> str:
        """The words in the output so far, in the order in which they were drawn."""
        return _STYLE.sub("\n", self.output.decode())

    @property
    def terminal(self) -> list[Any]:
        """The settings of the terminal as they are now, as termios tells them."""
        return termios.tcgetattr(self._child.child_fd)

    @terminal.setter
    def terminal(self, settings: list[Any]) -> None:
        termios.tcsetattr(self._child.child_fd, termios.TCSANOW, settings)

    def see(self, text: str) -> None:
        """Waits until `text` is drawn."""
        try:
            self._child.expect_exact(text.encode())
        except (pexpect.TIMEOUT, pexpect.EOF):
            raise AssertionError(f"never seen: {text!r}; at last {self.output[-600:]!r}") from None

    def see_or_have_seen(self, text: str) -> None:
        """Waits until `text` is drawn, unless it was already: of two, either may be the first."""
        if text.encode() not in self.output:
            self.see(text)

    def send(self, keys: str) -> None:
        self._child.send(keys.encode())

    def press(self, keys: str) -> None:
        """Sends `keys`, and waits until what they draw stands."""
        self.send(keys)
        assert self.arrives(PATIENCE), f"{keys!r} had no effect"
        self.settle()

    def settle(self, calm: float = CALM) -> None:
        """Waits until the program has come to rest, `calm` seconds from now or later."""
        deadline = time.monotonic() + PATIENCE
        while True:
            before = ages()
            if not self.arrives(calm) and at_rest(before, ages(), calm):
                return
            assert time.monotonic() < deadline, "it never comes to rest"

    def arrives(self, seconds: float) -> bytes:
        """What the program sends next, if that comes within `seconds`."""
        ready, _, _ = select.select([self._child.child_fd], [], [], seconds)
        if not ready:
            return b""
        try:
            content: bytes = self._child.read_nonblocking(65536, timeout=0)
        except pexpect.EOF:
            raise AssertionError(f"it has ended: {self.output[-600:]!r}") from None
        return content

    def sign_in(self) -> None:
        self.see("Quit")
        self.send(f"{ACCOUNT}\r{PASSWORD}\r")
        self.see("additional security verification")
        self.settle()

    def to_reveal(self, name: str = "Laptop") -> None:
        """From a signed-in screen until the new password is shown, and keys count."""
        self.send("vp")  # there and back: what has been drawn already is not seen again
        self.see("No app passwords yet")
        self.settle()
        self.send("c")
        self.see("where will you use it")
        self.settle()
        self.press(name)
        self.send("\r")
        self.see("You will not see it again")
        self.settle(AWAKE)

    def signal(self, number: int) -> None:
        signal.pidfd_send_signal(self.watch, number)

    def hang_up(self) -> None:
        """Takes the terminal away, as a lost connection does."""
        self._child.ptyproc.fileobj.close()
        self._child.ptyproc.closed = self._child.closed = True

    def end(self) -> int:
        """Waits until the program has ended, with all it had to say; the exit code."""
        if not self._child.closed:
            try:
                self._child.expect(pexpect.EOF)
            except pexpect.TIMEOUT:
                raise AssertionError(f"it goes on: {self.output[-600:]!r}") from None
        assert select.select([self.watch], [], [], PATIENCE)[0], "it has not ended"
        assert not self._child.isalive()
        code: int | None = self._child.exitstatus
        return -self._child.signalstatus if code is None else code

    def close(self) -> None:
        """Leaves nothing behind, however the test went."""
        if self._child.isalive():
            self.signal(signal.SIGKILL)
            self._child.wait()
        os.close(self.watch)
        if not self._child.closed:
            self.hang_up()


def is_restored(program: Program) -> bool:
    """True if the terminal is as it was; it must have been used at all."""
    output = program.output
    assert b"\x1b[?1049h" in output
    for switched_off in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l", b"\x1b[<u"):
        assert switched_off in output, switched_off
    assert switched_on(output) == set()
    assert program.terminal == program.before
    return bool(program.terminal[3] & _ECHO_AND_LINES == _ECHO_AND_LINES)


def switched_on(output: bytes) -> set[int]:
    """The private modes of the terminal that `output` leaves other than it found them."""
    modes = {int(number): final == b"h" for number, final in _MODE.findall(output)}
    return {number for number, on in modes.items() if on != (number in _BORN_WITH)}


def copied(output: bytes) -> list[str]:
    """What `output` puts on the terminal's clipboard."""
    return [base64.b64decode(text).decode() for text in _OSC52.findall(output)]


def shown_password(text: str) -> str:
    """The app password that stands in `text` in its four groups, without the blanks."""
    found = set(re.findall(r"\b(?:[0-9a-z]{4} ){3}[0-9a-z]{4}\b", text))
    assert len(found) == 1, found
    return str(found.pop()).replace(" ", "")
