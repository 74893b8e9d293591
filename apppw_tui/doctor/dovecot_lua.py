"""Dovecot's Lua script that asks apppw-tui: which one it is, where it asks, and as which user."""

import grp
import os
import pwd
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.doctor import installed
from apppw_tui.doctor.doveconf import Block, driver, is_ours, is_told, passdbs_that_let_in
from apppw_tui.doctor.finding import Finding, command, danger, warning
from apppw_tui.doctor.probe import SystemPaths
from apppw_tui.store.folder.places import StorePlaces

_WHERE = "Dovecot"
_LUA_OF_2_3 = re.compile(r"(?:^|\s)file=(\S+)")
_LOOKS_UP = re.compile(r"^\s*function auth_passdb_lookup\b", re.MULTILINE)
_ENFORCED = re.compile(r'^\s*local ENFORCED = "([^"]*)"', re.MULTILINE)
_SOCKET = re.compile(r'^\s*local SOCKET = "([^"]*)"', re.MULTILINE)
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH
_RELOAD = "then run: doveadm reload"
_INTERNAL = "default_internal_user"
# A variable of 2.3, and of 2.4.
_VARIABLE = re.compile(r"\$(?:SET:)?\{?([a-z_]+)\}?")
_ITSELF = re.compile(r"(?:^|\s)blocking=no\b")


def check(
    top: Block, places: SystemPaths, folder: Path, asked: frozenset[Path]
) -> Iterator[Finding]:
    """Of the passdbs by Lua; `folder` is the store.

    `asked` are the sockets at which the daemon is asked so; none where nothing is known of them.
    """
    for passdb in passdbs_that_let_in(top):
        if is_ours(passdb) and driver(passdb) == "lua":
            yield from _script(passdb, places, folder, asked)
            if not is_told(passdb):
                yield from _asking_user(passdb, top, asked, folder)


def _script(
    passdb: Block, places: SystemPaths, folder: Path, asked: frozenset[Path]
) -> Iterator[Finding]:
    file = passdb.settings.get("lua_file")
    if file is None:
        in_args = _LUA_OF_2_3.search(passdb.settings.get("args", ""))
        file = "" if in_args is None else in_args[1]
    if not file.startswith("/"):
        return
    path = places.root / file.lstrip("/")
    # The other is told of a yes, and never asked for one.
    asks = passdb.settings.get("skip") != "unauthenticated"
    recipe = "dovecot/apppw.lua" if asks else "dovecot/apppw-old-password.lua"
    put = f"Put recipes/{recipe} at {file}; {_RELOAD}"
    try:
        text, mode = path.read_text(errors="replace"), path.stat().st_mode
    except PermissionError:
        return  # only root sees it
    except OSError:
        if asks:
            yield danger(
                file, "Dovecot is to ask by it, and it is not there: nobody signs in.", put
            )
        return
    if mode & _WRITABLE:
        yield danger(
            file,
            "Others than its owner can write it: whoever does is told every password, and let in.",
            command("chmod", "go-w", file),
        )
    findings = list(_asking(file, text, folder, asked, put)) if asks else []
    yield from findings or installed.differing(path, file, recipe, places)


def _asking(
    file: str, text: str, folder: Path, asked: frozenset[Path], put: str
) -> Iterator[Finding]:
    socket = _SOCKET.search(text)
    if asked and socket is not None and not _is_one_of(socket[1], asked):
        there = " or ".join(sorted(map(str, asked)))
        yield danger(
            file,
            f"It asks at {socket[1]}, and the daemon listens at {there}: no app password works.",
            f"Correct SOCKET in {file}; {_RELOAD}",
        )
    if not _LOOKS_UP.search(text):
        return  # so old that mail is not delivered, which is told elsewhere
    enforced = _ENFORCED.search(text)
    if enforced is None:
        yield danger(
            file,
            "It is of an older apppw-tui: while apppw-tui is silent, nobody's old password works.",
            put,
        )
    elif Path(enforced[1]) != (ours := StorePlaces(folder).enforced):
        yield danger(
            file,
            f"It looks for who is enforced in {enforced[1]}, not in {ours}: while "
            "apppw-tui is silent, nobody's old password works.",
            f"Correct ENFORCED in {file}; {_RELOAD}",
        )


def _is_one_of(socket: str, asked: frozenset[Path]) -> bool:
    """/var/run and /run are one folder."""
    return os.path.realpath(socket) in {os.path.realpath(path) for path in asked}


def _asking_user(
    passdb: Block, top: Block, asked: frozenset[Path], store: Path
) -> Iterator[Finding]:
    """Of the user that asks, and has to be let in.

    Dovecot gives its processes no groups but those that it names: /etc/group counts for nothing.
    """
    name, user, groups = _service_user(passdb, top)
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return  # Dovecot itself does not start then
    if entry.pw_uid == 0:
        return
    gids = {entry.pw_gid, *filter(None, map(_gid, groups))}
    kept_out = [path for path in sorted(asked) if not _may_ask(path, entry.pw_uid, gids)]
    if kept_out and len(kept_out) == len(asked):
        group = _group_of(kept_out[0])
        yield danger(
            _WHERE,
            f"Its {name} runs as {user}, who may not ask at {kept_out[0]}: no app password works.",
            f"Set extra_groups = {group} in service {name} (what /etc/group says of {user} does "
            f"not count there); {_RELOAD}",
        )
    ours = StorePlaces(store).enforced
    if not _may_read(store, entry.pw_uid):
        yield warning(
            _WHERE,
            f"Its {name} runs as {user}, who cannot read {ours}: while apppw-tui is "
            "silent, nobody's old password works.",
            f"Take user out of service {name}: it is root then; {_RELOAD}",
        )


def _service_user(passdb: Block, top: Block) -> tuple[str, str, list[str]]:
    """The service that asks, its user and its groups."""
    itself = _ITSELF.search(passdb.settings.get("args", "")) is not None
    name = "auth" if itself or passdb.settings.get("use_worker") == "no" else "auth-worker"
    settings: dict[str, str] = {}
    for service in top.of("service"):
        if service.name == name:
            settings |= service.settings
    user = settings.get("user", f"${_INTERNAL}" if name == "auth" else "root")
    groups = re.split(r"[\s,]+", f"{settings.get('group', '')} {settings.get('extra_groups', '')}")
    return name, _resolved(user, top), [_resolved(group, top) for group in groups if group]


def _resolved(value: str, top: Block) -> str:
    variable = _VARIABLE.fullmatch(value)
    return top.settings.get(variable[1], "dovecot") if variable else value


def _gid(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def _may_ask(path: Path, uid: int, gids: set[int]) -> bool:
    try:
        status = os.stat(path)  # noqa: PTH116 - a link is as good as what it leads to
    except OSError:
        return True  # that it is not there is told elsewhere
    if status.st_uid == uid:
        return bool(status.st_mode & stat.S_IWUSR)
    return bool(status.st_mode & (stat.S_IWGRP if status.st_gid in gids else stat.S_IWOTH))


def _group_of(path: Path) -> str:
    gid = path.stat().st_gid
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _may_read(store: Path, uid: int) -> bool:
    """The store is its owner's alone."""
    try:
        return store.stat().st_uid == uid
    except OSError:
        return True  # that there is none is told elsewhere
