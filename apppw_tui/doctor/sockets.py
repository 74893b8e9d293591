"""The daemon's sockets: there, open to those who may ask, and answering."""

import grp
import os
import shlex
import socket
import stat
import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from apppw_tui.config import ServeConfig
from apppw_tui.doctor import units
from apppw_tui.doctor.finding import Finding, command, danger, notice, ok, warning
from apppw_tui.doctor.probe import Run
from apppw_tui.store.engine import SocketFolder

# The daemon may think for eight (docs/reference.md). All are asked at once, so that one that hangs
# takes no longer.
_SECONDS = 9.0
_ACCESS = 0o666
_OUT_OF_REACH = b"HTTP/1.1 503"
_CHUNK = 4096  # bytes; every answer is much shorter
_ASKED = {
    "auth-client": (b"", b"VERSION\t1\t"),
    "http": (
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200",
    ),
    "json": (b"doctor\n", b'{"answer": "error"}'),  # no question: so it is nobody's attempt
    "metrics": (
        b"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200",
    ),
    "mux": (b"", b""),  # is never greeted; who says nothing more is hung up on
}
ENABLE_JSON = f"systemctl enable apppw-tui-json.socket && {units.RESTART}"
_ENABLE = f"Enable those that are wanted, such as: {ENABLE_JSON}"
_NO_LUA = (
    "app passwords and enforced accounts have to wait in Dovecot, and what else asks is refused"
)
_LOG = "its log says what is wrong: journalctl -u apppw-tui"
_START = "Start it: apppw-tui serve; its log says what is wrong."
_ANEW = "Start the daemon anew: it makes its sockets as they are configured."
_MODE = 0o660  # bits; the group may ask, nobody else (SAFETY 20)
_PEER = struct.Struct("3i")  # unix(7), SO_PEERCRED: process, user, group


class NoAnswerError(OSError):
    """Somebody listens, and says nothing in time."""

    def __init__(self, listener: int = 0) -> None:
        super().__init__()
        self.listener = listener  # its process; 0: unknown


@dataclass(frozen=True)
class _Place:
    """One socket: where it is, what is spoken there, and who may ask, by mode and group.

    `unit` is the one of systemd that made it; then no configuration says who may ask.
    """

    path: Path
    protocol: str
    mode: int
    group: str | None
    unit: units.Unit | None = None
    metrics: bool = False

    @property
    def anew(self) -> str:
        """The command that makes it as it should be."""
        if self.unit is None:
            return _ANEW
        if self.unit.mode & ~_MODE:
            edit = command("systemctl", "edit", self.unit.name)
            return f"{edit}, for SocketMode=0660, then: systemctl restart {self.unit.name}"
        return command("systemctl", "restart", self.unit.name)

    @property
    def start(self) -> str:
        return _START if self.unit is None else f"Run: {units.RESTART}; {_LOG}"

    def restart(self, listener: int) -> str:
        """Ends a daemon that hangs, which hears no gentler signal and keeps its sockets."""
        if self.unit is not None:
            return self.start
        if not listener:
            return f"Find the daemon with: lsof {shlex.quote(str(self.path))}; end it. {_START}"
        return f"End that process: kill -KILL {listener}. {_START}"


@dataclass(frozen=True)
class ListeningSockets:
    """The daemon's sockets: those of systemd's units, or those that it makes itself."""

    places: Sequence[_Place]
    units: Sequence[units.Unit]

    @property
    def by_systemd(self) -> bool:
        return any(unit.wanted for unit in self.units)

    def paths(self, protocol: str) -> frozenset[Path]:
        return frozenset(place.path for place in self.places if place.protocol == protocol)


def listening(serve: ServeConfig, folder: SocketFolder, ask: Run) -> ListeningSockets:
    """`folder` is where the daemon puts sockets of its own."""
    there = units.units(ask)
    if any(unit.wanted for unit in there):
        return ListeningSockets(list(_passed(serve, there)), there)
    own = (
        _Place(
            *(folder.socket(wanted.name), wanted.protocol, wanted.mode, wanted.group),
            metrics=wanted.metrics,
        )
        for wanted in serve.sockets
    )
    return ListeningSockets([place for place in own if _is_there(place.path)], there)


def check(
    serve: ServeConfig,
    folder: SocketFolder,
    owner: int,
    ask: Run,
    there: ListeningSockets,
    *,
    wanted: bool,
    lua: bool = False,
) -> list[Finding]:
    """`owner` is the store's; unless a daemon is `wanted`, none at all is in order as well.

    `lua` says that Dovecot is to ask.
    """
    places, by_systemd = there.places, there.by_systemd
    findings = [*units.service(ask), *units.compared(serve, there.units)]
    if not places:
        return [*findings, _nobody(folder.path, there, wanted=wanted, lua=lua)]
    findings += _folder(folder.path, owner)
    with ThreadPoolExecutor(len(places)) as asking:
        for answers in asking.map(lambda place: [*_socket(place, owner, lua=lua)], places):
            findings += answers
    if not by_systemd:
        names = {place.path.name for place in places}
        for name in sorted(serve.configured - names):
            findings.append(
                warning(folder.socket(name), "The configuration names it; it is not there.", _ANEW)
            )
    return findings or [ok(folder.path, f"{len(places)} sockets answer.")]


