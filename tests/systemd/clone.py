"""What lies on a machine before a page of the documents is walked on it: a clone, and packages."""

import shutil
import subprocess
from pathlib import Path

from tests.kiosk.debian import fetch_packages
from tests.systemd.machine import give
from tests.systemd.walk import CLONE

_SOURCES = Path(__file__).parents[2]
_GIT = ("git", "-c", "safe.directory=*", "-c", "user.name=x", "-c", "user.email=x@example.org")
_WHEELS = "/srv/wheels"


def give_clone(root: Path, python: str, scratch: Path) -> None:
    """The clone, and what pip installs: the machine has no network."""
    wheels = scratch / "wheels"
    wheels.mkdir()
    fetch_packages(wheels, python)
    give(root, wheels, _WHEELS)
    # pip's own settings say where packages are.
    (root / "etc/pip.conf").write_text(f"[global]\nno-index = true\nfind-links = {_WHEELS}\n")
    _clone(root)


def _clone(root: Path) -> None:
    """What is committed, and what is not yet, as a clone of its own."""
    target = root / CLONE.lstrip("/")
    _git(_SOURCES, "clone", "-q", "--no-hardlinks", str(_SOURCES), str(target))
    told = _git(_SOURCES, "ls-files", "-coz", "--exclude-standard")
    for name in filter(None, told.split("\0")):
        if (_SOURCES / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(_SOURCES / name, target / name)
    commit(root)


def commit(root: Path) -> None:
    """The next version: whatever is there, and be it nothing new."""
    target = root / CLONE.lstrip("/")
    _git(target, "add", "-A")
    _git(target, "commit", "-qm", "The next", "--allow-empty")


def _git(folder: Path, *arguments: str) -> str:
    line = [*_GIT, "-C", str(folder), *arguments]
    done = subprocess.run(line, check=True, capture_output=True, text=True, timeout=120)
    return done.stdout
