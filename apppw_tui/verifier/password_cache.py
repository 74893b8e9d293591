"""The passwords that were right a short while ago: only that, never a decision (SAFETY 18)."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.digests import KEY_BYTES, digest

LIFETIME = 300.0  # seconds
MOST = 4096


class VerifiedCache:
    """Results of Argon2, under keys that nobody outside this process can compute or invert."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        good_for: float = LIFETIME,
        most: int = MOST,
        token_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._monotonic = monotonic
        self._good_for = good_for
        self._most = most
        self._key = token_bytes(KEY_BYTES)
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def contains(self, uid: str, secret: Secret, stored_hash: str) -> bool:
        """True if that secret was right for that very hash not long ago."""
        key = self._digest(uid, secret, stored_hash)
        with self._lock:
            until = self._until.get(key)
            if until is None:
                return False
            if self._monotonic() >= until:
                del self._until[key]
                return False
            return True

    def add(self, uid: str, secret: Secret, stored_hash: str) -> None:
        """It was right just now. The oldest are forgotten first; use makes none live longer."""
        if self._good_for <= 0:
            return
        key = self._digest(uid, secret, stored_hash)
        with self._lock:
            self._until.pop(key, None)
            self._until[key] = self._monotonic() + self._good_for
            while len(self._until) > self._most:
                self._until.popitem(last=False)

    def _digest(self, uid: str, secret: Secret, stored_hash: str) -> bytes:
        return digest(self._key, uid, secret.reveal(), stored_hash)
