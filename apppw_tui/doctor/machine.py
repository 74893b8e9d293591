"""The machine below a store: its clock, by which codes and expiries are judged, disk and locks."""

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from apppw_tui.doctor.finding import Finding, danger, notice, ok, warning
from apppw_tui.doctor.probe import Run, SystemPaths
from apppw_tui.domain.lines import lines
from apppw_tui.store.folder.disk_reserve import SIZE
from apppw_tui.store.folder.files import LOCK_TIMEOUT
from apppw_tui.store.folder.places import StorePlaces

_SLACK = timedelta(minutes=5)
_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)  # nothing that this program wrote can be older
_WHERE = "the clock"
_REMEDY = "Set the clock, and let the machine keep it by NTP (systemd-timesyncd or chrony)."
_LITTLE = 64 * 1024 * 1024  # bytes
_FEW = 100  # files
_IN_MEMORY = ("tmpfs", "ramfs")
# Longer than anybody waits for one: whoever still holds it keeps everybody out.
LOCK_PATIENCE = LOCK_TIMEOUT + 1  # seconds
# proc_locks(5): number, FLOCK, kind, access, process, device and inode, range.
_FLOCK = re.compile(r"\d+: FLOCK +\S+ +\S+ +(?P<pid>\d+) +[0-9a-f]+:[0-9a-f]+:(?P<inode>\d+) ")


def check_ntp(ask: Run) -> list[Finding]:
    """Asks the system about its own clock, where systemd looks after it."""
    output = ask(("timedatectl", "show"))
    if output.error:
        return [ok(_WHERE, "Nobody tells how this machine keeps its time.")]
    properties = dict(line.partition("=")[::2] for line in lines(output.out))
    return list(_kept(properties)) or [
        ok(_WHERE, f"It is kept by NTP, in {properties.get('Timezone')}.")
    ]


def _kept(properties: dict[str, str]) -> Iterator[Finding]:
    if properties.get("NTPSynchronized") == "no":
        yield notice(
            _WHERE,
            "It is not synchronized: codes of authenticator apps fail once it is a minute off.",
            _REMEDY,
        )
    if properties.get("LocalRTC") == "yes":
        yield notice(
            _WHERE,
            "The hardware clock is kept in local time: after a start in summer or winter it may "
            "be an hour off.",
            "Run: timedatectl set-local-rtc 0",
        )


def check_not_behind(folder: Path, now: datetime) -> list[Finding]:
    """`now` against the newest file of the store: time cannot have gone back."""
    if now < _EARLIEST:
        return [danger(_WHERE, f"It says {_said(now)}: app passwords do not expire.", _REMEDY)]
    newest = max(_times(folder), default=now)
    if newest - now > _SLACK:
        return [
            danger(
                _WHERE,
                f"It says {_said(now)}, but the store was written at {_said(newest)}: app "
                "passwords expire too late, and codes are refused.",
                _REMEDY,
            )
        ]
    return [ok(_WHERE, "It is not behind the store.")]


def _times(folder: Path) -> Iterator[datetime]:
    for path in StorePlaces(folder).written():
        try:
            yield datetime.fromtimestamp(path.lstat().st_mtime, UTC)
        except (OSError, OverflowError, ValueError):
            continue  # removed meanwhile, or a time that no clock shows


def _said(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M UTC")


class _Room(Protocol):
    """Of os.statvfs: statvfs(3)."""

    @property
    def f_bavail(self) -> int: ...
    @property
    def f_frsize(self) -> int: ...
    @property
    def f_files(self) -> int: ...
    @property
    def f_favail(self) -> int: ...


def check(
    folder: Path, places: SystemPaths, room: Callable[[Path], _Room] = os.statvfs
) -> Iterator[Finding]:
    kind, options = _mounted(folder, places)
    if kind in _IN_MEMORY:
        yield danger(
            folder,
            f"It is in memory ({kind}): the next start of the machine loses every account.",
            "Move the store to a disk.",
        )
    if "ro" in options:
        yield danger(
            folder,
            "Its file system is read-only: nobody can create, delete or sign in.",
            "See why in the system's log (dmesg), and mount it for writing.",
        )
    else:
        yield from _left(folder, room(folder))
    yield from _reserve(folder)


def _left(folder: Path, room: _Room) -> Iterator[Finding]:
    free = room.f_bavail * room.f_frsize
    few = room.f_files > 0 and room.f_favail < _FEW  # some file systems do not count them
    if free < SIZE or (few and room.f_favail == 0):
        yield danger(
            folder, "The disk is full: nothing but deletions fits.", "Make room on that disk."
        )
    elif free < _LITTLE or few:
        left = f"{room.f_favail} files" if few else f"{free // 1024 // 1024} MiB"
        yield warning(folder, f"Its disk has room for {left} only.", "Make room on that disk.")


def _reserve(folder: Path) -> Iterator[Finding]:
    places = StorePlaces(folder)
    if not places.names():
        return  # it is made with the first of them
    path = places.reserve
    try:
        size = path.lstat().st_size
    except OSError:
        size = 0
    if size < SIZE:
        yield notice(
            path,
            "The room for deletions on a full disk is not set aside, or only a part of it.",
            "Make room on that disk: the rest is set aside at the next change of any account.",
        )


def _mounted(folder: Path, places: SystemPaths) -> tuple[str, list[str]]:
    """Its file system's type and options; empty where the system does not tell.

    proc_pid_mountinfo(5): number, parent, major:minor, root, mount point, options, any number of
    fields, a lone dash, type, source, options of the file system itself.
    """
    device = folder.lstat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = lines(places.mounts.read_bytes().decode(errors="replace"))
    except OSError:
        return "", []
    for line in mounts:
        fields, _, rest = line.partition(" - ")
        if fields.split()[2] == wanted:
            kind, _, options = rest.split()[:3]
            return kind, options.split(",")
    return "", []


def check_locks(
    folder: Path, places: SystemPaths, wait: Callable[[float], object]
) -> list[Finding]:
    """The locks of the store in `folder` that are held now, and still after LOCK_PATIENCE."""
    held = {path for path in StorePlaces(folder).locks() if _is_held(path)}
    if held:
        wait(LOCK_PATIENCE)
        held = {path for path in held if _is_held(path)}
    return [_held_lock(path, places) for path in sorted(held)] or [ok(folder, "No lock is stuck.")]


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


def _held_lock(path: Path, places: SystemPaths) -> Finding:
    pids = _holders(path, places)
    who = ", ".join(f"{pid} ({places.process_name(pid) or 'unknown'})" for pid in pids)
    return danger(
        path,
        f"It has been held for more than {LOCK_PATIENCE:g} seconds, by "
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
