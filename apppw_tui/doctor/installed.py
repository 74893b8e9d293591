"""The files of recipes/install.sh: those of the version in use, or of another."""

import re
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.config import present
from apppw_tui.doctor.finding import Finding, notice, ok, warning
from apppw_tui.doctor.probe import SystemPaths
from apppw_tui.domain.lines import lines

_OURS = ("ours", "enabled")
_AGAIN = "recipes/install.sh"


# Dovecot's are looked at where Dovecot says that they are.
_BY_HAND = {
    "dovecot/apppw-enforced": "/usr/local/sbin/apppw-enforced",
    "apache/apppw.lua": "/etc/apache2/apppw.lua",
    "prosody/mod_auth_apppw.lua": "/usr/local/lib/prosody/modules/mod_auth_apppw.lua",
}
# What is there to be edited: a constant of the script, or where another script is.
_SETTING = re.compile(
    r"""(local )?[A-Z_]+ = ("[^"]*"|[0-9.]+)( *--.*)?|local \w+ = dofile\("[^"]*"\)"""
)


def check(places: SystemPaths) -> list[Finding]:
    """Nothing where it was installed otherwise."""
    recipes = places.recipes
    if not present(recipes / "installed"):
        return []
    return list(_differing(recipes, places)) or [
        ok(recipes, "Program and units are of one version.")
    ]


def _differing(recipes: Path, places: SystemPaths) -> Iterator[Finding]:
    for line in lines((recipes / "installed").read_text()):
        if line.startswith("#"):
            continue
        _, how, file, place = line.split()
        path, brought = places.root / place.lstrip("/"), recipes / file
        if how not in _OURS or not brought.is_file():
            continue
        if not present(path):
            yield warning(path, "It is not there, and this version brings it.", _AGAIN)
        elif path.read_bytes() != brought.read_bytes():
            yield notice(
                path,
                "It was edited, or is of another version than the program.",
                f"Put your own settings into a drop-in file; then: {_AGAIN}",
            )


def by_hand(places: SystemPaths) -> Iterator[Finding]:
    """Of those that are there."""
    for recipe, place in _BY_HAND.items():
        path = places.root / place.lstrip("/")
        if present(path):
            yield from differing(path, place, recipe, places)


def differing(path: Path, label: str, recipe: str, places: SystemPaths) -> Iterator[Finding]:
    """Of the script at `path`, beside what recipes/install.sh brought as `recipe`, if it did."""
    shipped = places.recipes / recipe
    try:
        same = _code(path) == _code(shipped)
    except OSError:
        return
    if not same:
        yield warning(
            label,
            "It is not the one of the version in use, not even but for the settings at its head: "
            "it was altered, or is older.",
            f"Compare it with {shipped}, which belongs there with your settings.",
        )


def _code(path: Path) -> list[str]:
    """Its lines without what may differ."""
    code = (line.rstrip() for line in lines(path.read_text(errors="replace")))
    return [
        line
        for line in code
        if line and not line.startswith(("--", "#")) and not _SETTING.fullmatch(line)
    ]
