"""Whatever ends the program, the terminal is left as it was found, and nothing stays behind."""

import os
import signal
import termios
from pathlib import Path

import pytest

from tests.terminal.conftest import Installed
from tests.terminal.program import Program, is_restored

pytestmark = pytest.mark.slow

LOCAL = 3  # termios(3): the place of the local modes


def nothing_is_left_of(program: Program) -> bool:
    """True if no process of its group is left; `end` has already waited for the program itself."""
    with pytest.raises(ProcessLookupError):
        os.killpg(program.pid, 0)
    return True


@pytest.mark.parametrize(
    ("number", "signed_in"),
    [
        (signal.SIGTERM, True),
        (signal.SIGTERM, False),
        (signal.SIGHUP, True),
        (signal.SIGINT, False),
    ],
)
def test_a_signal_ends_it_in_order(installed: Installed, number: int, signed_in: bool) -> None:
    program = installed.open()
    if signed_in:
        program.sign_in()
        program.to_reveal()
    else:
        program.see("Quit")
    program.signal(number)
    assert program.end() == 128 + number
    assert is_restored(program)
    assert nothing_is_left_of(program)


@pytest.mark.parametrize("moment", ["\x1b[?1049h", "\x1b[?1004h", "\x1b[?2004h"])
def test_a_signal_while_it_opens_ends_it_in_order(installed: Installed, moment: str) -> None:
    program = installed.open()
    program.see(moment)
    program.signal(signal.SIGTERM)
    assert program.end() == 128 + signal.SIGTERM
    assert is_restored(program)


def test_ctrl_q_leaves_with_nothing_to_say(installed: Installed) -> None:
    program = installed.open()
    program.sign_in()
    program.send("\x11")
    assert program.end() == 0
    assert is_restored(program)
    assert nothing_is_left_of(program)
    assert program.output.rpartition(b"\x1b[?1006l")[2] == b""


def test_ctrl_c_says_how_to_quit_and_does_not(installed: Installed) -> None:
    program = installed.open()
    program.sign_in()
    program.send("\x03")
    program.see("Press ^q to quit.")
    program.send("vp")
    program.see("No app passwords yet")


@pytest.mark.parametrize("key", ["\x1a", "\x1c", "\x04"])
def test_the_keys_that_act_on_programs_elsewhere_do_nothing(installed: Installed, key: str) -> None:
    """ctrl+z, ctrl+backslash and ctrl+d: not stopped, not killed, not at the end."""
    program = installed.open()
    program.sign_in()
    program.send(key + "vp")
    program.see("No app passwords yet")


def test_a_terminal_that_hangs_up_ends_it(installed: Installed) -> None:
    program = installed.open()
    program.sign_in()
    program.hang_up()
    assert program.end() == 128 + signal.SIGHUP
    assert nothing_is_left_of(program)


def threads_of(program: Program) -> int:
    return len(list(Path(f"/proc/{program.pid}/task").iterdir()))


def test_what_was_not_suspended_is_not_started_twice(installed: Installed) -> None:
    """The kernel sends SIGCONT along with a hang-up; of two readers, the first is never ended."""
    program = installed.open()
    program.sign_in()
    before, drawn = threads_of(program), program.output.count(b"\x1b[?1049h")
    # As a shell does with whoever stopped it.
    cooked = program.terminal
    cooked[LOCAL] |= termios.ECHO | termios.ICANON
    program.terminal = cooked
    program.signal(signal.SIGSTOP)
    program.signal(signal.SIGCONT)
    program.send("vp")
    program.see("No app passwords yet")
    assert threads_of(program) == before
    assert program.output.count(b"\x1b[?1049h") == drawn
    assert not program.terminal[LOCAL] & (termios.ECHO | termios.ICANON)
    program.hang_up()
    assert program.end() == 128 + signal.SIGHUP
    assert nothing_is_left_of(program)


def test_a_terminal_that_goes_away_without_a_signal_ends_it(
    installed: Installed, tmp_path: Path
) -> None:
    """As under nohup: a shell that ignores the hang-up, and a program in another session."""
    note = tmp_path / "code"
    script = f'trap "" HUP; setsid --wait "$@"; echo $? >{note}'
    program = installed.open(["/bin/sh", "-c", script, "sh", *installed.command])
    program.sign_in()
    program.hang_up()
    assert program.end() == 0
    assert note.read_text() == f"{128 + signal.SIGHUP}\n"
