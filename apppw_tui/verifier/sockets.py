"""Unix sockets: made in a folder, or passed by systemd; and removed again (SAFETY 20)."""

import contextlib
import errno
import fcntl
import grp
import os
import socket
import stat
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from apppw_tui.domain.errors import ConfigError
from apppw_tui.domain.names import escaped

BACKLOG = 512  # connections that wait to be accepted
_FOLDER_MODE = 0o755  # who may ask is said by each socket's own mode and group
_FIRST_PASSED = 3  # sd_listen_fds(3), SD_LISTEN_FDS_START
_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


@dataclass(frozen=True)
class Owner:
    """The owner of the sockets, where root makes them."""

    uid: int
    gid: int


@dataclass(frozen=True)
class ListeningSocket:
    """One socket that listens; `path` is None where somebody else made it."""

    name: str
    socket: socket.socket
    path: Path | None = None
    identity: tuple[int, int] | None = None

    def close(self) -> None:
        """Closes it, and removes it from its folder if it is still this one that is there."""
        self.socket.close()
        if self.path is not None and _identity(self.path) == self.identity:
            with contextlib.suppress(OSError):  # root's folder, and root no more
                self.path.unlink()


def make_folder(folder: Path, owner: Owner | None) -> None:
    """Makes the folder that sockets are made in, unless it is there. Raises ConfigError."""
    try:
        folder.mkdir(_FOLDER_MODE)
        folder.chmod(_FOLDER_MODE)
        if owner is not None:
            os.chown(folder, owner.uid, owner.gid, follow_symlinks=False)
    except FileExistsError:
        pass
    except OSError as error:
        raise _unusable(folder, error) from None


@contextmanager
def folder_locked(folder: Path) -> Iterator[None]:
    """While nobody else replaces the sockets of a killed daemon there. Raises ConfigError."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _unusable(folder, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ConfigError(f"{folder}: another daemon is starting there; try again.") from None
    finally:
        os.close(descriptor)


def listen(path: Path, mode: int, group: str | None, owner: Owner | None) -> ListeningSocket:
    """Makes a socket at `path`, whose folder's lock is held.

    Raises:
        ConfigError: another daemon listens there, something that is no socket stands there, there
            is no such group, or the system does not allow it.
    """
    gid = _gid(path, group)
    if gid == -1 and owner is not None and not path.parent.stat().st_mode & stat.S_ISGID:
        gid = owner.gid
    _clear(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o777 & ~mode)  # from its first moment on, it is open to nobody else
    try:
        made.bind(str(path))
        listening = ListeningSocket(path.name, made, path, _identity(path))
    except OSError as error:
        made.close()
        raise _unusable(path, error) from None
    finally:
        os.umask(before)
    try:
        uid = -1 if owner is None else owner.uid
        if (uid, gid) != (-1, -1):
            os.chown(path, uid, gid, follow_symlinks=False)
        made.listen(BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EPERM:
            reason = f"only root, or a member of the group {group}, can give it to that group"
            raise ConfigError(f"{path}: {reason}.") from None
        raise _unusable(path, error) from None
    return listening


@dataclass(frozen=True)
class PassedSocket:
    """One socket that systemd passed; None where it is no Unix stream socket that listens."""

    name: str
    socket: socket.socket | None

    @property
    def path(self) -> Path | None:
        """The path, unless it has no name in the file system."""
        name = self.socket.getsockname() if self.socket is not None else ""
        return Path(name) if isinstance(name, str) and name.startswith("/") else None


def from_systemd(environ: MutableMapping[str, str]) -> list[PassedSocket]:
    """The sockets that systemd passed to this process, by their names (sd_listen_fds(3)).

    The variables are taken away.
    """
    variables = {variable: environ.pop(variable, "") for variable in _VARIABLES}
    if variables["LISTEN_PID"] != str(os.getpid()) or not variables["LISTEN_FDS"].isdecimal():
        return []
    given = variables["LISTEN_FDNAMES"].split(":")
    return [
        PassedSocket(given[number] if number < len(given) else "", _taken(_FIRST_PASSED + number))
        for number in range(int(variables["LISTEN_FDS"]))
    ]


def _taken(descriptor: int) -> socket.socket | None:
    try:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - it has no name there
        taken = socket.socket(fileno=descriptor)
    except OSError:
        return None  # no socket at all, or none there
    try:
        listens = taken.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        listens = 0
    if taken.family == socket.AF_UNIX and taken.type == socket.SOCK_STREAM and listens:
        return taken
    taken.close()
    return None


def _gid(path: Path, group: str | None) -> int:
    try:
        return -1 if group is None else grp.getgrnam(group).gr_gid
    except KeyError:
        raise ConfigError(f"{path}: there is no group {escaped(group or '')}.") from None


def _clear(path: Path) -> None:
    """Removes the socket of a daemon that was killed, and nothing else. Raises ConfigError."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ConfigError(f"{path} is no socket; it was left alone.")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(0)  # where the queue is full, there is somebody all the more
            asking.connect(str(path))
    except FileNotFoundError:
        return
    except ConnectionRefusedError:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        return
    except BlockingIOError:
        pass
    except OSError as error:
        raise _unusable(path, error) from None
    raise ConfigError(
        f"{path}: another daemon listens there; stop it, or choose another --socket-dir."
    )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _unusable(path: Path, error: OSError) -> ConfigError:
    reason = (error.strerror or str(error) or "unknown reason").lower()
    return ConfigError(f"{path} cannot be used: {reason}.")
