"""Asks the server's programs for what they made of their own configuration."""

import os
import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from apppw_tui.doctor.finding import Finding, ok, warning
from apppw_tui.integrations import process

_SECONDS = 2.0  # each takes a fraction of one; one that hangs must not hold up the rest
_HUNG = "time-out"
# Where daemons are installed; an ordinary user's PATH leaves these out.
_ALSO = ("/usr/local/sbin", "/usr/sbin", "/sbin")


@dataclass(frozen=True)
class CommandOutput:
    """The output of `command`; `error` says why it could not be asked, and is empty if it was.

    What it printed is never shown: a configuration may hold passwords.
    """

    command: Sequence[str]
    out: str = ""
    errors: str = ""
    error: str = ""
    here: bool = True

    def as_finding(self) -> Finding:
        """Of a program that could not be asked."""
        program = self.command[0]
        if not self.here:
            return ok(program, "It is not here, and was not looked at.")
        if os.geteuid() != 0:
            return ok(program, "Only root can ask it, so it was not looked at.")
        return warning(
            program,
            f"It cannot be asked for its configuration: {self.error}.",
            f"See what it says: {shlex.join(self.command)}",
        )


Run: TypeAlias = Callable[[Sequence[str]], CommandOutput]


def run(command: Sequence[str]) -> CommandOutput:
    """Runs a program for at most two seconds, with nothing of this process's environment."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_ALSO))
    program = shutil.which(command[0], path=path)
    if program is None:
        return CommandOutput(command, error="not found", here=False)
    try:
        result = process.capture(
            [os.path.abspath(program), *command[1:]], {"PATH": path, "LC_ALL": "C"}, _SECONDS
        )
    except OSError as error:
        return CommandOutput(command, error=(error.strerror or "could not be started").lower())
    if result.returncode is None:
        return CommandOutput(command, error=f"{_HUNG} after {_SECONDS:g} s")
    reason = f"exit code {result.returncode}" if result.returncode else ""
    return CommandOutput(command, result.out, result.errors, reason)


class PatientRun:
    """Asks programs, but not again one that hung: each may cost its two seconds once."""

    def __init__(self, ask_: Run = run) -> None:
        self._ask = ask_
        self._hung: dict[str, CommandOutput] = {}

    def __call__(self, command: Sequence[str]) -> CommandOutput:
        if command[0] in self._hung:
            return replace(self._hung[command[0]], command=command)
        answer = self._ask(command)
        if answer.error.startswith(_HUNG):
            self._hung[command[0]] = answer
        return answer


@dataclass(frozen=True)
class SystemPaths:
    """Paths below `root`, which is / but in tests."""

    root: Path = field(default_factory=lambda: Path("/"))

    @property
    def pam(self) -> tuple[Path, ...]:
        """pam.d(5): a service's file is looked for in the first, then in the second."""
        return self.root / "etc/pam.d", self.root / "usr/lib/pam.d"

    @property
    def kiosk(self) -> Path:
        """The configuration of the sshd that opens the portal and nothing else."""
        return self.root / "etc/ssh/apppw_sshd_config"

    @property
    def sshd(self) -> Path:
        """The configuration of the machine's own sshd."""
        return self.root / "etc/ssh/sshd_config"

    @property
    def match_user(self) -> Path:
        """Opens the portal in the machine's own sshd, instead of a kiosk."""
        return self.root / "etc/ssh/sshd_config.d/apppw-tui.conf"

    @property
    def recipes(self) -> Path:
        """Those of the version in use: recipes/install.sh's, or else the Debian package's."""
        installed, packaged = (
            self.root / place / "share/apppw-tui/recipes"
            for place in ("opt/apppw-tui/current", "usr")
        )
        return packaged if packaged.is_dir() and not installed.is_dir() else installed

    @property
    def systemd(self) -> Path:
        """sd_booted(3): it is there where systemd runs."""
        return self.root / "run/systemd/system"

    @property
    def locks(self) -> Path:
        return self.root / "proc/locks"

    @property
    def mounts(self) -> Path:
        return self.root / "proc/self/mountinfo"

    def process_name(self, pid: str) -> str:
        """The name of a process; empty where nobody tells."""
        try:
            return (self.root / "proc" / pid / "comm").read_text(errors="replace").strip()
        except OSError:
            return ""
