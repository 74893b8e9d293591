"""The documents: pictures and links lead somewhere, and the front page is short and narrow."""

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.running import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "recipes/*.md", "bench/*.md")
    for path in ROOT.glob(pattern)
)
WIDEST = 100  # cells
LONGEST = 130  # lines
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(path: Path) -> str:
    return _FENCED.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """Those of the headings, as the sites that show Markdown make them."""
    headings = re.findall(r"(?m)^#+ (.*)$", prose(path))
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}


def test_pictures_are_all_shown_and_all_there() -> None:
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    }
    assert shown == set((ROOT / "screenshots").glob("*.svg"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = [one for one in _LINK.findall(prose(page)) if not one.startswith(("http", "mailto"))]
    astray = []
    for target in targets:
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            astray.append(target)
    assert astray == []


def test_front_page_is_short_and_narrow() -> None:
    lines = _FENCED.sub("", README).splitlines()
    assert [line for line in lines if cell_len(line) > WIDEST and not line.startswith("|")] == []
    assert len(README.splitlines()) <= LONGEST


def test_second_block_of_commands_runs_the_tests() -> None:
    """`.ci/run` takes it from there."""
    first, second, *_ = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert first.endswith("&& .venv/bin/apppw-tui\n")
    assert second.endswith("-m pytest\n")


@pytest.mark.parametrize("name", ["docs/PROOF.md", "SECURITY.md"])
def test_each_proof_is_there(name: str) -> None:
    assert named_tests(prose(ROOT / name))


def test_each_threat_and_each_goal_has_its_proof() -> None:
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\|(?! who | what |-)(.*)\|$",
        page.partition("## How it")[0].partition("## Who")[2],
        re.MULTILINE,
    )
    without = [row for row in rows if not named_tests(row.rpartition("|")[2])]
    assert len(rows) > 20
    assert without == []


def named_tests(text: str) -> list[Path]:
    """Those that are named there; fails if one is not there."""
    folder, paths = ROOT, []
    for name in re.findall(r"`([\w/.]*test[\w/.]*)`", text):
        path = ROOT / name if "/" in name else folder / name  # a bare name is beside the last one
        assert path.exists(), name
        folder = path.parent
        paths.append(path)
    return paths
