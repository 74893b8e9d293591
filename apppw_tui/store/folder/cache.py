"""Accounts as they were parsed, for as long as their files are still the same (SAFETY 18)."""

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from apppw_tui.domain.account import Account
from apppw_tui.domain.names import is_account_name
from apppw_tui.store.folder import files
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.location import SUFFIX

MOST_HELD = 512  # files; each is one open descriptor
_Identity = tuple[int, int, int, int, int]  # device, inode, mode, size, time in ns
_ABSENT: _Identity = (0, 0, 0, 0, 0)


@dataclass(frozen=True)
class _Held:
    """A parsed account, and the open file it came from."""

    descriptor: int
    identity: _Identity
    account: Account


class CachedReads:
    """Reads accounts of a FolderStore; parses a file again only once another one has its name.

    A changed account is a new file. While the old one is held open its inode cannot be used
    again, so the same st_dev and st_ino mean the same file. What somebody wrote into it by hand
    tells by size and time, which alone would miss changes. For processes that only read.
    """

    def __init__(self, store: FolderStore, most_files: int = MOST_HELD) -> None:
        self._store = store
        _, self._accounts = store.folders
        self.most_files = most_files
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()
        self._checked: tuple[tuple[int, int, int], ...] = ()  # the folders, as they were checked

    def get(self, name: str) -> Account | None:
        """As FolderStore.read, and as fresh. Raises StoreError."""
        self._check_folders()  # a file that is held does not tell whose folder it is in now
        # From here on the same is done for a name that is nobody's: the time tells nothing.
        if not is_account_name(name):
            return None
        path = self._accounts / f"{name}{SUFFIX}"  # a log-in enters few files
        with self._lock:
            held = self._held.get(name)
        # Not under the lock: a disk that stands still at one file is no reason to wait for others.
        identity = _identity(path)
        if identity == _ABSENT:
            self._drop(name)
            return None
        if held is not None and held.identity == identity:
            with self._lock:
                if self._held.get(name) is held:  # else its inode may be another file's by now
                    self._held.move_to_end(name)
                    return held.account
        descriptor = _opened(path)
        if descriptor is None:
            self._drop(name)
            return self._store.get(name)  # says what is wrong, if it has not gone meanwhile
        try:
            before = _identity_of(descriptor)
            account = self._store.get(name)
            # Replaced while it was read: what was parsed may belong to the newer file.
            if account is None or _identity(path) != before:
                files.close(descriptor)
                self._drop(name)
                return account
        except BaseException:
            files.close(descriptor)
            self._drop(name)
            raise
        self._keep(name, _Held(descriptor, before, account))
        return account

    def _check_folders(self) -> None:
        """Raises StoreUnusable. Looks closer only where a folder is another than before."""
        try:
            folders = tuple(folder.lstat() for folder in self._store.folders)
        except OSError:
            folders = ()
        marks = tuple((status.st_dev, status.st_ino, status.st_mode) for status in folders)
        if not marks or marks != self._checked:
            self._store.check_folders()
            self._checked = marks

    def close(self) -> None:
        """Lets go of every file."""
        with self._lock:
            while self._held:
                files.close(self._held.popitem()[1].descriptor)

    def _keep(self, name: str, held: _Held) -> None:
        with self._lock:
            old = self._held.pop(name, None)
            self._held[name] = held
            gone = [old] if old is not None else []
            while len(self._held) > self.most_files:
                gone.append(self._held.popitem(last=False)[1])
        for entry in gone:
            files.close(entry.descriptor)

    def _drop(self, name: str) -> None:
        with self._lock:
            old = self._held.pop(name, None)
        if old is not None:
            files.close(old.descriptor)


def _opened(path: Path) -> int | None:
    """None: it cannot be opened."""
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None


def _identity(path: Path) -> _Identity | None:
    """_ABSENT: there is no such file. None: that cannot be told."""
    try:
        return _of(path.lstat())
    except FileNotFoundError:
        return _ABSENT
    except OSError:
        return None


def _identity_of(descriptor: int) -> _Identity:
    return _of(os.fstat(descriptor))


def _of(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns
