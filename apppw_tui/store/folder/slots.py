"""A few places for costly hashes, so that forty strangers cannot starve the machine (SAFETY 16)."""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from apppw_tui.domain.addresses import door_key
from apppw_tui.domain.errors import StoreBusy
from apppw_tui.integrations.process_limits import processors
from apppw_tui.store.folder import files
from apppw_tui.store.folder.files import locked

if TYPE_CHECKING:
    from filelock import BaseFileLock

SLOT_TIMEOUT = 30.0  # seconds
_POLL = 0.02  # seconds; a hash takes several times as long


MOST = 10
MOST_OF_ONE_ADDRESS = 3
KEPT = 3  # of all, for who comes from where a sign-in was completed lately
_MARK = 16  # bytes
_FULL = "Too many people are signing in just now. Try again in a minute."


def default_count() -> int:
    """Half of the processors that this process may use, at least one."""
    return max(1, processors() // 2)


class Slots:
    """At most `count` at once, over all processes and threads that use the store in `folder`."""

    def __init__(
        self, folder: Path, count: int | None = None, timeout: float = SLOT_TIMEOUT
    ) -> None:
        self._store = folder
        self._folder = folder / "locks"
        self._count = default_count() if count is None else count
        self._timeout = timeout

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Holds one of the slots for the block. May block for `timeout` seconds.

        Raises:
            StoreBusy: none became free in time.
            StoreUnusable: the folder of the locks cannot be used.
        """
        files.check_folder(self._store)  # a store that is gone is not made again in passing
        files.make_folder(self._folder)
        deadline = time.monotonic() + self._timeout
        while (held := self._take()) is None:
            if time.monotonic() >= deadline:
                raise StoreBusy("The server is busy. Try again in a moment.")
            time.sleep(_POLL)
        try:
            yield
        finally:
            with suppress(OSError):  # the kernel has let it go (close(2))
                held.release()

    def _take(self) -> "BaseFileLock | None":
        from filelock import FileLock, Timeout  # 30 ms that only a hash needs

        # The kernel frees the slot of a process that was killed.
        for number in range(self._count):
            path = self._folder / f".slot-{number}"
            lock = FileLock(
                path,
                mode=files.FILE_MODE,
                thread_local=False,
                blocking=False,
                fallback_to_soft=False,
            )
            try:
                lock.acquire()
            except Timeout:
                continue
            except OSError as error:
                raise files.store_error(path, error) from None
            return lock
        return None


class Admission:
    """A place at the door of the store in `folder`, for one process among all that use it.

    The kernel frees the place of a process that was killed.
    """

    def __init__(
        self,
        folder: Path,
        most: int = MOST,
        of_one_address: int = MOST_OF_ONE_ADDRESS,
        kept: int = KEPT,
    ) -> None:
        self._store = folder
        self._folder = folder / "locks"
        self._most = most
        self._of_one = of_one_address
        self._for_strangers = most - kept
        self._held: int | None = None

    def acquire(self, address: str, *, known: bool = False) -> int:
        """Takes a place for somebody who comes from `address`, until `release`; see Door.

        Raises:
            StoreBusy: all places are taken, all that are not kept for who is `known`, or as many
                as one address may have.
            StoreUnusable: the folder of the locks cannot be used.
        """
        files.check_folder(self._store)  # a store that is gone is not made again in passing
        files.make_folder(self._folder)
        mark = hashlib.sha256(door_key(address).encode()).digest()[:_MARK]
        with locked(self._folder / ".door", busy=_FULL):
            self._held = self._take(mark, known=known)
        if self._held is None:
            raise StoreBusy(_FULL)
        return self._held

    def release(self) -> None:
        """Somebody else may have the place: this one has signed in, or has gone."""
        if self._held is not None:
            files.close(self._held)
            self._held = None

    def _take(self, mark: bytes, *, known: bool) -> int | None:
        """The open file whose lock is the place; None if there is none for that mark.

        The last ones are kept: who is known takes these first.
        """
        free: list[int] = []
        theirs = self._most if known else self._for_strangers
        same = 0
        for number in range(self._most):
            place = self._open(self._folder / f".door-{number}")
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                same += os.pread(place, _MARK, 0) == mark
                files.close(place)
            else:
                if number < theirs:
                    free.append(place)
                else:
                    files.close(place)
        held = free.pop() if free and same < self._of_one else None
        for place in free:
            files.close(place)
        if held is not None:
            os.pwrite(held, mark, 0)
        return held

    @staticmethod
    def _open(path: Path) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return os.open(path, flags, files.FILE_MODE)
        except OSError as error:
            raise files.store_error(path, error) from None
