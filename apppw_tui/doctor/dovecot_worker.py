"""The user that asks apppw-tui for Dovecot, and has to be let in.

Dovecot gives its processes no groups but those that it names itself: /etc/group counts for nothing.
"""

import grp
import os
import pwd
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.doctor.doveconf import Block
from apppw_tui.doctor.finding import Finding, danger, warning

_WHERE = "Dovecot"
_RELOAD = "then run: doveadm reload"
_INTERNAL = "default_internal_user"
# A variable of 2.3, and of 2.4.
_VARIABLE = re.compile(r"\$(?:SET:)?\{?([a-z_]+)\}?")
_ITSELF = re.compile(r"(?:^|\s)blocking=no\b")


def check(passdb: Block, top: Block, asked: frozenset[Path], store: Path) -> Iterator[Finding]:
    """Of a passdb that asks by Lua; `asked` are the daemon's sockets for it."""
    name, user, groups = _who(passdb, top)
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
    if not _may_read(store, entry.pw_uid):
        yield warning(
            _WHERE,
            f"Its {name} runs as {user}, who cannot read {store / 'enforced'}: while apppw-tui is "
            "silent, nobody's old password works.",
            f"Take user out of service {name}: it is root then; {_RELOAD}",
        )


def _who(passdb: Block, top: Block) -> tuple[str, str, list[str]]:
    """The service that asks, its user and its groups."""
    itself = _ITSELF.search(passdb.settings.get("args", "")) is not None
    name = "auth" if itself or passdb.settings.get("use_worker") == "no" else "auth-worker"
    settings: dict[str, str] = {}
    for service in top.of("service"):
        if service.name == name:
            settings |= service.settings
    user = settings.get("user", f"${_INTERNAL}" if name == "auth" else "root")
    groups = re.split(r"[\s,]+", f"{settings.get('group', '')} {settings.get('extra_groups', '')}")
    return name, _meant(user, top), [_meant(group, top) for group in groups if group]


def _meant(value: str, top: Block) -> str:
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
