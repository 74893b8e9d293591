"""What is typed while the program loads: nobody sees it, nothing of it is lost."""

import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apppw_tui.exit_codes import INTERRUPTED, NO_ANSWER
from tests.support import PASSWORD
from tests.terminal.conftest import Installed
from tests.terminal.program import ACCOUNT, Program, is_restored

pytestmark = pytest.mark.slow

LOCAL = 3  # termios(3): the place of the local modes
# The program, which waits at a gate where it would read its configuration.
_SLOW = """
import os, sys, time
from apppw_tui import cli
from apppw_tui.commands import portal
load = portal._configuration
def wait(options):
    print("loading", file=sys.stderr, flush=True)
    # A call that blocks would not see a signal that comes right before it.
    while not os.path.exists(os.environ["GATE"]):
        time.sleep(0.01)
    return load(options)
portal._configuration = wait
cli.run()
"""


@contextmanager
def loading(installed: Installed, folder: Path) -> Iterator[Program]:
    """The program as it loads; it goes on at the end of the block, if it is there."""
    gate = folder / "gate"
    program = installed.open([sys.executable, "-c", _SLOW, *installed.command[1:]], GATE=str(gate))
    program.see("loading")
    assert not program.terminal[LOCAL] & termios.ECHO
    yield program
    gate.touch()


@pytest.mark.parametrize("key", ["\r", "\n"])
def test_keys_typed_while_it_loads_sign_in_and_are_never_shown(
    installed: Installed, tmp_path: Path, key: str
) -> None:
    """A terminal that was not yet the program's has made `\\n` of Enter."""
    with loading(installed, tmp_path) as program:
        program.send(f"{ACCOUNT}{key}{PASSWORD}{key}")
    program.see("additional security verification")
    program.send("\x11")
    assert program.end() == 0
    assert PASSWORD not in program.text
    assert is_restored(program)


def test_a_suspended_program_leaves_the_shell_its_echo(installed: Installed) -> None:
    program = installed.open()
    program.see("Quit")
    program.signal(signal.SIGTSTP)
    program.see("\x1b[?1004l")  # the last that it says; it has given back the terminal before
    assert program.terminal == program.before
    program.signal(signal.SIGKILL)


@pytest.mark.parametrize("by", ["signal", "^C"])
def test_whatever_ends_it_while_it_loads_leaves_the_terminal_as_it_was(
    installed: Installed, tmp_path: Path, by: str
) -> None:
    with loading(installed, tmp_path) as program:
        if by == "signal":
            program.signal(signal.SIGTERM)
        else:
            program.send("\x03")
        assert program.end() == (-signal.SIGTERM if by == "signal" else INTERRUPTED)
    assert program.terminal == program.before


def test_a_wrong_configuration_leaves_the_terminal_as_it_was(
    installed: Installed, tmp_path: Path
) -> None:
    installed.configure("nonsense")
    with loading(installed, tmp_path) as program:
        program.send("typed")
    assert program.end() == NO_ANSWER
    assert program.terminal == program.before
    assert "typed" not in program.text
