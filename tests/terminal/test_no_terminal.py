"""Without a terminal on all three streams: 64, and why."""

from pathlib import Path

import pytest

from tests.support import first_quick
from tests.terminal.conftest import Installed

_NEEDS = "apppw-tui: the portal needs a terminal; try ssh -t."
_STDERR = "apppw-tui: the portal is drawn on standard error; leave out 2>."


@pytest.mark.parametrize(
    "elsewhere",
    first_quick("<&-", ">note", "</dev/null", ">&-", ">note 2>&1", "</dev/null >note 2>&1"),
)
def test_one_stream_that_is_no_terminal_is_refused(
    installed: Installed, tmp_path: Path, elsewhere: str
) -> None:
    note = tmp_path / "note"
    note.touch()
    script = f'cd {tmp_path}; "$@" {elsewhere}; echo code=$?'
    program = installed.open(["/bin/sh", "-c", script, "sh", *installed.command])
    assert program.end() == 0
    said = program.output.decode().replace("\r", "") + note.read_text()
    assert sorted(said.split("\n")[2:]) == sorted(["", _NEEDS, "code=64"])


@pytest.mark.slow
@pytest.mark.parametrize("elsewhere", ["2>note", "2>&-"])
def test_without_stderr_alone_the_terminal_is_told_what_is_missing(
    installed: Installed, tmp_path: Path, elsewhere: str
) -> None:
    script = f'cd {tmp_path}; "$@" {elsewhere}; echo code=$?'
    program = installed.open(["/bin/sh", "-c", script, "sh", *installed.command])
    assert program.end() == 0
    assert program.output.decode().split("\r\n")[2:] == [_STDERR, "code=64", ""]


@pytest.mark.parametrize("option", [[], ["--demo"]])
def test_a_pipe_is_refused_before_anything_else_is_looked_at(
    installed: Installed, option: list[str]
) -> None:
    installed.store = installed.store / "that" / "is" / "not" / "there"
    command = installed.command[:1] if option else installed.command
    script = '"$@" | cat'
    program = installed.open(["/bin/sh", "-c", script, "sh", *command, *option])
    assert program.end() == 0
    assert program.output.decode().split("\r\n")[2:] == [_NEEDS, ""]
    assert not installed.store.exists()
