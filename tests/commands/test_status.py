"""`status`, and GET /metrics, of a daemon that runs: what it has counted, told by itself."""

import json
import re
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from apppw_tui.commands import serve, throttle
from tests.running import CommandLine
from tests.serving import Serving, answer_to, forked
from tests.store.other_uid import OTHER, only_root
from tests.support import House, cheap_hasher
from tests.verifier.asking import wrong
from tests.verifier.exposition import parsed
from tests.verifier.protocols.http_client import UnixHttp

METRICS = '[[serve.socket]]\nname = "http"\nmetrics = true\n'
STRANGER = "198.51.100.9"


@pytest.fixture
def daemon(tmp_path: Path, house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    """Asked four times: with a wrong one, and with the right one, once for a service of ours."""
    monkeypatch.setattr(serve, "Hasher", cheap_hasher)
    secret = house.issue("Phone", "ada").secret
    file = tmp_path / "config.toml"
    file.write_text(METRICS)
    with forked(tmp_path, 0, "--config", file) as daemon:
        for service in ("imap", "imap", "secret-service"):
            assert daemon.ask("ada", secret.reveal(), service=service) == "yes"
        assert daemon.ask("ada", wrong(secret), rip=STRANGER) == "not mine"
        yield daemon


def test_status_is_told_for_people_and_for_programs(run: CommandLine, daemon: Serving) -> None:
    where = ("--socket", daemon.sockets / "json")
    lines = dict(
        line.split(":", 1) for line in run.good("status", *where).splitlines() if ":" in line
    )
    assert lines["last minute"].strip() == "3 yes, 0 no, 1 not mine, 0 not now, 0 paused"
    assert lines["all answers"].strip() == "3 yes, 0 no, 1 not mine, 0 not now, 0 paused"
    assert lines["remembered"].strip() == "1 right password; 2 attempts needed no hash"
    assert lines["slowed down"].strip() == "0 of 1 place with wrong ones; 0 attempts refused"
    assert lines["let one try"].strip() == "apppw-tui throttle clear PLACE"
    status = json.loads(run.good("status", "--json", *where))
    assert status["answers"] == {"yes": 3, "no": 0, "not_mine": 1, "not_now": 0, "paused": 0}
    assert (status["hashes"]["computed"], status["hashes"]["waiting"]) == (2, 0)
    assert status["throttle"] == {"places": 1, "waiting": 0, "refused": 0}
    assert status["connections"].keys() == {"auth-client", "mux", "http", "json"}
    assert status["connections"]["json"] >= 1  # this one


def test_metrics_of_a_daemon_that_runs(daemon: Serving) -> None:
    client = UnixHttp(daemon.sockets / "http")
    reply = client.ask("GET", "/metrics", {}, None)
    client.close()
    read = parsed(reply.body)

    def answers(service: str, result: str) -> float:
        labels = frozenset({("service", service), ("result", result)})
        return read["apppw_tui_answers_total", labels]

    assert (answers("imap", "yes"), answers("other", "yes")) == (2, 1)
    assert answers("imap", "not mine") == 1
    assert read["apppw_tui_connections", frozenset({("socket", "http")})] == 1
    assert b"secret" not in reply.body
    assert re.search(rb"\bada\b", reply.body) is None
    assert STRANGER.encode() not in reply.body


def test_status_needs_no_configuration(run: CommandLine, daemon: Serving) -> None:
    (run.home / "etc").mkdir(exist_ok=True)
    (run.home / "etc" / "config.toml").write_text("stor = 1")
    where = ("--socket", daemon.sockets / "json")
    assert run("throttle", "list", *where).code == 3
    assert run.good("status", *where)


def test_status_says_why_no_use_could_be_written(
    run: CommandLine, tmp_path: Path, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "Hasher", cheap_hasher)
    (tmp_path / "store" / "usage").touch()  # where a folder has to be
    with forked(tmp_path, 0) as daemon:
        where = ("--socket", daemon.sockets / "json")
        assert daemon.ask("ada", house.issue("Phone", "ada").secret.reveal(), service="imap")
        while (status := json.loads(run.good("status", "--json", *where)))["flush_trouble"] is None:
            pass  # the first flush is under way
        written = next(
            line for line in run.good("status", *where).splitlines() if "uses written" in line
        )
    assert status["last_flush_seconds"] is None
    assert "usage" in status["flush_trouble"]
    assert written.split(":", 1)[1].strip() == f"never: {status['flush_trouble']}"


def test_status_without_a_daemon_is_no_answer(run: CommandLine) -> None:
    result = run("status", "--socket", run.home / "none")
    assert (result.code, result.line) == (3, f"No daemon answers at {run.home / 'none'}.")


def test_status_of_a_daemon_that_says_nothing_is_asked_for_once(
    run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "_SECONDS", 0.1)
    path = tmp_path / "silent"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        result = run("status", "--socket", path)
        assert (result.code, result.line) == (3, f"No daemon answers at {path}.")
        listening.accept()[0].close()
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()


def _wake(path: Path) -> None:
    """Ends what still waits there to be asked."""
    for _ in range(2):
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(path))


@pytest.fixture
def earlier(tmp_path: Path) -> Iterator[Callable[[bytes], Path]]:
    """Serves as a daemon of before: it knows `throttle` alone, and says that to all else."""
    with ExitStack() as stack:

        def serve_saying(error: bytes) -> Path:
            path = tmp_path / "earlier"
            listening = stack.enter_context(socket.socket(socket.AF_UNIX))
            listening.bind(str(path))
            listening.listen()

            def answer() -> None:
                for _ in range(2):
                    asking, _ = listening.accept()
                    with suppress(OSError), asking, asking.makefile("rb") as lines:
                        is_known = b"throttle" in lines.readline()
                        asking.sendall(b'{"throttle": [], "more": 0}\n' if is_known else error)

            threading.Thread(target=answer, daemon=True).start()
            stack.callback(_wake, path)
            return path

        yield serve_saying


@pytest.mark.parametrize("error", [b'{"answer": "error"}\n', b""], ids=["error", "closes"])
def test_status_of_an_earlier_daemon_says_to_restart_it(
    run: CommandLine, earlier: Callable[[bytes], Path], error: bytes
) -> None:
    result = run("status", "--socket", earlier(error))
    assert result.code == 3
    assert "is of an earlier version, which cannot tell that; restart it" in result.line


@only_root
def test_status_is_for_the_administrator_alone(
    run: CommandLine, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "Hasher", cheap_hasher)
    with tempfile.TemporaryDirectory() as name, forked(run.home, 0, "--socket-dir", name):
        path, line = Path(name) / "json", b'{"daemon": "status"}\n'
        assert answer_to(OTHER, path, line).startswith('{"answer": ')
        assert answer_to(0, path, line).startswith('{"status": ')


@pytest.mark.parametrize(
    "line",
    [b'{"daemon": "stop"}', b'{"daemon": null}', b'{"daemon": "status", "throttle": "clear"}'],
)
def test_another_question_of_the_daemon_is_an_error(daemon: Serving, line: bytes) -> None:
    with daemon.connected() as asking:
        asking.sendall(line + b"\n")
        assert asking.makefile("rb").read() == b'{"answer": "error"}\n'
