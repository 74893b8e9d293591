"""Files that lines are appended to, and that begin anew when they are full."""

import fcntl
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from apppw_tui.store.folder import files

LINE_BYTES = 4096
_VALUE_CHARACTERS = (512, 128, 32, 8, 0)  # tried in turn until the line is short enough


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


def append_bounded(path: Path, line: bytes, most: int) -> None:
    """Appends in one write; a file of more than `most` bytes goes to `path`.1 first.

    Raises OSError.
    """
    with ExitStack() as stack:
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
