"""Leaving the terminal as it was found, whatever ends the program."""

import asyncio
import contextlib
import select
import signal
import sys
import threading
from collections.abc import Callable

from apppw_tui.exit_codes import BY_SIGNAL

_AT_LEAST = 0.001  # seconds; nought would switch the timer off
_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


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
