"""Dovecot's auth-userdb socket, as far as commands ask it: says what it is told to say."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.unix_sockets import answering

GREETING = "VERSION\t1\t1\nSPID\t7\n"


@contextmanager
def dovecot(path: Path, says: Mapping[str, str], greeting: str = GREETING) -> Iterator[list[str]]:
    """Answers with the words in `says` by name, NOTFOUND for the others.

    An empty word ends the connection. Who was asked for is in the list.
    """
    asked: list[str] = []

    def serve(connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            connection.sendall(greeting.encode())
            for line in lines:
                word, number, *rest = line.decode().rstrip("\n").split("\t")
                if word != "USER":
                    continue
                asked.append(rest[0])
                answer = says.get(rest[0], "NOTFOUND")
                if not answer:
                    return
                connection.sendall(f"{answer}\t{number}\t{rest[0]}\tuid=1000\n".encode())

    with answering(path, serve):
        yield asked
