"""recipes/requirements*.txt: what install.sh takes is what pyproject.toml means."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.running import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LISTS = {
    "requirements.txt": PROJECT["project"]["dependencies"],
    "requirements-postgresql.txt": ["psycopg>=3.3,<4", "psycopg-binary"],
    "requirements-build.txt": PROJECT["build-system"]["requires"],
}
LINE = re.compile(r"([a-z0-9-]+)==(\S+)((?: --hash=sha256:[0-9a-f]{64})+)")


def pinned(name: str) -> dict[str, str]:
    """Each package's version; every line is understood, so that none says anything else."""
    text = (ROOT / "recipes" / name).read_text().replace(" \\\n   ", "")
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            matched = LINE.fullmatch(line)
            assert matched, line
            found[matched[1]] = matched[2]
    return found


@pytest.mark.parametrize("name", LISTS)
def test_list_holds_what_is_needed(name: str) -> None:
    found = pinned(name)
    for text in LISTS[name]:
        wanted = Requirement(text)
        assert wanted.name in found, "run: python recipes/lock.py"
        assert wanted.specifier.contains(found[wanted.name]), "run: python recipes/lock.py"


def test_driver_list_is_of_the_extra_and_says_nothing_twice() -> None:
    (extra,) = PROJECT["project"]["optional-dependencies"]["postgresql"]
    assert Requirement(extra).specifier == Requirement("psycopg>=3.3,<4").specifier
    assert not pinned("requirements.txt").keys() & pinned("requirements-postgresql.txt").keys()


def test_what_breaks_by_surprise_has_an_upper_bound() -> None:
    for text in PROJECT["project"]["dependencies"]:
        assert any(one.operator in ("<", "<=", "==") for one in Requirement(text).specifier), text


def test_page_of_dependencies_has_each_at_its_version() -> None:
    rows = re.findall(
        r"(?m)^\| ([a-z0-9, -]+) \| ([0-9., ]+) \|", (ROOT / "docs" / "dependencies.md").read_text()
    )
    told: dict[str, str] = {}
    for names, versions in rows:
        packages, numbers = names.split(", "), versions.split(", ")
        told.update(zip(packages, numbers * (len(packages) // len(numbers)), strict=True))
    assert told == pinned("requirements.txt") | pinned("requirements-postgresql.txt")
