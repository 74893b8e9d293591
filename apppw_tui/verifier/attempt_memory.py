"""The daemon's memory of attempts: right ones for a while, wrong ones by address.

Both are kept as keyed digests, by which this process can tell texts again without keeping them. The
first spares hashes (SAFETY 18); the second, the throttle, protects processors, not the random bits
(SAFETY 19).
"""

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apppw_tui.domain.addresses import Networks, address_key
from apppw_tui.domain.secret import Secret

KEY_BYTES = 32
LIFETIME = 300.0  # seconds, of what was right
MOST_RIGHT = 4096
FREE = 20  # wrong secrets before somebody has to wait
FIRST_DELAY = 1.0  # seconds; doubled by each further one
LONGEST_DELAY = 300.0  # seconds
FORGIVEN_AFTER = 30.0  # seconds, for each of them
MOST_COUNTED = 30  # a crowd of stale ones is forgotten in a quarter of an hour, however large
MOST = 10_000  # addresses and names
MOST_SECRETS = 65_536  # wrong ones that are known again, of all together
_LOOPBACK = Networks(("127.0.0.0/8", "::1"))


def digest(key: bytes, *texts: str) -> bytes:
    """Of all of them, in their order, each by its length: nobody without the key can tell more."""
    made = hashlib.blake2b(key=key, digest_size=32)
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        made.update(len(content).to_bytes(8, "big") + content)
    return made.digest()


class VerifiedCache:
    """Results of Argon2, under keys that nobody outside this process can compute or invert."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        good_for: float = LIFETIME,
        most: int = MOST_RIGHT,
        token_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._monotonic = monotonic
        self._good_for = good_for
        self._most = most
        self._key = token_bytes(KEY_BYTES)
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def key(self, subject: str, secret: Secret, stored_hash: str) -> bytes:
        """The digest of a secret: whose (a uid, or a name that is nobody's), and of which hash."""
        return digest(self._key, subject, secret.reveal(), stored_hash)

    def contains(self, key: bytes) -> bool:
        """True if what has that key was right not long ago."""
        with self._lock:
            until = self._until.get(key)
            if until is None:
                return False
            if self._monotonic() >= until:
                del self._until[key]
                return False
            return True

    def size(self) -> int:
        """Returns the number of those that are still good; the others go."""
        with self._lock:
            now = self._monotonic()
            # The oldest come first, and none lives longer than another.
            while self._until and next(iter(self._until.values())) <= now:
                self._until.popitem(last=False)
            return len(self._until)

    def add(self, key: bytes) -> None:
        """It was right just now. The oldest are forgotten first; use makes none live longer."""
        if self._good_for <= 0:
            return
        with self._lock:
            self._until.pop(key, None)
            self._until[key] = self._monotonic() + self._good_for
            while len(self._until) > self._most:
                self._until.popitem(last=False)


@dataclass
class _Bucket:
    """The failures of one address; or of one account name, where no address was told."""

    address: str | None
    name: str | None  # of an account; None too for a name that is none, which could be a password
    failures: int = 0
    last: float = 0.0

    def present(self, now: float) -> int:
        """The failures that are left of them."""
        return max(0, self.failures - int((now - self.last) // FORGIVEN_AFTER))

    def wait(self, now: float) -> float:
        if self.failures < FREE:
            return 0.0
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (self.failures - FREE))
        return max(0.0, self.last + delay - now)


@dataclass(frozen=True)
class CountedAddress:
    """The counters of one place; both None: a name that is no account's. `wait` in seconds."""

    address: str | None
    name: str | None
    failures: int
    wait: float


class AddressRateLimiter:
    """Counts wrong secrets by address, the same one once; not thread-safe.

    Where no address is told it counts by account name: a stranger slows down nobody else.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        trusted: Iterable[str] = (),
        token_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._monotonic = monotonic
        self._trusted = Networks(trusted)
        self._key = token_bytes(KEY_BYTES)
        self._buckets: OrderedDict[str | bytes, _Bucket] = OrderedDict()
        # Of all addresses together: an office with hundreds of stale phones is one address.
        self._secrets: OrderedDict[bytes, None] = OrderedDict()

    def set_trusted(self, networks: Iterable[str]) -> None:
        """From now on these; what was counted stays."""
        self._trusted = Networks(networks)

    def delay(self, address: str | None, name: str) -> float:
        """Seconds until somebody from there may have a hash computed for `name`; 0 if now."""
        key = self._bucket_key(address, name)
        bucket = None if key is None else self._buckets.get(key)
        return 0.0 if bucket is None else bucket.wait(self._monotonic())

    def record_failure(
        self, address: str | None, name: str, secret: Secret, *, known: bool
    ) -> None:
        """A secret from there was wrong for `name`, which is an account's if it is `known`."""
        key = self._bucket_key(address, name)
        if key is None:
            return
        # A mail program asks every few minutes with the password that was deleted yesterday.
        where = key if isinstance(key, str) else key.hex()
        seen = digest(self._key, where, name, secret.reveal())
        if seen in self._secrets:
            self._secrets.move_to_end(seen)
            return
        self._secrets[seen] = None
        while len(self._secrets) > MOST_SECRETS:
            self._secrets.popitem(last=False)
        now = self._monotonic()
        bucket = self._buckets.pop(key, None)
        if bucket is None:
            bucket = _Bucket(
                key if isinstance(key, str) else None,
                name if known and not isinstance(key, str) else None,
            )
        bucket.failures = min(MOST_COUNTED, bucket.present(now) + 1)
        bucket.last = now
        self._buckets[key] = bucket
        while len(self._buckets) > MOST:
            self._buckets.popitem(last=False)

    def list_counted(self) -> list[CountedAddress]:
        """All that is counted now, those who wait longest first."""
        now = self._monotonic()
        counted = [
            CountedAddress(bucket.address, bucket.name, failures, bucket.wait(now))
            for bucket in self._buckets.values()
            if (failures := bucket.present(now)) or bucket.wait(now)
        ]
        return sorted(counted, key=lambda row: (-row.wait, -row.failures))

    def clear(self, place: str | None = None) -> int:
        """Forgets what is counted at that address or for that name, or everything; how many."""
        if place is None:
            gone = len(self._buckets)
            self._buckets.clear()
            return gone
        # Trusted or not: it may have been counted before it was.
        keys: tuple[str | bytes, ...] = (address_key(place), self._of_name(place))
        return sum(self._buckets.pop(key, None) is not None for key in keys)

    def _bucket_key(self, address: str | None, name: str) -> str | bytes | None:
        """None where nothing is counted: the machine itself, and whom the administrator trusts."""
        if not address:
            return self._of_name(name)
        if _LOOPBACK.holds(address) or self._trusted.holds(address):
            return None
        # To trust one IPv6 address is not to trust its /64.
        return address_key(address)

    def _of_name(self, name: str) -> bytes:
        return digest(self._key, name)
