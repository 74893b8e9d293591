"""Account passwords that Dovecot knows: asked at its own auth socket, never kept.

Source: Dovecot's documentation, "Dovecot Authentication Protocol", version 1.2. PLAIN is RFC 4616.
"""

import base64
import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from apppw_tui.domain.addresses import parse_address
from apppw_tui.domain.errors import PasswordBackendDown
from apppw_tui.domain.integration_ports import PasswordReply
from apppw_tui.domain.ports import ErrorLog
from apppw_tui.domain.scopes import PORTAL
from apppw_tui.domain.secret import Secret

_SORRY = "Passwords cannot be checked now. Try again in a moment."
_LONGEST_PASSWORD = 4096  # bytes; Dovecot takes lines of 8,192, in which it stands as base64
_MOST = 65536  # bytes that are read, greeting and answer together
_CHUNK = 4096  # bytes
_HIGHEST_PID = 2**31
# Dovecot holds an answer back for up to 17 s, after failures from the same address.
_TIMEOUT = 30.0


class _StrangeError(ValueError):
    """The bytes are not the protocol, or say nothing about the password."""


@dataclass(frozen=True)
class DovecotPasswords:
    """Asks at `path`, a socket of Dovecot's; `timeout` is in seconds, for all of one question."""

    path: Path
    error_log: ErrorLog
    timeout: float = _TIMEOUT

    def check(self, name: str, password: Secret, address: str) -> PasswordReply:
        """See PasswordBackend. The journal is told why, without name and password."""
        response = _plain(name, password)
        if response is None:
            return PasswordReply(valid=False)
        try:
            return _read(self._answer(response, address))
        except _StrangeError as error:
            self._fail(str(error))
        except OSError as error:
            self._fail((error.strerror or str(error) or "no answer in time").lower())

    def _answer(self, response: str, address: str) -> bytes:
        """The line that says yes or no. Raises OSError or _StrangeError."""
        end = time.monotonic() + self.timeout
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self.timeout)
            connection.connect(str(self.path))
            # Not our own number: Dovecot refuses one that it has already, and two containers may
            # have the same.
            number = 1 + secrets.randbelow(_HIGHEST_PID - 1)
            connection.sendall(f"VERSION\t1\t0\nCPID\t{number}\n".encode())
            lines = _lines(connection, end)
            _greeted(lines)
            # nologin: nobody comes for the mailbox.
            asked = f"AUTH\t1\tPLAIN\tservice={PORTAL}\tsecured\tnologin{_rip(address)}"
            connection.sendall(f"{asked}\tresp={response}\n".encode())
            for line in lines:
                if line.startswith((b"OK\t1\t", b"FAIL\t1\t", b"CONT\t1\t")):
                    return line
        raise _StrangeError("the connection ended without an answer")

    def _fail(self, why: str) -> NoReturn:
        self.error_log.error("account passwords cannot be checked", socket=str(self.path), why=why)
        raise PasswordBackendDown(_SORRY)


def _plain(name: str, password: Secret) -> str | None:
    """RFC 4616: the response; None for a password that it cannot carry."""
    try:
        text = password.reveal().encode()
    except UnicodeEncodeError:  # half a surrogate pair, from a terminal of another encoding
        return None
    if not text or b"\0" in text or len(text) > _LONGEST_PASSWORD:
        return None
    return base64.b64encode(b"\0".join((b"", name.encode(), text))).decode()


def _rip(address: str) -> str:
    parsed = parse_address(address)
    return "" if parsed is None else f"\trip={parsed}"  # none: somebody at the machine itself


def _lines(connection: socket.socket, end: float) -> Iterator[bytes]:
    """Yields the lines until `end`. Raises OSError or _StrangeError."""
    read, rest = 0, b""
    while True:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        chunk = connection.recv(_CHUNK)
        read += len(chunk)
        if not chunk:
            return
        if read > _MOST:
            raise _StrangeError("too much was said")
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines


def _greeted(lines: Iterator[bytes]) -> None:
    """Reads the greeting. Raises _StrangeError: it is not one, or PLAIN is not among the offers."""
    versions, mechanisms = [], []
    for line in lines:
        word, _, rest = line.partition(b"\t")
        value = rest.partition(b"\t")[0]
        if word == b"VERSION":
            versions.append(value)
        elif word == b"MECH":
            mechanisms.append(value.upper())
        elif word == b"DONE":
            break
    else:
        raise _StrangeError("the connection ended before the greeting did")
    if versions != [b"1"]:
        raise _StrangeError("it speaks another version")
    if b"PLAIN" not in mechanisms:
        raise _StrangeError("PLAIN is not among Dovecot's auth_mechanisms")


def _read(line: bytes) -> PasswordReply:
    """Reads the answer. Raises _StrangeError: nothing about the password."""
    word, _, *parameters = line.split(b"\t")
    fields = {
        key: value for key, _, value in (parameter.partition(b"=") for parameter in parameters)
    }
    name = fields[b"user"].decode(errors="replace") if b"user" in fields else None
    if word == b"OK":
        if name is None:
            raise _StrangeError("it says yes, but not to whom")
        if b"proxy" in fields or b"proxy_maybe" in fields:
            # Often it says yes to everything, and leaves the judging to where it leads.
            raise _StrangeError("Dovecot is a proxy for that account, and proves no password")
        return PasswordReply(b"nologin" not in fields, name)
    if word == b"FAIL":
        if b"temp" in fields or fields.get(b"code") == b"temp_fail":
            raise _StrangeError("Dovecot says that it is for the moment; its log says why")
        return PasswordReply(valid=False, name=name)
    raise _StrangeError("it asks for more than a password")
