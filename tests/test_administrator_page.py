"""docs/administrator.md, as far as that can be told without walking it (tests/systemd walks it)."""

import re

import pytest

from tests.running import ROOT
from tests.systemd.walk import Step, steps

PAGE = "administrator.md"
STEPS = [step for chapter in ("Changing over", "The way back") for step in steps(PAGE, chapter)]
TEXT = (ROOT / "docs" / PAGE).read_text()
each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)


@each_step
def test_a_step_says_what_is_seen(step: Step) -> None:
    assert step.seen


@each_step
def test_a_step_takes_what_is_in_the_repository(step: Step) -> None:
    named = re.findall(r"recipes/[\w./-]*\w(?![\w$])", step.commands)
    assert [path for path in named if not (ROOT / path).exists()] == []


@each_step
def test_a_step_names_only_people_and_files_that_were_introduced(step: Step) -> None:
    before = TEXT[: TEXT.index(step.commands)]
    prose = re.sub(r"(?ms)^```.*?^```", "", before)
    for person in re.findall(r"(\w+)@example\.org", step.commands):
        assert re.search(rf"\b{person}\b", prose), person
    for file in re.findall(r"auth-\w+\.conf\.ext", step.commands):
        assert file in prose
        assert f"{file} # the file that holds your passdb" in step.commands
