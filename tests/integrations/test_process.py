"""Configured programs: they get what they should, and nothing they do can hurt us."""

import os
import pwd
import select
import signal
import stat
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.integrations import process
from apppw_tui.integrations.process import CapturedOutput, ProcessResult, capture, run

MESSAGE = Secret("482913 is your code for mail2.example.org.")
NUMBER = "+4915112345678"
LONG = 60.0  # seconds; nobody waits for it
SHORT = 0.2
MUCH = 100_000  # bytes, which is more than a pipe holds

Script = Callable[[str], str]
T = TypeVar("T")


@pytest.fixture
def script(tmp_path: Path) -> Script:
    def write(body: str) -> str:
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return str(path)

    return write


def ran(
    command: str, *arguments: str, timeout: float = LONG, message: Secret = MESSAGE
) -> ProcessResult:
    values = {"kind": "text", "number": NUMBER}
    return run((command, *arguments), values, message, timeout, (NUMBER,))


def test_the_message_is_on_standard_input_and_values_are_whole_arguments(
    script: Script, tmp_path: Path
) -> None:
    command = script(f'cat >{tmp_path}/message; printf "<%s>" "$@" >{tmp_path}/arguments')
    literal = ("{number}x", "$HOME", "; id", "{}", "{other}")
    assert ran(command, "{kind}", "{number}", *literal) == ProcessResult(True, "exit code 0")
    assert (tmp_path / "message").read_text() == MESSAGE.reveal()
    filled = ("text", NUMBER, *literal)
    assert (tmp_path / "arguments").read_text() == "".join(f"<{word}>" for word in filled)


def test_nothing_of_ours_is_inherited(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPPW_STORE", "/srv/ours")
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        outcome = ran(script("env; pwd; umask; ls -l /proc/self/fd"))
        assert str(tmp_path / "lock") not in outcome.output
    words = set(outcome.output.split("\\n"))
    home = pwd.getpwuid(os.geteuid()).pw_dir
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assert words >= {f"HOME={home}", "LANG=C.UTF-8", f"PATH={path}", "/", "0077"}
    # The last two are the shell's own.
    names = {word.partition("=")[0] for word in words if word.partition("=")[0].isupper()}
    assert names <= {"HOME", "LANG", "PATH", "PWD", "OLDPWD"}


def test_it_has_a_session_of_its_own_and_no_terminal(script: Script) -> None:
    reported = ran(
        script('cut -d" " -f1,5,6,7 /proc/$$/stat; (: </dev/tty) 2>/dev/null || echo none')
    )
    pid, group, session, terminal = reported.output.split("\\n")[0].split()
    assert pid == group == session != str(os.getsid(0))
    assert (terminal, reported.output.split("\\n")[1]) == ("0", "none")


@pytest.mark.parametrize("code", [1, 3, 255])
def test_an_exit_code_other_than_0_is_a_failure_with_its_output(script: Script, code: int) -> None:
    outcome = ran(script(f"echo no modem; echo here >&2; exit {code}"))
    assert outcome == ProcessResult(False, f"exit code {code}", "no modem\\nhere")


@pytest.mark.parametrize("name", ["KILL", "SEGV", "TERM"])
def test_a_signal_is_named(script: Script, name: str) -> None:
    assert ran(script(f"kill -{name} $$")) == ProcessResult(False, f"killed by SIG{name}")


def hung(run: Callable[[float], T], came_so_far: Callable[[], bool]) -> tuple[T, float]:
    """What comes of a program that hangs, with more and more time until it has come so far."""
    for seconds in (0.2, 2.0, 20.0, 120.0):
        outcome = run(seconds)
        if came_so_far():
            return outcome, seconds
    raise AssertionError(outcome)


def test_one_that_hangs_is_killed_with_its_children(script: Script, tmp_path: Path) -> None:
    # As long as the child lives, it holds the pipe's writing end.
    os.mkfifo(tmp_path / "pipe")
    reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    child = f"(trap '' TERM HUP; echo child >&9; exec sleep 1000) 9>{tmp_path}/pipe"
    command = script(f"echo so far; {child} & wait")
    with os.fdopen(reading, "rb") as pipe:
        outcome, seconds = hung(
            lambda seconds: ran(command, timeout=seconds), lambda: bool(pipe.read())
        )
        assert outcome == ProcessResult(False, f"time-out after {seconds:g} s", "so far")
        # Only once all who could write there are gone does it end.
        assert select.select([pipe], [], [], LONG)[0] == [pipe]
        assert pipe.read() == b""


def test_one_that_no_longer_prints_but_hangs_is_killed_too(script: Script) -> None:
    assert (
        ran(script("exec sleep 1000 >&- 2>&- <&-"), timeout=SHORT).reason == "time-out after 0.2 s"
    )


@pytest.mark.parametrize("code", [0, 4])
def test_a_grandchild_that_keeps_the_pipes_open_is_not_waited_for(
    script: Script, tmp_path: Path, code: int
) -> None:
    # In a session of its own, it would even outlive a time-out.
    body = f"setsid sleep 1000 & echo $! >{tmp_path}/child; echo done; exit {code}"
    outcome = ran(script(body))
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)
    assert outcome == ProcessResult(code == 0, f"exit code {code}", "done")


