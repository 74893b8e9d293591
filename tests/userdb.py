"""Dovecot's auth-userdb socket, as far as commands ask it: says what it is told to say."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_PATIENCE = 30.0  # seconds until a test that waits in vain fails
GREETING = "VERSION\t1\t1\nSPID\t7\n"


@contextmanager
def dovecot(path: Path, says: Mapping[str, str], greeting: str = GREETING) -> Iterator[list[str]]:
    """Answers for one connection with the words in `says` by name, NOTFOUND for the others.

    An empty word ends the connection. Who was asked for is in the list.
    """
    asked: list[str] = []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.settimeout(_PATIENCE)
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            connection.settimeout(_PATIENCE)
            # It may go in the middle.
            with connection, connection.makefile("rb") as lines, suppress(ConnectionError):
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

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield asked
        finally:
            with socket.socket(socket.AF_UNIX) as nobody:  # so that it waits for nobody else
                nobody.connect(str(path))
            thread.join(_PATIENCE)
            assert not thread.is_alive()
