"""A fault in the program, while a password stands in a field: one sentence, and nothing else."""

import re
import sys

import pytest

from tests.running import ROOT
from tests.support import PASSWORD
from tests.terminal.conftest import Installed
from tests.terminal.faulty import SURVIVED
from tests.terminal.program import ACCOUNT, Program, is_restored
from tests.terminal.second_factor import ASKED, AuthenticatorApp, begin_sign_in, show_key

pytestmark = pytest.mark.slow

_F1 = "\x1bOP"
_SENTENCE = re.compile(
    r"apppw-tui: stopped by a fault of its own "
    r"\((?P<what>[A-Za-z]+)(?P<where> at [a-z_/.]+:\d+)?\)\. "
    r"What was saved before is safe; please report this line\.\r\n"
)


def opened(installed: Installed, kind: str) -> Program:
    """The program with a fault of that kind, which nothing has set off yet."""
    arguments = installed.command[1:]
    return installed.open(
        [sys.executable, "-m", "tests.terminal.faulty", kind, *arguments], PYTHONPATH=str(ROOT)
    )


def faulty(installed: Installed, kind: str) -> Program:
    """The program with a fault of that kind; where it opens at all, with a password typed."""
    program = opened(installed, kind)
    if kind != "opening":
        program.see("Quit")
        program.send(f"{ACCOUNT}\r{PASSWORD}")
        program.send("\r" if kind == "sign-in" else _F1)
    return program


def words_after(program: Program) -> str:
    """What stands below the prompt once the screens are gone; nothing may have leaked before."""
    output = program.output.decode()
    assert PASSWORD not in output
    assert "Traceback" not in output
    assert is_restored(program)
    return output.rpartition("\x1b[?1006l")[2]


@pytest.mark.parametrize(
    "kind",
    ["handler", "own-report", "timer", "worker", "thread-worker", "drawing", "sign-in", "opening"],
)
def test_a_fault_ends_it_with_one_sentence(installed: Installed, kind: str) -> None:
    program = faulty(installed, kind)
    assert program.end() == 70
    said = _SENTENCE.fullmatch(words_after(program))
    assert said is not None
    assert said["what"] == ("Talkative" if kind == "own-report" else "Fault")
    if kind == "sign-in":  # the others do not come from the program's own lines
        assert said["where"].startswith(" at ui/")


@pytest.mark.parametrize("kind", ["answer", "accepted-step", "deliver"])
def test_a_fault_at_the_second_question_ends_it_with_one_sentence(
    required: Installed, kind: str
) -> None:
    house = required.house()
    app = AuthenticatorApp(house.give_authenticator().reveal())
    if kind == "deliver":
        house.give_phone(number="+4915173910684")
        house.alter(preferred="text")
        required.configure(
            '[delivery]\ncommand = ["/bin/true", "{kind}", "{number}"]\nkinds = ["text"]\n'
        )
    program = opened(required, kind)
    begin_sign_in(program)
    if kind != "deliver":
        program.see(ASKED)
        program.settle()
        program.send(app.code())
    assert program.end() == 70
    assert _SENTENCE.fullmatch(words_after(program))


@pytest.mark.parametrize("kind", ["confirm", "recovery-codes"])
def test_a_fault_in_the_set_up_ends_it_with_one_sentence(required: Installed, kind: str) -> None:
    program = opened(required, kind)
    begin_sign_in(program)
    program.send(show_key(program).code())
    assert program.end() == 70
    assert _SENTENCE.fullmatch(words_after(program))


@pytest.mark.parametrize("kind", SURVIVED)
def test_a_fault_that_concerns_nobody_is_not_heard_of(installed: Installed, kind: str) -> None:
    """In a thread, a task, a callback or a finalizer, where Python would print a traceback."""
    program = faulty(installed, kind)
    program.settle()
    program.send("\x11")
    assert program.end() == 0
    assert words_after(program) == ""
