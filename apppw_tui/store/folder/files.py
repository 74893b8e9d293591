"""Files opened without following links, locked, written whole or not at all (SAFETY 7, 10)."""

import contextlib
import errno
import os
import shlex
import stat
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path

from apppw_tui.domain.errors import (
    DiskFull,
    SaveUncertain,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreUnusable,
)

FOLDER_MODE = 0o700
FILE_MODE = 0o600
_PARENT_MODE = 0o755  # and what the umask leaves of it
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
LARGEST = 16 * 1024 * 1024  # bytes; an account at every limit stays well under one of these
LOCK_TIMEOUT = 5.0  # seconds
_POLL = 0.01  # seconds; filelock's own 0.05 makes a busy account wait noticeably
BUSY = "The store is busy. Try again in a moment."


def make_folder(path: Path) -> None:
    """Makes `path`, 0700 whatever the umask; its missing parents 0755 at most.

    Whoever may write a parent may put another folder in the place of this one.

    Raises:
        StoreUnusable: it cannot be made, or something that is not a folder stands there.
    """
    try:
        for parent in reversed([*takewhile(lambda parent: not parent.exists(), path.parents)]):
            parent.mkdir(_PARENT_MODE, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            path.mkdir(FOLDER_MODE)
            path.chmod(FOLDER_MODE)
        check_folder(path)
    except OSError as error:
        raise store_error(path, error) from None


def make_folders(*paths: Path) -> None:
    """Makes each that is missing, as `make_folder` does."""
    for path in paths:
        make_folder(path)


def check_folder(path: Path) -> None:
    """Raises StoreUnusable unless `path` is a folder that can be used, and no symbolic link.

    One that others may write could hold what they put there: its accounts would be theirs.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            mode = os.fstat(descriptor).st_mode
        finally:
            close(descriptor)
    except NotADirectoryError:
        kind = "a symbolic link, not a folder" if path.is_symlink() else "not a folder"
        raise StoreUnusable(f"{path} is {kind}, as it has to be.") from None
    except OSError as error:
        raise store_error(path, error) from None
    if mode & OTHERS_WRITE:
        command = shlex.join(["chmod", f"{FOLDER_MODE:o}", str(path)])
        raise StoreUnusable(f"{path} can be written by others.", f"Close it with: {command}")


def read(
    path: Path, largest: int = LARGEST, *, closed: bool = False, start: int = 0
) -> bytes | None:
    """The file's content from `start` on, or None if there is no such file; both are in bytes.

    Raises:
        StoreDamaged: it is a link, no ordinary file, absurdly large, or, where it has to be
            `closed`, one that others may write.
        StoreUnusable: it cannot be read.
    """
    try:
        # O_NONBLOCK: a pipe laid in the store must not hang the program.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise StoreDamaged(f"{path} is a symbolic link; it was left alone.") from None
        raise store_error(path, error) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise StoreDamaged(f"{path} is not an ordinary file; it was left alone.")
        if closed and status.st_mode & OTHERS_WRITE:
            command = shlex.join(["chmod", f"{FILE_MODE:o}", str(path)])
            why = "can be written by others. If it is as it should be, close it with"
            raise StoreDamaged(f"{path} {why}: {command}")
        if status.st_size - start > largest:
            raise StoreDamaged(f"{path} is larger than any account; it was left alone.")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            file.seek(start)
            return file.read()
    except OSError as error:
        raise store_error(path, error) from None
    finally:
        close(descriptor)


def read_within(folders: Iterable[Path], path: Path) -> bytes | None:
    """As `read`, of a file that only its owner may write, in folders that only he may.

    Only where these can be used can anybody say that a file is not there.
    """
    for folder in folders:
        check_folder(folder)
    return read(path, closed=True)


@contextlib.contextmanager
def locked(
    path: Path, timeout: float = LOCK_TIMEOUT, busy: str = BUSY, leftover: Path | None = None
) -> Iterator[None]:
    """Holds the lock of the file `path`, in a folder that is there.

    `leftover` is what one who was killed in it may have left, and is removed first, if it can be.

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
        mode=FILE_MODE,
        thread_local=False,
        poll_interval=_POLL,
        fallback_to_soft=False,
    )
    try:
        lock.acquire()
    except Timeout:
        raise StoreBusy(busy) from None
    except OSError as error:
        raise store_error(path, error) from None
    try:
        if leftover is not None:
            with contextlib.suppress(OSError):  # the next writer says why
                leftover.unlink(missing_ok=True)
        yield
    finally:
        with contextlib.suppress(OSError):  # the kernel has let it go (close(2))
            lock.release()


