"""A line ends at LF or CR LF alone, wherever lines are read."""

import pytest

from apppw_tui.domain.lines import lines
from tests.running import ROOT


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("a\r\nb\n", ["a", "b"]),
        ("a\n\n", ["a", ""]),
        ("a\rb\x0bc\x0cd\x1ce\x85f\u2028g\u2029h", ["a\rb\x0bc\x0cd\x1ce\x85f\u2028g\u2029h"]),
    ],
)
def test_lines_end_at_lf_and_cr_lf(text: str, found: list[str]) -> None:
    assert lines(text) == found


def test_nothing_of_ours_ends_lines_elsewhere() -> None:
    for path in sorted((ROOT / "apppw_tui").rglob("*.py")):
        if path.name != "lines.py":
            assert "splitlines" not in path.read_text(encoding="utf-8"), path
