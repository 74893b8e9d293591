"""The verifier's throttle: it protects processors, not eighty random bits (SAFETY 19)."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from apppw_tui.domain import addresses
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.throttle import address_key

FREE = 20  # wrong secrets from one address before it has to wait
FIRST_DELAY = 1.0  # seconds; doubled by each further one
LONGEST_DELAY = 300.0  # seconds
FORGOTTEN_AFTER = 900.0  # seconds without a further one
MOST = 10_000  # addresses
_SAME_SECRETS = 64  # wrong ones kept for each address
_NONE = "-"  # whoever does not say where they come from shares one bucket


@dataclass
class _Bucket:
    failures: int = 0
    last: float = 0.0
    secrets: OrderedDict[bytes, str] = field(default_factory=OrderedDict)


class Brake:
    """Counts wrong secrets by address; the same one counts once, until the account changes."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        trusted: Collection[str] = (),
        token_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._monotonic = monotonic
        self._trusted = {_exactly(address) for address in trusted}
        self._key = token_bytes(32)
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, address: str | None) -> float:
        """Seconds until somebody from there may have a hash computed again; 0 if now."""
        key = self._bucket_key(address)
        bucket = None if key is None else self._buckets.get(key)
        if bucket is None or bucket.failures < FREE:
            return 0.0
        now = self._monotonic()
        if now - bucket.last > FORGOTTEN_AFTER:
            return 0.0
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(bucket.failures - FREE, 16))
        return max(0.0, bucket.last + delay - now)

    def wrong(self, address: str | None, account: str, secret: Secret, state: str) -> None:
        """A secret from there was wrong for `account`, whose present state (version) is `state`."""
        key = self._bucket_key(address)
        if key is None:
            return
        now = self._monotonic()
        bucket = self._buckets.pop(key, None) or _Bucket()
        if bucket.failures and now - bucket.last > FORGOTTEN_AFTER:
            bucket = _Bucket()
        digest = self._digest(account, secret)
        if bucket.secrets.get(digest) != state:
            # A mail program asks every few minutes with the password that was deleted yesterday.
            bucket.failures += 1
            bucket.last = now
            bucket.secrets[digest] = state
            while len(bucket.secrets) > _SAME_SECRETS:
                bucket.secrets.popitem(last=False)
        self._buckets[key] = bucket
        while len(self._buckets) > MOST:
            self._buckets.popitem(last=False)

    def _bucket_key(self, address: str | None) -> str | None:
        """None where nothing is counted: the machine itself, and whom the administrator trusts."""
        if not address:
            return _NONE
        # To trust one IPv6 address is not to trust its /64.
        exact = _exactly(address)
        return None if exact in self._trusted or _loopback(exact) else address_key(address)

    def _digest(self, account: str, secret: Secret) -> bytes:
        digest = hashlib.blake2b(key=self._key, digest_size=16)
        for text in (account, secret.reveal()):
            content = text.encode("utf-8", "surrogatepass")
            digest.update(len(content).to_bytes(8, "big") + content)
        return digest.digest()


def _exactly(address: str) -> str:
    return addresses.address(address) or address


def _loopback(address: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
