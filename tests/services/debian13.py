"""Debian 13 in a folder, by debootstrap: for programs that are newer than this machine's."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.programs import finished
from tests.services.require import require_program, unavailable

_TIMEOUT = 600  # seconds; it takes less than one minute where the packages come fast
_SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))
_MIRROR = re.compile(r"^(?:URIs:|deb\s)[^#\n]*?(https?://\S+/debian)/?(?:\s|$)", re.MULTILINE)
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}


@contextmanager
def debian13(packages: Sequence[str]) -> Iterator[Path]:
    """Its root folder, gone at the end. No server in it was started."""
    debootstrap = require_program("debootstrap", "debootstrap")
    if os.geteuid() != 0:
        unavailable("only root can make a Debian in a folder")
    root = Path(tempfile.mkdtemp(prefix="apppw-"))
    try:
        root.chmod(0o755)
        line = [debootstrap, "--variant=minbase", f"--include={','.join(packages)}"]
        done = finished(
            [*line, "trixie", root, _mirror()], timeout=_TIMEOUT, env={**_ENVIRONMENT, **_proxies()}
        )
        if done.returncode:
            unavailable(f"Debian 13 cannot be made: {done.stdout[-300:]}{done.stderr[-300:]}")
        yield root
    finally:
        _remove(root)


def start(root: Path, *command: str) -> "subprocess.Popen[str]":
    """Runs it in there as root, in a session of its own, saying nothing."""
    return subprocess.Popen(
        ["chroot", root, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        env=_ENVIRONMENT,
        start_new_session=True,
    )


def exit_code(root: Path, *command: str, stdin: str = "") -> int:
    """How it ends in there."""
    done = finished(["chroot", root, *command], stdin, env=_ENVIRONMENT)
    return done.returncode


def output(root: Path, *command: str) -> str:
    """What it says in there, once it has ended well."""
    done = subprocess.run(
        ["chroot", root, *command],
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
        env=_ENVIRONMENT,
    )
    return done.stdout


def _mirror() -> str:
    """Where this machine has its own packages from."""
    files = [file for place in _SOURCES for file in (place, *sorted(place.glob("*")))]
    told = "\n".join(file.read_text() for file in files if file.is_file())
    found = _MIRROR.search(told)
    if found is None:
        unavailable("this machine has no Debian mirror in its /etc/apt")
    return found[1]


def _proxies() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.endswith("_proxy")}


def _remove(root: Path) -> None:
    """debootstrap unmounts what it mounted, unless it was killed."""
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        mounted = line.split()[1]
        if mounted.startswith(f"{root}/"):
            subprocess.run(["umount", "--lazy", mounted], check=True, timeout=120)
    subprocess.run(["rm", "-rf", "--one-file-system", root], check=True, timeout=120)
