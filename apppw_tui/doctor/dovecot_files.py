"""Mail while apppw-tui is silent: Dovecot's goes on, if the script for that says so."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.doctor import installed
from apppw_tui.doctor.doveconf import Block
from apppw_tui.doctor.finding import Finding, command, danger
from apppw_tui.doctor.probe import SystemPaths

_LUA_OF_2_3 = re.compile(r"(?:^|\s)file=(\S+)")
_LOOKS_UP = re.compile(r"^\s*function auth_passdb_lookup\b", re.MULTILINE)
_ENFORCED = re.compile(r'^\s*local ENFORCED = "([^"]*)"', re.MULTILINE)
_SOCKET = re.compile(r'^\s*local SOCKET = "([^"]*)"', re.MULTILINE)
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH
_RELOAD = "then run: doveadm reload"


def script(
    passdb: Block, places: SystemPaths, folder: Path, asked: frozenset[Path]
) -> Iterator[Finding]:
    """Of a passdb that asks by Lua; `folder` is the store.

    `asked` are the sockets at which the daemon is asked so; none where nothing is known of them.
    """
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
    named: str, text: str, folder: Path, asked: frozenset[Path], put: str
) -> Iterator[Finding]:
    socket = _SOCKET.search(text)
    if asked and socket is not None and not _is_one_of(socket[1], asked):
        there = " or ".join(sorted(map(str, asked)))
        yield danger(
            named,
            f"It asks at {socket[1]}, and the daemon listens at {there}: no app password works.",
            f"Correct SOCKET in {named}; {_RELOAD}",
        )
    if not _LOOKS_UP.search(text):
        return  # so old that mail is not delivered, which is told elsewhere
    enforced = _ENFORCED.search(text)
    if enforced is None:
        yield danger(
            named,
            "It is of an older apppw-tui: while apppw-tui is silent, nobody's old password works.",
            put,
        )
    elif Path(enforced[1]) != folder / "enforced":
        yield danger(
            named,
            f"It looks for who is enforced in {enforced[1]}, not in {folder / 'enforced'}: while "
            "apppw-tui is silent, nobody's old password works.",
            f"Correct ENFORCED in {named}; {_RELOAD}",
        )


def _is_one_of(socket: str, asked: frozenset[Path]) -> bool:
    """/var/run and /run are one folder."""
    return os.path.realpath(socket) in {os.path.realpath(path) for path in asked}
