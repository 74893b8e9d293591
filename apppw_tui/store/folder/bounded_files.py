"""Files that lines are appended to, and that begin anew when they are full or old."""

import fcntl
import os
import re
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from apppw_tui.domain import activity
from apppw_tui.store.folder import files

LINE_BYTES = 4096
_VALUE_CHARACTERS = (512, 128, 32, 8, 0)  # tried in turn until the line is short enough
_FIRST_TIME = re.compile(rb'\{"time": "([0-9TZ:.+-]{10,32})"')
_FIRST_BYTES = 64


def cut(value: object, most: int) -> str:
    """The value as text, of at most so many characters and a sign that there was more."""
    text = str(value)
    return text if len(text) <= most else f"{text[:most]}…"


def fitting(line: Callable[[int], str]) -> bytes:
    """The line with its values cut to what LINE_BYTES have room for; its end is a newline.

    `line` makes it of values of at most so many characters.
    """
    encoded = b""
    for most in _VALUE_CHARACTERS:
        encoded = line(most).encode()
        if len(encoded) < LINE_BYTES:
            break
    return encoded[: LINE_BYTES - 1] + b"\n"


def append_bounded(
    path: Path, line: bytes, most: int, begun_before: datetime | None = None
) -> None:
    """Appends in one write. Raises OSError.

    A file of more than `most` bytes, or that was begun before that instant, goes to `path`.1 first.
    """
    with ExitStack() as stack:
        descriptor = stack.enter_context(files.opened_to_append(path))
        full = os.fstat(descriptor).st_size > most or _is_begun(descriptor, begun_before)
        if full and _set_aside(path, descriptor):
            descriptor = stack.enter_context(files.opened_to_append(path))
        files.append_line(descriptor, line)


def _is_begun(descriptor: int, before: datetime | None) -> bool:
    """True if the file's first line is older than `before`."""
    if before is None:
        return False
    match = _FIRST_TIME.match(os.pread(descriptor, _FIRST_BYTES, 0))
    try:
        return match is not None and activity.parse_time(match[1].decode()) < before
    except ValueError:
        return False


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
