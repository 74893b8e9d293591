"""A few places for costly hashes, so that forty strangers cannot starve the machine (SAFETY 16)."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from apppw_tui.domain.errors import StoreBusy
from apppw_tui.store import files
from apppw_tui.store.locking import release

if TYPE_CHECKING:
    from filelock import BaseFileLock

SLOT_TIMEOUT = 30.0  # seconds
_POLL = 0.02  # seconds; a hash takes several times as long


def default_count() -> int:
    """Half of the processors that this process may use, at least one."""
    try:
        processors = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and the BSDs
        processors = os.cpu_count() or 1
    return max(1, processors // 2)


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
    def one(self) -> Iterator[None]:
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
            release(held)

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
                raise files.unusable(path, error) from None
            return lock
        return None
