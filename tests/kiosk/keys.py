"""Ssh keys for the tests: real ones, and an agent that holds security keys made of software."""

import hashlib
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.programs import finished
from tests.services.require import require_program

PRESENT, VERIFIED = 0x01, 0x04  # flags of an authenticator (WebAuthn 6.1)
SK_ED25519, SK_ECDSA = "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"
_APPLICATION = b"ssh:"
_FAILURE, _REQUEST, _IDENTITIES, _SIGN, _SIGNATURE = 5, 11, 12, 13, 14  # draft-miller-ssh-agent


@dataclass(frozen=True)
class KeyFile:
    """A private key in a file, and what ssh-keygen says its fingerprint is."""

    path: Path
    fingerprint: str

    @property
    def options(self) -> list[str]:
        """A client's, that offers this key and no other."""
        return ["-o", "IdentitiesOnly=yes", "-i", str(self.path)]


def generate(folder: Path, name: str, *kind: str) -> KeyFile:
    """A new key; `kind` is as ssh-keygen takes it, by default ed25519."""
    program = require_program("ssh-keygen", "openssh-client")
    path = folder / name
    line = [program, "-q", *(kind or ("-t", "ed25519")), "-N", "", "-C", name, "-f", str(path)]
    subprocess.run(line, check=True)
    return KeyFile(path, fingerprint(path.with_name(f"{name}.pub")))


def certify(folder: Path, key: KeyFile) -> None:
    """Puts a certificate beside the key, which ssh offers first."""
    authority = generate(folder, f"authority-of-{key.path.name}")
    public = key.path.with_name(f"{key.path.name}.pub")
    program = require_program("ssh-keygen", "openssh-client")
    signed = ["-s", str(authority.path), "-I", "somebody", "-n", "apppw", str(public)]
    line = [program, "-q", *signed]
    subprocess.run(line, check=True)


def fingerprint(public: Path) -> str:
    program = require_program("ssh-keygen", "openssh-client")
    return finished([program, "-l", "-f", str(public)], check=True).stdout.split()[1]


class SecurityKey:
    """A key that signs as an authenticator does: over the application, flags and a counter."""

    def __init__(self, type_: str, flags: int) -> None:
        self.type = type_
        self.flags = flags
        self._counter = 0
        self._sign: Callable[[bytes], bytes]
        if type_ == SK_ED25519:
            edwards = Ed25519PrivateKey.generate()
            point = edwards.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            self.blob = b"".join(map(_string, (type_.encode(), point, _APPLICATION)))
            self._sign = edwards.sign
        else:
            curve = ec.generate_private_key(ec.SECP256R1())
            point = curve.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            parts = (type_.encode(), b"nistp256", point, _APPLICATION)
            self.blob = b"".join(map(_string, parts))

            def sign(text: bytes) -> bytes:
                both = decode_dss_signature(curve.sign(text, ec.ECDSA(hashes.SHA256())))
                return b"".join(_string(_number(part)) for part in both)

            self._sign = sign

    def signature(self, challenge: bytes) -> bytes:
        """The whole signature (PROTOCOL.u2f)."""
        self._counter += 1
        extra = bytes([self.flags]) + self._counter.to_bytes(4)
        digests = (hashlib.sha256(part).digest() for part in (_APPLICATION, challenge))
        application, text = digests
        signed = self._sign(application + extra + text)
        return _string(self.type.encode()) + _string(signed) + extra


@contextmanager
def agent(folder: Path, keys: Sequence[SecurityKey]) -> Iterator[list[str]]:
    """An agent that holds `keys`; the options of a client that asks it, and nothing else."""
    path = folder / "agent"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        threading.Thread(target=_serve, args=(listener, keys), daemon=True).start()
        try:
            yield ["-o", f"IdentityAgent={path}"]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            path.unlink()


def _serve(listener: socket.socket, keys: Sequence[SecurityKey]) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_talk, args=(client, keys), daemon=True).start()


def _talk(client: socket.socket, keys: Sequence[SecurityKey]) -> None:
    with client, client.makefile("rwb") as stream, suppress(OSError):
        while length := int.from_bytes(stream.read(4)):
            reply = _reply(stream.read(length), keys)
            stream.write(_string(reply))
            stream.flush()


def _reply(message: bytes, keys: Sequence[SecurityKey]) -> bytes:
    if message[0] == _REQUEST:
        listed = b"".join(_string(key.blob) + _string(b"token") for key in keys)
        return bytes([_IDENTITIES]) + len(keys).to_bytes(4) + listed
    if message[0] == _SIGN:
        length = int.from_bytes(message[1:5])
        blob, rest = message[5 : 5 + length], message[5 + length :]
        challenge = rest[4 : 4 + int.from_bytes(rest[:4])]
        for key in keys:
            if key.blob == blob:
                return bytes([_SIGNATURE]) + _string(key.signature(challenge))
    return bytes([_FAILURE])


def _string(text: bytes) -> bytes:
    return len(text).to_bytes(4) + text


def _number(value: int) -> bytes:
    """An mpint (RFC 4251 5)."""
    return value.to_bytes(value.bit_length() // 8 + 1)
