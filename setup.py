"""The version, which is the commit's, and the recipes that go with it; all else: pyproject.toml."""

import runpy
from pathlib import Path

from setuptools import setup

TREE = Path(__file__).parent
_SHARE = "share/apppw-tui"
_SCHEMA = "docs/config.schema.json"


def _recipes() -> list[tuple[str, list[str]]]:
    """All of them, as they lie: a version and its units are one thing."""
    found: dict[str, list[str]] = {f"{_SHARE}/man": ["docs/apppw-tui.1"], _SHARE: [_SCHEMA]}
    for path in sorted((TREE / "recipes").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            inside = path.relative_to(TREE)
            found.setdefault(f"{_SHARE}/{inside.parent}", []).append(str(inside))
    return list(found.items())


setup(
    version=runpy.run_path(str(TREE / "recipes" / "version.py"))["version"](TREE),
    data_files=_recipes(),
)
