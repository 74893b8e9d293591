"""Names whose width terminals disagree on: what stands behind them keeps its column."""

import shlex

import pytest

from apppw_tui.domain.lines import columns
from tests.terminal.conftest import Installed
from tests.terminal.second_factor import enter_password
from tests.terminal.tmux import Tmux

pytestmark = pytest.mark.slow

HINDI = "क्षेत्र मेरा फ़ोन"
LONG = "हिन्दी में नाम बहुत लम्बा है और भी लम्बा"
MALAYALAM = "ശ്രീലങ്ക ക്ഷേത്രം യാത്ര ഫോൺ നമ്പർ"


def columns_of(sign: str, screen: str) -> set[int]:
    """The columns in which `sign` stands last in a row above the footer, as tmux counts them."""
    rows = screen.splitlines()[:23]
    return {columns(row[: row.rindex(sign)]) for row in rows if sign in row}


@pytest.fixture
def listed(installed: Installed, tmux: Tmux) -> Tmux:
    """The list with all of them, and one that has a width beyond doubt."""
    house = installed.house()
    for name in ("Laptop", HINDI, LONG, MALAYALAM):
        house.issue(name)
    tmux.run(shlex.join(installed.command))
    enter_password(tmux)
    tmux.see("App passwords")
    tmux.type("p")
    tmux.see("Details")
    return tmux


def test_delete_stands_in_its_column_behind_every_name(listed: Tmux) -> None:
    for key in ("j", "j", "j", "k"):
        screen = listed.screen.partition("Name ")[2]
        assert screen.count("Delete") == 5, screen  # one of them in the footer
        assert len(columns_of("Delete", screen.rpartition("Details")[0])) == 1, screen
        listed.type(key)
        listed.see("Details")


@pytest.mark.parametrize("key", ["r", "d", "Enter"])
def test_dialogs_about_it_keep_their_border(listed: Tmux, key: str) -> None:
    for _ in range(4):
        listed.press(key)
        screen = listed.see("╯")
        borders = columns_of("│", screen) | columns_of("╮", screen) | columns_of("╯", screen)
        assert len(borders) == 1, screen
        listed.press("Escape")
        listed.see_no_more("╯")
        listed.type("j")
        listed.see("Details")


def test_a_field_shows_all_of_it(listed: Tmux) -> None:
    listed.press("j", "r")
    assert f" {HINDI} " in listed.see("╯")
    listed.press("Home", "Right", "Right")
    assert f" {HINDI} " in listed.see("╯")


def test_a_sentence_about_it_is_whole(listed: Tmux) -> None:
    for name in ("Laptop", HINDI, LONG, MALAYALAM):
        listed.type("d")
        listed.see("cannot be undone")
        listed.type("y")
        listed.see(f"Deleted {name}.")
