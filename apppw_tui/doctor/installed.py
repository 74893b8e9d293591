"""What recipes/install.sh put in place: whether it is that of the version in use."""

from collections.abc import Iterator
from pathlib import Path

from apppw_tui.config import present
from apppw_tui.doctor.finding import Finding, notice, ok, warning
from apppw_tui.doctor.places import Places
from apppw_tui.domain.lines import lines

_OURS = ("ours", "enabled")
_AGAIN = "recipes/install.sh"


def findings(places: Places) -> list[Finding]:
    """Nothing where it was installed otherwise."""
    recipes = places.recipes
    if not present(recipes / "installed"):
        return []
    return list(_differing(recipes, places)) or [
        ok(recipes, "Program and units are of one version.")
    ]


def _differing(recipes: Path, places: Places) -> Iterator[Finding]:
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
