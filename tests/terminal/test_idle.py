"""A screen that nobody touches sends nothing: a dead connection then looks dead."""

import pytest

from tests.terminal.conftest import Installed
from tests.terminal.program import ACCOUNT, AWAKE, Program

pytestmark = pytest.mark.slow

_LONG_ENOUGH = 1.2  # seconds; a cursor that blinks does so every half second


def is_silent(program: Program) -> bool:
    program.settle(AWAKE)
    return program.arrives(_LONG_ENOUGH) == b""


def test_login_is_silent(installed: Installed) -> None:
    program = installed.open()
    program.see("Quit")
    assert is_silent(program)
    program.send(f"{ACCOUNT}\rwrong\r")
    program.see("do not match")
    assert is_silent(program)


def test_the_list_and_the_palette_are_silent(installed: Installed) -> None:
    assert installed.run("app-password", "create", ACCOUNT, "Laptop").returncode == 0
    program = installed.open()
    program.sign_in()
    program.send("vp")
    program.see("Last used")
    assert is_silent(program)
    program.send("/")
    program.see("ame, use, service")  # the cursor stands on the first letter
    assert is_silent(program)
    program.press("\r")
    program.send(":")
    program.see("art of a name")
    assert is_silent(program)


def test_the_dialogs_are_silent(installed: Installed) -> None:
    program = installed.open()
    program.sign_in()
    program.send("vp")
    program.see("No app passwords yet")
    program.send("c")
    program.see("where will you use it")
    program.settle()
    program.press("Laptop")
    assert is_silent(program)
    program.send("\r")
    program.see("You will not see it again")
    assert is_silent(program)
    program.send("c")
    program.see("Sent to your terminal's clipboard")
    assert is_silent(program)
