"""The portal line by line, on a real terminal: everything that can be done there, and the end."""

import re
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from apppw_tui.domain import totp
from apppw_tui.domain.secret import Secret
from tests.support import PASSWORD
from tests.terminal.conftest import Installed
from tests.terminal.program import ACCOUNT, PATIENCE, Program, shown_password

NEW = "mills grind 12 punched cards"
COLUMNS = 40
_NARROW = f'stty cols {COLUMNS}; exec "$@"'
_UNTIL_ENDED = """set -m; "$@"; while [ $? = 148 ]; do echo stopped; fg; done"""
KEY_LINE = re.compile(r"^(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\r$", re.MULTILINE)
CODE_LINE = re.compile(r"^(?:[0-9a-z]{4} ){2}[0-9a-z]{4}\r$", re.MULTILINE)


@pytest.fixture
def _no_screens(required: Installed, tmp_path: Path) -> None:
    """Whoever imports what draws screens has failed."""
    for name in ("textual", "rich"):
        (tmp_path / "without" / name).mkdir(parents=True)
        (tmp_path / "without" / name / "__init__.py").write_text(f"raise ImportError('{name}')")
    required.environment["PYTHONPATH"] = str(tmp_path / "without")


def opened(installed: Installed, term: str, *options: str) -> Program:
    """The plain portal in a narrow window."""
    line = ["/bin/sh", "-c", _NARROW, "sh", *installed.command, *options]
    return installed.open(line, TERM=term)


def answer(program: Program, *pairs: str) -> None:
    """Waits for each question, and types what stands behind it."""
    for question, text in zip(pairs[::2], pairs[1::2], strict=True):
        program.see(question)
        program.send(f"{text}\n")


def app_code(text: str, steps: int = 0) -> Callable[[Installed], str]:
    """The code of the app whose key `text` shows."""
    (key,) = KEY_LINE.findall(text)
    secret = Secret(key.strip().replace(" ", ""))
    return lambda installed: totp.code(secret, totp.step_at(installed.house().clock.now()) + steps)


@pytest.mark.slow
@pytest.mark.usefixtures("_no_screens")
@pytest.mark.parametrize(("term", "options"), [("dumb", []), ("", []), ("vt100", ["--plain"])])
def test_everything_is_done_line_by_line(
    required: Installed, term: str, options: list[str]
) -> None:
    program = opened(required, term, *options)
    # The first set-up.
    answer(program, "Account: ", ACCOUNT, "(not shown): ", PASSWORD, "sign out: ", "1")
    program.see("spell")
    program.settle()
    answer(program, "key: ", app_code(program.output.decode())(required))
    program.see("Your recovery codes")
    program.see("have them: ")
    codes = [code.strip() for code in CODE_LINE.findall(program.output.decode())]
    assert len(codes) == 10
    program.send("\n")
    answer(program, "no: ", "yes", "use it: ", "Laptop", "Any app: ", "", "Never: ", "")
    answer(program, "have it: ", "s")
    program.see("16: ")
    password = shown_password(program.text)
    assert required.opens(password)
    answer(program, "have it: ", "t", "have it: ", "")
    # The list.
    answer(program, "the list: ", "1", "go back: ", "1", "go back: ", "r", "New name: ", "Desk")
    answer(program, "go back: ", "1", "go back: ", "d", "no: ", "yes")
    program.see("Everything is deleted.")
    assert not required.opens(password)
    # Methods, the activity, the account password.
    answer(program, "the list: ", "v", "go back: ", "1", "go back: ", "1")
    answer(program, "go back: ", "3", "no: ", "no", "go back: ", "")
    answer(program, "the list: ", "a")
    program.see("deleted: Desk")
    answer(program, "the list: ", "w", "(not shown): ", PASSWORD)
    answer(program, "(not shown): ", NEW, "(not shown): ", NEW)
    program.see("Password changed.")
    answer(program, "the list: ", "o")
    # In again, by a recovery code.
    answer(program, "Account: ", ACCOUNT, "(not shown): ", NEW, "Code: ", "", "give up: ", "2")
    answer(program, "(not shown): ", codes[0])
    program.see("the list: ")
    program.send("\x04")
    assert program.end() == 0
    output = program.output.decode()
    assert "\x1b" not in output
    assert not [secret for secret in (PASSWORD, NEW) if secret in output]
    assert output.count(codes[0]) == 1  # when it was shown
    assert program.terminal == program.before
    shown = [line.rpartition(": ")[0] or line for line in output.split("\r\n")]
    assert max(map(len, shown)) <= COLUMNS  # and the terminal breaks what is typed


@pytest.mark.usefixtures("_no_screens")
def test_a_terminal_without_screens_gets_lines_and_is_left_as_it_was(installed: Installed) -> None:
    program = opened(installed, "dumb")
    answer(program, "Account: ", ACCOUNT, "(not shown): ", PASSWORD)
    program.see("the list: ")
    program.send("\x03")
    assert program.end() == 130
    assert program.terminal == program.before
    assert b"\x1b" not in program.output


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_at_a_secret_question_gives_echo_back(installed: Installed, number: int) -> None:
    program = opened(installed, "vt100", "--plain")
    answer(program, "Account: ", ACCOUNT)
    program.see("(not shown): ")
    program.settle()
    program.signal(number)
    assert program.end() == 128 + number
    assert program.terminal == program.before


@pytest.mark.slow
@pytest.mark.parametrize("answered", [0, 1, 2, 3, 4])
def test_the_end_of_input_leaves_and_gives_echo_back(installed: Installed, answered: int) -> None:
    program = opened(installed, "vt100", "--plain")
    questions = ("Account: ", "(not shown): ", "the list: ", "use it: ", "Any app: ")
    for question, text in zip(
        questions[:answered], (ACCOUNT, PASSWORD, "c", "Laptop"), strict=False
    ):
        answer(program, question, text)
    program.see(questions[answered])
    program.settle()
    program.send("\x04")
    assert program.end() == 0
    assert program.terminal == program.before


@pytest.mark.slow
def test_whoever_stops_it_is_asked_again_on_coming_back(installed: Installed) -> None:
    shell = ["/bin/sh", "-c", _UNTIL_ENDED, "sh"]
    program = installed.open([*shell, *installed.command, "--plain"], TERM="vt100")
    for question, text in (("Account: ", ACCOUNT), ("(not shown): ", PASSWORD)):
        program.see(question)
        program.settle()
        program.send("\x1a")
        program.see("stopped")
        answer(program, question, text)
    program.see("the list: ")


@pytest.mark.slow
def test_a_lost_terminal_is_the_end(installed: Installed) -> None:
    program = opened(installed, "vt100", "--plain")
    program.see("Account: ")
    program.hang_up()
    assert program.end() in (0, 129)


@pytest.mark.slow
def test_a_terminal_that_stops_reading_is_ended_by_the_kernel(installed: Installed) -> None:
    impatient = """
import sys
from apppw_tui import cli
from apppw_tui.ui.terminal import IdleClock
from apppw_tui.ui.plain.line_input import LineInput
IdleClock.at_most = property(lambda self: 0.2)
write = LineInput.write
LineInput.write = lambda self, text: write(self, text * 100_000)
sys.exit(cli.main(sys.argv[1:]))
"""
    command = [sys.executable, "-c", impatient, *installed.command[1:], "--plain"]
    program = installed.open(command)
    assert select.select([program.watch], [], [], PATIENCE)[0]  # nobody reads what it writes
    assert program.end() == -signal.SIGALRM
