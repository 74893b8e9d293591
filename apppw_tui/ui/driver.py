"""The driver between Textual and the terminal, whose every word is input (SAFETY 27)."""

import contextlib
import os
import re
import select
import shutil
import termios
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.keys import Keys
from textual.message import Message
from textual.message_pump import MessagePump
from textual.messages import TerminalSupportsSynchronizedOutput

from apppw_tui.ui.cursor_anchors import anchor_columns
from apppw_tui.ui.early_input import take_over
from apppw_tui.ui.glyphs import ASCII_ONLY, as_ascii
from apppw_tui.ui.messages import NotUtf8
from apppw_tui.ui.terminal_events import Key, Mouse, Pasted, Report, TerminalEvent
from apppw_tui.ui.terminal_input import TerminalInput
from apppw_tui.ui.type_ahead import TypeAhead

# Columns and rows, more than any screen shows. A window of 65535 by 65535 is 18 GB of cells, and
# whoever has not signed in yet may say that theirs is.
LARGEST = (500, 200)
_USUAL = (80, 24)
_ESC = "\x1b"
# Pieces that follow each other with nothing between, each in the colours of the first.
_RUN = re.compile(r"(\x1b\[[0-9;]+m)[^\x1b]*(?:\x1b\[0m\1[^\x1b]*)+")
_POLL_INTERVAL = 0.1  # seconds between two looks whether the program ends
_PORTION = 1024  # bytes read at once
# Messages that may wait. Beyond it nothing is read, and the kernel lets the terminal wait: keys
# have no other bound, and a stream of them would fill the memory before anybody signs in.
_BACKLOG = 256


def joined_runs(data: str) -> str:
    """Returns `data` with the colours of each run opened once: a terminal draws the same.

    Textual closes every piece and opens the next, though most go on in the colours that are set. In
    a list of cells that is half of all that a step of the cursor sends over ssh.
    """
    return _RUN.sub(lambda run: run[0].replace(f"\x1b[0m{run[1]}", ""), data)


def clamped(size: tuple[int, int]) -> tuple[int, int]:
    """The part of a window of `size`, in columns and rows, that is drawn on; none is the usual."""
    width, height = (cells or usual for cells, usual in zip(size, _USUAL, strict=True))
    return min(width, LARGEST[0]), min(height, LARGEST[1])


