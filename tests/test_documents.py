"""README.md: its pictures are there, and its prose is as wide as an editor."""

import re

from rich.cells import cell_len

from tests.running import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
WIDEST = 100  # cells
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def test_pictures_are_all_shown_and_all_there() -> None:
    pictures = set(re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README))
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "screenshots").glob("*.svg")}
    assert pictures == files


def test_prose_is_narrow() -> None:
    lines = _FENCED.sub("", README).splitlines()
    assert [line for line in lines if cell_len(line) > WIDEST and not line.startswith("|")] == []


def test_second_block_of_commands_runs_the_tests() -> None:
    """`.ci/run` takes it from there."""
    first, second, *_ = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert first.endswith("&& .venv/bin/apppw-tui\n")
    assert second.endswith("-m pytest\n")
