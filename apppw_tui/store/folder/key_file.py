"""The file of a store's keys, and root's hand, which replaces it in a folder of root's.

Root becomes the store's owner before it opens anything, who cannot write there. So a child that
stays root is made before that; it ends with the process that asks it.
"""

import os
import shlex
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from apppw_tui.domain.errors import SaveUncertain, StoreError, StoreUnusable
from apppw_tui.domain.key_set import KeptKeys, KeySet, dump, parse
from apppw_tui.store.folder import files
from apppw_tui.store.folder.files import LOCK_TIMEOUT, locked
from apppw_tui.store.folder.location import LOCKS

_LARGEST = 65536  # bytes; some hundreds of keys
_DONE, _MAYBE = "done", "maybe:"
_GONE = "The process that could have replaced the key has ended: nothing was changed."


_LOCK = ".key.lock"  # no account can have that name
_BUSY = "The key of the store is in use. Try again in a moment."
_OTHERS = stat.S_IROTH | stat.S_IWOTH


class FolderKeyring(KeptKeys):
    """The keys in one file, read afresh for every value.

    So whoever holds an account's lock uses the keys of now.
    """

    def __init__(
        self,
        folder: Path,
        path: Path,
        sealed_exists: Callable[[], bool],
        *,
        randbytes: Callable[[int], bytes] = os.urandom,
        lock_timeout: float = LOCK_TIMEOUT,
    ) -> None:
        """Of the store in `folder`, its keys in the file `path` (see key_path)."""
        super().__init__(str(path), sealed_exists, randbytes)
        self.hand: Callable[[bytes], None] | None = None  # writes it where this process cannot
        self._path = path
        self._lock = folder / LOCKS / _LOCK
        self._lock_timeout = lock_timeout

    def read(self) -> KeySet | None:
        """See Keyring.

        Raises:
            StoreDamaged: it is a link, no ordinary file, or holds anything but keys.
            StoreUnusable: it cannot be read, or others can read or write it.
        """
        content = files.read(self._path)
        if content is None:
            return None
        try:
            mode = self._path.lstat().st_mode
        except OSError as error:
            raise files.store_error(self._path, error) from None
        if mode & _OTHERS:
            command = shlex.join(["chmod", "600", str(self._path)])
            raise StoreUnusable(f"{self._path} is open to others.", f"Close it with: {command}")
        return parse(content, self._path)

    def write(self, ring: KeySet) -> None:
        content = dump(ring)
        if self.hand is not None:
            self.hand(content)
        else:
            files.write(self._path, self._path.with_name(f".tmp-{self._path.name}"), content)

    @contextmanager
    def locked(self) -> Iterator[None]:
        files.make_folder(self._lock.parent)
        with locked(self._lock, self._lock_timeout, _BUSY):
            yield


def needed(folder: Path, key_file: Path) -> bool:
    """True if this is root, who will be the owner of the store in `folder`, who cannot do it."""
    if os.geteuid() != 0:
        return False
    try:
        owner = folder.lstat().st_uid
        return owner != 0 and key_file.parent.stat().st_uid != owner
    except OSError:
        return False  # opening the one or the other says what is wrong


class RootsHand:
    """Replaces one file; must be made while this is root."""

    def __init__(self, key_file: Path, owner: Path) -> None:
        """A new file belongs to whom the folder `owner` belongs; else it stays with its owner."""
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            try:
                self._ours.close()
                _serve(theirs, key_file, owner)
            finally:
                os._exit(0)
        theirs.close()

    def write(self, content: bytes) -> None:
        """Puts `content` into the file, in one step. Raises StoreUnusable, SaveUncertain."""
        try:
            self._ours.sendall(content)
            reply = self._ours.recv(_LARGEST).decode()
        except OSError:
            raise StoreUnusable(_GONE) from None
        if reply == _DONE:
            return
        if reply.startswith(_MAYBE):
            raise SaveUncertain(reply.removeprefix(_MAYBE))
        raise StoreUnusable(reply or _GONE)


def _serve(asked: socket.socket, key_file: Path, owner: Path) -> None:
    """Answers until nobody asks any more. Whoever reads what we print must not wait for us."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    while content := asked.recv(_LARGEST):
        try:
            parse(content, key_file)  # nothing but keys is ever written
            _replace(key_file, content, owner)
            reply = _DONE
        except SaveUncertain as error:
            reply = f"{_MAYBE}{error}"
        except StoreError as error:
            reply = str(error)
        except OSError as error:
            reply = str(files.store_error(key_file, error))
        asked.sendall(reply.encode())


def _replace(key_file: Path, content: bytes, owner: Path) -> None:
    mode = files.FILE_MODE
    try:
        status = key_file.lstat()
        mode = status.st_mode & 0o660
    except FileNotFoundError:
        status = owner.lstat()
    temporary = key_file.with_name(f".tmp-{key_file.name}")
    files.write(key_file, temporary, content, as_of=(status.st_uid, status.st_gid, mode))
