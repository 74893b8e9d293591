"""A finding: the fault, how bad it is, and what to do about it."""

import shlex
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from apppw_tui.domain.errors import StoreError, StoreUnusable


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


def unusable(where: str | Path, error: StoreError, otherwise: str) -> Finding:
    """A store that cannot be read, with its own remedy or else with that one."""
    if isinstance(error, StoreUnusable) and error.remedy:
        return danger(where, error.fault, error.remedy)
    return danger(where, str(error), otherwise)
