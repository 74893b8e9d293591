"""`throttle`: what the daemon counts, seen and cleared by root and the daemon's own user."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.commands import serve
from apppw_tui.verifier.attempt_memory import FREE
from tests.running import CommandLine
from tests.serving import Serving, answer_to, asked, forked
from tests.store.other_uid import OTHER, only_root
from tests.support import House, cheap_hasher
from tests.verifier.asking import wrong

STRANGER = "198.51.100.9"


@pytest.fixture
def daemon(tmp_path: Path, house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    """To which somebody has sent wrong passwords, from an address and from nowhere."""
    monkeypatch.setattr(serve, "Hasher", cheap_hasher)
    phones = [house.issue(f"App {number}", "ada").secret for number in range(FREE)]
    with forked(tmp_path, 0) as daemon, daemon.connected() as asking:
        for phone in phones:
            assert asked(asking, "ada", wrong(phone), rip=STRANGER)["answer"] == "not mine"
        assert asked(asking, "ada", wrong(phones[0]), rip="")["answer"] == "not mine"
        assert asked(asking, "correct horse", phones[0].reveal(), rip="")["answer"] == "not mine"
        yield daemon


def test_it_shows_who_waits_and_lets_them_try_again(
    run: CommandLine, daemon: Serving, house: House
) -> None:
    where = ("--socket", daemon.sockets / "json")
    right = house.issue("Phone", "ada").secret.reveal()
    assert daemon.ask("ada", right, rip=STRANGER) == "not now"
    lines = run.good("throttle", "list", *where).splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["ADDRESS", "ACCOUNT", "WRONG"],
        [STRANGER, "-", str(FREE)],
        ["-", "ada", "1"],
        ["-", "(unknown)", "1"],
    ]
    told = json.loads(run.good("throttle", "list", "--json", *where))
    assert [(one["address"], one["account"], one["failures"]) for one in told] == [
        *((STRANGER, None, FREE), (None, "ada", 1), (None, None, 1))
    ]
    assert run.good("throttle", "clear", "192.0.2.1", *where) == "Cleared 0 places.\n"
    assert run.good("throttle", "clear", STRANGER, "ada", *where) == "Cleared 2 places.\n"
    assert daemon.ask("ada", right, rip=STRANGER) == "yes"
    assert run.good("throttle", "clear", "--all", *where) == "Cleared 1 place.\n"
    assert json.loads(run.good("throttle", "list", "--json", *where)) == []


@only_root
def test_whoever_may_only_ask_for_passwords_may_not(
    run: CommandLine, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "Hasher", cheap_hasher)
    with tempfile.TemporaryDirectory() as name, forked(run.home, 0, "--socket-dir", name):
        path, line = Path(name) / "json", b'{"throttle": "clear"}\n'
        assert answer_to(OTHER, path, line) == '{"answer": "error"}\n'
        assert answer_to(0, path, line) == '{"cleared": 0}\n'


@pytest.mark.parametrize(
    "line", [b'{"throttle": "lift"}', b'{"throttle": null}', b'{"throttle": "clear", "place": 7}']
)
def test_another_question_is_an_error(daemon: Serving, line: bytes) -> None:
    with daemon.connected() as asking:
        asking.sendall(line + b"\n")
        assert asking.makefile("rb").read() == b'{"answer": "error"}\n'


def test_where_no_daemon_answers_it_says_so(run: CommandLine) -> None:
    said = run("throttle", "list", "--socket", run.home / "none")
    assert (said.code, said.line) == (3, f"No daemon answers at {run.home / 'none'}.")
