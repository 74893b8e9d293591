"""Lines of a terminal: what of them counts, what is shown, and what ends the waiting."""

import io
import math
import os
import select
import signal
import sys
import termios
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from apppw_tui.domain.errors import SessionEnded
from apppw_tui.ui.plain.line_input import Ended, LineInput
from apppw_tui.ui.terminal import WARNED_FOR, IdleClock
from tests.support import FixedClock

LIMIT = 300.0


@dataclass
class Desk:
    """A terminal with nobody at it but the test."""

    monkeypatch: pytest.MonkeyPatch
    clock: FixedClock = field(default_factory=FixedClock)

    def __post_init__(self) -> None:
        self.person, slave = os.openpty()
        self.stdin = os.fdopen(slave, "rb", buffering=0)
        self.monkeypatch.setattr(sys, "stdin", self.stdin)
        self.output = io.StringIO()
        self.acts: list[Callable[[], object]] = []

    def lines(self, limit: float = math.inf, door: float | None = None) -> LineInput:
        presence = IdleClock(self.clock.monotonic, limit, door)
        return LineInput(presence, self.output, self._wait)

    def type(self, keys: bytes) -> None:
        os.write(self.person, keys)

    def _wait(self, seconds: float) -> bool:
        """Looks; if nothing is there, lets the next thing happen, or all the time go by."""
        if select.select([self.stdin], [], [], 0)[0]:
            return True
        if seconds == 0:
            return False
        if self.acts:
            self.acts.pop(0)()
        else:
            self.clock.advance(seconds)
        return bool(select.select([self.stdin], [], [], 0)[0])

    @property
    def echoed(self) -> bytes:
        """What the terminal itself has shown."""
        shown = b""
        while select.select([self.person], [], [], 0)[0]:
            shown += os.read(self.person, 4096)
        return shown

    @property
    def settings(self) -> list[Any]:
        return termios.tcgetattr(self.stdin)

    def close(self) -> None:
        os.close(self.person)
        self.stdin.close()


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr("apppw_tui.ui.terminal.end_within", lambda _: None)
    desk = Desk(monkeypatch)
    yield desk
    desk.close()


def test_a_line_is_what_was_typed(desk: Desk) -> None:
    lines = desk.lines()
    with lines.at_terminal(stoppable=True):
        desk.acts.append(lambda: desk.type("Zoë\u00a0phone \n".encode()))
        assert lines.read("Name: ", echoes=True) == "Zoë\u00a0phone "
    assert desk.output.getvalue() == "Name: "
    assert desk.echoed.decode() == "Zoë\u00a0phone \r\n"


def test_a_secret_leaves_no_trace_and_what_follows_has_a_new_row(desk: Desk) -> None:
    lines = desk.lines()
    with lines.at_terminal(stoppable=True):
        desk.acts.append(lambda: desk.type(b" s3cret \n"))
        assert lines.read("Password: ", echoes=False) == " s3cret "
    assert desk.output.getvalue() == "Password: \n"
    assert desk.echoed == b""


def test_what_is_typed_between_two_questions_is_not_shown_before_it_is_asked_for(
    desk: Desk,
) -> None:
    lines = desk.lines()
    with lines.at_terminal(stoppable=True):
        desk.type(b"s3cret\nada\n")
        assert lines.read("Password: ", echoes=False) == "s3cret"
        assert lines.read("Account: ", echoes=True) == "ada"
    assert desk.echoed == b""
    assert desk.output.getvalue() == "Password: \nAccount: \nada\n"


@pytest.mark.parametrize(
    "noise",
    [
        b"\x1b[A", b"\x1b[1;5C", b"\x1bOP", b"\x1b[24;80R", b"\x1b[?62;22c", b"\x1b]11;rgb:0\x07",
        b"\x1b]11;rgb:0\x1b\\", b"\x1bP1$r0m\x1b\\", b"\x1b_Gi=1;OK\x1b\\", b"\x1b", b"\x0b",
        b"\xc2\x9b",
    ],
)  # fmt: skip
def test_keys_and_late_replies_are_no_part_of_an_answer(desk: Desk, noise: bytes) -> None:
    lines = desk.lines()
    with lines.at_terminal(stoppable=True):
        desk.type(b"a" + noise + b"da\n" if noise != b"\x1b" else b"ada\x1b\n")
        assert lines.read("Account: ", echoes=True) == "ada"


def test_what_is_no_utf_8_is_asked_for_again(desk: Desk) -> None:
    lines = desk.lines()
    with lines.at_terminal(stoppable=True):
        desk.acts += [lambda: desk.type(b"pass\xe9\n"), lambda: desk.type("passé\n".encode())]
        assert lines.read("Password: ", echoes=False) == "passé"
    assert "This terminal does not send UTF-8. Type that again.\nPassword: " in (
        desk.output.getvalue()
    )


def test_the_end_of_input_is_told_from_an_empty_line(desk: Desk) -> None:
    lines = desk.lines()
    with lines.at_terminal(stoppable=True):
        desk.acts += [lambda: desk.type(b"\n"), lambda: desk.type(b"\x04")]
        assert lines.read("Account: ", echoes=True) == ""
        with pytest.raises(Ended) as ended:
            lines.read("Account: ", echoes=True)
    assert (ended.value.code, ended.value.reason) == (0, None)


def test_a_terminal_that_is_gone_is_the_end_of_input(desk: Desk) -> None:
    lines = desk.lines()
    with lines.at_terminal(stoppable=True):
        os.close(desk.person)
        with pytest.raises(Ended):
            lines.read("Account: ", echoes=True)
    desk.person = os.open(os.devnull, os.O_RDONLY)


