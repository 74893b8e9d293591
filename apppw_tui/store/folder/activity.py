"""The activity of accounts: what people did, and what the daemon saw.

The daemon, which may not write activity/, appends to usage/ what it has to say; readers take both.
"""

import contextlib
import errno
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from apppw_tui.domain import activity
from apppw_tui.domain.activity import ActivityEntry
from apppw_tui.domain.errors import StoreDamaged, StoreError
from apppw_tui.domain.lines import utc_seconds
from apppw_tui.domain.ports import Clock
from apppw_tui.store.folder import files
from apppw_tui.store.folder.bounded_files import append_bounded, cut, fitting

ACTIVITY = "activity"
FROM_DAEMON = "usage"
ACTIVITY_BYTES = 256 * 1024  # one account's begins anew when it is larger; the file before is kept
_LARGEST = 4 * 1024 * 1024  # bytes; far more than one file ever gets
_FOLDERS = (ACTIVITY, FROM_DAEMON)
_NAME = re.compile(r"([0-9a-f]{32})\.jsonl", re.ASCII)
_OLDER = ".1"


class FolderActivityLog:
    """The files activity/<uid>.jsonl and usage/<uid>.jsonl of the store in `folder`.

    `appends_to` is the folder that this process appends to; both are read.
    """

    def __init__(self, folder: Path, clock: Clock, appends_to: str = ACTIVITY) -> None:
        self._folder = folder
        self._clock = clock
        self._appends_to = appends_to

    def record(self, uid: str, what: str, by: str, **facts: str) -> None:
        """See ActivityLog. Never raises."""
        if _NAME.fullmatch(f"{uid}.jsonl") is None:
            return
        first = {"time": utc_seconds(self._clock.now()), "what": what, "by": by}
        values = {**first, **facts, **first}  # in this order, and no fact passes for one of these

        def line(most: int) -> str:
            return json.dumps({key: cut(value, most) for key, value in values.items()})

        folder = self._folder / self._appends_to
        with contextlib.suppress(OSError, StoreError):
            files.check_folder(self._folder)  # a store that is gone is not made again in passing
            files.make_folder(folder)
            begun_before = self._clock.now() - activity.RETENTION / 2
            append_bounded(folder / f"{uid}.jsonl", fitting(line), ACTIVITY_BYTES, begun_before)

    def read(self, uid: str) -> list[ActivityEntry]:
        """The account's lines of the last RETENTION, the oldest first; none for what is no uid.

        Lines that are cut or damaged are left out. Raises StoreUnusable.
        """
        if _NAME.fullmatch(f"{uid}.jsonl") is None:
            return []
        events: list[ActivityEntry] = []
        for folder in _FOLDERS:
            path = self._folder / folder / f"{uid}.jsonl"
            for file in (_older(path), path):
                with contextlib.suppress(StoreDamaged):
                    events += entries((files.read(file, _LARGEST) or b"").split(b"\n"))
        since = self._clock.now() - activity.RETENTION
        return sorted(
            (event for event in events if event.time >= since), key=lambda event: event.time
        )

    def uids(self) -> list[str]:
        """The uids of all who have entries, also of accounts that are gone."""
        return sorted({path.stem for path in current_files(self._folder)})

    def forget_old(self, uid: str) -> None:
        """Removes what is older than RETENTION: a file whose newest line is. Raises StoreError."""
        if _NAME.fullmatch(f"{uid}.jsonl") is None:
            return
        before = (self._clock.now() - activity.RETENTION).timestamp()
        for folder in _FOLDERS:
            path = self._folder / folder / f"{uid}.jsonl"
            if _written_before(_older(path), before):
                files.remove(_older(path))
            # Not removed: somebody may have it open, and append one line more.
            if _written_before(path, before):
                with contextlib.suppress(FileNotFoundError):
                    path.replace(_older(path))


def entries(lines: Iterable[bytes]) -> Iterator[ActivityEntry]:
    """The entries that can be understood of these lines; keys that are not known are details."""
    for line in lines:
        with contextlib.suppress(ValueError, RecursionError):
            event = entry(json.loads(line))
            if event is not None:
                yield event


def entry(document: Any) -> ActivityEntry | None:
    """The entry that a line's document holds; None if it is none. Raises ValueError."""
    if not isinstance(document, dict):
        return None
    facts = {key: value for key, value in document.items() if isinstance(value, str)}
    time, what, by = (facts.pop(key, None) for key in ("time", "what", "by"))
    if time is None or what is None or by is None:
        return None
    return ActivityEntry(activity.parse_time(time), what, by, facts)


def current_files(folder: Path) -> list[Path]:
    """Every file that activity is appended to in the store `folder`."""
    files = []
    for name in _FOLDERS:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            files += [path for path in (folder / name).iterdir() if _NAME.fullmatch(path.name)]
    return sorted(files)


class Tail:
    """The lines appended from now on; survives that a file begins anew."""

    def __init__(self, folder: Path, uids: frozenset[str] | None = None) -> None:
        """`uids` are the accounts to follow; None is all of them. Raises StoreUnusable."""
        self._folder = folder
        self._uids = uids
        self._read: dict[Path, tuple[int, int]] = {}  # inode, and how far it was read, in bytes
        for path in self._paths():
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                self._read[path] = (status.st_ino, status.st_size)

    def news(self) -> list[tuple[str, ActivityEntry]]:
        """The entries appended since the last time: uid and entry, by time. Raises StoreError."""
        events: list[tuple[str, ActivityEntry]] = []
        for path in self._paths():
            events += [(path.stem, event) for event in entries(self._appended(path))]
        return sorted(events, key=lambda event: event[1].time)

    def _paths(self) -> list[Path]:
        try:
            paths = current_files(self._folder)
        except OSError as error:
            raise files.store_error(self._folder, error) from None
        return [path for path in paths if self._uids is None or path.stem in self._uids]

    def _appended(self, path: Path) -> Iterator[bytes]:
        inode, offset = self._read.get(path, (0, 0))
        for file in (_older(path), path):
            with _opened(file) as descriptor:
                if descriptor is None:
                    continue
                now = os.fstat(descriptor).st_ino
                if file != path and now != inode:
                    continue  # it was moved aside before anybody looked
                begin = offset if now == inode else 0
                content = os.pread(descriptor, _LARGEST, begin)
            whole = content[: content.rfind(b"\n") + 1]  # the rest is being written
            self._read[path] = (now, begin + len(whole))
            yield from whole.split(b"\n")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    """The file, or None if there is no such ordinary file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            yield None
            return
        raise files.store_error(path, error) from None
    try:
        yield descriptor
    except OSError as error:
        raise files.store_error(path, error) from None
    finally:
        files.close(descriptor)


def _older(path: Path) -> Path:
    return path.with_name(path.name + _OLDER)


def _written_before(path: Path, instant: float) -> bool:
    try:
        return path.lstat().st_mtime < instant
    except FileNotFoundError:
        return False
    except OSError as error:
        raise files.store_error(path, error) from None


def as_line(event: ActivityEntry) -> Mapping[str, str]:
    """The line that an entry is written down as."""
    time = utc_seconds(event.time)
    return {**event.details, "time": time, "what": event.event, "by": event.actor}
