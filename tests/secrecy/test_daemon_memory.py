"""The daemon's memory: once an attempt is answered, nothing refers to its password any more."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from apppw_tui.store.folder.location import open_store
from tests import serving
from tests.secrecy.watched import Watched
from tests.serving import Serving
from tests.support import House
from tests.verifier.harness import HELLO, auth, b64, frame, plain

WRONG = "7kfm2xqd9h3vtw58"
OLD = "ninety wet umbrellas"  # has not the form of an app password


def by_json(asking: socket.socket, password: str) -> bytes:
    question = {"user": "ada", "password": password, "service": "imap"}
    return talk(asking, json.dumps(question).encode() + b"\n")


def by_saslauthd(asking: socket.socket, password: str) -> bytes:
    return talk(asking, frame("ada", password, "imap", ""))


def by_http(asking: socket.socket, password: str) -> bytes:
    basic = b64(f"ada:{password}")
    head = f"GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\n\r\n"
    return talk(asking, head.encode())


def by_plain(asking: socket.socket, password: str) -> bytes:
    return talk(asking, auth(1, plain("ada", password)))


def by_login(asking: socket.socket, password: str) -> bytes:
    talk(asking, auth(2, b64("ada"), "LOGIN"))
    return talk(asking, f"CONT\t2\t{b64(password)}\n".encode())


def talk(asking: socket.socket, said: bytes) -> bytes:
    """What is answered, in one piece as all of these answers are."""
    asking.sendall(said)
    return asking.recv(65536)


WAYS: dict[str, tuple[str, Callable[[socket.socket, str], bytes], tuple[bytes, bytes]]] = {
    "json": ("json", by_json, (b'"yes"', b'"not mine"')),
    "saslauthd": ("mux", by_saslauthd, (b"OK", b"NO")),
    "http": ("http", by_http, (b"200 OK", b"401 Unauthorized")),
    "PLAIN": ("auth-client", by_plain, (b"OK\t", b"FAIL\t")),
    "LOGIN": ("auth-client", by_login, (b"OK\t", b"FAIL\t")),
}


def connection(daemon: Serving, name: str) -> socket.socket:
    made = daemon.connected(name)
    if name == "auth-client":
        assert b"DONE\n" in talk(made, HELLO)
    return made


def forms(password: str) -> dict[str, str]:
    """As it came: in clear, or in base64 together with the name."""
    return {
        password: password,
        f"{password}, Basic": b64(f"ada:{password}"),
        f"{password}, PLAIN": b64(f"\0ada\0{password}"),
        f"{password}, LOGIN": b64(password),
    }


@pytest.mark.slow
def test_nothing_refers_to_a_password_once_it_is_answered(
    tmp_path: Path, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections stay open for days: Postfix's and Dovecot's are made once."""
    house = House(store=open_store(tmp_path / "store", create=True))
    house.add("ada")
    right = house.issue("Phone", "ada").secret.reveal()
    command = serving.command

    def asked_for_more(store: Path, *arguments: str | Path) -> list[str]:
        return watched.line(command(store, *arguments)[3:])

    monkeypatch.setattr(serving, "command", asked_for_more)
    passwords = (right, WRONG, OLD)
    everything = {name: form for password in passwords for name, form in forms(password).items()}
    with serving.serving(tmp_path) as daemon:
        for name, ask, (yes, no) in WAYS.values():
            # Each by a connection of its own, so that none has another one's place.
            asking = {password: connection(daemon, name) for password in passwords}
            for password, one in asking.items():
                assert (yes if password == right else no) in ask(one, password)
            watched.require_forgotten(daemon.process.pid, everything)
            for one in asking.values():
                one.close()
        # Of who has not asked to the end, it has to keep what came.
        with connection(daemon, "json") as asking_still:
            asking_still.sendall(f'{{"password": "{WRONG}"'.encode())
            connection(daemon, "json").close()  # taken after it
            assert by_json(connection(daemon, "json"), OLD)
            assert set(watched.held(daemon.process.pid, everything)) == {WRONG}
        assert daemon.end() == 0
