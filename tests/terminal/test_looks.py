"""Poor terminals: the console's few letters, sixteen colours, none at all."""

import re

import pytest

from apppw_tui.ui.glyphs import Glyphs
from tests.terminal.conftest import Installed
from tests.terminal.program import AWAKE, Program

pytestmark = pytest.mark.slow

_STYLE = re.compile(rb"\x1b\[([0-9;]*)m")
_NO_COLOUR = {"", "0", "1", "2", "3", "4", "7", "9", "22", "39", "49"}


def walked(installed: Installed, **environment: str) -> Program:
    """Once through a list, a refusal and the dialogs."""
    program = installed.open(**environment)
    program.sign_in()
    program.to_reveal()
    program.send("c")
    if environment.get("TERM") == "linux":
        program.see("A Linux console has no clipboard")
        program.settle(AWAKE)
        program.send("\x1b")
        program.see("Not copied")
        program.settle(AWAKE)
        program.send("\x1b")
    else:
        program.see("Sent to your terminal's clipboard")
        program.settle(AWAKE)
        program.send("\r")
    program.see("Created Laptop.")
    program.send("d")
    program.see("This cannot be undone")
    program.settle()
    program.press("n")
    program.send("\x1bOQ")  # F2
    program.see("Create and manage app passwords")
    program.settle()
    program.send("\x11")
    assert program.end() == 0
    return program


def styles(program: Program) -> set[str]:
    return {code for style in _STYLE.findall(program.output) for code in style.decode().split(";")}


def test_the_console_gets_ascii_for_every_sign(installed: Installed) -> None:
    text = walked(installed, TERM="linux").output.decode()
    assert "> Create and manage app passwords" in text
    assert "OK: Created Laptop." in text
    signs = {sign for glyph in Glyphs() for sign in glyph if not sign.isascii()}
    textuals = {"…", "•"}  # what it cuts off and masks with
    assert not (signs - textuals) & set(text)


@pytest.mark.parametrize("said", [{"LANG": "C"}, {"LANG": "de_DE.ISO-8859-1"}, {"LC_ALL": "C"}])
def test_a_terminal_without_utf8_gets_ascii_alone(
    installed: Installed, said: dict[str, str]
) -> None:
    text = walked(installed, **said).output.decode()
    assert "> Create and manage app passwords" in text
    assert text.isascii()


def test_no_color_means_none(installed: Installed) -> None:
    """And so neither black on black, which is what Textual makes of a theme set late."""
    program = walked(installed, NO_COLOR="1")
    assert styles(program) <= _NO_COLOUR
    assert {"1", "7"} <= styles(program)  # what has the focus is still told apart


def test_with_sixteen_colours_the_terminals_own_two_are_used(installed: Installed) -> None:
    """The product's own would lose their contrast."""
    program = walked(installed, TERM="xterm")
    cursor = {"30", "47"}  # Textual's, black on white, on the hint in an empty field
    assert styles(program) <= _NO_COLOUR | cursor
