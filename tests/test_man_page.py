"""The manual pages: made from the parser and the example, and right for those who show them."""

import re
from pathlib import Path

import pytest

from apppw_tui.arguments import EXIT_CODES
from docs.make_man import CONFIG_PAGE, PAGE, config_page, page, plain
from tests.programs import finished
from tests.running import ROOT, environment
from tests.services.require import require_program
from tests.walking import commands

REFERENCE = (ROOT / "docs" / "reference.md").read_text()


def shown(path: Path = PAGE) -> str:
    """A page as a terminal shows it, in one line, without bold and underlining."""
    groff = require_program("groff", "groff-base")
    done = finished(
        [groff, "-man", "-Tascii", "-P-cbou", "-ww", "-rHY=0", path],
        env=environment(ROOT),
        check=True,
    )
    assert done.stderr == ""
    return " ".join(done.stdout.split())


def test_what_is_committed_is_what_the_script_makes() -> None:
    assert PAGE.read_text() == page(), "run: python -m docs.make_man"
    assert CONFIG_PAGE.read_text() == config_page(), "run: python -m docs.make_man"


def test_a_terminal_shows_all_of_it_as_it_was_meant() -> None:
    text = shown()
    for command in commands():
        if command.acts:
            assert f"apppw-tui {command}" in text
            assert command.parser.description is not None
            assert " ".join(command.parser.description.split()) in text
    for line in EXIT_CODES.splitlines()[1:]:
        assert " ".join(line.split()) in text
    assert "~/.config" in text
    assert "{ACCOUNT ... | --all}" in text
    assert "{bash | zsh | fish}" in text
    assert "%(" not in text
    assert "\\" not in text


def test_the_help_names_whatever_the_reference_says_of_an_exit_code() -> None:
    codes = {line.split()[0] for line in EXIT_CODES.splitlines() if re.match(" +[0-9]", line)}
    for code in sorted(codes):
        (row,) = re.findall(rf"^\| {code}(?:,[ 0-9,]+)? \| (.*) \|$", REFERENCE, re.MULTILINE)
        (meaning,) = re.findall(rf"^  {code} (.*?)^(?=  [0-9]|\Z)", EXIT_CODES, re.MULTILINE | re.S)
        words = " ".join(meaning.split())
        assert [name for name in re.findall("`([^`]+)`", row) if name not in words] == []


def test_every_key_of_the_configuration_is_told_with_its_table() -> None:
    text = shown(CONFIG_PAGE)
    for line in (ROOT / "recipes" / "config.toml").read_text().splitlines():
        if re.fullmatch(r"#(\[.*\]|[a-z_]+ = .+)", line):
            assert " ".join(line.removeprefix("#").split()) in text
    assert "every key that there is" in text


@pytest.mark.parametrize("path", [PAGE, CONFIG_PAGE], ids=lambda path: str(path.name))
def test_mandoc_finds_no_fault_with_it(path: Path) -> None:
    mandoc = require_program("mandoc", "mandoc")
    done = finished([mandoc, "-T", "lint", "-W", "warning", path])
    told = [line for line in done.stdout.splitlines() if "missing date" not in line]
    assert told == []


@pytest.mark.parametrize("told", [".", "'", "\\", "-", "~"])
def test_no_text_is_taken_for_a_request(told: str) -> None:
    assert plain(f"{told}x") in {f"\\&{told}x", "\\ex", "\\-x", "\\(tix"}
