"""A database that is further away: a socket whose bytes arrive later, there and back.

As a program it is what stands between: its arguments are two sockets and seconds. A process of its
own, with a thread for each direction, so that the daemon pays for none of it.
"""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET = ".s.PGSQL.5432"  # as libpq looks for it in a folder
_CHUNK = 65536
# What sleep(2) and the interpreter take beyond what was asked for, in seconds.
_LATE = 0.00006


@contextmanager
def away(database: Path, folder: Path, seconds: float) -> Iterator[Path]:
    """A folder for `host=`, from which every byte takes `seconds` to the database, and back."""
    folder.mkdir()
    path = folder / SOCKET
    line = [sys.executable, __file__, str(path), str(database / SOCKET), str(seconds)]
    process = subprocess.Popen(line)
    try:
        while not path.exists():
            if process.poll() is not None:
                raise SystemExit("the way to the database did not begin")
            time.sleep(0.01)
        yield folder
    finally:
        process.terminate()
        process.wait()


def hand_on(source: socket.socket, target: socket.socket, seconds: float) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK):
            time.sleep(seconds)
            target.sendall(chunk)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def main() -> None:
    path, database, seconds = sys.argv[1], sys.argv[2], max(0.0, float(sys.argv[3]) - _LATE)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        while True:
            near = listening.accept()[0]
            far = socket.socket(socket.AF_UNIX)
            far.connect(database)
            for pair in ((near, far), (far, near)):
                threading.Thread(target=hand_on, args=(*pair, seconds), daemon=True).start()


if __name__ == "__main__":
    main()