class HardenedDriver(LinuxDriver):
    """Takes the window's size from the kernel alone, and of what comes in what is known.

    Terminals can also say their size in what they send (mode 2048), where anybody could: it is
    not asked for, and a report that comes all the same is dropped.
    """

    def __init__(self, app: Any, **arguments: Any) -> None:
        super().__init__(app, **arguments)
        self._file = cast(Any, TerminalFile(self._file))
        # Until the first Resize, Textual would ask the console, which clamps nothing.
        self._size = clamped(self._size or self._get_terminal_size())
        self._parser = XTermParser()
        self._raw: list[Any] | None = None  # the terminal's settings while screens are drawn
        self._is_suspended = False

    def start_application_mode(self) -> None:
        try:
            super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's
        finally:
            # Textual remembers it as it is while the program loads.
            self.attrs_before = take_over() or self.attrs_before
        with contextlib.suppress(termios.error):  # it has hung up
            self._raw = termios.tcgetattr(self.fileno)

    def stop_application_mode(self) -> None:
        self._raw = None
        super().stop_application_mode()

    def _sigtstp_application(self, *_: object) -> None:
        self._is_suspended = True
        super()._sigtstp_application()

    def _sigcont_application(self, *_: object) -> None:
        """Starts anew what was suspended, and only that.

        With the signal that a terminal is gone, the kernel sends this one as well. Textual would
        start a second pair of threads; nobody ends the first then, and the program waits for it.
        """
        if self._is_suspended:
            self._is_suspended = False
            super()._sigcont_application()
        elif self._raw is not None:
            # Whoever stopped it by SIGSTOP may have had the terminal echo what is typed.
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._raw)

    def _get_terminal_size(self) -> tuple[int, int]:
        try:
            columns, rows = shutil.get_terminal_size()
        except (OSError, ValueError):
            columns, rows = _USUAL
        return clamped((columns, rows))

    def write(self, data: str) -> None:
        """Draws nothing that a terminal would show as something else, or elsewhere."""
        super().write(joined_runs(as_ascii(data) if ASCII_ONLY else anchor_columns(data)))

    def _query_in_band_window_resize(self) -> None:
        """Asks nothing: see the class."""

    def run_input_thread(self) -> None:
        """Reads the terminal until the driver stops; Textual calls it in a thread of its own."""
        front = TerminalInput()
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        while not self.exit_event.is_set():
            if self._is_behind():
                self.exit_event.wait(_POLL_INTERVAL / 10)
                continue
            deadline = front.deadline
            patience = _POLL_INTERVAL if deadline is None else deadline - time.monotonic()
            if poll.poll(max(0.0, min(_POLL_INTERVAL, patience)) * 1000):
                self._hand_on(front.feed(self._read()))
            elif deadline is not None and time.monotonic() >= deadline:
                self._hand_on(front.give_up())

    def _read(self) -> bytes:
        try:
            data = os.read(self.fileno, _PORTION)
        except OSError:
            data = b""
        if not data:  # it has hung up, which ends the program elsewhere; not to spin until then
            self.exit_event.wait(_POLL_INTERVAL)
        return data

    def _is_behind(self) -> bool:
        """True while the program has not come to what was read before, or has no screen for it."""
        screens = self._app.screen_stack[-1:]
        if not screens:
            return True
        pumps: list[MessagePump] = [self._app]
        for screen in screens:
            pumps += [screen] if screen.focused is None else [screen, screen.focused]
        waiting = [pump.message_queue_size for pump in pumps]
        if isinstance(self._app, TypeAhead) and not self._app.waits_for_screen:
            waiting.append(self._app.typed_ahead)
        return max(waiting) > _BACKLOG

    def _hand_on(self, sent: Iterator[TerminalEvent]) -> None:
        for event in sent:
            for message in translated(event, self._parser):
                self.process_message(message)


class TerminalFile:
    """The terminal's file; once the terminal is gone, whatever is written is dropped.

    Textual's writer would end with the first error, and its queue, which takes thirty pieces, then
    holds up for ever whoever puts more into it: the program itself, on its way out.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self._gone = False

    def write(self, text: str) -> None:
        self._unless_gone(lambda: self._file.write(text))

    def flush(self) -> None:
        self._unless_gone(self._file.flush)

    def fileno(self) -> int:
        return int(self._file.fileno())

    def _unless_gone(self, act: Callable[[], object]) -> None:
        if self._gone:
            return
        try:
            act()
        except (OSError, ValueError):  # it has hung up; it is closed
            self._gone = True


def translated(sent: TerminalEvent, parser: XTermParser) -> Iterator[Message]:
    """The events that Textual has for it; `parser` has its names for keys."""
    match sent:
        case Key(sequence) if sequence == _ESC:
            yield events.Key("escape", _ESC)
        case Key("\n", alt=False):  # Enter, before the terminal was the program's
            yield from translated(Key("\r"), parser)
        case Key(sequence, alt):
            for key in parser._sequence_to_key_events(sequence, alt=alt):
                if key.key != Keys.Ignore:
                    yield key
        case Mouse(sequence):
            moved = parser.parse_mouse_code(sequence)
            if moved is not None:
                yield moved
        case Pasted(text):
            yield events.Paste(text)
        case Report.FOCUSED:
            yield events.AppFocus()
        case Report.BLURRED:
            yield events.AppBlur()
        case Report.SYNCHRONIZED_OUTPUT:
            yield TerminalSupportsSynchronizedOutput()
        case Report.NOT_UTF8:
            yield NotUtf8()
