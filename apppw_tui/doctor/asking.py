"""Asks the server's programs for what they made of their own configuration."""

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from apppw_tui.doctor.finding import Finding, ok, warning

_SECONDS = 2.0  # each takes a fraction of one; one that hangs must not hold up the rest
_HUNG = "time-out"
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
    """Runs a program for at most two seconds, with nothing of this process's environment."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_ALSO))
    program = shutil.which(command[0], path=path)
    if program is None:
        return Answer(command, how="not found", here=False)
    try:
        process = subprocess.Popen(  # noqa: S603 - a list, of programs that are named here alone
            [os.path.abspath(program), *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env={"PATH": path, "LC_ALL": "C"},
            start_new_session=True,
        )
    except OSError as error:
        return Answer(command, how=(error.strerror or "could not be started").lower())
    with process:
        try:
            out, errors = process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            # With whatever it has started, which would hold its output open.
            os.killpg(process.pid, signal.SIGKILL)
            return Answer(command, how=f"{_HUNG} after {_SECONDS:g} s")
    how = f"exit code {process.returncode}" if process.returncode else ""
    return Answer(command, _text(out), _text(errors), how)


class Patient:
    """Asks programs, but not again one that hung: each may cost its two seconds once."""

    def __init__(self, ask_: Ask = ask) -> None:
        self._ask = ask_
        self._hung: dict[str, Answer] = {}

    def __call__(self, command: Sequence[str]) -> Answer:
        if command[0] in self._hung:
            return replace(self._hung[command[0]], command=command)
        answer = self._ask(command)
        if answer.how.startswith(_HUNG):
            self._hung[command[0]] = answer
        return answer


def _text(printed: bytes) -> str:
    return printed.decode(errors="replace")
