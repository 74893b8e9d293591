"""Unix sockets on which nobody listens, that say nothing, or that say what a test wants."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 120.0  # seconds until a test that waits in vain fails


def abandoned(path: Path) -> None:
    """Leaves a socket on which nobody listens, as a killed program does."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A socket that takes callers and says nothing to them."""
    with socket.socket(socket.AF_UNIX) as made:
        made.settimeout(PATIENCE)
        made.bind(str(path))
        made.listen()
        yield made


@contextmanager
def answering(path: Path, converse: Callable[[socket.socket], None]) -> Iterator[None]:
    """Hands one caller after the other to `converse`, in a thread, until the end."""
    over = threading.Event()
    with listening(path) as server:

        def serve() -> None:
            while True:
                caller, _ = server.accept()
                with caller:
                    if over.is_set():
                        return
                    caller.settimeout(PATIENCE)
                    with suppress(OSError):  # it may go in the middle
                        converse(caller)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            over.set()
            with socket.socket(socket.AF_UNIX) as nobody:  # so that it waits for nobody else
                nobody.connect(str(path))
            thread.join(PATIENCE)
            assert not thread.is_alive()
