"""Asks the server's programs for what they made of their own configuration."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from apppw_tui.doctor.finding import Finding, ok, warning

_SECONDS = 20.0  # each takes a fraction of one
_SECONDS_OF = {"systemctl": 2.0}  # it asks another process, which may hang
# Where daemons are installed; an ordinary user's PATH leaves these out.
_ALSO = ("/usr/local/sbin", "/usr/sbin", "/sbin")


@dataclass(frozen=True)
class Answer:
    """What `command` printed; `how` says why it could not be asked, and is empty if it was.

    What it printed is never shown: a configuration may hold passwords.
    """

    command: Sequence[str]
    out: str = ""
    errors: str = ""
    how: str = ""
    here: bool = True

    def trouble(self) -> Finding:
        """Of a program that could not be asked."""
        program = self.command[0]
        if not self.here:
            return ok(program, "It is not here, and was not looked at.")
        if os.geteuid() != 0:
            return ok(program, "Only root can ask it, so it was not looked at.")
        return warning(
            program,
            f"It cannot be asked for its configuration: {self.how}.",
            f"See what it says: {shlex.join(self.command)}",
        )


Ask: TypeAlias = Callable[[Sequence[str]], Answer]


def ask(command: Sequence[str]) -> Answer:
    """Runs a program for some seconds at most, with nothing of this process's environment."""
    seconds = min(_SECONDS, _SECONDS_OF.get(command[0], _SECONDS))
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_ALSO))
    program = shutil.which(command[0], path=path)
    if program is None:
        return Answer(command, how="not found", here=False)
    try:
        done = subprocess.run(  # noqa: S603 - a list, of programs that are named here alone
            [os.path.abspath(program), *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
            env={"PATH": path, "LC_ALL": "C"},
            timeout=seconds,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(command, how=f"time-out after {seconds:g} s")
    except OSError as error:
        return Answer(command, how=(error.strerror or "could not be started").lower())
    how = f"exit code {done.returncode}" if done.returncode else ""
    return Answer(command, _text(done.stdout), _text(done.stderr), how)


def _text(printed: bytes) -> str:
    return printed.decode(errors="replace")
