"""The tests on Debian 14, with its Python and its own Textual, TinyDB and so on."""

import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.kiosk.debian import debian
from tests.programs import finished
from tests.running import ROOT
from tests.services.require import unavailable
from tests.systemd.machine import ENVIRONMENT, require_namespaces

pytestmark = pytest.mark.long  # ten minutes and more
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
_PACKAGES = {"argon2-cffi": "argon2", "phonenumberslite": "phonenumbers"}
_ALSO = (
    "python3-venv",
    "python3-setuptools",
    "python3-psycopg",
    "git",
    "iproute2",
    "tmux",
    "procps",
)
# What stands in pictures is Debian's; the styles and the walls are looked at elsewhere.
_NOT_FETCHED = re.compile("textual$|rich$|psycopg|ruff|mypy|import-linter|types-")
_PYTHON = "3.14"
_SECONDS = 3600.0
# A folder's devices and processes, for as long as the tests last.
_INSIDE = """\
set -e
mount --make-rprivate /
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
exec chroot "$0" sh -ec "$1"
"""
_SCRIPT = """\
cd /srv/checkout
python3 -m venv --system-site-packages .venv
.venv/bin/pip install -q --no-index --find-links=/srv/wheels -r /srv/tools.txt
.venv/bin/pip install -q --no-deps --no-build-isolation --no-index -e .
exec .venv/bin/python -m pytest -n 2 -p no:cacheprovider --ignore=tests/test_walls.py
"""


def own(text: str) -> str:
    """Debian's name of a package."""
    name = Requirement(text).name
    return f"python3-{_PACKAGES.get(name, name)}"


def fetch(tools: list[str], folder: Path) -> None:
    line = [sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:"]
    line += [f"--platform=manylinux{age}_x86_64" for age in ("2014", "_2_17", "_2_28")]
    done = finished([*line, f"--python-version={_PYTHON}", "-d", folder, *tools], timeout=_SECONDS)
    if done.returncode:
        unavailable(f"not to be had for Python {_PYTHON}: {done.stderr[-300:]}")


def test_all_passes_on_debians_own_libraries(tmp_path: Path) -> None:
    require_namespaces()
    tools = [
        text
        for text in _PROJECT["optional-dependencies"]["test"]
        if not _NOT_FETCHED.match(Requirement(text).name)
    ]
    wheels = tmp_path / "wheels"
    fetch([*tools, "setuptools"], wheels)
    libraries = [own(text) for text in _PROJECT["dependencies"]]
    with debian("forky", [*_ALSO, *libraries]) as root:
        shutil.copytree(wheels, root / "srv/wheels")
        (root / "srv/tools.txt").write_text("\n".join(tools))
        clone = ["git", "-c", "safe.directory=*", "clone", "-q", "--no-hardlinks"]
        finished([*clone, ROOT, root / "srv/checkout"], check=True)
        line = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _INSIDE]
        done = finished([*line, root, _SCRIPT], env=ENVIRONMENT, timeout=_SECONDS)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
