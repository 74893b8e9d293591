"""The configuration's own file: who may write it, and what it has run."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apppw_tui.config import Config
from apppw_tui.doctor.finding import Finding, command, danger, ok, warning
from apppw_tui.domain.errors import ConfigError

_CORRECT = (
    "Correct it: until then nothing of apppw-tui starts. What is told here goes by the rest of it."
)
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class _Use:
    """The purpose of a configured program."""

    key: str
    what: str
    singular: str
    without: str


_CODES = _Use("delivery.command", "security codes", "security code", "nobody gets a code")
_NOTICES = _Use("notices.command", "notices", "notice", "nobody is told what happens")


def check(
    path: Path | None, config: Config, owners: frozenset[int], broken: ConfigError | None = None
) -> list[Finding]:
    """`path` is the file, if there is one; `owners` are the uids that may own it."""
    findings: list[Finding] = []
    if broken is not None:
        where = path or "the configuration"
        findings += [danger(where, sentence, _CORRECT) for sentence in broken.located]
    if path is not None:
        findings += _file(path, owners)
    if config.delivery is not None:
        findings += _program(Path(config.delivery.command[0]), owners, _CODES)
    if config.notices is not None and config.notices.command is not None:
        findings += _program(Path(config.notices.command[0]), owners, _NOTICES)
    findings += _unasked_services(config)
    if findings:
        return findings
    if path is None:
        return [ok("the configuration", "There is none: all is as it is by default.")]
    return [ok(path, "It is only its owner's to change.")]


def _file(path: Path, owners: frozenset[int]) -> Iterator[Finding]:
    for place in (path, path.parent):
        yield from _writers(place, owners, "can change what apppw-tui does, and what it runs")


def _unasked_services(config: Config) -> Iterator[Finding]:
    """Services of the server's own for which no socket may speak: nobody can ever use them."""
    sockets = config.serve.sockets
    for service in config.policy.own_services:
        if not any(socket.services is None or service.id in socket.services for socket in sockets):
            yield warning(
                f"[[service]] {service.id}",
                "No socket may speak for it: no app password ever opens it.",
                f'Add "{service.id}" to services of the [[serve.socket]] that it is asked at.',
            )


def _program(path: Path, owners: frozenset[int], use: _Use) -> Iterator[Finding]:
    if not path.is_file() or not path.stat().st_mode & stat.S_IXUSR:
        yield danger(
            path,
            f"It is to send the {use.what}, but it is no program: {use.without}.",
            f"Put it there, or correct {use.key} in the configuration.",
        )
        return
    yield from _writers(path, owners, f"can read every {use.singular} that is sent")


def _writers(path: Path, owners: frozenset[int], consequence: str) -> Iterator[Finding]:
    status = os.stat(path)  # noqa: PTH116 - a link is as good as what it leads to
    if status.st_uid not in owners:
        yield danger(
            path,
            f"It belongs to uid {status.st_uid}, who {consequence}.",
            command("chown", "root", path),
        )
    if status.st_mode & _WRITABLE and not status.st_mode & stat.S_ISVTX:
        yield danger(
            path,
            f"Others than its owner can write it: whoever does {consequence}.",
            command("chmod", "go-w", path),
        )
