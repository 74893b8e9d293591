"""A web server before an application, both for real: what is asked of it, and what they answer."""

import base64
import contextlib
import http.client
import http.server
import json
import os
import signal
import socket
import subprocess
import threading
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from apppw_tui.config import ServeConfig, SocketConfig
from apppw_tui.config.reader import Reader
from apppw_tui.config.tables import ServeTable
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.protocols.registry import HttpOptions
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.trials import Asked, asked

HOST = "127.0.0.1"
TIMEOUT = 120.0  # seconds, for one answer
_ATTEMPTS, _BETWEEN = 400, 0.05  # seconds; 20 in all until it listens
_SENT_ON = ("remote-user", "remote_user", "authorization")


def basic(account: str, password: str | Secret) -> str:
    """RFC 7617 section 2."""
    text = password.reveal() if isinstance(password, Secret) else password
    return "Basic " + base64.b64encode(f"{account}:{text}".encode()).decode()


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def told(self) -> dict[str, list[str]]:
        """What the application was told; only it can say."""
        assert self.status == 200, (self.status, self.body)
        read: dict[str, list[str]] = json.loads(self.body)
        return read

    @property
    def user(self) -> str:
        """For whom the application holds whoever asks."""
        (user,) = self.told["remote-user"]
        return user


class Client:
    """One connection, which is kept as long as the server keeps it."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT)

    def ask(
        self,
        authorization: str | None = None,
        method: str = "GET",
        path: str = "/",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        headers = dict(headers or {})
        if authorization is not None:
            headers["Authorization"] = authorization
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())

    @property
    def kept(self) -> bool:
        """Whether the server would take another request on this connection."""
        return self._connection.sock is not None

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Site:
    """A web server that is running, and the daemon's socket that it asks."""

    port: int
    log: Path
    socket: Path

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        with contextlib.closing(Client(self.port)) as client:
            yield client

    def ask(self, account: str, password: str | Secret) -> Reply:
        with self.client() as client:
            return client.ask(basic(account, password))


@dataclass(frozen=True)
class Door:
    """A site, with a daemon and a house that are this test's own."""

    site: Site
    daemon: Asked

    def issue(self, account: str, scope: str = "web") -> str:
        """An app password that opens this service."""
        made = self.daemon.house.operator.create_app_password(account, scope, (scope,))
        return made.secret.reveal()


def wanted(recipe: str) -> SocketConfig:
    """The socket that the comment at the top of `recipe` tells people to configure."""
    lines = adapted(recipe, {}).splitlines()
    begin = lines.index("#   [[serve.socket]]")
    end = lines.index("#", begin)
    written = "\n".join(line.lstrip("# ") for line in lines[begin:end])
    config: ServeConfig = Reader().table(ServeTable, tomllib.loads(written)["serve"], "serve")
    (name,) = config.configured
    socket = config.passed(name)
    assert socket is not None
    return socket


@contextlib.contextmanager
def opened(site: Site, socket: SocketConfig) -> Iterator[Door]:
    http_options = HttpOptions(
        lambda: True, socket.service_header, socket.address_header, metrics=True
    )
    with asked(site.socket, socket.protocol, http_options, socket.services) as daemon:
        yield Door(site, daemon)


class _Echo(http.server.BaseHTTPRequestHandler):
    """Says who was announced to it."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # else head and body, as two packets, wait for each other

    def do_GET(self) -> None:
        size = len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        told = {name: self.headers.get_all(name, []) for name in _SENT_ON} | {"size": [str(size)]}
        status = 500 if self.path == "/broken" else 200
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def application() -> Iterator[int]:
    """The application behind; its port."""
    with http.server.ThreadingHTTPServer((HOST, 0), _Echo) as server:
        server.daemon_threads = True  # a kept connection is no reason to wait
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join(TIMEOUT)


@contextlib.contextmanager
def listening(
    user: OrdinaryUser, command: Sequence[str | Path], port: int, log: Path
) -> Iterator[None]:
    """A server that `user` runs, from when it listens at `port`; gone at the end."""
    with log.open("a") as said:
        log.chmod(0o666)  # it may open it by itself, too
        process = user.start(command, stdout=said.fileno(), stderr=said.fileno())
    try:
        _wait(process, port, log)
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(TIMEOUT)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what is left, if it did not end its children
        process.wait(TIMEOUT)


def _wait(process: subprocess.Popen[str], port: int, log: Path) -> None:
    for _ in range(_ATTEMPTS):
        try:
            socket.create_connection((HOST, port), TIMEOUT).close()
        except ConnectionRefusedError:
            # Waiting for its death is waiting without going on when there is nothing to wait for.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_BETWEEN)
                break
        else:
            return
    pytest.fail(f"the server did not start: {log.read_text()}", pytrace=False)


def own_folder(folder: Path, name: str, user: OrdinaryUser) -> Path:
    """A folder in `folder` for a server that `user` runs."""
    own = folder / name
    own.mkdir()
    os.chown(own, user.uid, user.gid)
    return own


def free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port
