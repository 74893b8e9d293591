"""Lines from a terminal, which edits them itself: in time, without echo where they are secret.

Whatever reads a screen aloud or to the fingers then knows what is typed, and nothing is redrawn.
"""

import os
import re
import select
import signal
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn, TextIO

from apppw_tui.domain.errors import SessionEnded
from apppw_tui.exit_codes import BY_SIGNAL
from apppw_tui.ui import terminal
from apppw_tui.ui.glyphs import ASCII_ONLY, as_ascii
from apppw_tui.ui.terminal import WARNED_FOR, IdleClock

_LONGEST = 4096  # bytes; Linux's terminals hand over no longer line
_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
_STOPPING = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
# A function key, or the late reply of a terminal, is a control sequence or a control string
# (ECMA-48 5.4, 5.6): it is no part of an answer, and neither is any other control.
_CONTROL = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]"
    "|\x1b[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\|$)"
    "|\x1bO.|\x1b.?|[\x00-\x1f\x7f-\x9f]"
)
_STAY = f"Still there? Press Enter, or you are signed out in {WARNED_FOR:.0f} seconds."
_CLOSE = f"Still there? Press Enter, or the program ends in {WARNED_FOR:.0f} seconds."
_HURRY = f"You have {WARNED_FOR:.0f} seconds left to sign in."
_BELL = "\a"


class Back(Exception):
    """One step back: Enter alone where that is no answer."""


class Ended(Exception):
    """The end of the program, with its exit code and a sentence for the shell, if there is any."""

    def __init__(self, code: int, reason: str | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def _is_readable(seconds: float) -> bool:
    return bool(select.select([sys.stdin], [], [], seconds)[0])


class LineInput:
    """Standard input, which is a terminal, and the `output` that the questions are written to.

    Whoever does not answer in time is signed out by SessionEnded or, where nobody is signed in,
    by Ended. `is_readable` waits so many seconds for a line.
    """

    def __init__(
        self,
        presence: IdleClock,
        output: TextIO,
        is_readable: Callable[[float], bool] = _is_readable,
    ) -> None:
        self.presence = presence
        self._output = output
        self._is_readable = is_readable
        self._echoes = False
        self._warned = False
        self._prompt = ""
        self._waiting = False
        self._told_to_leave: int | None = None

    def write(self, text: str) -> None:
        """Raises Ended if the terminal is gone."""
        try:
            self._output.write(as_ascii(text) if ASCII_ONLY else text)
            self._output.flush()
        except OSError:
            raise Ended(BY_SIGNAL + signal.SIGHUP) from None

    def read(self, prompt: str, *, echoes: bool) -> str:
        """Asks by `prompt`; the line that is typed, less what is no text.

        Raises:
            Ended: ^D was typed instead of a line, or the terminal is gone.
        """
        while True:
            is_typed_ahead = self._is_readable(0)
            line, was_warned = self._line(prompt, echoes=echoes and not is_typed_ahead)
            if line.endswith(b"\n"):
                line = line[:-1]
            if not line and was_warned:
                continue  # it said that somebody is there, and nothing else
            try:
                text = _CONTROL.sub("", line.decode())
            except UnicodeDecodeError:
                self.write("This terminal does not send UTF-8. Type that again.\n")
                continue
            if echoes and is_typed_ahead:
                self.write(f"{text}\n")
            return text

    def _line(self, prompt: str, *, echoes: bool) -> tuple[bytes, bool]:
        """Returns a line, and whether it came only after a warning; what follows has a new row."""
        self._prompt = prompt
        self._set_echo(echoes)
        self.write(prompt)
        line = b""
        try:
            was_warned = self._await_line()
            with suppress(OSError):  # the terminal is gone
                line = os.read(sys.stdin.fileno(), _LONGEST)
        finally:
            self._set_echo(False)
            if not (echoes and line.endswith(b"\n")):
                self.write("\n")
        self.presence.key_pressed()
        self._warned = self._warned and not self.presence.resets_on_key
        if not line:
            raise Ended(0)
        return line, was_warned

    def _await_line(self) -> bool:
        """Waits for a line; True if it had to warn that time runs out, and a line puts that off."""
        was_warned = False
        while True:
            terminal.end_within(self.presence.at_most)
            left = self.presence.seconds_left
            if left <= 0:
                self._end_idle()
            if not self._warned and left <= WARNED_FOR:
                self._warned = True
                was_warned = self.presence.resets_on_key
                outside = _CLOSE if was_warned else _HURRY
                sentence = outside if self.presence.is_signed_out else _STAY
                self.write(f"{_BELL}\n")
                self.write(f"{sentence}\n")
            elif self._is_there(left if self._warned else left - WARNED_FOR):
                return was_warned

    def _is_there(self, seconds: float) -> bool:
        """Waits so long for a line. A signal ends the program here, and never amid a change."""
        self._waiting = True
        try:
            if self._told_to_leave is not None:
                raise Ended(self._told_to_leave)
            return self._is_readable(seconds)
        finally:
            self._waiting = False

    def _end_idle(self) -> NoReturn:
        if self.presence.is_signed_out:
            raise Ended(0, "Nobody signed in.")
        raise SessionEnded("You were signed out: nothing was typed for a while.")

    @contextmanager
    def at_terminal(self, *, stoppable: bool) -> Iterator[None]:
        """Takes the terminal, and leaves it as it was, whatever ends the program but SIGKILL.

        Where it is not `stoppable`, there is no shell that could have it go on.
        """
        terminal.end_within(self.presence.at_most)
        settings = termios.tcgetattr(sys.stdin)
        before = {number: signal.signal(number, self._leave) for number in _SIGNALS}
        before[signal.SIGCONT] = signal.signal(signal.SIGCONT, self._come_back)
        if not stoppable:
            before |= {number: signal.signal(number, signal.SIG_IGN) for number in _STOPPING}
        try:
            self._set_echo(False)
            yield
        finally:
            with suppress(termios.error):
                termios.tcsetattr(sys.stdin, termios.TCSANOW, settings)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _leave(self, number: int, _frame: FrameType | None) -> None:
        self._told_to_leave = BY_SIGNAL + number
        if self._waiting:
            raise Ended(self._told_to_leave)

    def _come_back(self, _number: int, _frame: FrameType | None) -> None:
        self._set_echo(self._echoes)
        if self._waiting:  # a shell has written below the question meanwhile
            self.write(self._prompt)

    def _set_echo(self, echoes: bool) -> None:
        """Between two questions there is none: what is typed ahead may be a password."""
        self._echoes = echoes
        with suppress(termios.error):  # the terminal is gone, which the next line says
            settings = termios.tcgetattr(sys.stdin)
            settings[0] |= termios.ICRNL
            settings[3] |= termios.ICANON | termios.ISIG | termios.IEXTEN
            settings[3] &= ~(termios.ECHO | termios.ECHONL)
            settings[3] |= termios.ECHO | termios.ECHOE | termios.ECHOK if echoes else 0
            termios.tcsetattr(sys.stdin, termios.TCSANOW, settings)
