"""The record on disk: activity for people, a log for the administrator (SAFETY 24).

The daemon, which may not write activity/, appends to usage/ what it has to say; readers take both.
"""

import contextlib
import errno
import fcntl
import json
import os
import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from apppw_tui.domain import activity
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.names import escaped
from apppw_tui.domain.ports import Clock
from apppw_tui.store.folder import files

LINE_BYTES = 4096
LOG_BYTES = 1024 * 1024  # the log begins anew when it is larger
ACTIVITY_BYTES = 256 * 1024  # and so does one account's activity; the file before it is kept
ACTIVITY = "activity"
FROM_DAEMON = "usage"
_VALUE_CHARACTERS = (512, 128, 32, 8, 0)  # tried in turn until the line is short enough
_UID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_BARE = re.compile(r"[A-Za-z0-9._:/@+-]+", re.ASCII)
_FIRST_TIME = re.compile(rb'\{"time": "([0-9TZ:.+-]{10,32})"')
_FIRST_BYTES = 64


class FolderJournal:
    """Appends to activity/<uid>.jsonl and to log in the store. Never raises.

    `acts_in` is the folder of the activity, if it is another.
    """

    def __init__(self, folder: Path, clock: Clock, acts_in: str = ACTIVITY) -> None:
        self._folder = folder
        self._clock = clock
        self._acts_in = acts_in

    def record(self, uid: str, what: str, by: str, **facts: str) -> None:
        if _UID.fullmatch(uid) is None:
            return
        first = {"time": self._now(), "what": what, "by": by}
        values = {**first, **facts, **first}  # in this order, and no fact passes for one of these

        def line(most: int) -> str:
            return json.dumps({key: _cut(value, most) for key, value in values.items()})

        folder = self._folder / self._acts_in
        with contextlib.suppress(OSError, StoreError):
            files.check_folder(self._folder)  # a store that is gone is not made again in passing
            files.make_folder(folder)
            begun_before = self._clock.now() - activity.RETENTION / 2
            _append(folder / f"{uid}.jsonl", _fitting(line), ACTIVITY_BYTES, begun_before)

    def fault(self, what: str, **facts: str) -> None:
        now = self._now()

        def line(most: int) -> str:
            pairs = (f"{escaped(key)}={_quoted(_cut(value, most))}" for key, value in facts.items())
            return " ".join([now, escaped(_cut(what, most)), *pairs])

        path = self._folder / "log"
        with contextlib.suppress(OSError, StoreError):
            files.check_folder(self._folder)
            _append(path, _fitting(line), LOG_BYTES)

    def _now(self) -> str:
        now = self._clock.now().astimezone(UTC).replace(tzinfo=None)
        return f"{now.isoformat(timespec='seconds')}Z"


def _cut(value: object, most: int) -> str:
    text = str(value)
    return text if len(text) <= most else f"{text[:most]}…"


def _quoted(text: str) -> str:
    if _BARE.fullmatch(text):
        return text
    return '"' + escaped(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _fitting(line: Callable[[int], str]) -> bytes:
    """The line with its values cut to what LINE_BYTES have room for; its end is a newline."""
    encoded = b""
    for most in _VALUE_CHARACTERS:
        encoded = line(most).encode()
        if len(encoded) < LINE_BYTES:
            break
    return encoded[: LINE_BYTES - 1] + b"\n"


def _append(path: Path, line: bytes, most: int, begun_before: datetime | None = None) -> None:
    """Appends in one write.

    A file of more than `most` bytes, or that was begun before that instant, goes to `path`.1 first.
    """
    descriptor = _open(path)
    try:
        full = os.fstat(descriptor).st_size > most or _begun(descriptor, begun_before)
        if full and _moved(path, descriptor):
            old, descriptor = descriptor, _open(path)
            os.close(old)
        status = os.fstat(descriptor)
        if stat.S_IMODE(status.st_mode) != files.FILE_MODE:
            os.fchmod(descriptor, files.FILE_MODE)
        # What a full disk cut off must not take this line with it.
        if status.st_size and os.pread(descriptor, 1, status.st_size - 1) != b"\n":
            line = b"\n" + line
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def _begun(descriptor: int, before: datetime | None) -> bool:
    """True if the file's first line is older than `before`."""
    if before is None:
        return False
    match = _FIRST_TIME.match(os.pread(descriptor, _FIRST_BYTES, 0))
    try:
        return match is not None and activity.parse_time(match[1].decode()) < before
    except ValueError:
        return False


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, files.FILE_MODE)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not an ordinary file")
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _moved(path: Path, descriptor: int) -> bool:
    """Moves the open file aside, unless another process does so or has done so already."""
    # Without the lock, two at once would move first the full file and then the new one over it.
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    if os.path.samestat(os.fstat(descriptor), path.lstat()):
        path.replace(path.with_name(f"{path.name}.1"))
    return True
