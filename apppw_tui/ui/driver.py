"""Textual's driver for terminals, less what a terminal must not decide alone."""

import shutil
from typing import Any

from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message
from textual.messages import InBandWindowResize

# Columns and rows, more than any screen shows. A window of 65535 by 65535 is 18 GB of cells, and
# whoever has not signed in yet may say that theirs is (SAFETY 27).
LARGEST = (500, 200)
_USUAL = (80, 24)


def clamped(size: tuple[int, int]) -> tuple[int, int]:
    """The part of a window of `size`, in columns and rows, that is drawn on; none is the usual."""
    width, height = (told or usual for told, usual in zip(size, _USUAL, strict=True))
    return min(width, LARGEST[0]), min(height, LARGEST[1])


class ClampedDriver(LinuxDriver):
    """Takes the window's size from the kernel alone, and no more of it than can be drawn.

    Terminals can also say their size in what they send (mode 2048), where anybody could: it is
    not asked for, and a report that comes all the same is dropped.
    """

    def __init__(self, app: Any, **arguments: Any) -> None:
        super().__init__(app, **arguments)
        # Until the first Resize, Textual would ask the console, which clamps nothing.
        self._size = clamped(self._size or self._get_terminal_size())

    def _get_terminal_size(self) -> tuple[int, int]:
        try:
            columns, rows = shutil.get_terminal_size()
        except (OSError, ValueError):
            columns, rows = _USUAL
        return clamped((columns, rows))

    def _query_in_band_window_resize(self) -> None:
        """Asks nothing: see the class."""

    def process_message(self, message: Message) -> None:
        """Hands on what the terminal sent, if it is not about its size."""
        if not isinstance(message, (events.Resize, InBandWindowResize)):
            super().process_message(message)
