"""The names under which tries are counted, so that nobody can read whose they are."""

from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from apppw_tui.domain.addresses import address_key

_DIGESTS = 256  # that were asked for lately: one session has few subjects


@lru_cache(_DIGESTS)
def digest_of(key: bytes, text: str, kind: Literal["subject", "address"] = "subject") -> str:
    """The name under which a subject or an address is kept, so that nobody can read it."""
    content = text.encode("utf-8", "surrogatepass")
    return blake2b(content, key=key, digest_size=16, person=kind.encode()).hexdigest()


@lru_cache(_DIGESTS)
def address_digest(key: bytes, subject: str, address: str) -> str:
    """The name of an address, another one for each subject's digest."""
    return digest_of(key, subject + address_key(address), "address")
