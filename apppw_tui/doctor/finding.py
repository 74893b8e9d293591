"""A finding: the fault, how bad it is, and what to do about it."""

import shlex
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Level(Enum):
    """From what is in order to what lets in, keeps out or loses what it should not."""

    OK = "ok"
    NOTICE = "notice"
    WARNING = "warning"
    DANGER = "danger"


@dataclass(frozen=True)
class Finding:
    """One sentence about `where`, a file or a program, and one that says what to do."""

    level: Level
    where: str
    what: str
    remedy: str = ""


def ok(where: str | Path, what: str) -> Finding:
    return Finding(Level.OK, str(where), what)


def notice(where: str | Path, what: str, remedy: str = "") -> Finding:
    return Finding(Level.NOTICE, str(where), what, remedy)


def warning(where: str | Path, what: str, remedy: str) -> Finding:
    return Finding(Level.WARNING, str(where), what, remedy)


def danger(where: str | Path, what: str, remedy: str) -> Finding:
    return Finding(Level.DANGER, str(where), what, remedy)


def command(*words: str | Path) -> str:
    """A remedy that is a command."""
    return f"Run: {shlex.join(map(str, words))}"
