"""The ssh key that sshd has verified for this session, as sshd alone can say it.

sshd (ExposeAuthInfo) lays a file in /tmp and names it in the environment, which is anybody's to
fill. So the name alone is believed as little as the file: it must be what this very session's sshd
has made, and that sshd must be the one that runs as root.
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
_LARGEST = 64 * 1024  # bytes
_MODE = 0o600
_CLOSE = 5.0  # seconds between the beginning of a session and its file
_METHOD = "publickey"


@dataclass(frozen=True)
class _Process:
    """A process as the kernel describes it (proc(5))."""

    command: str
    parent: int
    uid: int
    age: float  # seconds


def proven_key(path: str) -> ProvenKey | None:
    """The key in sshd's file at `path`; None if there is none, or it is not to be believed."""
    if _PATH.fullmatch(path) is None:
        return None
    try:
        age = _age_of_session()
        content = _content(path, age)
    except (OSError, ValueError, IndexError):
        return None
    for line in lines(content):
        method, _, key = line.partition(" ")
        if method == _METHOD:
            with suppress(UnfitKey):
                type_, fingerprint = parse(key)
                # The suspension of a machine counts: it ends connections, but not this clock.
                return ProvenKey(fingerprint, type_, time.monotonic() - age)
    return None


def _age_of_session() -> float:
    """Seconds since sshd has let this session's person in.

    The parent is sshd as the user of the session, whose own parent is sshd as root; whoever starts
    the portal otherwise, by su or sudo, from a shell or from cron, is another. Raises ValueError.
    """
    session = _process(os.getppid())
    monitor = _process(session.parent)
    ours, root = (session.uid == os.geteuid() != 0), (monitor.uid == 0)
    if not (
        ours and root and _SSHD.fullmatch(session.command) and _SSHD.fullmatch(monitor.command)
    ):
        raise ValueError("not started by sshd")
    return session.age


def _process(pid: int) -> _Process:
    """Raises OSError, ValueError: it is gone, or is not shown."""
    folder = Path("/proc", str(pid))
    before, _, after = (folder / "stat").read_text("ascii", "replace").rpartition(")")
    status = (folder / "status").read_text("ascii", "replace")
    (uids,) = (line.split()[1:] for line in lines(status) if line.startswith("Uid:"))
    if len(set(uids)) != 1:
        raise ValueError("it can become somebody else")
    fields = after.split()
    began = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - began
    return _Process(before.partition("(")[2], int(fields[1]), int(uids[0]), age)


def _content(path: str, age: float) -> str:
    """Raises OSError, ValueError: it is not what sshd has made for this session."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, encoding="ascii") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise ValueError("no ordinary file")
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) != _MODE:
            raise ValueError("somebody else's")
        # Made when this session began: another's, which is there as well, is older or newer.
        if abs(time.time() - status.st_mtime - age) > _CLOSE or status.st_size > _LARGEST:
            raise ValueError("another session's")
        return file.read(_LARGEST)