# --- time -----------------------------------------------------------------------------------------


def test_nobody_signed_in_ends_the_program_after_a_warning(desk: Desk) -> None:
    lines = desk.lines(LIMIT)
    with lines.at_terminal(stoppable=True), pytest.raises(Ended) as ended:
        lines.read("Account: ", echoes=True)
    assert ended.value.reason == "Nobody signed in."
    assert desk.clock.seconds == 1000.0 + LIMIT
    warning = "\a\nStill there? Press Enter, or the program ends in 30 seconds.\n"
    assert desk.output.getvalue().count(warning) == 1


def test_who_is_signed_in_and_types_nothing_is_signed_out(desk: Desk) -> None:
    lines = desk.lines(LIMIT)
    lines.presence.signed_in()
    with lines.at_terminal(stoppable=True), pytest.raises(SessionEnded) as ended:
        lines.read("Number: ", echoes=True)
    assert str(ended.value) == "You were signed out: nothing was typed for a while."
    assert "or you are signed out in 30 seconds." in desk.output.getvalue()


def test_enter_under_the_warning_says_that_somebody_is_there_and_nothing_else(desk: Desk) -> None:
    lines = desk.lines(LIMIT)
    lines.presence.signed_in()
    early = lambda: desk.clock.advance(LIMIT - WARNED_FOR)  # noqa: E731
    desk.acts += [early, lambda: desk.type(b"\n"), early, lambda: desk.type(b"2\n")]
    with lines.at_terminal(stoppable=True):
        assert lines.read("Number: ", echoes=True) == "2"
    assert desk.output.getvalue().count("Still there?") == 2


def test_a_door_opens_for_so_long_whatever_is_typed(desk: Desk) -> None:
    lines = desk.lines(LIMIT, door=60.0)
    late = lambda: desk.clock.advance(40.0)  # noqa: E731
    desk.acts += [late, lambda: desk.type(b"\n")]
    with lines.at_terminal(stoppable=False):
        assert lines.read("Account: ", echoes=True) == ""
        with pytest.raises(Ended) as ended:
            lines.read("Account: ", echoes=True)
    assert ended.value.reason == "Nobody signed in."
    assert desk.output.getvalue().count("You have 30 seconds left to sign in.") == 1


def test_the_kernel_is_told_when_to_end_it_if_the_terminal_takes_nothing_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []
    monkeypatch.setattr("apppw_tui.ui.terminal.end_within", limits.append)
    lines = desk.lines(LIMIT)
    with lines.at_terminal(stoppable=True), pytest.raises(Ended):
        lines.read("Account: ", echoes=True)
    assert limits[0] == LIMIT + 30
    assert limits[-1] == 30


# --- the terminal and the signals -----------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_it_and_leaves_the_terminal_as_it_was(
    desk: Desk, number: signal.Signals
) -> None:
    before, handler = desk.settings, signal.getsignal(number)
    lines = desk.lines()
    desk.acts.append(lambda: signal.raise_signal(number))
    with pytest.raises(Ended) as ended, lines.at_terminal(stoppable=True):
        lines.read("Password: ", echoes=False)
    assert ended.value.code == 128 + number
    assert desk.settings == before
    assert signal.getsignal(number) == handler


def test_a_signal_amid_a_change_waits_until_that_is_made(desk: Desk) -> None:
    lines = desk.lines()
    with lines.at_terminal(stoppable=True):
        signal.raise_signal(signal.SIGINT)  # as while the portal writes
        desk.type(b"ada\n")
        with pytest.raises(Ended):
            lines.read("Account: ", echoes=True)


def test_a_terminal_left_raw_by_another_program_is_made_to_edit_lines(desk: Desk) -> None:
    settings = desk.settings
    settings[0] &= ~termios.ICRNL
    settings[3] &= ~(termios.ICANON | termios.ISIG | termios.ECHO)
    termios.tcsetattr(desk.stdin, termios.TCSANOW, settings)
    lines = desk.lines()
    with lines.at_terminal(stoppable=True):
        desk.acts.append(lambda: desk.type(b"adx\x7fa\r"))
        assert lines.read("Account: ", echoes=True) == "ada"
    assert desk.settings[:4] == settings[:4]


def test_what_stopped_it_may_have_switched_echo_on_again(desk: Desk) -> None:
    lines = desk.lines()

    def go_on() -> None:
        settings = desk.settings
        settings[3] |= termios.ECHO  # as a shell has it
        termios.tcsetattr(desk.stdin, termios.TCSANOW, settings)
        signal.raise_signal(signal.SIGCONT)
        desk.type(b"s3cret\n")

    desk.acts.append(go_on)
    with lines.at_terminal(stoppable=True):
        lines.read("Password: ", echoes=False)
    assert desk.echoed == b""


def test_whoever_comes_back_is_asked_again(desk: Desk) -> None:
    lines = desk.lines()

    def go_on() -> None:
        desk.output.write("$ fg\n")
        signal.raise_signal(signal.SIGCONT)
        desk.type(b"ada\n")

    desk.acts.append(go_on)
    with lines.at_terminal(stoppable=True):
        assert lines.read("Account: ", echoes=True) == "ada"
        signal.raise_signal(signal.SIGCONT)  # as while the portal writes, and nothing is asked
    assert desk.output.getvalue() == "Account: $ fg\nAccount: "


def test_where_no_shell_could_wake_it_it_cannot_be_stopped(desk: Desk) -> None:
    lines = desk.lines()
    with lines.at_terminal(stoppable=False):
        assert signal.getsignal(signal.SIGTSTP) == signal.SIG_IGN
    assert signal.getsignal(signal.SIGTSTP) == signal.SIG_DFL
