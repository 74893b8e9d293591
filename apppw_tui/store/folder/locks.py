"""One lock file, for as long as a block runs (SAFETY 7)."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from apppw_tui.domain.errors import StoreBusy
from apppw_tui.store.folder import files

if TYPE_CHECKING:
    from filelock import BaseFileLock

LOCK_TIMEOUT = 5.0  # seconds
_POLL = 0.01  # seconds; filelock's own 0.05 makes a busy account wait noticeably
BUSY = "The store is busy. Try again in a moment."


@contextmanager
def locked(path: Path, timeout: float = LOCK_TIMEOUT, busy: str = BUSY) -> Iterator[None]:
    """Holds the lock of the file `path`, in a folder that is there.

    The file stays for good: two processes that lock different inodes of one name do not exclude
    each other. No soft lock either: a killed process would leave it locked.

    Raises:
        StoreBusy: somebody else held it for longer than `timeout`, in seconds; says `busy`.
        StoreUnusable: it cannot be locked.
    """
    from filelock import FileLock, Timeout  # 30 ms that readers need not spend

    lock = FileLock(
        path,
        timeout=timeout,
        mode=files.FILE_MODE,
        thread_local=False,
        poll_interval=_POLL,
        fallback_to_soft=False,
    )
    try:
        lock.acquire()
    except Timeout:
        raise StoreBusy(busy) from None
    except OSError as error:
        raise files.store_error(path, error) from None
    try:
        yield
    finally:
        release(lock)


def release(lock: "BaseFileLock") -> None:
    """Lets it go; the kernel has, whatever it says of the closing (close(2))."""
    with suppress(OSError):
        lock.release()
