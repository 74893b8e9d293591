"""The key file: one Fernet key per line, the first seals, all of them open.

It is read afresh for every value, so that whoever holds an account's lock uses the keys of now.
"""

import base64
import json
import os
import re
import shlex
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apppw_tui.domain.errors import DecryptionFailed, KeyMissing, StoreDamaged, StoreUnusable
from apppw_tui.domain.ports import AccountStore
from apppw_tui.domain.secret import Secret
from apppw_tui.store.folder import files
from apppw_tui.store.folder.locks import LOCK_TIMEOUT, locked

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


@dataclass(frozen=True)
class KeySet:
    """One Fernet key or several: the first seals, all of them open. Implements Seals."""

    keys: tuple[Secret, ...]

    def encrypt(self, uid: str, field: str, secret: Secret) -> str:
        envelope = json.dumps([uid, field, secret.reveal()])
        # A token shows its time to everybody, and nothing here asks for it: so it shows none.
        return self._fernet().encrypt_at_time(envelope.encode(), 0).decode()

    def decrypt(self, uid: str, field: str, sealed: str) -> Secret:
        from cryptography.fernet import InvalidToken

        try:
            whose, what, value = json.loads(self._fernet().decrypt(sealed))
        except (InvalidToken, ValueError, TypeError):  # ValueError: not even ASCII, or not three
            pass
        else:
            if (whose, what) == (uid, field) and isinstance(value, str):
                return Secret(value)
        raise DecryptionFailed(
            f"The {field} of this account cannot be opened: put back the key that sealed it, "
            "or set it up again."
        )

    def can_decrypt(self, uid: str, field: str, sealed: str) -> bool:
        try:
            self.decrypt(uid, field, sealed)
        except DecryptionFailed:
            return False
        return True

    def with_new_primary(self, key: Secret) -> "KeySet":
        """`key` in front: from now on it seals."""
        return KeySet((key, *self.keys))

    @property
    def primary(self) -> "KeySet":
        """The first key alone."""
        return KeySet(self.keys[:1])

    def _fernet(self) -> "MultiFernet":
        from cryptography.fernet import Fernet, MultiFernet  # 30 ms that only sealing needs

        return MultiFernet([Fernet(key.reveal()) for key in self.keys])


class MemorySeals(KeySet):
    """Sealing for a store that lives in memory: the key goes with the process."""

    def __init__(self, randbytes: Callable[[int], bytes] = os.urandom) -> None:
        super().__init__((new_key(randbytes),))


CREDENTIAL = "apppw-tui-key"
_LOCK = ".key.lock"  # no account can have that name
_BUSY = "The key of the store is in use. Try again in a moment."
# The Fernet specification, "Key Format": base64url of 32 bytes.
_KEY = re.compile("[A-Za-z0-9_-]{43}=")
_OTHERS = stat.S_IROTH | stat.S_IWOTH


_KEY_BYTES = 32  # the Fernet specification, "Key Format"


