"""The accounts enforced, scheduled or disabled: a file for each, which Dovecot's Lua reads.

`folder`/enforced/NAME has one line, `INSTANT UID`, such as `2026-11-29T00:12:10Z 0123…`. Where the
folder is not there, nobody knows who is enforced: it comes whole or not at all.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from zlib import crc32

from apppw_tui.domain.enforced import Enforcement, Everybody
from apppw_tui.domain.errors import StoreDamaged
from apppw_tui.domain.names import is_account_name
from apppw_tui.store.folder import files
from apppw_tui.store.folder.disk_reserve import DiskReserve
from apppw_tui.store.folder.files import LOCK_TIMEOUT, locked
from apppw_tui.store.folder.location import ENFORCED

FOLDER = ENFORCED
_LARGEST = 256  # bytes
_LINE = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) ([0-9a-f]{32})\n")
_TEMPORARY = ".tmp-"
_LOCKS = 64  # files, however many accounts there are


class FolderEnforcements:
    """The files; whoever writes one holds the lock of its account.

    `everybody` is asked of whom something is to be told, when the folder is made.
    """

    def __init__(
        self, folder: Path, everybody: Everybody, lock_timeout: float = LOCK_TIMEOUT
    ) -> None:
        self._folder = folder / FOLDER
        self._growing = folder / f"{_TEMPORARY}{FOLDER}"
        self._lock = folder / "locks" / f".{FOLDER}"
        self._lock_timeout = lock_timeout
        self._reserve = DiskReserve(folder)
        self._everybody = everybody

    def read(self, name: str) -> Enforcement | None:
        """Raises StoreDamaged for a file that tells nothing, StoreUnusable."""
        path = self._folder / name
        if not os.path.lexists(path):
            self._check()
            return None
        self._check()
        content = files.read(path, _LARGEST)
        if content is None:  # it is gone by now
            return None
        enforcement = parse(content)
        if enforcement is None:
            raise StoreDamaged(f"{path} cannot be read: it is not an instant and a uid.")
        return enforcement

    def write(self, name: str, told: Enforcement, *, urgent: bool) -> None:
        self.ensure_exists()
        if urgent:
            self._reserve.write(lambda: _put(self._folder, name, told), _LARGEST)
        else:
            _put(self._folder, name, told)

    def remove(self, name: str) -> None:
        self._check()
        files.remove(self._folder / name)

    def ensure_exists(self) -> None:
        """The folder, with whatever is to be told, if it is not there. Raises StoreError."""
        if self._check():
            return
        files.make_folder(self._lock.parent)
        with locked(self._lock, self._lock_timeout):
            if os.path.lexists(self._folder):  # another has made it meanwhile
                return
            shutil.rmtree(self._growing, ignore_errors=True)  # of one who was killed
            try:
                self._grow()
                files.move(self._growing, self._folder)
            except OSError as error:
                raise files.store_error(self._folder, error) from None
            finally:
                shutil.rmtree(self._growing, ignore_errors=True)

    def _check(self) -> bool:
        """False if nothing is there. Raises StoreUnusable: it is no folder of ours."""
        if not os.path.lexists(self._folder):
            return False
        files.check_folder(self._folder)
        return True

    def _grow(self) -> None:
        self._growing.mkdir(files.FOLDER_MODE)
        self._growing.chmod(files.FOLDER_MODE)  # whatever the umask
        for name, enforcement in self._everybody():
            _lay(self._growing / name, enforcement)
        os.sync()  # once, rather than for each of perhaps many thousands

    @contextmanager
    def locked(self, *names: str) -> Iterator[None]:
        """Nobody else on this machine tells anything of these names meanwhile. Raises StoreBusy.

        For an engine whose own lock ends with the change, before what opens is told.
        """
        files.make_folder(self._lock.parent)
        numbers = {crc32(name.encode()) % _LOCKS for name in names}
        with ExitStack() as stack:
            for number in sorted(numbers):  # lest two of these wait for each other
                path = self._lock.with_name(f".{FOLDER}-{number}")
                stack.enter_context(locked(path, self._lock_timeout))
            yield

    def names(self) -> set[str]:
        """The accounts of which something is told, or was about to be. Raises StoreError."""
        self._check()
        try:
            names = {path.name.removeprefix(_TEMPORARY) for path in self._folder.iterdir()}
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise files.store_error(self._folder, error) from None
        return {name for name in names if is_account_name(name)}

    def has_leftover(self, name: str) -> bool:
        """True if a process was killed while it wrote, or writes just now."""
        return os.path.lexists(self._folder / f"{_TEMPORARY}{name}")

    def sweep(self, name: str) -> None:
        """Takes away what a killed process left behind. Raises StoreError."""
        path = self._folder / f"{_TEMPORARY}{name}"
        try:
            files.remove_temporary(path)
        except OSError as error:
            raise files.store_error(path, error) from None


def line(told: Enforcement) -> bytes:
    # isoformat, since strftime leaves the zeros of early years out.
    instant = told.since.replace(tzinfo=None).isoformat(timespec="seconds")
    return f"{instant}Z {told.uid}\n".encode()


def parse(content: bytes) -> Enforcement | None:
    """Parses a file; None if it says nothing."""
    match = _LINE.fullmatch(content)
    if match is None:
        return None
    try:
        return Enforcement(datetime.fromisoformat(match[1].decode()), match[2].decode())
    except ValueError:
        return None


def _put(folder: Path, name: str, told: Enforcement) -> None:
    files.write(folder / name, folder / f"{_TEMPORARY}{name}", line(told))


def _lay(path: Path, told: Enforcement) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, files.FILE_MODE), "wb") as file:
        os.fchmod(file.fileno(), files.FILE_MODE)
        file.write(line(told))
