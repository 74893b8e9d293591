"""The ssh keys of a person: which may count, how they are named, and what is kept of one.

Of a key its fingerprint is kept, never the key: that tells it from any other, and no more is asked.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from apppw_tui.domain.errors import Refused

MOST = 10  # keys of one account
PROVED_FOR = 600.0  # seconds; a connection that is kept open proves nothing new
LEAST_RSA_BITS = 2048
_LONGEST = 16 * 1024  # characters of a line; RSA with 16384 bits has 2,800
_CERTIFICATE = "-cert-v01@openssh.com"
_OF_SECURITY_KEYS = "@openssh.com"

# The words for each type, and the fields of it (RFC 4253 6.6, RFC 5656 3.1, PROTOCOL.u2f).
_TYPES = {
    "ssh-ed25519": ("Ed25519", 1),
    "ssh-rsa": ("RSA", 2),
    "ecdsa-sha2-nistp256": ("ECDSA", 2),
    "ecdsa-sha2-nistp384": ("ECDSA", 2),
    "ecdsa-sha2-nistp521": ("ECDSA", 2),
    "sk-ssh-ed25519@openssh.com": ("security key, Ed25519", 2),
    "sk-ecdsa-sha2-nistp256@openssh.com": ("security key, ECDSA", 3),
}


class UnfitKey(Refused):
    """A key that cannot count; str() is the reason."""


@dataclass(frozen=True)
class SshKey:
    """A key that its account knows: `fingerprint` as ssh-keygen writes it, `type` as ssh does."""

    fingerprint: str
    type: str
    name: str
    added: datetime
    last_used: datetime | None = None
    last_address: str | None = None  # None as long as it was not used, or from the machine itself

    @property
    def type_label(self) -> str:
        return type_label(self.type)


@dataclass(frozen=True)
class ProvenKey:
    """The key that ssh has verified for this session, at `proved_at`, in monotonic seconds."""

    fingerprint: str
    type: str
    proved_at: float

    @property
    def type_label(self) -> str:
        return type_label(self.type)

    def is_recent(self, monotonic: float) -> bool:
        """True if it was verified so lately that it counts."""
        return 0 <= monotonic - self.proved_at < PROVED_FOR


def is_type(text: str) -> bool:
    return text in _TYPES


def type_label(type_: str) -> str:
    """The type in a person's words, such as `Ed25519` or `security key, ECDSA`."""
    return _TYPES[type_][0] if type_ in _TYPES else type_


def parse(line: str) -> tuple[str, str]:
    """The type and the fingerprint of `TYPE BASE64`; of a certificate, those of its key.

    Raises:
        UnfitKey: it is too weak, of no type that counts, or no key at all.
    """
    type_, _, text = line.strip().partition(" ")
    if len(line) > _LONGEST:
        raise UnfitKey("That is not an ssh key.")
    plain = _plain_type(type_)
    if plain == "ssh-dss":
        raise UnfitKey("DSA keys are too weak. Make a new one: ssh-keygen -t ed25519.")
    if plain not in _TYPES:
        raise UnfitKey("Keys of that type do not count here.")
    try:
        blob = base64.b64decode(text.partition(" ")[0], validate=True)
        blob = _plain_blob(type_, plain, blob)
        fields = list(_fields(blob))
    except (binascii.Error, ValueError):
        raise UnfitKey("That is not an ssh key.") from None
    if fields[0] != plain.encode() or len(fields) != 1 + _TYPES[plain][1]:
        raise UnfitKey("That is not an ssh key.")
    if plain == "ssh-rsa" and int.from_bytes(fields[2]).bit_length() < LEAST_RSA_BITS:
        raise UnfitKey(f"RSA keys need {LEAST_RSA_BITS} bits. Make a new one: ssh-keygen.")
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return plain, f"SHA256:{digest}"


def _plain_type(type_: str) -> str:
    """The type of the key that a certificate of that type is for."""
    if not type_.endswith(_CERTIFICATE):
        return type_
    plain = type_.removesuffix(_CERTIFICATE)
    return f"{plain}{_OF_SECURITY_KEYS}" if plain.startswith("sk-") else plain


def _plain_blob(type_: str, plain: str, blob: bytes) -> bytes:
    """The key itself (PROTOCOL.certkeys: the certificate's type, a nonce, the key's fields)."""
    if type_ == plain:
        return blob
    fields = _fields(blob, 2 + _TYPES[plain][1])
    if next(fields) != type_.encode():
        raise ValueError("another type")
    next(fields)  # the nonce
    parts = [plain.encode(), *fields]
    return b"".join(len(part).to_bytes(4) + part for part in parts)


def _fields(blob: bytes, most: int | None = None) -> Iterator[bytes]:
    """The first fields of a blob, or all of them (RFC 4251 5). Raises ValueError."""
    place = number = 0
    while place < len(blob) and number != most:
        length = int.from_bytes(blob[place : place + 4])
        field = blob[place + 4 : place + 4 + length]
        if place + 4 > len(blob) or len(field) != length:
            raise ValueError("cut off")
        yield field
        place += 4 + length
        number += 1
    if number == 0 or (most is not None and number < most):
        raise ValueError("too few fields")
