"""The terminal while the program loads: it shows nothing of what is typed, and loses nothing.

Whoever knows the portal, or a password manager, types before the first screen stands. The kernel
would echo it on the screen that one returns to, a password, too, and make Enter another key.
"""

import contextlib
import os
import signal
import sys
import termios
from collections.abc import Iterator
from types import FrameType
from typing import Any

_LOCAL, _INPUT, _CONTROL = 3, 0, 6  # places in what termios tells
_DISABLED = b"\0"
_before: list[Any] | None = None  # None: the terminal is as it was found, or the driver's affair


@contextlib.contextmanager
def early_input() -> Iterator[None]:
    """Has the terminal hold what is typed; gives it back as it was, unless the driver took it."""
    _begin()
    try:
        yield
    finally:
        _give_back()
        if signal.getsignal(signal.SIGTERM) is _end:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def take_over() -> list[Any] | None:
    """The terminal's settings as they were before; whoever asks gives them back from now on."""
    global _before
    before, _before = _before, None
    return before


def _begin() -> None:
    global _before  # noqa: PLW0603
    # No terminal, or gone; ours to set only in the foreground: elsewhere it would stop us.
    with contextlib.suppress(termios.error, OSError, ValueError):
        descriptor = sys.stdin.fileno()
        if os.tcgetpgrp(descriptor) != os.getpgrp():
            return
        before, settings = termios.tcgetattr(descriptor), termios.tcgetattr(descriptor)
        settings[_LOCAL] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN)
        settings[_INPUT] &= ~(
            termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR
        )
        # ^C ends it, as long as there is no screen; ^Z and ^\ would leave the shell without echo.
        settings[_CONTROL][termios.VSUSP] = settings[_CONTROL][termios.VQUIT] = _DISABLED
        settings[_CONTROL][termios.VMIN], settings[_CONTROL][termios.VTIME] = 1, 0
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _end)
        _before = before
        termios.tcsetattr(descriptor, termios.TCSANOW, settings)


def _give_back() -> None:
    # What was typed was meant for the portal, and no command for the shell.
    before = take_over()
    if before is not None:
        with contextlib.suppress(termios.error, OSError, ValueError):
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSAFLUSH, before)


def _end(number: int, _frame: FrameType | None) -> None:
    """Ends the program by the signal, as it would have ended, but for the terminal."""
    _give_back()
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
