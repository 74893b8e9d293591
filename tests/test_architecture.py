"""The map of docs/ARCHITECTURE.md: every module, every error, and files that are there."""

import ast
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


def test_no_two_classes_have_one_name() -> None:
    places: dict[str, list[str]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(str(file.relative_to(PACKAGE)))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_files_that_comments_speak_of_are_there() -> None:
    here = {file.name for file in PACKAGE.parent.rglob("*.py")}
    spoken = {
        f"{file.relative_to(PACKAGE)}: {name}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for name in re.findall(r"(\w+\.py)\b", file.read_text())
        if name not in here
    }
    assert spoken == set()
