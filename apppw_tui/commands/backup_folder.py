"""A folder with a backup for each day, say: what one is called in it, and which may go."""

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

from apppw_tui.domain.errors import Refused
from apppw_tui.store.backup.reader import Archive
from apppw_tui.store.newfile import PREFIX

# A second one of the same second has a number.
_CALLED = re.compile(r"apppw-tui-([0-9]{8}T[0-9]{6}Z)(?:-([2-9]|[1-9][0-9]+))?\.tar")
_DAY = 86400  # seconds; a backup under way is younger


def paths(folder: Path, now: datetime) -> Iterator[Path]:
    """The names that one of `now` may have, the first that is free before all others."""
    for number in count(1):
        yield folder / f"apppw-tui-{_stamp(now)}{'' if number == 1 else f'-{number}'}.tar"


def _stamp(made: datetime) -> str:
    """In UTC, so that the names sort by age, whatever happens to the clocks in autumn."""
    return f"{made:%Y%m%dT%H%M%SZ}"


def prune(folder: Path, keep: int, host: str) -> list[str]:
    """Removes the oldest, until so many are left; their names.

    What this command has not made on this `host`, or somebody has changed, is neither counted nor
    removed.

    Raises:
        Refused: the folder cannot be read, or one not be removed.
    """
    gone = []
    try:
        for _, path in sorted(_made_here(folder, host))[:-keep]:
            path.unlink()
            gone.append(path.name)
        for left in folder.glob(f"{PREFIX}*"):  # by one that was killed
            if _is_own(left) and left.lstat().st_mtime < time.time() - _DAY:
                left.unlink()
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise Refused(
            f"The backup is made, but older ones in {folder} cannot be removed: {reason}."
        ) from None
    return gone


def _made_here(folder: Path, host: str) -> Iterator[tuple[tuple[str, int], Path]]:
    """Each with what it sorts by: when it was made, and its number in that second."""
    for path in folder.iterdir():
        called = _CALLED.fullmatch(path.name)
        if called is None or not _is_own(path):
            continue
        with contextlib.suppress(Refused), path.open("rb") as file:
            archive = Archive(file)
            if (_stamp(archive.made), archive.host) == (called[1], host):
                yield (called[1], int(called[2] or 1)), path


def _is_own(path: Path) -> bool:
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
