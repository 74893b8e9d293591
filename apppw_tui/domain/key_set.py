"""The keys of a store: the first seals, all of them open; as text, one Fernet key in each line."""

import base64
import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apppw_tui.domain.errors import DecryptionFailed, KeyMissing, StoreDamaged
from apppw_tui.domain.secret import Secret

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

# The Fernet specification, "Key Format": base64url of 32 bytes.
_KEY = re.compile("[A-Za-z0-9_-]{43}=")
_KEY_BYTES = 32  # the Fernet specification, "Key Format"


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


def parse(content: bytes, where: object) -> KeySet:
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


def new_key(randbytes: Callable[[int], bytes] = os.urandom) -> Secret:
    return Secret(base64.urlsafe_b64encode(randbytes(_KEY_BYTES)).decode())


class KeptKeys(ABC):
    """The common part of every Keyring: see there.

    A first key is made when something is sealed for the first time, and never where sealed values
    exist already: a second key would be taken for the lost one.
    """

    def __init__(
        self,
        place: str,
        sealed_exists: Callable[[], bool],
        randbytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.place = place
        self._sealed_exists = sealed_exists
        self._randbytes = randbytes

    @abstractmethod
    def read(self) -> KeySet | None: ...

    @abstractmethod
    def write(self, ring: KeySet) -> None: ...

    @abstractmethod
    def locked(self) -> AbstractContextManager[None]: ...

    def encrypt(self, uid: str, field: str, secret: Secret) -> str:
        return (self.read() or self._first()).encrypt(uid, field, secret)

    def decrypt(self, uid: str, field: str, sealed: str) -> Secret:
        return self.require().decrypt(uid, field, sealed)

    def require(self) -> KeySet:
        ring = self.read()
        if ring is None:
            raise self._missing()
        return ring

    def require_nothing_encrypted(self) -> None:
        if self._sealed_exists():
            raise self._missing()

    def new_key(self) -> Secret:
        return new_key(self._randbytes)

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
            f"The key of the store is missing: {self.place}. Put it back; nothing was changed."
        )
