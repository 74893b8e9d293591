"""A client of the HTTP protocol, as a proxy would be, for its tests."""

import asyncio
import base64
import http.client
import socket
from dataclasses import dataclass
from pathlib import Path

from apppw_tui.domain.secret import Secret
from tests.support import House
from tests.verifier.asking import ADA
from tests.verifier.harness import PATIENCE, Book, Server

SERVICE, ADDRESS = "X-Apppw-Service", "X-Real-IP"
SHORT = 0.02  # seconds: a time-out that a test waits for


def basic(account: str, password: str | Secret) -> str:
    text = password.reveal() if isinstance(password, Secret) else password
    return "Basic " + base64.b64encode(f"{account}:{text}".encode()).decode()


def request(*headers: str, line: str = "GET /verify HTTP/1.1") -> bytes:
    return "\r\n".join([line, "Host: x", *headers, "", ""]).encode("latin-1")


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


class UnixHttp(http.client.HTTPConnection):
    """The standard library's client over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("apppw", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self._path))

    def ask(self, method: str, target: str, headers: dict[str, str], body: bytes | None) -> Reply:
        self.request(method, target, body, headers)
        response = self.getresponse()
        return Reply(response.status, dict(response.headers), response.read())


async def ask(
    path: Path,
    authorization: str | None = None,
    method: str = "GET",
    target: str = "/verify",
    body: bytes | None = None,
    **headers: str,
) -> Reply:
    """The reply on a connection of its own."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if authorization is not None:
        sent["Authorization"] = authorization
    client = UnixHttp(path)
    try:
        return await asyncio.to_thread(client.ask, method, target, sent, body)
    finally:
        client.close()


@dataclass
class Site:
    """A house whose door is HTTP."""

    house: House
    book: Book
    secret: Secret
    server: Server

    async def ask(
        self,
        authorization: str | None = None,
        method: str = "GET",
        target: str = "/verify",
        body: bytes | None = None,
        **headers: str,
    ) -> Reply:
        return await ask(self.server.path, authorization, method, target, body, **headers)

    @property
    def right(self) -> str:
        return basic(ADA, self.secret)
