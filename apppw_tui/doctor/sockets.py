"""The daemon's sockets: there, open to those who may ask, and answering."""

import grp
import os
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from apppw_tui.config.serve import ServeConfig, SocketConfig
from apppw_tui.doctor.asking import Ask
from apppw_tui.doctor.finding import Finding, command, danger, notice, ok, warning

_SECONDS = 2.0  # all are asked at once, so that a daemon that hangs takes no longer
_ACCESS = 0o666
_CHUNK = 4096  # bytes; every answer is much shorter
_ASKED = {
    "auth-client": (b"", b"VERSION\t1\t"),
    "http": (
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200",
    ),
    "json": (b"doctor\n", b'{"answer": "error"}'),  # no question: so it is nobody's attempt
    "mux": (b"", b""),  # is never greeted; who says nothing more is hung up on
}
_ENABLE = "Enable those that are wanted, such as: systemctl enable --now apppw-tui-json.socket"
_START = "Start it: systemctl start apppw-tui, or apppw-tui serve; its log says what is wrong."


@dataclass(frozen=True)
class _Place:
    """Where a socket is; `passed` if systemd made it, for whom its unit says."""

    path: Path
    passed: bool = False


def findings(
    serve: ServeConfig, folder: Path, owner: int, ask: Ask, *, wanted: bool
) -> list[Finding]:
    """`owner` is the store's; unless a daemon is `wanted`, none at all is in order as well."""
    places = {one.name: _Place(folder / one.name) for one in serve.sockets} | _passed(ask)
    there = [one for one in serve.sockets if _is_there(places[one.name].path)]
    if not there:
        if not wanted:
            return [ok(folder, "No daemon runs here.")]
        if _none_enabled(ask):
            return [notice(folder, "No socket is enabled yet: no service can ask.", _ENABLE)]
        return [danger(folder, "The daemon does not run: every service is refused.", _START)]
    found = list(_folder(folder, owner))
    with ThreadPoolExecutor(len(there)) as asking:
        for told in asking.map(lambda one: [*_socket(one, places[one.name], owner)], there):
            found += told
    for one in serve.sockets:
        place = places[one.name]
        if (
            one not in there and serve.sockets != ServeConfig().sockets
        ):  # of the default ones, few are wanted
            found.append(
                warning(place.path, "The configuration names it; it is not there.", _START)
            )
    return found or [ok(folder, f"{len(there)} sockets answer.")]


def _none_enabled(ask: Ask) -> bool:
    """True if systemd has our units and starts none of them, as after installing them."""
    said = ask(("systemctl", "list-unit-files", "--no-legend", "--no-pager", "apppw-tui*"))
    states = [line.split()[1] for line in said.out.splitlines() if len(line.split()) > 1]
    return not said.how and bool(states) and not any(one.startswith("enabled") for one in states)


def _passed(ask: Ask) -> dict[str, _Place]:
    """What systemd made, wherever that is: systemctl(1), show, one paragraph for each unit."""
    properties = "--property=FileDescriptorName,Listen"
    said = ask(("systemctl", "show", properties, "apppw-tui*.socket"))
    found: dict[str, _Place] = {}
    for paragraph in "" if said.how else said.out.split("\n\n"):
        told = dict(line.partition("=")[::2] for line in paragraph.splitlines())
        path, _, kind = told.get("Listen", "").rpartition(" ")
        if kind == "(Stream)" and path.startswith("/"):
            found[told.get("FileDescriptorName", "")] = _Place(Path(path), passed=True)
    return found


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


def _socket(wanted: SocketConfig, place: _Place, owner: int) -> Iterator[Finding]:
    path = place.path
    status = path.lstat()
    if not stat.S_ISSOCK(status.st_mode):
        yield danger(path, "It is no socket: nobody can ask there.", f"Remove it. {_START}")
        return
    if not place.passed and status.st_uid not in (0, owner):
        yield danger(
            path,
            f"It belongs to uid {status.st_uid}, who is told the passwords of whoever asks there.",
            f"Find out who made it, and remove it. {_START}",
        )
        return
    mode = stat.S_IMODE(status.st_mode) & _ACCESS
    repair = command("chmod", f"{wanted.mode:04o}", path)
    if mode & ~wanted.mode:
        yield danger(
            path,
            f"Its mode is {mode:04o}, not {wanted.mode:04o}: more may ask than should.",
            repair,
        )
    elif wanted.mode & _ACCESS & ~mode:
        yield warning(
            path,
            f"Its mode is {mode:04o}, not {wanted.mode:04o}: some who should ask cannot.",
            repair,
        )
    yield from _group(wanted.group, status.st_gid, path)
    yield from _answer(wanted.protocol, path)


def _group(group: str | None, gid: int, path: Path) -> Iterator[Finding]:
    if group is None:
        return
    try:
        right = grp.getgrnam(group).gr_gid == gid
    except KeyError:
        right = False
    if not right:
        yield warning(
            path,
            f"Its group is not {group}, as the configuration says: who should ask cannot.",
            command("chgrp", group, path),
        )


def _answer(protocol: str, path: Path) -> Iterator[Finding]:
    question, expected = _ASKED[protocol]
    try:
        said = _said(path, question, hang_up=not expected)
    except PermissionError:
        if os.geteuid() != 0:
            return  # only its group can ask
        said = b""
    except OSError:
        yield danger(path, "Nobody answers there: every service that asks is refused.", _START)
        return
    if not said.startswith(expected):
        yield danger(
            path,
            f"What answers there is not apppw-tui's {protocol}, or its store is out of reach.",
            "See the daemon's log: journalctl -u apppw-tui",
        )


def _said(path: Path, question: bytes, *, hang_up: bool) -> bytes:
    """Raises OSError; TimeoutError is one."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_SECONDS)
        asking.connect(str(path))
        asking.sendall(question)
        if hang_up:
            asking.shutdown(socket.SHUT_WR)
        return asking.recv(_CHUNK)
