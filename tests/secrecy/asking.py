"""One question of each protocol, by a connection that stays open, and what is answered to it."""

import json
import socket
from typing import Protocol

from tests.serving import Serving
from tests.verifier.harness import HELLO, auth, b64, frame, plain


class Asking(Protocol):
    """Asks for `user`, and returns the answer."""

    def __call__(self, asking: socket.socket, password: str, user: str = "ada") -> bytes: ...


def by_json(asking: socket.socket, password: str, user: str = "ada") -> bytes:
    question = {"user": user, "password": password, "service": "imap"}
    return talk(asking, json.dumps(question).encode() + b"\n")


def by_saslauthd(asking: socket.socket, password: str, user: str = "ada") -> bytes:
    return talk(asking, frame(user, password, "imap", ""))


def by_http(asking: socket.socket, password: str, user: str = "ada") -> bytes:
    basic = b64(f"{user}:{password}")
    head = f"GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\n\r\n"
    return talk(asking, head.encode())


def by_plain(asking: socket.socket, password: str, user: str = "ada") -> bytes:
    return talk(asking, auth(1, plain(user, password)))


def by_login(asking: socket.socket, password: str, user: str = "ada") -> bytes:
    talk(asking, auth(2, b64(user), "LOGIN"))
    return talk(asking, f"CONT\t2\t{b64(password)}\n".encode())


def talk(asking: socket.socket, said: bytes) -> bytes:
    """What is answered, in one piece as all of these answers are."""
    asking.sendall(said)
    return asking.recv(65536)


WAYS: dict[str, tuple[str, Asking, tuple[bytes, bytes]]] = {
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
