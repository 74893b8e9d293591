"""The map of docs/ARCHITECTURE.md: every module, every error, and files that are there."""

import re

from apppw_tui.domain import errors
from docs.make_map import PACKAGE, PAGE, page


def test_the_map_is_what_the_modules_say() -> None:
    assert PAGE.read_text() == page(), "run: python -m docs.make_map"


def test_every_error_stands_in_the_tree() -> None:
    tree = PAGE.read_text().partition("## Errors")[2].partition("## How")[0]
    named = set(re.findall(r"\b[A-Z]\w+\b", tree.partition("```")[2].partition("```")[0]))
    assert {name for name, thing in vars(errors).items() if isinstance(thing, type)} == named


def test_the_journeys_pass_through_files_that_are_there() -> None:
    journeys = PAGE.read_text().partition("## One log-in")[2].partition("## Errors")[0]
    files = re.findall(r"`((?:\w+/)+\w+\.py)`", journeys)
    assert len(files) > 20
    assert [file for file in files if not (PACKAGE / file).is_file()] == []
