"""Locks that are held for too long, and by whom."""

import fcntl
import os
import re
from collections.abc import Callable
from pathlib import Path

from apppw_tui.doctor.finding import Finding, danger, ok
from apppw_tui.doctor.probe import SystemPaths
from apppw_tui.domain.lines import lines
from apppw_tui.store.folder.locks import LOCK_TIMEOUT

# Longer than anybody waits for one: whoever still holds it keeps everybody out.
PATIENCE = LOCK_TIMEOUT + 1  # seconds
# proc_locks(5): number, FLOCK, kind, access, process, device and inode, range.
_FLOCK = re.compile(r"\d+: FLOCK +\S+ +\S+ +(?P<pid>\d+) +[0-9a-f]+:[0-9a-f]+:(?P<inode>\d+) ")


def check(folder: Path, places: SystemPaths, wait: Callable[[float], object]) -> list[Finding]:
    """The locks of the store in `folder` that are held now, and still after PATIENCE."""
    # Not .door-*: a place at the door is held for as long as somebody stands there.
    paths = [path for form in ("*.lock", ".key.lock", ".slot-*") for path in _files(folder, form)]
    held = {path for path in paths if _is_held(path)}
    if held:
        wait(PATIENCE)
        held = {path for path in held if _is_held(path)}
    return [_finding(path, places) for path in sorted(held)] or [ok(folder, "No lock is stuck.")]


def _files(folder: Path, form: str) -> list[Path]:
    return sorted({*(folder / "locks").glob(form)})


def _is_held(path: Path) -> bool:
    """Tries a shared lock, and lets go of it at once."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _finding(path: Path, places: SystemPaths) -> Finding:
    pids = _holders(path, places)
    who = ", ".join(f"{pid} ({places.process_name(pid) or 'unknown'})" for pid in pids)
    return danger(
        path,
        f"It has been held for more than {PATIENCE:g} seconds, by "
        f"{f'process {who}' if who else 'a process that cannot be told'}.",
        f"End that process: kill {pids[0]}" if pids else "Find it with: lsof " + str(path),
    )


def _holders(path: Path, places: SystemPaths) -> list[str]:
    try:
        inode = str(path.lstat().st_ino)
        rows = lines(places.locks.read_bytes().decode(errors="replace"))
    except OSError:
        return []
    matches = [_FLOCK.match(line) for line in rows]
    return [match["pid"] for match in matches if match is not None and match["inode"] == inode]
