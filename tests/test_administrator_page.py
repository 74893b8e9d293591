"""docs/administrator.md, as far as that can be told without walking it (tests/systemd walks it)."""

import re

import pytest

from tests.running import ROOT
from tests.systemd.walk import Step, steps

PAGE = "administrator.md"
STEPS = [step for chapter in ("Changing over", "The way back") for step in steps(PAGE, chapter)]
SEVERAL = steps(PAGE, "When one machine is not enough")
TEXT = (ROOT / "docs" / PAGE).read_text()
each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)


@each_step
def test_a_step_says_what_is_seen(step: Step) -> None:
    assert step.seen


@pytest.mark.parametrize("step", [*STEPS, *SEVERAL], ids=lambda step: step.title)
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


@pytest.mark.parametrize("step", SEVERAL, ids=lambda step: step.title)
def test_a_step_of_several_machines_says_on_which_it_is_done(step: Step) -> None:
    where = r"# on (the machine from which .*|(db|mail)\d( and (db|mail)\d)?)"
    assert re.fullmatch(where, step.commands.splitlines()[0])


def test_drop_in_is_put_to_all_units_that_it_names() -> None:
    """The page's loop, and what the recipe says of itself."""
    recipe = (ROOT / "recipes/postgresql/database.conf").read_text()
    (loop,) = [step.commands for step in SEVERAL if "for unit in" in step.commands]
    (units,) = re.findall(r"for unit in (.*); do", loop)
    assert {f"{unit}.service.d" for unit in units.split()} == {
        *re.findall(r"apppw-[a-z]+\.service\.d", recipe)
    }
