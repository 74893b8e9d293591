"""SAFETY 18: an account that cannot be read stops nobody else, and a disk no socket."""

import http.client
import os
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.store.folder.location import open_store
from tests.serving import Serving, asked, forked
from tests.support import House

pytestmark = pytest.mark.slow
_TOUCHING = ("open", "stat", "lstat")


@dataclass
class Disk:
    """Calls for paths that begin so stand still in the kernel, until it `goes_on`."""

    switch: Path  # holds the beginning
    queue: Path  # a pipe: whoever opens it waits for somebody at its other end
    real: dict[str, Callable[..., Any]]

    def stop(self, beginning: Path) -> None:
        self.switch.write_text(str(beginning))

    def goes_on(self) -> None:
        self.switch.unlink()
        os.close(self.real["open"](self.queue, os.O_RDWR))

    def standing_in(self, name: str) -> Callable[..., Any]:
        def call(path: Any, *arguments: Any, **more: Any) -> Any:
            if not isinstance(path, int):
                try:
                    descriptor = self.real["open"](self.switch, os.O_RDONLY)
                except OSError:
                    pass
                else:
                    beginning = os.read(descriptor, 4096).decode()
                    os.close(descriptor)
                    if os.fspath(path).startswith(beginning):
                        os.close(self.real["open"](self.queue, os.O_RDONLY))
            return self.real[name](path, *arguments, **more)

        return call


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    real = {name: getattr(os, name) for name in _TOUCHING}
    disk = Disk(tmp_path / "stopped", tmp_path / "gate", real)
    os.mkfifo(disk.queue)
    for name in _TOUCHING:
        monkeypatch.setattr(os, name, disk.standing_in(name))
    return disk


@dataclass
class Server:
    """A daemon before ada and ben, whose app passwords it remembers."""

    daemon: Serving
    store: Path
    secrets: dict[str, Secret]

    def ask(self, name: str) -> str:
        return self.daemon.ask(name, self.secrets[name].reveal())

    def begin(self, name: str) -> socket.socket:
        """A connection whose question is not answered yet."""
        made = self.daemon.connected()
        question = f'{{"user": "{name}", "password": "{self.secrets[name].reveal()}"}}\n'
        made.sendall(question.encode())
        return made

    def health(self) -> int:
        asking = http.client.HTTPConnection("localhost")
        asking.sock = self.daemon.connected("http")
        asking.request("GET", "/healthz")
        status = asking.getresponse().status
        asking.close()
        return status


@pytest.fixture
def server(tmp_path: Path, disk: Disk) -> Iterator[Server]:
    house = House(store=open_store(tmp_path / "store", create=True))
    secrets = {}
    for name in ("ada", "ben"):
        house.add(name)
        secrets[name] = house.issue("Phone", name).secret
    with forked(tmp_path, 0) as daemon:
        server = Server(daemon, tmp_path / "store", secrets)
        assert [server.ask(name) for name in secrets] == ["yes", "yes"]
        yield server


def account(server: Server, name: str) -> Path:
    return server.store / "accounts" / f"{name}.json"


def test_one_account_that_cannot_be_read_keeps_no_other_waiting(server: Server, disk: Disk) -> None:
    disk.stop(account(server, "ada"))
    held = [server.begin("ada") for _ in range(5)]
    # Remembered, with a hash, on other sockets, and what asks nothing of the store at all.
    assert [server.ask("ben") for _ in range(3)] == ["yes"] * 3
    wrong = server.secrets["ada"].reveal()
    assert server.daemon.ask("ben", wrong) == "not mine"
    assert server.health() == 200
    with server.daemon.connected() as asking:
        asking.sendall(b'{"throttle": "list"}\n')
        assert asking.recv(4096).startswith(b'{"throttle"')
    for connection in held:
        assert connection.recv(4096) == b'{"answer": "not now"}\n'
        connection.close()
    assert "The store does not answer." in server.daemon.log
    disk.goes_on()
    assert server.ask("ada") == "yes"


def test_while_all_stands_still_everybody_is_told_so_in_time(server: Server, disk: Disk) -> None:
    disk.stop(server.store)
    held = [server.begin(name) for name in ("ada", "ben", "ada")]
    with server.daemon.connected() as asking:
        assert asked(asking, "ada", server.secrets["ada"].reveal()) == {"answer": "not now"}
    assert server.health() == 503
    for connection in held:
        assert connection.recv(4096) == b'{"answer": "not now"}\n'
        connection.close()
    disk.goes_on()
    assert [server.ask(name) for name in ("ada", "ben")] == ["yes", "yes"]
    assert server.health() == 200
    assert server.daemon.end(signal.SIGTERM) == 0
