"""A line ends at LF or CR LF alone, wherever lines are read; rows hold so many columns."""

import pytest

from apppw_tui.domain.lines import columns, cut, lines, wrapped
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


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", [""]),
        ("\none two", ["", "one two"]),
        (" 1  one two three", [" 1  one two", "  three"]),
        ("one two three ", ["one two", "  three"]),
        ("名前 電話 番号", ["名前 電話", "  番号"]),
        ("is 名前電話番号名前電話番号", ["is", "  名前電話", "  番号名前", "  電話番号"]),
        ("nai\u0308ve cafe\u0301", ["nai\u0308ve cafe\u0301"]),
        ("see https://example.org now", ["see", "  https://example.org", "  now"]),
    ],
)
def test_rows_are_broken_at_blanks_by_their_columns(text: str, rows: list[str]) -> None:
    assert wrapped(text, 11, 2).split("\n") == rows
    assert all(columns(row) <= 11 for row in rows if "https" not in row)


@pytest.mark.parametrize(
    ("text", "sign", "shown"),
    [
        ("名前電話番", "…", "名前電話番"),
        ("名前電話番号", "…", "名前電話…"),
        ("名前電話番号", "...", "名前電..."),
        ("e\u0301" * 11, "…", "e\u0301" * 9 + "…"),
    ],
)
def test_a_text_is_cut_to_so_many_columns(text: str, sign: str, shown: str) -> None:
    assert cut(text, 10, sign) == shown
