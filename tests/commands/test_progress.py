"""The line that says how far a command is: on a terminal alone, and gone before anything else."""

import os
import pty
import sys
import termios
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import TextIO

import pexpect
import pytest

from apppw_tui.commands import password_input, progress_line
from apppw_tui.commands.output import print_error
from apppw_tui.commands.progress_line import ProgressLine, is_shown_on
from apppw_tui.domain.progress import clear_progress, progress, showing_progress
from tests.running import CommandLine, environment, run_program
from tests.store.rotator import put
from tests.support import PASSWORD

_END = "\a"
# A command whose acts all take long, as its clock has it.
_SLOWLY = """
import sys
from apppw_tui.commands import password_input, progress_line
progress_line.SILENT_FOR = progress_line._REWRITTEN_AFTER = 0
from apppw_tui import cli
cli.run()
"""


class Clock:
    """Seconds, which pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def terminal(columns: int = 80) -> Iterator[tuple[TextIO, int]]:
    """A real one: what a program writes to, and where a person reads."""
    reader, writer = pty.openpty()
    termios.tcsetwinsize(writer, (24, columns))
    with os.fdopen(writer, "w") as stream:
        try:
            yield stream, reader
        finally:
            os.close(reader)


def seen(stream: TextIO, reader: int) -> str:
    """All that was written there."""
    stream.write(_END)
    stream.flush()
    text = ""
    while not text.endswith(_END):
        text += os.read(reader, 4096).decode()
    return text.removesuffix(_END)


def left_of(text: str) -> list[str]:
    """The lines as they stand on a terminal in the end."""
    lines = text.replace("\r\n", "\n").split("\n")
    return [line.rpartition("\r\x1b[K")[2] for line in lines]


def test_nothing_is_shown_of_what_is_done_within_two_seconds() -> None:
    clock = Clock()
    with terminal() as (stream, reader):
        line = ProgressLine(stream, clock)
        with showing_progress(line):
            for _ in progress(range(3), "Copying accounts"):
                clock.now += 0.6
        assert seen(stream, reader) == ""


def test_line_is_rewritten_in_its_place_ten_times_a_second_and_goes() -> None:
    clock = Clock()
    with terminal() as (stream, reader):
        with showing_progress(ProgressLine(stream, clock)):
            for number in progress(range(100), "Copying accounts"):
                clock.now = 2 + number / 16
        text = seen(stream, reader)
    writes = text.split("\r\x1b[K")
    assert (writes[0], writes[-1]) == ("", "")
    assert writes[1:-1] == [f"Copying accounts: {n} of 100 ({n}%)" for n in range(1, 101, 2)]
    assert "\n" not in text


def test_message_stands_where_the_line_was(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    with terminal() as (stream, reader):
        monkeypatch.setattr(sys, "stderr", stream)
        with showing_progress(ProgressLine(stream, clock)):
            for number in progress(range(4), "Copying accounts"):
                clock.now += 2
                if number == 2:
                    print_error("grace cannot be read.")
        text = seen(stream, reader)
    assert "2 of 4 (50%)\r\x1b[Kapppw-tui: grace cannot be read.\r\n\r\x1b[KCopying" in text
    assert left_of(text) == ["apppw-tui: grace cannot be read.", ""]


def test_answer_that_was_waited_for_is_no_part_of_an_act(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()

    def answered_slowly() -> str:
        clock.now += 60
        return "3\n"

    with terminal() as (stream, reader):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(readline=answered_slowly, isatty=bool))
        monkeypatch.setattr(password_input, "at_terminal", lambda _options: True)
        monkeypatch.setattr(sys, "stderr", stream)
        with showing_progress(ProgressLine(stream, clock)):
            password_input.check_meant("Remove 3?", 3, Namespace(yes=False))
            for _ in progress(range(3), "Removing"):
                clock.now += 0.5
        assert seen(stream, reader) == "Remove 3? Type 3 to go on: "


def test_line_goes_where_an_act_fails() -> None:
    clock = Clock()
    with terminal() as (stream, reader):

        def act() -> None:
            with showing_progress(ProgressLine(stream, clock)):
                for number in progress(iter(range(9)), "Copying accounts"):
                    clock.now += 2
                    if number == 1:
                        raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            act()
        clear_progress()  # which finds nobody who shows any
        assert seen(stream, reader) == "\r\x1b[KCopying accounts: 1\r\x1b[K"


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (38, "Copying accounts: 90 of 100 (90%)"),
        (33, "Copying accounts: 90 of 100"),
        (27, "90 of 100"),
        (10, "90 of 100"),
        (9, ""),
        (0, "Copying accounts: 90 of 100 (90%)"),
    ],
)
def test_line_fits_into_the_terminal(columns: int, shown: str) -> None:
    clock = Clock()
    with terminal(columns) as (stream, reader):
        line = ProgressLine(stream, clock)
        clock.now = 2
        line.show("Copying accounts", 90, 100)
        assert seen(stream, reader) == f"\r\x1b[K{shown}"


def test_more_things_than_were_told_are_no_fault() -> None:
    clock = Clock()
    with terminal() as (stream, reader):
        line = ProgressLine(stream, clock)
        clock.now = 2
        line.show("Copying accounts", 3, 0)
        assert seen(stream, reader) == "\r\x1b[KCopying accounts: 3 of 3 (100%)"


def test_terminal_that_went_is_no_reason_to_stop() -> None:
    clock = Clock()
    reader, writer = pty.openpty()
    stream = os.fdopen(writer, "w")
    os.close(reader)
    line = ProgressLine(stream, clock)
    for number in range(3, 6):
        clock.now = number
        line.show("Copying accounts", number, 9)
    line.clear()
    with suppress(OSError):
        stream.close()


def test_terminal_that_cannot_rewrite_a_line_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with terminal() as (stream, _):
        for name, good in (("xterm", True), ("dumb", False), (None, False)):
            monkeypatch.delenv("TERM", raising=False)
            if name is not None:
                monkeypatch.setenv("TERM", name)
            assert is_shown_on(stream) is good
    assert is_shown_on(None) is False


class Watched:
    """A terminal that keeps what was written to it."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError  # so it is none that a shell has

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Nothing waits."""


def test_every_long_command_says_how_far_it_is(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One session over all of them; each second one thing is done."""
    ticks = count()
    monkeypatch.setattr(progress_line, "SILENT_FOR", 0.5)
    monkeypatch.setattr(ProgressLine.__init__, "__defaults__", (lambda: float(next(ticks)),))
    users = tmp_path / "users"
    users.write_text("ada:{SHA512-CRYPT}x\n")
    for name in ("ada", "grace"):
        run.good("account", "add", name, "--password-stdin", stdin=f"{PASSWORD}\n")
    house = run.house()
    assert house.seals is not None
    put(house.store, house.seals, "ada", "JBSWY3DP")
    (tmp_path / "other.toml").write_text(f'store = "{tmp_path / "other"}"\n')
    (tmp_path / "own.toml").write_text(f'store = "{run.store}"\n')
    backup = tmp_path / "backup.tar"

    def acts(*line: str | Path) -> set[str]:
        watched = Watched()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", watched)
            run(*line)
        assert not any(" of " in text for text in left_of(watched.text)), watched.text
        return {
            text.partition(":")[0]
            for text in watched.text.replace("\n", "\r\x1b[K").split("\r\x1b[K")
            if ":" in text and not text.startswith("apppw-tui:")
        }

    looking = {"Looking through accounts"}
    assert acts("backup", backup) == {"Backing up accounts", "Reading the backup"}
    assert acts("restore", backup, "--dry-run") == {"Reading the backup", "Restoring accounts"}
    assert acts("account", "disable", "--all", "--yes") == {"account disable"}
    assert "Comparing accounts" in acts("restore", backup, "--overwrite")
    assert acts("account", "import", users) == {"Importing accounts"}
    assert acts("account", "list") == {"Reading accounts"}
    assert acts("account", "tidy", "--all") == {"account tidy", "Reading accounts"}
    assert acts("store", "migrate") == looking
    assert acts("key", "rotate") == {"Sealing anew"}
    old_keys = {"Looking for old keys", "Reading accounts"}
    assert acts("key", "rotate", "--finish", "--yes") == old_keys
    assert acts("store", "tidy") == looking
    assert looking < acts("doctor")
    line = ("store", "copy", tmp_path / "own.toml", tmp_path / "other.toml")
    assert acts(*line) == {"Copying accounts", "Comparing accounts"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("term", "columns", "shown"),
    [("xterm", 80, "account disable: 2 of 2 (100%)"), ("xterm", 12, "2 of 2"), ("dumb", 80, None)],
)
def test_person_at_a_terminal_sees_it_and_a_pipe_has_nothing(
    tmp_path: Path, term: str, columns: int, shown: str | None
) -> None:
    program = [sys.executable, "-c", _SLOWLY]
    env = environment(tmp_path, TERM=term)
    for name in ("ada", "grace"):
        added = ["account", "add", name, "--password-stdin"]
        assert run_program(tmp_path, *added, stdin=PASSWORD.encode()).returncode == 0
    line = [*program, "account", "disable", "ada", "grace", "--yes", "--json"]
    child = pexpect.spawn(line[0], line[1:], env=env, dimensions=(24, columns), timeout=60)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    text = child.before.decode()
    assert text.count("\r\x1b[K") == (3 if shown else 0)
    if shown:
        assert f"\r\x1b[K{shown}\r\x1b[K" in text
