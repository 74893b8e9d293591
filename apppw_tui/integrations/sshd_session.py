"""The ssh key that sshd has verified for this session, as sshd alone can say it.

sshd (ExposeAuthInfo) lays a file in /tmp and names it in the environment, which is anybody's to
fill. So the name alone is believed as little as the file: it must be what this very session's sshd
has made, and that sshd must be the one that runs as root. sshd makes it as soon as the process of a
session has begun: so it is that process's which was the last to begin before the file was made.
"""

import os
import re
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from apppw_tui.domain.lines import lines
from apppw_tui.domain.ssh_key import ProvenKey, UnfitKey, parse

_PATH = re.compile(r"/tmp/sshauth\.[A-Za-z0-9]{6,64}", re.ASCII)  # noqa: S108 - sshd's
_SSHD = re.compile(r"([a-z]+-)?sshd(-session)?")
_PROC = Path("/proc")
_LARGEST = 64 * 1024  # bytes
_MODE = 0o600
_LATER = 5.0  # seconds after the beginning of a session in which its file is made
_EARLIER = 0.05  # seconds that it may seem to be older: no clock here is finer than a hundredth
_METHOD = "publickey"


@dataclass(frozen=True)
class _Process:
    """A process as the kernel describes it (proc(5))."""

    command: str
    parent: int
    uid: int
    began: float  # seconds since the machine was started

    def serves(self, uid: int) -> bool:
        """True for sshd that runs as `uid`."""
        return self.uid == uid and _SSHD.fullmatch(self.command) is not None


def proven_key(path: str) -> ProvenKey | None:
    """The key in sshd's file at `path`; None if there is none, or it is not to be believed."""
    if _PATH.fullmatch(path) is None:
        return None
    try:
        began = _beginning_of_session()
        content = _content(path, began)
    except (OSError, ValueError, IndexError):
        return None
    for line in lines(content):
        method, _, key = line.partition(" ")
        if method == _METHOD:
            with suppress(UnfitKey):
                type_, fingerprint = parse(key)
                # The suspension of a machine counts: it ends connections, but not this clock.
                return ProvenKey(fingerprint, type_, time.monotonic() - (_now() - began))
    return None


def _beginning_of_session() -> float:
    """The instant at which sshd let this session's person in: seconds since the machine's start.

    The parent is sshd as the user of the session, whose own parent is sshd as root; whoever starts
    the portal otherwise, by su or sudo, from a shell or from cron, is another. Raises ValueError.
    """
    session = _process(os.getppid())
    monitor = _process(session.parent)
    user = os.geteuid()
    if user == 0 or not session.serves(user) or not monitor.serves(0):
        raise ValueError("not started by sshd")
    return session.began


def _began_between(first: float, last: float) -> bool:
    """True if another session of this user began then: what was made at `last` may be its.

    So who waits with a session for that of somebody else does not get what is made for that.
    """
    own = str(os.getppid())
    for folder in _PROC.iterdir():
        if folder.name.isdecimal() and folder.name != own:
            try:
                process = _process(int(folder.name))
            except (OSError, ValueError, IndexError):
                continue  # it has just ended, or is nobody's session
            if process.serves(os.geteuid()) and first <= process.began <= last + _EARLIER:
                return True
    return False


def _process(pid: int) -> _Process:
    """Raises OSError, ValueError: it is gone, or is not shown."""
    folder = _PROC / str(pid)
    before, _, after = (folder / "stat").read_text("ascii", "replace").rpartition(")")
    status = (folder / "status").read_text("ascii", "replace")
    (uids,) = (line.split()[1:] for line in lines(status) if line.startswith("Uid:"))
    if len(set(uids)) != 1:
        raise ValueError("it can become somebody else")
    fields = after.split()
    began = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return _Process(before.partition("(")[2], int(fields[1]), int(uids[0]), began)


def _now() -> float:
    """Seconds since the machine was started, its suspensions included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _content(path: str, began: float) -> str:
    """Raises OSError, ValueError: it is not what sshd has made for this session."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, encoding="ascii") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise ValueError("no ordinary file")
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) != _MODE:
            raise ValueError("somebody else's")
        made = _now() - (time.time() - status.st_mtime)
        # Others' are there as well: made before this session, long after it, or by one begun since.
        if not began - _EARLIER <= made <= began + _LATER or status.st_size > _LARGEST:
            raise ValueError("another session's")
        if _began_between(began, made):
            raise ValueError("perhaps another session's")
        return file.read(_LARGEST)