def _nobody(folder: Path, there: ListeningSockets, *, wanted: bool, lua: bool) -> Finding:
    """Of a server on which nobody can ask anything."""
    # Dovecot's Lua lets old passwords go on where it is told nothing.
    refused = _NO_LUA if lua else "every service is refused"
    if there.by_systemd:
        remedy = f"Run: {units.RESTART}; {_LOG}"
        return danger(folder, f"No socket listens: {refused}.", remedy)
    if there.units and lua:
        return danger(folder, f"No socket is enabled: {refused}.", f"Run: {ENABLE_JSON}")
    if not wanted:
        return ok(folder, "No daemon runs here.")
    if there.units:  # as after installing them
        return notice(folder, "No socket is enabled yet: no service can ask.", _ENABLE)
    return danger(folder, f"The daemon does not run: {refused}.", _START)


def _passed(serve: ServeConfig, there: Sequence[units.Unit]) -> Iterator[_Place]:
    """The sockets that systemd made, wherever they are, as far as the daemon answers there."""
    for unit in there:
        spoken = serve.passed(unit.called)
        if unit.active and spoken is not None:
            for path in unit.paths:
                yield _Place(
                    path, spoken.protocol, unit.mode, unit.group or None, unit, spoken.metrics
                )


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except OSError:
        return False
    return True


def _folder(path: Path, owner: int) -> Iterator[Finding]:
    try:
        status = path.stat()
    except OSError:
        return
    if status.st_uid not in (0, owner) or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield danger(
            path,
            "Others than root and the store's owner can put sockets there, and would be told "
            "passwords.",
            command("chmod", "go-w", path) if status.st_uid in (0, owner) else
            command("chown", "root", path),
        )  # fmt: skip


def _socket(place: _Place, owner: int, *, lua: bool) -> Iterator[Finding]:
    path = place.path
    try:
        status = path.lstat()
    except FileNotFoundError:
        yield danger(path, "It is gone, although systemd listens: nobody can ask.", place.anew)
        return
    except OSError:
        return  # in a folder that only others enter
    if not stat.S_ISSOCK(status.st_mode):
        yield danger(path, "It is no socket: nobody can ask there.", f"Remove it. {place.anew}")
        return
    if place.unit is None and status.st_uid not in (0, owner):
        yield danger(
            path,
            f"It belongs to uid {status.st_uid}, who is told the passwords of whoever asks there.",
            f"Find out who made it, and remove it. {place.anew}",
        )
        return
    mode = stat.S_IMODE(status.st_mode) & _ACCESS
    most = place.mode if place.unit is None else place.mode & _MODE
    if mode & ~most:
        yield danger(
            path, f"Its mode is {mode:04o}, not {most:04o}: more may ask than should.", place.anew
        )
    elif most & _ACCESS & ~mode:
        yield warning(
            path,
            f"Its mode is {mode:04o}, not {most:04o}: some who should ask cannot.",
            place.anew,
        )
    if place.group is not None and not _is_group(status.st_gid, place.group):
        who = "the configuration" if place.unit is None else place.unit.name
        yield warning(
            path,
            f"Its group is not {place.group}, as {who} says: who should ask cannot.",
            place.anew,
        )
    yield from _answer(place, lua=lua and place.protocol == "json")


def _is_group(gid: int, name: str) -> bool:
    try:
        return name == str(gid) or grp.getgrnam(name).gr_gid == gid
    except KeyError:
        return True  # there is no such group, which is said already


def _answer(place: _Place, *, lua: bool) -> Iterator[Finding]:
    path, protocol = place.path, place.protocol
    question, expected = _ASKED[protocol]
    refused = _NO_LUA if lua else "every service that asks is refused"
    try:
        heard = first_answer(path, question, hang_up=not expected)
    except PermissionError:
        if os.geteuid() != 0:
            return  # only its group can ask
        heard = b""
    except NoAnswerError as hanging:
        own = place.unit is None and hanging.listener  # systemd listens for the others
        process = f", process {hanging.listener}," if own else ""
        yield danger(
            path,
            f"What listens there{process} does not answer: {refused}.",
            place.restart(hanging.listener),
        )
        return
    except OSError:
        yield danger(path, f"Nobody answers there: {refused}.", place.start)
        return
    if protocol == "http" and heard.startswith(_OUT_OF_REACH):
        yield danger(
            path,
            f"The daemon answers; its store is out of its reach: {refused}.",
            "See the daemon's log: journalctl -u apppw-tui",
        )
    elif not heard.startswith(expected):
        yield danger(
            path,
            f"What answers there is not apppw-tui's {protocol}.",
            "See the daemon's log: journalctl -u apppw-tui",
        )
    elif place.metrics and not _has_metrics(path):
        yield warning(
            path,
            "It answers no GET /metrics, as the configuration says it should.",
            "Have the daemon read it again: systemctl try-reload-or-restart apppw-tui",
        )


def _has_metrics(path: Path) -> bool:
    question, expected = _ASKED["metrics"]
    try:
        return first_answer(path, question, hang_up=False).startswith(expected)
    except OSError:
        return False


def first_answer(path: Path, question: bytes, *, hang_up: bool) -> bytes:
    """The first bytes that are answered to `question`.

    Raises:
        NoAnswerError: somebody listens there, who says nothing, or takes no more callers.
        OSError: nobody listens there, or nobody may ask.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_SECONDS)
        try:
            asking.connect(str(path))
        except (BlockingIOError, TimeoutError) as full:  # unix(7): its queue is
            raise NoAnswerError from full
        try:
            asking.sendall(question)
            if hang_up:
                asking.shutdown(socket.SHUT_WR)
            return asking.recv(_CHUNK)
        except TimeoutError as silent:
            raise NoAnswerError(_listener(asking)) from silent


def _listener(asking: socket.socket) -> int:
    """unix(7): whoever called listen(); 0 where that process cannot be seen from here."""
    credentials = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    pid: int = _PEER.unpack(credentials)[0]
    return pid
