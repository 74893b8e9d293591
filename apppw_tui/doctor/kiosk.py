"""The door by ssh: whether it stands open, and what is behind it is the portal."""

import stat
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.config import present
from apppw_tui.doctor.finding import Finding, command, danger, notice, warning
from apppw_tui.doctor.probe import Run, SystemPaths
from apppw_tui.doctor.units import parse
from apppw_tui.domain.lines import lines

SERVICE = "apppw-sshd.service"
_PROPERTIES = "Id,LoadState,ActiveState,UnitFileState"
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH
_SHELL = 6  # passwd(5): its place in a line
_ENABLED = ("enabled", "enabled-runtime", "static", "linked", "generated")
_KEYS_AGAIN = "Put recipes/sshd/apppw-anykey there anew, mode 0755, owner root."
_AGAIN = "Put recipes/sshd/apppw-kiosk there anew, mode 0755, owner root."


def door(ask: Run, places: SystemPaths) -> Iterator[Finding]:
    """Checks that the portal's sshd runs, and will after the next start of the machine."""
    if not present(places.systemd):
        return
    output = ask(("systemctl", "show", f"--property={_PROPERTIES}", SERVICE))
    properties = parse(output.out).get(SERVICE, {})
    if output.error or properties.get("LoadState") != "loaded":
        return  # it may be started otherwise
    runs = properties.get("ActiveState") in ("active", "reloading", "activating")
    enabled = properties.get("UnitFileState") in _ENABLED
    if not runs and enabled:
        yield danger(
            SERVICE,
            "It does not run: nobody comes to the portal by ssh.",
            f"Run: systemctl start {SERVICE}; what is wrong stands in journalctl -u {SERVICE}",
        )
    elif not runs:
        yield notice(
            SERVICE,
            "It is neither started nor enabled: nobody comes to the portal by ssh.",
            command("systemctl", "enable", "--now", SERVICE),
        )
    elif not enabled:
        yield warning(
            SERVICE,
            "From the next start of the machine on, nobody comes to the portal by ssh.",
            command("systemctl", "enable", SERVICE),
        )


def script(forced: str, user: str, places: SystemPaths, owner: int) -> Iterator[Finding]:
    """Checks what everybody is given who comes as `user`; `owner` owns the server's files."""
    words = forced.split()
    if not words or not words[0].startswith("/"):
        return
    path = places.root / words[0].lstrip("/")
    try:
        status = path.stat()
    except PermissionError:
        return  # only root sees it
    except OSError:
        yield danger(words[0], "It is not there: nobody comes to the portal by ssh.", _AGAIN)
        return
    if not stat.S_ISREG(status.st_mode) or not status.st_mode & stat.S_IXOTH:
        yield danger(words[0], "It is no program that all may run: nobody comes to the portal by "
                     "ssh.", _AGAIN)  # fmt: skip
    for place in (path, path.parent):
        yield from _writers(place, owner)
    shell = _shell(user, places)
    if shell not in (None, words[0]):
        yield warning(
            f"the user {user}",
            f"Its shell is {shell or 'the default one'}, and not {words[0]}: whatever else lets "
            "that user in opens a shell, which owns the store.",
            command("usermod", "--shell", words[0], user),
        )


def key_command(line: str, places: SystemPaths, owner: int) -> Iterator[Finding]:
    """Checks the program that tells sshd which keys to have proved, as strictly as sshd does."""
    words = line.split()
    if not words or not words[0].startswith("/"):
        return
    path = places.root / words[0].lstrip("/")
    try:
        statuses = [place.stat() for place in (path, path.parent)]
    except PermissionError:
        return
    except OSError:
        yield warning(words[0], "It is not there: no ssh key is a second factor.", _KEYS_AGAIN)
        return
    is_program = stat.S_ISREG(statuses[0].st_mode) and statuses[0].st_mode & stat.S_IXOTH
    if not is_program or any(
        status.st_uid not in (0, owner) or status.st_mode & _WRITABLE for status in statuses
    ):
        yield warning(
            words[0],
            "sshd runs it only if it is a program of root's that nobody else can write: no ssh key "
            "is a second factor.",
            _KEYS_AGAIN,
        )


def _writers(path: Path, owner: int) -> Iterator[Finding]:
    status = path.stat()
    consequence = "is told what everybody types at the portal"
    if status.st_uid not in (0, owner):
        yield danger(path, f"It belongs to uid {status.st_uid}, who {consequence}.",
                     command("chown", "root", path))  # fmt: skip
    if status.st_mode & _WRITABLE:
        yield danger(path, f"Others than its owner can write it: whoever does {consequence}.",
                     command("chmod", "go-w", path))  # fmt: skip


def _shell(user: str, places: SystemPaths) -> str | None:
    """passwd(5); None of a user who is not in it."""
    try:
        passwd = lines((places.root / "etc/passwd").read_text(errors="replace"))
    except OSError:
        return None
    entries = (line.split(":") for line in passwd)
    return next(
        (entry[_SHELL] for entry in entries if entry[0] == user and len(entry) > _SHELL), None
    )
