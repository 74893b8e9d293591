"""The error log of a store: what failed, in detail, for the administrator (SAFETY 24).

It begins anew when it is full; the one before it stays beside it.
"""

import contextlib
import fcntl
import os
from pathlib import Path

from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.lines import fitted, log_line
from apppw_tui.domain.ports import Clock
from apppw_tui.store.folder import files

_EVENT = ""  # no fact has that name
LOG_BYTES = 1024 * 1024  # the log begins anew when it is larger


class FolderErrorLog:
    """Appends to the file log in the store. Never raises."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def error(self, event: str, **facts: str) -> None:
        def line(texts: dict[str, str]) -> str:
            return log_line(self._clock.now(), texts.pop(_EVENT), texts)

        with contextlib.suppress(OSError, StoreError):
            files.check_folder(self._folder)  # a store that is gone is not made again in passing
            append_bounded(self._folder / "log", fitted({_EVENT: event, **facts}, line), LOG_BYTES)


def append_bounded(path: Path, line: bytes, most: int) -> None:
    """Appends in one write; a file of more than `most` bytes goes to `path`.1 first.

    Raises OSError.
    """
    with contextlib.ExitStack() as stack:
        descriptor = stack.enter_context(files.opened_to_append(path))
        if os.fstat(descriptor).st_size > most and _set_aside(path, descriptor):
            descriptor = stack.enter_context(files.opened_to_append(path))
        files.append_line(descriptor, line)


def _set_aside(path: Path, descriptor: int) -> bool:
    """Moves the open file to `path`.1, unless another process does so or has done so already."""
    # Without the lock, two at once would move first the full file and then the new one over it.
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    if os.path.samestat(os.fstat(descriptor), path.lstat()):
        path.replace(path.with_name(f"{path.name}.1"))
    return True
