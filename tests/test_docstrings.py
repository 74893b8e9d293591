"""How docstrings and comments begin: with the thing or the act, and with the reason itself."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.running import ROOT

RELATIVE = re.compile(
    r"(What|Where|Who|Whom|Whose|Whether|How|When|Which|Why)(ever)?\b(?! to\b)", re.IGNORECASE
)
NUMBER_ALONE = re.compile(r"#\s*\(?SAFETY [\d, and]+[a-z]?\)?\.?\s*$")


def sources() -> list[Path]:
    return sorted((ROOT / "apppw_tui").rglob("*.py"))


def docstrings(file: Path) -> Iterator[tuple[int, str]]:
    """The line and the text of each docstring in `file`."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "lineno", 1), text


def comments(file: Path) -> Iterator[tuple[int, str]]:
    """The line and the text of each comment in `file`."""
    with tokenize.open(file) as lines:
        for token in tokenize.generate_tokens(lines.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def test_no_docstring_begins_with_a_relative_clause() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}: {text.splitlines()[0]}"
        for file in sources()
        for line, text in docstrings(file)
        if RELATIVE.match(text)
    ]
    assert found == []


def test_no_comment_is_the_number_of_a_rule_alone() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}: {text}"
        for file in sources()
        for line, text in comments(file)
        if NUMBER_ALONE.match(text)
    ]
    assert found == []


def test_the_patterns_know_what_they_are_for() -> None:
    assert RELATIVE.match("Where the store is.")
    assert RELATIVE.match("Whoever asks.")
    assert not RELATIVE.match("The folder of the store.")
    assert NUMBER_ALONE.match("# SAFETY 24.")
    assert NUMBER_ALONE.match("# (SAFETY 7, 9)")
    assert not NUMBER_ALONE.match("# A full disk must not stop a deletion (SAFETY 24).")
