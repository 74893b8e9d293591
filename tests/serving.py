"""The daemon as it is really started; its readiness is what systemd would be told."""

import ctypes
import importlib
import json
import multiprocessing
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from apppw_tui import cli
from tests.running import ROOT, environment
from tests.store.other_uid import said_as

SECONDS = 120.0  # for what takes a fraction of one
_PR_SET_DUMPABLE = 4  # prctl(2)
_SPOKEN = ("dovecot_auth", "http", "json_lines", "saslauthd")


class _Process(Protocol):
    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...


@dataclass
class Serving:
    """A daemon that is running."""

    process: _Process
    told: socket.socket
    errors: Path
    sockets: Path

    @property
    def log(self) -> str:
        return self.errors.read_text()

    @property
    def answers(self) -> list[str]:
        return [line for line in self.log.splitlines() if " answer=" in line]

    def logged(self, what: str) -> str:
        """The line with `what` in it, as soon as there is one."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            for line in self.log.splitlines():
                if what in line:
                    return line
            time.sleep(0.05)
        raise AssertionError(f"{what} was not logged: {self.log}")

    def notified(self) -> str:
        """The next datagram. Fails if the daemon has ended without one."""
        ended = None
        try:
            if self.process.poll() is None:
                ended = os.pidfd_open(self.process.pid)
                watched: list[Any] = [self.told, ended]
                select.select(watched, [], [], SECONDS)
            return self.told.recv(4096, socket.MSG_DONTWAIT).decode()
        except BlockingIOError:
            raise AssertionError(f"it did not say so: {self.log}") from None
        finally:
            if ended is not None:
                os.close(ended)

    def connected(self, name: str = "json") -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(SECONDS)
        made.connect(str(self.sockets / name))
        return made

    def ask(self, user: str, password: str, **more: str) -> str:
        """What the json socket answers."""
        with self.connected() as asking:
            return str(asked(asking, user, password, **more)["answer"])

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


def asked(asking: socket.socket, user: str, password: str, **more: str) -> dict[str, Any]:
    """One question and its answer; empty if the connection was closed instead."""
    question = {"user": user, "password": password, "service": "imap", "rip": "192.0.2.7", **more}
    asking.sendall(json.dumps(question).encode() + b"\n")
    said = b""
    while not said.endswith(b"\n"):
        more_ = asking.recv(4096)
        if not more_:
            return {}
        said += more_
    read: dict[str, Any] = json.loads(said)
    return read


def command(store: Path, *arguments: str | Path) -> list[str]:
    every = ("--store", store, "serve", *arguments)
    return [sys.executable, "-m", "apppw_tui", *(str(one) for one in every)]


@contextmanager
def serving(
    home: Path,
    *arguments: str | Path,
    more: Mapping[str, str] | None = None,
    files: int | None = None,
    passed: Mapping[str, socket.socket] | None = None,
    abstract: bool = False,
    closed: int | None = None,
    store: bool = True,
    before: Callable[[list[str]], list[str]] | None = None,
) -> Iterator[Serving]:
    """A daemon over home/store that has said that it is ready, with its sockets in home/run.

    `before` makes another command line of its own, which has its process.
    """
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify = f"@{home}/notify" if abstract else str(home / "notify")
    told.bind("\0" + notify[1:] if abstract else notify)
    if not abstract:
        Path(notify).chmod(0o666)
    variables = environment(home, NOTIFY_SOCKET=notify, **(more or {}))
    line = command(home / "store", "--socket-dir", home / "run", *arguments)
    if not store:  # it is said elsewhere
        line = [one for one in line if one not in ("--store", str(home / "store"))]
    if before is not None:
        line = before(line)
    if passed is not None:
        line = activated(line, passed, variables)

    def prepare() -> None:
        if files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        if closed is not None:
            os.close(closed)

    errors = home / "errors"
    with errors.open("ab") as standard_error:
        process = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=standard_error,
            env=variables,
            cwd=ROOT,
            preexec_fn=prepare,  # noqa: PLW1509 - it calls nothing that takes a lock
            pass_fds=[one.fileno() for one in (passed or {}).values()],
        )
    running = Serving(process, told, errors, home / "run")
    try:
        said = running.notified()
        assert said.partition("\n")[0] == "READY=1", said
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(SECONDS)
        told.close()
        if not abstract:
            Path(notify).unlink()


# What systemd does: the descriptors from 3 on, and the number of the very process.
_ACTIVATE = """
import fcntl, os, sys
numbers, line = [int(number) for number in sys.argv[1].split(",")], sys.argv[2:]
# First out of the way, to free places only: any of them may be where another has to go.
high = [fcntl.fcntl(number, fcntl.F_DUPFD, 3 + len(numbers)) for number in numbers]
for place, number in enumerate(high, 3):
    os.dup2(number, place)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(line[0], line)
"""


def activated(
    line: list[str], passed: Mapping[str, socket.socket], variables: dict[str, str]
) -> list[str]:
    """The command line of a process to which systemd passes these, as it would."""
    variables["LISTEN_FDS"] = str(len(passed))
    variables["LISTEN_FDNAMES"] = ":".join(passed)
    numbers = ",".join(str(one.fileno()) for one in passed.values())
    return [sys.executable, "-c", _ACTIVATE, numbers, *line]


@contextmanager
def forked(home: Path, uid: int, *arguments: str | Path) -> Iterator[Serving]:
    """As `serving`, in a child of this process that has become `uid` (0: that stays root).

    Another uid may not be able to read the interpreter; in a child everything is there already.
    """
    for module in (
        "concurrent.futures.thread",
        *(f"apppw_tui.verifier.protocols.{one}" for one in _SPOKEN),
    ):
        importlib.import_module(module)
    line = ["--store", home / "store", "serve", "--socket-dir", home / "run", *arguments]
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind("\0" + f"{home}/notify")

    def work() -> None:
        if uid != 0:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # as what this user starts is
        os.environ["NOTIFY_SOCKET"] = f"@{home}/notify"
        os.dup2(os.open(home / "errors", os.O_WRONLY | os.O_APPEND), 2)
        os._exit(cli.main([str(one) for one in line]))

    (home / "errors").touch()
    (home / "errors").chmod(0o666)
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    running = Serving(_Forked(child), told, home / "errors", home / "run")
    try:
        said = running.notified()
        assert said.partition("\n")[0] == "READY=1", said
        yield running
    finally:
        child.kill()
        child.join(SECONDS)
        told.close()


@dataclass(frozen=True)
class _Forked:
    """What a Popen can do, as far as it is wanted here."""

    child: Any

    @property
    def pid(self) -> int:
        return int(self.child.pid)

    def poll(self) -> int | None:
        code: int | None = self.child.exitcode
        return code

    def wait(self, timeout: float | None = None) -> int:
        self.child.join(timeout)
        return int(self.child.exitcode)

    def send_signal(self, sig: int) -> None:
        os.kill(self.pid, sig)


def answer_to(uid: int, path: Path, line: bytes) -> str:
    """The line that a process of that uid is answered on a socket which everybody may reach."""
    path.parent.chmod(0o755)
    path.chmod(0o666)

    def ask() -> object:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(path))
            asking.sendall(line)
            return asking.makefile("rb").readline().decode()

    return said_as(uid, ask)
