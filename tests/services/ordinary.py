"""An ordinary user, as servers have, and this very apppw-tui as that user can run it."""

import importlib.util
import os
import pwd
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.services.require import unavailable

_TIMEOUT = 120.0  # seconds; a machine under load, not a measure
# All that `account`, `app-password` and `verify` import beyond the standard library.
_PACKAGES = (
    *("apppw_tui", "tinydb", "argon2", "_argon2_cffi_bindings", "_cffi_backend"),
    *("filelock", "typing_extensions", "zxcvbn"),
)


@dataclass(frozen=True)
class OrdinaryUser:
    """Somebody who is not root: `nobody` where the tests run as root, else who runs them."""

    name: str
    uid: int
    gid: int

    @classmethod
    def find(cls) -> "OrdinaryUser":
        try:
            entry = pwd.getpwuid(os.geteuid()) if os.geteuid() else pwd.getpwnam("nobody")
        except KeyError:
            unavailable("there is no ordinary user here to run a server as")
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    def run(
        self, command: Sequence[str | Path], *, stdin: str = "", python_path: str = ""
    ) -> subprocess.CompletedProcess[str]:
        with self.start(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            python_path=python_path,
        ) as process:
            try:
                output, errors = process.communicate(stdin, timeout=_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def start(
        self,
        command: Sequence[str | Path],
        *,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
        python_path: str = "",
    ) -> subprocess.Popen[str]:
        """In a session of its own, with nothing of the tests' environment."""
        root = os.geteuid() == 0
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": python_path},
            start_new_session=True,
            user=self.uid if root else None,
            group=self.gid if root else None,
            extra_groups=[] if root else None,
        )


def installed_program(folder: Path, user: OrdinaryUser) -> Path:
    """An executable `apppw-tui` in `folder` that `user` can run: these sources, no others.

    The interpreter of the tests may live where only root can go; then the system's own runs a
    copy of the packages.
    """
    if _runs(sys.executable, "", user):
        return _script(folder, sys.executable, "")
    copies = folder / "packages"
    for name in _PACKAGES:
        _copy_package(name, copies)
    system = "/usr/bin/python3"
    if not _runs(system, str(copies), user):
        unavailable(f"{user.name} can run neither {sys.executable} nor a fitting {system}")
    return _script(folder, system, str(copies))


def _runs(python: str, python_path: str, user: OrdinaryUser) -> bool:
    # The packages' compiled parts fit one minor version of Python.
    program = (
        f"import sys, {', '.join(_PACKAGES)}; "
        f"sys.exit(sys.version_info[:2] != {tuple(sys.version_info[:2])})"
    )
    try:
        return user.run([python, "-P", "-c", program], python_path=python_path).returncode == 0
    except OSError:
        return False


def _copy_package(name: str, to: Path) -> None:
    spec = importlib.util.find_spec(name)
    if spec is None:
        return  # _runs says whether it is missed
    to.mkdir(exist_ok=True)
    if spec.submodule_search_locations:
        shutil.copytree(spec.submodule_search_locations[0], to / name)
    elif spec.origin is not None:
        shutil.copy2(spec.origin, to)
    for path in (to, *to.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _script(folder: Path, python: str, python_path: str) -> Path:
    path = folder / "apppw-tui"
    path.write_text(
        "#!/bin/sh\n"
        f"PYTHONPATH={shlex.quote(python_path)} "
        f'exec {shlex.quote(python)} -P -m apppw_tui "$@"\n'
    )
    path.chmod(0o755)
    return path
