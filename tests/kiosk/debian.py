"""A clean Debian in a folder, and the packages that are fetched for its Python."""

import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.programs import finished
from tests.services.debian13 import _ENVIRONMENT, _mirror, _proxies, _remove
from tests.services.require import require_program, unavailable

_TIMEOUT = 600  # seconds; it takes less than one minute where the packages come fast
_SOURCES = Path(__file__).parents[2]
# systemd is there on every Debian server; the other two are what the README says to install.
_PACKAGES = ("systemd", "python3-venv", "openssh-server")


@contextmanager
def debian(suite: str, packages: Sequence[str] = _PACKAGES) -> Iterator[Path]:
    """Its root folder, gone at the end, with no package but these and what they need."""
    debootstrap = require_program("debootstrap", "debootstrap")
    root = Path(tempfile.mkdtemp(prefix="apppw-"))
    try:
        root.chmod(0o755)
        line = [debootstrap, "--variant=minbase", f"--include={','.join(packages)}"]
        _fetch([*line, suite, str(root), _mirror(), *_script(suite)])
        yield root
    finally:
        _remove(root)


def _script(suite: str) -> list[str]:
    """Debian's debootstrap knows no suite that is younger than itself; all are made as sid is."""
    scripts = Path("/usr/share/debootstrap/scripts")
    return [] if (scripts / suite).exists() else [str(scripts / "sid")]


def fetch_packages(folder: Path, python: str) -> None:
    """What pip installs for apppw-tui, and what builds it, as wheels for that Python.

    The very files that recipes/install.sh takes: it compares their hashes.
    """
    lists = sorted((_SOURCES / "recipes").glob("requirements*.txt"))
    wanted = [part for path in lists for part in ("-r", str(path))]
    machine = platform.machine()
    fits = [
        f"--platform=manylinux{age}_{machine}"
        for age in ("2014", *(f"_2_{one}" for one in range(17, 37)))
    ]
    line = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--only-binary=:all:",
        "--no-deps",
        *fits,
    ]
    _fetch([*line, f"--python-version={python}", "-d", str(folder), *wanted])


def _fetch(line: list[str]) -> None:
    done = finished(line, timeout=_TIMEOUT, env={**_ENVIRONMENT, **_proxies()})
    if done.returncode:
        unavailable(f"not to be had: {done.stdout[-300:]}{done.stderr[-300:]}")
