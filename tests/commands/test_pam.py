"""`apppw-tui pam`: 0 for yes alone, whatever the daemon, PAM or the network of neither does."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from apppw_tui.arguments import parser
from apppw_tui.integrations import daemon, pam_exec
from apppw_tui.store.folder.location import open_store
from tests.running import ROOT, CommandLine, environment, run_program
from tests.serving import serving
from tests.support import PASSWORD, House
from tests.test_imports import FOR_METHODS, FOR_SCREENS
from tests.unix_sockets import answering

SECRET = "7kfm2xqd9h3vtw5nc8rw"


@pytest.fixture
def run(run: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    for name in [*os.environ]:
        if name.startswith("PAM_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PAM_USER", "ada")
    monkeypatch.setenv("PAM_TYPE", "auth")
    monkeypatch.setenv("PAM_SERVICE", "apppw-imap")
    monkeypatch.setenv("PAM_RHOST", "192.0.2.7")
    return run


@contextmanager
def a_daemon(path: Path, reply: Callable[[socket.socket], None]) -> Iterator[list[bytes]]:
    """Answers as `reply` does; what it was asked."""
    heard: list[bytes] = []

    def answer(asking: socket.socket) -> None:
        if reply is not hang_up:
            with asking.makefile("rb") as lines:
                heard.append(lines.readline())
        reply(asking)

    with answering(path, answer):
        yield heard


def hang_up(asking: socket.socket) -> None:
    """Nothing is read, and nothing said."""


def says(text: str | bytes) -> Callable[[socket.socket], None]:
    content = text if isinstance(text, bytes) else text.encode()
    return lambda asking: asking.sendall(content)


def code(run: CommandLine, stdin: bytes | str | None = SECRET, *more: str | Path) -> int:
    """The exit code of a run that must say nothing."""
    said = run("pam", "--socket", run.home / "json", *more, stdin=stdin)
    assert (said.out, said.err) == ("", "")
    return said.code


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ('{"answer": "yes", "user": "ada@example.org"}\n', 0),
        ('{"answer": "no"}\n', 1),
        ('{"answer": "not mine"}\n', 1),
        ('{"answer": "not now"}\n', 3),
        ('{"answer": "error"}\n', 3),
        ('{"answer": "YES"}\n', 3),
        ('{"answer": true}\n', 3),
        ('{"answer": ["yes"]}\n', 3),
        ('{"yes": 1}\n', 3),
        ('"yes"\n', 3),
        ("yes\n", 3),
        ("\n", 3),
        ("", 3),
        ('{"answer": "yes"}', 3),  # cut off
        (b"\xff\n", 3),
        ("[" * 3000 + "\n", 3),
        ('{"answer": "' + "x" * 9000, 3),
        ('{"answer": "yes"' + " " * 99_999 + "}\n", 3),  # nothing that this daemon says
    ],
)
def test_only_a_yes_is_a_yes(run: CommandLine, answer: str | bytes, wanted: int) -> None:
    with a_daemon(run.home / "json", says(answer)):
        assert code(run) == wanted


def test_the_daemon_is_told_what_pam_tells(run: CommandLine) -> None:
    with a_daemon(run.home / "json", says('{"answer": "yes"}\n')) as heard:
        assert code(run) == 0
    (line,) = heard
    assert json.loads(line) == {
        "user": "ada",
        "password": SECRET,
        "service": "imap",
        "rip": "192.0.2.7",
    }


@pytest.mark.parametrize(
    ("stdin", "told"),
    [
        (b"x\0", "x"),
        (b"x\0\0", "x\0"),
        (b"x\n", "x\n"),  # pam_exec adds none: it would be the password's own
        (b" x ", " x "),
        ("ä".encode(), "ä"),
        (b"x" * 511, "x" * 511),
        (b"x" * 511 + b"\0", "x" * 511),
    ],
)
def test_the_password_is_taken_as_pam_exec_gives_it(
    run: CommandLine, stdin: bytes, told: str
) -> None:
    with a_daemon(run.home / "json", says('{"answer": "yes"}\n')) as heard:
        assert code(run, stdin) == 0
    assert json.loads(heard[0])["password"] == told


@pytest.mark.parametrize("stdin", [b"", None, b"\0", b"x" * 512, b"x" * 9999, b"\xff"])
def test_what_is_no_password_is_not_asked_about(run: CommandLine, stdin: bytes | None) -> None:
    with a_daemon(run.home / "json", says('{"answer": "yes"}\n')) as heard:
        assert code(run, stdin) == 1
    assert heard == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("PAM_TYPE", kind) for kind in ("account", "open_session", "password", "", "AUTH")),
        ("PAM_USER", ""),
    ],
)
def test_where_there_is_nothing_to_judge_it_is_never_a_yes(
    run: CommandLine, name: str, value: str
) -> None:
    run.patch.setenv(name, value)
    with a_daemon(run.home / "json", says('{"answer": "yes"}\n')) as heard:
        assert code(run) == 1
    assert heard == []
    run.patch.delenv(name)
    assert code(run) == 1


@pytest.mark.parametrize(
    ("service", "told"), [("apppw-smtp", "smtp"), ("dovecot", "dovecot"), ("apppw-", ""), ("", "")]
)
def test_the_service_is_what_follows_our_name(run: CommandLine, service: str, told: str) -> None:
    run.patch.setenv("PAM_SERVICE", service)
    with a_daemon(run.home / "json", says('{"answer": "yes"}\n')) as heard:
        assert code(run) == 0
    assert json.loads(heard[0])["service"] == told


def test_a_broken_pipe_is_no_yes(run: CommandLine) -> None:
    """The command line takes it for somebody who left while reading the output."""

    def broken(*_: object) -> str:
        raise BrokenPipeError

    run.patch.setattr(daemon, "ask", broken)
    assert code(run) == 3


def test_without_a_daemon_there_is_no_answer(run: CommandLine) -> None:
    assert code(run) == 3
    (run.home / "json").write_text("")
    assert code(run) == 3
    said = run("pam", "--socket", run.home / ("x" * 200), stdin=SECRET)
    assert (said.code, said.out, said.err) == (3, "", "")


def test_a_daemon_that_hangs_up_gives_no_answer(run: CommandLine) -> None:
    with a_daemon(run.home / "json", hang_up):
        assert code(run) == 3


def test_it_waits_ten_seconds_for_all_together(run: CommandLine) -> None:
    answer = '{"answer": "yes"}\n'
    for step, wanted in ((0.1, 0), (1.0, 3)):  # each byte comes in time, the last may not
        seconds = itertools.count(100.0, step)
        clock = SimpleNamespace(monotonic=lambda of=seconds: next(of))
        run.patch.setattr(daemon, "time", clock)
        run.patch.setattr(daemon, "_CHUNK", 1)
        with a_daemon(run.home / "json", says(answer)):
            assert code(run) == wanted
        (run.home / "json").unlink()


def test_a_daemon_that_says_nothing_is_not_waited_for(run: CommandLine) -> None:
    run.patch.setattr(pam_exec, "_SECONDS", 0.01)
    over = threading.Event()

    def silent(_: socket.socket) -> None:
        over.wait(20)

    with a_daemon(run.home / "json", silent):
        assert code(run) == 3
        over.set()


def test_it_asks_the_real_daemon(tmp_path: Path) -> None:
    house = House(store=open_store(tmp_path / "store", create=True))
    house.add("ada")
    right = house.issue("Phone", "ada").secret.reveal()
    told = {"PAM_USER": "ada", "PAM_TYPE": "auth", "PAM_SERVICE": "apppw-imap"}

    def ask(stdin: str, **more: str) -> int:
        line = ("pam", "--socket", tmp_path / "run" / "json")
        done = run_program(tmp_path, *line, stdin=stdin.encode(), more={**told, **more})
        assert (done.stdout, done.stderr) == (b"", b"")
        return done.returncode

    with serving(tmp_path) as daemon_:
        assert ask(right) == 0
        assert ask(right + "\0") == 0
        assert ask(right[::-1]) == 1
        assert ask(PASSWORD) == 1
        assert ask(right, PAM_USER="eve") == 1
        assert ask(right, PAM_TYPE="account") == 1
        assert ask(right, PAM_RHOST="192.0.2.9") == 0
        assert " service=imap address=192.0.2.9 socket=json why=right" in daemon_.answers[-1]
        assert daemon_.end() == 0
    assert ask(right) == 3


def test_it_imports_next_to_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "apppw_tui", "pam", "--socket", "/nowhere"],
        input=b"x",
        stderr=subprocess.PIPE,
        env=environment(tmp_path, PAM_USER="ada", PAM_TYPE="auth"),
        cwd=ROOT,
        check=False,
        timeout=120,
    )
    assert done.returncode == 3
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.decode().split("\n")}
    assert {name for name in modules if name.startswith("apppw_tui")} == {
        *("apppw_tui", "apppw_tui.exit_codes", "apppw_tui.integrations"),
        *("apppw_tui.integrations.pam_exec", "apppw_tui.integrations.daemon"),
    }
    heavy = {"argparse", "asyncio", "typing", "traceback", "logging", "subprocess", "ssl"}
    assert not modules & {*heavy, *FOR_SCREENS, *FOR_METHODS}


@pytest.mark.parametrize(
    ("words", "socket_"),
    [
        ([], "/run/apppw-tui/json"),
        (["--socket", "/run/json"], "/run/json"),
        (["--socket=/run/json"], None),
        (["--socket", " "], None),
        (["--socket", "--help"], None),
        (["--socket"], None),
        (["--help"], None),
    ],
)
def test_the_arguments_of_the_recipes_need_no_parser(words: list[str], socket_: str | None) -> None:
    assert pam_exec.named_socket(words) == socket_
    if socket_ is not None:
        assert parser().parse_args(["pam", *words]).socket == socket_


def test_what_is_no_argument_of_it_is_explained(tmp_path: Path) -> None:
    done = run_program(tmp_path, "pam", "--socket", " ", more={"PAM_TYPE": "auth"})
    assert done.returncode == 2
    assert b"must not be empty" in done.stderr


def test_an_interrupt_ends_it_without_a_word(tmp_path: Path) -> None:
    heard = threading.Event()

    def silent(asking: socket.socket) -> None:
        asking.recv(1)
        heard.set()
        asking.recv(65_536)
        asking.recv(1)  # until it has gone

    with answering(tmp_path / "json", silent):
        process = subprocess.Popen(
            [sys.executable, "-m", "apppw_tui", "pam", "--socket", tmp_path / "json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(tmp_path, PAM_USER="ada", PAM_TYPE="auth"),
            cwd=ROOT,
        )
        assert process.stdin is not None
        process.stdin.write(SECRET.encode())
        process.stdin.close()
        process.stdin = None
        assert heard.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == (b"", b"")
    assert process.returncode == 130
