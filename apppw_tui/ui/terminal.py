"""Leaving in time, and the terminal as it was found, whatever ends the program."""

import asyncio
import contextlib
import select
import signal
import sys
import threading
from collections.abc import Callable

from apppw_tui.exit_codes import BY_SIGNAL

WARNED_FOR = 30.0  # seconds before the end, in which a line says that it comes
_GRACE = 30.0  # seconds after the end, in which the program may still leave in good order
_AT_LEAST = 0.001  # seconds; nought would switch the timer off
_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class IdleClock:
    """Ends `limit` seconds after the last key; all in the clock's monotonic seconds.

    With `door`, whoever has not signed in has that many seconds in all, whatever they press.
    """

    def __init__(
        self, monotonic: Callable[[], float], limit: float, door: float | None = None
    ) -> None:
        self.monotonic, self.limit, self.door = monotonic, limit, door
        self.is_signed_out = True  # nobody is signed in
        self._since = monotonic()

    def signed_out(self) -> None:
        """From now on nobody is signed in."""
        self._since, self.is_signed_out = self.monotonic(), True

    def signed_in(self) -> None:
        """From now on somebody is."""
        self._since, self.is_signed_out = self.monotonic(), False

    def key_pressed(self) -> None:
        """Somebody pressed something."""
        if self.resets_on_key:
            self._since = self.monotonic()

    @property
    def resets_on_key(self) -> bool:
        """True if a key puts the end off."""
        return not self.is_signed_out or self.door is None

    @property
    def seconds_left(self) -> float:
        """Seconds to the end."""
        limit = self.limit if self.resets_on_key or self.door is None else self.door
        return limit - (self.monotonic() - self._since)

    @property
    def at_most(self) -> float:
        """Seconds after which it should have ended: a terminal perhaps takes nothing more."""
        return self.seconds_left + _GRACE


def on_signals(leave: Callable[[int], None]) -> None:
    """Calls `leave` with the exit code when the program is told to end.

    Textual's own answer to these is to die in raw mode, on the alternate screen.
    """
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, leave, BY_SIGNAL + number)


def on_hang_up(leave: Callable[[int], None]) -> None:
    """Calls `leave` when the terminal goes away without a signal, as under nohup.

    Reading a dead terminal returns at once and for ever; Textual would spin on it as an orphan.
    poll() with no events asked for still reports a hang-up, and costs nothing until then.
    """
    loop = asyncio.get_running_loop()
    poll = select.poll()
    try:
        poll.register(sys.stdin.fileno(), 0)
    except (OSError, ValueError):
        return

    def watch() -> None:
        poll.poll()
        with contextlib.suppress(RuntimeError):  # the loop has ended, and so has the program
            loop.call_soon_threadsafe(leave, BY_SIGNAL + signal.SIGHUP)

    threading.Thread(target=watch, daemon=True, name="hang-up").start()


def end_within(seconds: float) -> None:
    """Has the kernel end the program in `seconds`, come what may; called again, it counts anew.

    SIGALRM with its own effect needs no event loop, no thread and no lock of the interpreter. A
    terminal that takes nothing more, such as that of a frozen ssh, holds up every other way out:
    Textual's own threads wait for it with the screen's next line in their hands.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    signal.setitimer(signal.ITIMER_REAL, max(_AT_LEAST, seconds))


def quiet_threads() -> None:
    """A thread that fails writes no traceback over the screen; the app ends by itself."""
    threading.excepthook = lambda _: None
