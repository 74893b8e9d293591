"""PAM: the services of apppw-tui, and what must never stand in sshd's own."""

import re
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.doctor.finding import Finding, command, danger, ok, warning
from apppw_tui.doctor.probe import SystemPaths
from apppw_tui.domain.lines import lines

_OURS = "apppw-*"
# Those of the kiosk's own sshd, which lets everybody come as far as the portal's first question.
_KIOSKS = ("apppw-sshd", "apppw-kiosk")
_MODULE = re.compile(r"\S*pam_(\w+)\.so")
# pam.d(5): type, control (which may hold blanks in brackets), module, arguments.
_AUTH = re.compile(r"-?auth\s+(?:\[[^\]]*\]|\S+)\s+(?P<module>\S+)\s*(?P<arguments>.*)", re.I)
# What the recipes have; of them, those that answer by themselves.
_OF_RECIPE = ("pam_exec", "pam_deny", "pam_permit")
_DECIDE = ("deny", "permit")
_INCLUDE = re.compile(r"(?:@include|-?auth\s+(?:include|substack))\s+(\S+)", re.I)


def check(places: SystemPaths) -> list[Finding]:
    """Checks the files; those that they include are the system's affair."""
    findings: list[Finding] = []
    files = [path for folder in places.pam for path in sorted(folder.glob(_OURS))]
    for path in files:
        findings += _file(path, is_kiosk=path.name in _KIOSKS)
    for folder in places.pam:
        findings += _sshd(folder / "sshd")
    return findings or [ok("PAM", _faultless(len(files)))]


def is_present(places: SystemPaths, service: str) -> bool:
    return any((folder / service).is_file() for folder in places.pam)


def missing_for_kiosk(places: SystemPaths) -> Iterator[Finding]:
    """The services of PAM that the kiosk's sshd asks, and that are missing."""
    if not any(is_present(places, name) for name in _KIOSKS):
        path = places.pam[0] / _KIOSKS[0]
        yield danger(
            path,
            "The kiosk's sshd asks PAM for it, and it is not there: /etc/pam.d/other answers, and "
            "nobody comes to the portal.",
            f"Copy recipes/sshd/apppw-sshd to {path}.",
        )


def _faultless(files: int) -> str:
    if files == 0:
        return "It has no file of apppw-tui."
    return (
        f"Its {files} files of apppw-tui are right."
        if files > 1
        else "Its file of apppw-tui is right."
    )


def _file(path: Path, *, is_kiosk: bool) -> Iterator[Finding]:
    try:
        mode, lines = path.stat().st_mode, list(_auth(path))
    except OSError:
        yield warning(path, "It cannot be read, by PAM neither.", "Copy it anew from recipes/pam/.")
        return
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield danger(path, "Others than its owner can write it.", command("chmod", "go-w", path))
    if is_kiosk:
        yield from _of_kiosk(path, [module for module, _ in lines])
        return
    helpers = [shlex.split(arguments) for module, arguments in lines if module == "exec"]
    ours = [words for words in helpers if any(word.endswith("apppw-tui") for word in words)]
    if not ours:
        yield danger(
            path,
            "None of its auth lines asks apppw-tui, so that something else decides.",
            "Copy it anew from recipes/pam/.",
        )
    for words in ours:
        program = Path(next(word for word in words if word.endswith("apppw-tui")))
        if not program.is_file():
            yield danger(
                path,
                f"It runs {program}, which is not there: everybody is refused.",
                f"Install apppw-tui at {program}, or name in this file where it is.",
            )

    if ours:
        yield from _past_us(path, [module for module, _ in lines])


def _past_us(path: Path, modules: list[str]) -> Iterator[Finding]:
    """Finds services that let in those whom apppw-tui refuses.

    Pam_deny has to stand before pam_permit.
    """
    behind = modules[modules.index("exec") + 1 :]
    deciding = [module for module in behind if module in _DECIDE]
    if "permit" in deciding and deciding[0] == "permit":
        yield danger(
            path,
            "Behind apppw-tui stands pam_permit without pam_deny before it: every password is "
            "right.",
            "Copy it anew from recipes/pam/.",
        )
    names = (module if module.startswith("@") else f"pam_{module}" for module in modules)
    others = [name for name in names if name not in _OF_RECIPE]
    if others:
        yield warning(
            path,
            f"Beside apppw-tui, {' and '.join(others)} decides: what it "
            "lets in opens accounts that are enforced, too.",
            "Copy it anew from recipes/pam/, unless it is to be so.",
        )


def _of_kiosk(path: Path, modules: list[str]) -> Iterator[Finding]:
    if "permit" not in modules:
        yield danger(
            path,
            "It is not the one of recipes/sshd/: it asks for a password that the kiosk's user does "
            "not have, and nobody comes to the portal.",
            f"Copy recipes/sshd/apppw-sshd to {path}.",
        )
    elif "succeed_if" not in modules[: modules.index("permit")]:
        yield danger(
            path,
            "It is not the one of recipes/sshd/: it lets in whomever sshd's configuration names, "
            "without a password.",
            f"Copy recipes/sshd/apppw-sshd to {path}.",
        )


def _sshd(path: Path) -> Iterator[Finding]:
    try:
        permits = any(module == "permit" for module, _ in _auth(path))
    except OSError:
        return
    if permits:
        yield danger(
            path,
            "pam_permit in an auth line lets everybody in, into every account of this machine.",
            "Remove that line; it belongs into the kiosk's own file alone.",
        )


def _auth(path: Path) -> Iterator[tuple[str, str]]:
    """The modules and arguments of the auth lines; of an included file, "@" and its name."""
    text = path.read_bytes().decode(errors="replace").replace("\\\n", " ")
    for line in lines(text):
        rule = line.partition("#")[0].strip()
        if include := _INCLUDE.fullmatch(rule):
            yield f"@{include[1]}", ""
        match = _AUTH.match(rule)
        module = match and _MODULE.fullmatch(match["module"])
        if match and module:
            yield module[1], match["arguments"]
