"""The line on a terminal that says how far a command is, and is rewritten in its place."""

import os
import time
from collections.abc import Callable
from typing import TextIO

SILENT_FOR = 2.0  # seconds; what is done by then needs no line
_REWRITTEN_AFTER = 0.1  # seconds
_WIDTH = 80  # columns, where the terminal does not say
_CLEAR = "\r\x1b[K"  # ECMA-48: to the first column, and erase from there


class ProgressLine:
    """See ProgressDisplay; on standard error, which is a terminal."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._is_shown = False
        self.restart()

    def restart(self) -> None:
        self._next = self._clock() + SILENT_FOR

    def show(self, act: str, done: int, total: int | None) -> None:
        now = self._clock()
        if now < self._next:
            return
        self._next = now + _REWRITTEN_AFTER
        if self._is_in_background():
            return
        self._write(_CLEAR + _fitted(act, done, total, self._columns()))
        self._is_shown = True

    def clear(self) -> None:
        if self._is_shown:
            self._is_shown = False
            self._write(_CLEAR)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._next = float("inf")  # the terminal is gone, which the act need not know

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or _WIDTH
        except OSError:
            return _WIDTH

    def _is_in_background(self) -> bool:
        """True if somebody works at the terminal meanwhile, as after `&` in a shell."""
        try:
            return os.tcgetpgrp(self._stream.fileno()) != os.getpgrp()
        except OSError:
            return False  # it controls nobody, as one that a program has made


def is_shown_on(stream: TextIO | None) -> bool:
    """True for a terminal that can rewrite a line."""
    if stream is None or os.environ.get("TERM", "dumb") == "dumb":
        return False
    return stream.isatty()


def _fitted(act: str, done: int, total: int | None, columns: int) -> str:
    """As much as goes into one line, whose last column stays free; never half a number."""
    if total is None:
        texts = [f"{act}: {done}", f"{done}"]
    else:
        total = max(total, done)
        texts = [f"{act}: {done} of {total} ({done * 100 // total}%)"]
        texts += [f"{act}: {done} of {total}", f"{done} of {total}"]
    return next((text for text in texts if len(text) < columns), "")