class Keyring:
    """Seals and opens under the keys in one file. Implements Seals.

    A first key is made when something is sealed for the first time, and never where sealed values
    exist already: a second key would be taken for the lost one.
    """

    def __init__(
        self,
        path: Path,
        *,
        lock: Path,
        sealed_exists: Callable[[], bool],
        randbytes: Callable[[int], bytes] = os.urandom,
        lock_timeout: float = LOCK_TIMEOUT,
    ) -> None:
        self.path = path
        self.hand: Callable[[bytes], None] | None = None  # writes it where this process cannot
        self._lock = lock
        self._sealed_exists = sealed_exists
        self._randbytes = randbytes
        self._lock_timeout = lock_timeout

    def encrypt(self, uid: str, field: str, secret: Secret) -> str:
        return (self.read() or self._first()).encrypt(uid, field, secret)

    def decrypt(self, uid: str, field: str, sealed: str) -> Secret:
        return self.require().decrypt(uid, field, sealed)

    def read(self) -> KeySet | None:
        """The keys as the file has them now; None if there is no file.

        Raises:
            StoreDamaged: it is a link, no ordinary file, or holds anything but keys.
            StoreUnusable: it cannot be read, or others can read or write it.
        """
        content = files.read(self.path)
        if content is None:
            return None
        self._check_mode()
        return parse(content, self.path)

    def require(self) -> KeySet:
        """As `read`, for whoever has something to open. Raises KeyMissing if there is no file."""
        ring = self.read()
        if ring is None:
            raise self._missing()
        return ring

    def write(self, ring: KeySet) -> None:
        """Puts these keys into the file, in one step. Only while `locked`.

        Raises:
            StoreUnusable: nothing was changed.
            SaveUncertain: see files.write.
        """
        content = dump(ring)
        if self.hand is not None:
            self.hand(content)
        else:
            files.write(self.path, self.path.with_name(f".tmp-{self.path.name}"), content)

    def require_nothing_encrypted(self) -> None:
        """Raises KeyMissing if the store holds sealed values, and StoreError if nobody can tell."""
        if self._sealed_exists():
            raise self._missing()

    def new_key(self) -> Secret:
        return new_key(self._randbytes)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes the file meanwhile. Raises StoreBusy.

        An account's lock may be taken inside. The other way round happens only where there is no
        key file yet, and then nobody who holds this lock waits for an account.
        """
        files.make_folder(self._lock.parent)
        with locked(self._lock, self._lock_timeout, _BUSY):
            yield

    def _first(self) -> KeySet:
        with self.locked():
            ring = self.read()  # somebody else may have made it meanwhile
            if ring is None:
                self.require_nothing_encrypted()
                ring = KeySet((self.new_key(),))
                self.write(ring)
            return ring

    def _missing(self) -> KeyMissing:
        return KeyMissing(
            f"The key of the store is missing: {self.path}. Put it back; nothing was changed."
        )

    def _check_mode(self) -> None:
        try:
            mode = self.path.lstat().st_mode
        except OSError as error:
            raise files.store_error(self.path, error) from None
        if mode & _OTHERS:
            command = shlex.join(["chmod", "600", str(self.path)])
            raise StoreUnusable(f"{self.path} is open to others.", f"Close it with: {command}")


def parse(content: bytes, where: Path | str) -> KeySet:
    """The keys in a key file's content; `where` it is. Raises StoreDamaged."""
    lines = [line for line in content.decode("ascii", "replace").split("\n") if line.strip()]
    keys = [line.strip() for line in lines]
    if not keys:
        raise StoreDamaged(f"{where} holds no key; it was left alone.")
    if not all(_KEY.fullmatch(key) for key in keys):
        raise StoreDamaged(f"{where} holds something that is no key; it was left alone.")
    return KeySet(tuple(Secret(key) for key in keys))


def dump(ring: KeySet) -> bytes:
    """The text of a file with these keys."""
    return "".join(f"{key.reveal()}\n" for key in ring.keys).encode()


def keyring_of(folder: Path, store: AccountStore, path: Path) -> Keyring:
    """The keyring of the store in `folder`, its keys in the file `path` (see key_path)."""
    return Keyring(
        path, lock=folder / "locks" / _LOCK, sealed_exists=lambda: has_sealed_values(store)
    )


def has_sealed_values(store: AccountStore) -> bool:
    """True if any account holds one. Raises StoreError if that cannot be told of all."""
    accounts = map(store.get, store.each_name())
    return any(account.sealed_values() for account in accounts if account is not None)


def key_path(
    store_folder: Path,
    named: Path | None,
    configured: Path | None,
    environment: Mapping[str, str] = os.environ,
) -> Path:
    """The path of the key: `named`, the configuration's, systemd's credential, or in the store.

    systemd.exec(5), LoadCredential=: a file in the folder that $CREDENTIALS_DIRECTORY names.
    """
    chosen = named or configured
    if chosen is not None:
        return chosen
    folder = Path(environment.get("CREDENTIALS_DIRECTORY", ""))
    credential = folder / CREDENTIAL
    if folder.is_absolute() and _may_be_there(credential):
        return credential
    return store_folder / "key"


def _may_be_there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # to make another key because this one cannot be reached would split the store
    return True


def new_key(randbytes: Callable[[int], bytes] = os.urandom) -> Secret:
    return Secret(base64.urlsafe_b64encode(randbytes(_KEY_BYTES)).decode())
