"""The version, which is the commit's, and the files that go with it; all else: pyproject.toml."""

import re
import runpy
from pathlib import Path

from setuptools import setup

TREE = Path(__file__).parent
_SHARE = "share/apppw-tui"
_SCHEMAS = ["docs/config.schema.json", "docs/output.schema.json"]
_PAGES = ["docs/apppw-tui.1", "docs/apppw-tui.toml.5"]
# Where each shell looks for what a package brings along.
_COMPLETIONS = {
    "share/bash-completion/completions": ["docs/completions/bash/apppw-tui"],
    "share/zsh/site-functions": ["docs/completions/zsh/_apppw-tui"],
    "share/fish/vendor_completions.d": ["docs/completions/fish/apppw-tui.fish"],
}


def _shared() -> list[tuple[str, list[str]]]:
    """Man pages, schemas, completion, and all recipes: a version and its units are one thing."""
    files = {f"{_SHARE}/man": _PAGES, _SHARE: _SCHEMAS, **_COMPLETIONS}
    for path in sorted((TREE / "recipes").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            inside = path.relative_to(TREE)
            files.setdefault(f"{_SHARE}/{inside.parent}", []).append(str(inside))
    return list(files.items())


def _long_description() -> str:
    """The README without what leads nowhere elsewhere: pictures, and links to files of ours."""
    text = re.sub(r"(?m)^!\[[^\]]*\]\([^)]*\)\n\n", "", (TREE / "README.md").read_text())
    return re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]+\)", r"\1", text)


setup(
    long_description=_long_description(),
    long_description_content_type="text/markdown",
    version=runpy.run_path(str(TREE / "recipes" / "version.py"))["version"](TREE),
    data_files=_shared(),
)
