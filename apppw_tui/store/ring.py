"""Keys in memory, and what is inside a sealed value."""

import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apppw_tui.domain.errors import SealBroken
from apppw_tui.domain.secret import Secret

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

_KEY_BYTES = 32  # the Fernet specification, "Key Format"


def new_key(randbytes: Callable[[int], bytes] = os.urandom) -> Secret:
    return Secret(base64.urlsafe_b64encode(randbytes(_KEY_BYTES)).decode())


@dataclass(frozen=True)
class Ring:
    """One Fernet key or several: the first seals, all of them open. Implements Seals."""

    keys: tuple[Secret, ...]

    def seal(self, uid: str, field: str, secret: Secret) -> str:
        envelope = json.dumps([uid, field, secret.reveal()])
        # A token shows its time to everybody, and nothing here asks for it: so it shows none.
        return self._fernet().encrypt_at_time(envelope.encode(), 0).decode()

    def open(self, uid: str, field: str, sealed: str) -> Secret:
        from cryptography.fernet import InvalidToken

        try:
            whose, what, value = json.loads(self._fernet().decrypt(sealed))
        except (InvalidToken, ValueError, TypeError):  # ValueError: not even ASCII, or not three
            pass
        else:
            if (whose, what) == (uid, field) and isinstance(value, str):
                return Secret(value)
        raise SealBroken(
            f"The {field} of this account cannot be opened: put back the key that sealed it, "
            "or set it up again."
        )

    def opens(self, uid: str, field: str, sealed: str) -> bool:
        try:
            self.open(uid, field, sealed)
        except SealBroken:
            return False
        return True

    def led_by(self, key: Secret) -> "Ring":
        """`key` in front: from now on it seals."""
        return Ring((key, *self.keys))

    @property
    def newest(self) -> "Ring":
        """The first key alone."""
        return Ring(self.keys[:1])

    def _fernet(self) -> "MultiFernet":
        from cryptography.fernet import Fernet, MultiFernet  # 30 ms that only sealing needs

        return MultiFernet([Fernet(key.reveal()) for key in self.keys])


class MemorySeals(Ring):
    """Sealing for a store that lives in memory: the key goes with the process."""

    def __init__(self, randbytes: Callable[[int], bytes] = os.urandom) -> None:
        super().__init__((new_key(randbytes),))