def test_a_grandchild_that_keeps_printing_is_not_waited_for(script: Script) -> None:
    # A little at a time: on a busy machine a flood would be stopped before its parent ended.
    body = "while echo y; do sleep 0.01; done & echo done; exit 0"
    assert ran(script(body)).reason == "exit code 0"


def test_a_flood_is_stopped_and_little_of_it_kept() -> None:
    outcome = ran("/usr/bin/yes", "\N{SNOWMAN}")
    assert (outcome.ok, outcome.reason) == (False, "stopped after printing 1048576 bytes")
    assert outcome.output.startswith("\N{SNOWMAN}\\n\N{SNOWMAN}")
    assert len(outcome.output) <= process.OUTPUT


def test_of_much_output_little_is_kept_in_memory(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_redacted", lambda raw, _: str(len(raw)))
    assert ran(script("yes | head -c 300000")).output == "4096"


def test_much_output_that_ends_is_no_failure(script: Script) -> None:
    outcome = ran(script("yes | head -c 300000"))
    assert (outcome.ok, len(outcome.output) <= process.OUTPUT) == (True, True)


@pytest.mark.parametrize("size", [1, MUCH])
@pytest.mark.parametrize("body", ["exec <&-; exit 0", "exit 0", "exec <&-; echo x; exit 0"])
def test_one_that_does_not_read_is_judged_by_its_exit_code(
    script: Script, body: str, size: int
) -> None:
    assert ran(script(body), message=Secret("x" * size)).reason == "exit code 0"


def test_one_that_reads_nothing_of_a_full_pipe_is_killed_in_time(script: Script) -> None:
    outcome = ran(script("exec sleep 1000"), message=Secret("x" * MUCH), timeout=SHORT)
    assert outcome == ProcessResult(False, "time-out after 0.2 s")


def test_a_long_message_arrives_whole(script: Script) -> None:
    outcome = ran(script("wc -c"), message=Secret("x" * MUCH))
    assert outcome == ProcessResult(True, "exit code 0", str(MUCH))


def test_what_cannot_be_started_is_said(tmp_path: Path) -> None:
    assert ran(str(tmp_path / "missing")) == ProcessResult(False, "not found")
    assert ran(str(tmp_path)) == ProcessResult(False, "not executable")
    program = tmp_path / "program"
    program.write_text("#!/no/such/interpreter\n")
    assert ran(str(program)) == ProcessResult(False, "not executable")
    assert ran(str(program / "below")) == ProcessResult(False, "not found")
    program.chmod(0o755)
    assert ran(str(program)) == ProcessResult(False, "its interpreter was not found")
    program.write_bytes(b"\x7fnothing that runs")
    assert ran(str(program)) == ProcessResult(False, "not executable")


@pytest.mark.parametrize(
    ("printed", "reported"),
    [
        (MESSAGE.reveal(), "(hidden)"),
        ("bad text: 482913 is your", "bad text: (hidden) is your"),
        ("482-913, 4 8 2 9 1 3, 4.8.2.9.1.3", "(hidden), (hidden), (hidden)"),
        (r"4\0008\0002\0009\0001\0003", "(hidden)"),
        (f"to {NUMBER}", "to (hidden)"),
        ("to 00491511 2345678", "to 00(hidden)"),
        ("stopped at 48291", "stopped at (hidden)"),
        ("stopped at 4-8-2", "stopped at (hidden)"),
        (r"stopped at 4\0008\0002\0009\000", "stopped at (hidden)"),
        ("line 48 of 4829 lines", "line 48 of 4829 lines"),
        # App passwords are no program's to know; of whatever length, none gets into the log.
        ("was 7kfm 2xqd 9h3v tw58", "was (app password)"),
        ("was 7kfm2xqd9h3vtw5nc8rw", "was (app password)"),
        ("error 500 from mail2", "error 500 from mail2"),
    ],
)
def test_the_secrets_of_the_call_are_hidden(script: Script, printed: str, reported: str) -> None:
    outcome = ran(script(f"printf '{printed}'"))
    assert outcome.output == reported


def test_a_code_to_be_read_aloud_is_hidden_in_every_form(script: Script) -> None:
    aloud = Secret("4, 8, 2, 9, 1, 3 is your code for mail2.example.org.")
    outcome = ran(script("cat; echo; echo 482913 4,8,2,9,1,3 22"), message=aloud)
    assert outcome.output == "(hidden)\\n(hidden) (hidden) 22"


@pytest.mark.parametrize("message", [MESSAGE.reveal(), "correct horse battery staple"])
@pytest.mark.parametrize("before", range(process.OUTPUT - 48, process.OUTPUT + 1, 3))
def test_where_the_output_was_cut_no_half_of_a_secret_is_left(
    script: Script, before: int, message: str
) -> None:
    body = f"head -c {before} /dev/zero | tr '\\0' x; cat; yes | head -c 9000"
    outcome = ran(script(body), message=Secret(message))
    assert message[:3] not in outcome.output


def test_output_is_escaped(script: Script) -> None:
    outcome = ran(script(r"printf 'a\033[31mb\r\n\377\342\200\256c\000'"))
    assert outcome.output == r"a\x1b[31mb\r\n\xff\u202ec\x00"


def test_it_runs_from_any_thread(script: Script) -> None:
    outcomes: list[ProcessResult] = []
    command = script("cat >/dev/null; exit 7")
    threads = [threading.Thread(target=lambda: outcomes.append(ran(command))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [ProcessResult(False, "exit code 7")] * 4


def test_no_pipe_is_left_to_the_garbage_collector(
    script: Script, recwarn: pytest.WarningsRecorder
) -> None:
    warnings.simplefilter("always", ResourceWarning)
    ran(script("exit 0"))
    ran(script("exec sleep 1000"), timeout=SHORT)
    ran("/no/such/program")
    assert [str(warning.message) for warning in recwarn] == []


def test_one_that_cannot_be_killed_is_left_alone(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One that became another user, as sudo does.
    def refuse(group: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "killpg", refuse)
    monkeypatch.setattr(process, "_KILL_GRACE", 0.01)
    written = tmp_path / "process"
    command = script(f"echo $$ >>{written}; exec sleep 1000")
    outcome, seconds = hung(
        lambda seconds: ran(command, timeout=seconds),
        lambda: written.exists() and written.read_text().endswith("\n"),
    )
    for child in map(int, written.read_text().split()):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert outcome == ProcessResult(False, f"time-out after {seconds:g} s")


def test_files_that_it_makes_are_nobody_elses(script: Script, tmp_path: Path) -> None:
    ran(script(f"cat >{tmp_path}/made"))
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o600


def test_one_in_our_own_group_is_killed_alone(script: Script, tmp_path: Path) -> None:
    written = tmp_path / "group"
    line = [script(f"ps -o pgid= -p $$ >{written}; exec sleep 1000")]
    environment = {"PATH": os.defpath}
    result, _ = hung(
        lambda seconds: capture(line, environment, seconds, read=False, own_group=False),
        lambda: written.exists() and written.read_text().endswith("\n"),
    )
    assert result == CapturedOutput(returncode=None)
    assert int(written.read_text()) == os.getpgrp()


def test_one_that_leaves_another_behind_is_not_waited_for_unless_it_is_read(
    script: Script, tmp_path: Path
) -> None:
    body = f"cat >{tmp_path}/message; sleep 1000 & echo $! >{tmp_path}/child; exit 0"
    result = capture([script(body)], {"PATH": os.defpath}, LONG, MESSAGE, read=False)
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)
    assert result == CapturedOutput(0)
    assert (tmp_path / "message").read_text() == MESSAGE.reveal()
