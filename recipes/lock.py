"""Writes recipes/requirements*.txt: every package that is installed, with the hashes of its files.

    python3 recipes/lock.py               # the newest that pyproject.toml allows

For Debian's Pythons and those between, on x86_64 and aarch64. The packages are resolved by the pip
of the Python that runs this, with its settings, and no index's address is written down.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pip._vendor.packaging.markers import default_environment
from pip._vendor.packaging.requirements import Requirement

HERE = Path(__file__).parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64", "aarch64")
_GLIBC = ("manylinux2014", *(f"manylinux_2_{age}" for age in range(17, 37)))
_HEAD = """\
# Made by recipes/lock.py; do not edit. Python {pythons} on {machines}.
# pip install --require-hashes takes nothing else, wherever it comes from.
"""
Found = dict[str, Any]  # of pip's report
Pinned = dict[str, tuple[str, set[str]]]


def main() -> None:
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text())
    needed = _resolved(project["project"]["dependencies"])
    _write(HERE / "requirements.txt", needed)
    _write(HERE / "requirements-postgresql.txt", _driver(project, needed))
    _write(HERE / "requirements-build.txt", _resolved(project["build-system"]["requires"]))


def _driver(project: dict[str, Any], needed: Pinned) -> Pinned:
    """The packages of the extra that are not `needed` by everybody, to whose versions they fit."""
    exact = [f"{name}=={version}" for name, (version, _) in needed.items()]
    found = _resolved([*project["project"]["optional-dependencies"]["postgresql"], *exact])
    return {name: pin for name, pin in found.items() if name not in needed}


def _resolved(wanted: list[str]) -> Pinned:
    """Each package's version, the same for all, and the hashes of what any of them installs."""
    roots = list(wanted)
    while True:
        pinned: Pinned = {}
        missing: set[str] = set()
        for python in PYTHONS:
            for machine in MACHINES:
                exact = [f"{name}=={version}" for name, (version, _) in pinned.items()]
                found = _asked(python, machine, [*roots, *exact])
                missing |= _missing(found, python, machine)
                for one in found:
                    name, version = _name(one["metadata"]["name"]), one["metadata"]["version"]
                    hashes = one["download_info"]["archive_info"]["hashes"]
                    pinned.setdefault(name, (version, set()))[1].add(hashes["sha256"])
        if not missing:
            return pinned
        roots += sorted(missing)


def _asked(python: str, machine: str, wanted: Iterable[str]) -> list[Found]:
    """What pip would install there; wheels alone, so that nothing is compiled or run."""
    line = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
    line += ["--report=-", "--only-binary=:all:", "--target=/nonexistent"]
    line += ["--implementation=cp", f"--python-version={python}"]
    line += [f"--platform={glibc}_{machine}" for glibc in _GLIBC]
    done = subprocess.run([*line, *wanted], stdout=subprocess.PIPE, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(done.returncode)
    found: list[Found] = json.loads(done.stdout)["install"]
    return found


def _missing(found: list[Found], python: str, machine: str) -> set[str]:
    """What these need there and pip left out: it judges markers by the Python that runs it."""
    there = {
        **default_environment(),
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_machine": machine,
        "extra": "",
    }
    present = {_name(one["metadata"]["name"]) for one in found}
    needed = [
        Requirement(text) for one in found for text in one["metadata"].get("requires_dist", [])
    ]
    return {
        f"{one.name}{one.specifier}"
        for one in needed
        if (one.marker is None or one.marker.evaluate(there)) and _name(one.name) not in present
    }


def _name(text: str) -> str:
    """Its one form: packaging.python.org, "name normalization"."""
    return re.sub("[-_.]+", "-", text).lower()


def _write(path: Path, pinned: Pinned) -> None:
    lines = [_HEAD.format(pythons=", ".join(PYTHONS), machines=" and ".join(MACHINES))]
    for name, (version, hashes) in sorted(pinned.items()):
        sums = "".join(f" \\\n    --hash=sha256:{one}" for one in sorted(hashes))
        lines.append(f"{name}=={version}{sums}\n")
    path.write_text("".join(lines))


if __name__ == "__main__":
    main()
