"""Those who ask: several at once, over a Unix socket, as fast as they are answered."""

import base64
import itertools
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BufferedRWPair
from pathlib import Path

from figures import Case

Ask = Callable[[str, str], None]

ADDRESS = "127.0.0.1"  # nothing is counted against the machine itself
_SECONDS = 60.0  # for one answer
_numbers = itertools.count(os.getpid())


def per_second(cases: Sequence[Case], count: int) -> float:
    """How many a second, if each case is a thread of its own and all together do `count`."""
    left = iter(range(count))  # its next() is one step under the interpreter's lock
    ready = threading.Barrier(len(cases) + 1)
    faults: list[BaseException] = []

    def work(case: Case) -> None:
        ready.wait()
        try:
            for _ in left:
                case()
        except BaseException as fault:  # noqa: BLE001 - it ends the program, but not in a thread
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(case,)) for case in cases]
    for thread in threads:
        thread.start()
    ready.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - start
    if faults:
        raise faults[0]
    return count / taken


@contextmanager
def connected(path: Path, protocol: str, clients: int = 1) -> Iterator[list[Ask]]:
    """So many connections; each asks and stops the program at any other answer than yes."""
    speak = {"json": _json, "auth-client": _auth_client}[protocol]
    with ExitStack() as stack:
        asks = []
        for _ in range(clients):
            made = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            made.settimeout(_SECONDS)
            made.connect(str(path))
            asks.append(speak(stack.enter_context(made.makefile("rwb"))))
        yield asks


def _json(stream: BufferedRWPair) -> Ask:
    def ask(account: str, password: str) -> None:
        question = {"user": account, "password": password, "service": "imap", "rip": ADDRESS}
        stream.write(json.dumps(question).encode() + b"\n")
        stream.flush()
        said = stream.readline()
        if json.loads(said)["answer"] != "yes":
            raise SystemExit(f"{account}: the answer was {said!r}")

    return ask


def _auth_client(stream: BufferedRWPair) -> Ask:
    # Dovecot takes no two connections of the same number, which is meant to be that of a process.
    stream.write(f"VERSION\t1\t2\nCPID\t{next(_numbers)}\n".encode())
    stream.flush()
    while stream.readline() not in (b"DONE\n", b""):
        pass
    ids = itertools.count(1)

    def ask(account: str, password: str) -> None:
        response = base64.b64encode(f"\0{account}\0{password}".encode()).decode()
        parameters = f"service=imap\tnologin\trip={ADDRESS}\tresp={response}"
        stream.write(f"AUTH\t{next(ids)}\tPLAIN\t{parameters}\n".encode())
        stream.flush()
        said = stream.readline()
        if not said.startswith(b"OK\t"):
            raise SystemExit(f"{account}: the answer was {said!r}")

    return ask