def write(
    path: Path, temporary: Path, content: bytes, *, as_of: tuple[int, int, int] | None = None
) -> None:
    """Puts `content` at `path` in one step: whoever reads sees the old file or the new one.

    `temporary` is in the same folder, and whoever calls holds the lock that makes it theirs. Root
    may say `as_of` which uid and gid it is, and of which mode.

    Raises:
        StoreUnusable: nothing was changed.
        SaveUncertain: the new file stands, but the disk did not confirm that it will stay.
    """
    prepare(path, temporary, content, as_of=as_of)
    try:
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            remove_temporary(temporary)
        raise store_error(path, error) from None
    confirm(path)


def prepare(
    path: Path, temporary: Path, content: bytes, *, as_of: tuple[int, int, int] | None = None
) -> None:
    """Has what is to be at `path` on the disk, as `temporary`, which nobody reads.

    Raises:
        StoreUnusable: nothing was changed.
    """
    try:
        remove_temporary(temporary)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(temporary, flags, FILE_MODE), "wb") as file:
            if as_of is not None:
                os.fchown(file.fileno(), *as_of[:2])
            os.fchmod(file.fileno(), FILE_MODE if as_of is None else as_of[2])
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            remove_temporary(temporary)
        raise store_error(path, error) from None


@contextlib.contextmanager
def opened_to_append(path: Path) -> Iterator[int]:
    """The descriptor of a file that lines are appended to, made 0600 if there is none.

    Raises:
        OSError: it cannot be opened, or is no ordinary file.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not an ordinary file")
        if stat.S_IMODE(status.st_mode) != FILE_MODE:
            os.fchmod(descriptor, FILE_MODE)  # whatever the umask
        yield descriptor
    finally:
        close(descriptor)


def append_line(descriptor: int, line: bytes) -> None:
    """Appends in one write. Raises OSError, also where the disk took less than the line.

    What a full disk cut off before must not take this line with it.
    """
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        line = b"\n" + line
    if os.write(descriptor, line) < len(line):
        raise OSError(errno.ENOSPC, "No space left on device")


def remove(path: Path) -> bool:
    """Removes the file for good; False if there was none. Raises as `write` does."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise store_error(path, error) from None
    confirm(path)
    return True


def move(source: Path, target: Path) -> None:
    """Gives `source` the name `target`, beside it, for good. Raises as `write` does."""
    try:
        source.rename(target)
    except OSError as error:
        raise store_error(target, error) from None
    confirm(target)


def succeed(source: Path, target: Path, temporary: Path, *, half: str) -> None:
    """Puts `temporary` at `target` in the place of `source`: there are never both of these.

    For a moment what was at `source` is at `target`; where that is so already, `source` is gone.

    Raises:
        StoreUnusable: nothing was changed, or it says `half`: only the last step is missing.
        SaveUncertain: see `write`.
    """
    there = os.path.lexists(source)
    try:
        if there:
            source.replace(target)
        temporary.replace(target)
    except OSError as error:
        if there and not os.path.lexists(source):
            with contextlib.suppress(OSError):
                target.replace(source)
        if not os.path.lexists(source):
            raise StoreUnusable(half) from None
        with contextlib.suppress(OSError):
            remove_temporary(temporary)
        raise store_error(target, error) from None
    confirm(target)


def remove_temporary(temporary: Path) -> None:
    """Sweeps what a killed process left behind. Raises OSError."""
    temporary.unlink(missing_ok=True)


def close(descriptor: int) -> None:
    """Closes what was only read, or is on the disk already: if that fails, nothing is lost."""
    with contextlib.suppress(OSError):
        os.close(descriptor)


def store_error(path: Path, error: OSError) -> StoreError:
    """The sentence for a person, whatever the system said."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull("The disk is full: nothing was changed.")
    if error.errno == errno.EROFS:
        return StoreUnusable(f"{path} is on a read-only file system: nothing was changed.")
    reason = (error.strerror or "unknown reason").lower()
    return StoreUnusable(f"{path} cannot be used: {reason}.")


def confirm(path: Path) -> None:
    """Sees to it that what was renamed stays so. Raises SaveUncertain."""
    try:
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            close(descriptor)
    except OSError:
        raise SaveUncertain(
            "The disk did not confirm the change: it may or may not be saved."
        ) from None
