"""Whether an app could sign in: what the daemon says, what is said without one, in which words."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apppw_tui.config import ServeConfig, SocketConfig
from apppw_tui.domain.connection_settings import ConnectionTestResult
from apppw_tui.domain.scopes import IMAP, SMTP, Service
from apppw_tui.domain.secret import Secret
from apppw_tui.integrations import daemon
from apppw_tui.store.folder.location import open_store
from apppw_tui.store.memory_engine import MemoryErrorLog
from apppw_tui.verifier.connection_test import ConnectionTest
from apppw_tui.verifier.decision import Answer, Decision, Verifier
from tests.serving import serving
from tests.support import NOW, House
from tests.unix_sockets import answering
from tests.verifier.asking import ADA, change_record

SECRET = Secret("7kfm2xqd9h3vtw5nc8rw")
SOCKETS = ServeConfig().sockets
SIGN_IN = f"It opens IMAP, as {ADA}."


@pytest.fixture
def house() -> House:
    house = House()
    house.add(ADA)
    return house


class Says(Verifier):
    """Says the same of everything; without a `decision` it must not be asked."""

    def __init__(self, decision: Decision | None = None) -> None:
        self._verdict = decision

    def decide(self, *_: object, **_named: object) -> Decision:
        assert self._verdict is not None
        return self._verdict


@contextmanager
def a_daemon(folder: Path, reply: bytes) -> Iterator[list[bytes]]:
    """Answers one question of each caller with `reply`; what it was asked."""
    heard: list[bytes] = []

    def answer(asking: socket.socket) -> None:
        with asking.makefile("rb") as lines:
            heard.append(lines.readline())
        asking.sendall(reply)

    with answering(folder / "json", answer):
        yield heard


def verifier(house: House) -> Verifier:
    return Verifier(house.store, house.hasher, house.clock)


@pytest.mark.parametrize(
    ("answer", "right", "sentence"),
    [
        ({"answer": "yes", "user": ADA, "why": "right"}, True, SIGN_IN),
        ({"answer": "yes", "user": "a\x1b[31m"}, True, r"It opens IMAP, as a\x1b[31m."),
        (
            {"answer": "no", "user": ADA, "why": "expired"},
            False,
            "The server refuses it: it has expired.",
        ),
        (
            {"answer": "not mine", "user": ADA, "why": "the account is disabled"},
            False,
            "The server refuses it: your account is disabled.",
        ),
        (
            {"answer": "no", "user": ADA, "why": "out of scope"},
            False,
            "The server refuses it: it is not for IMAP.",
        ),
        (
            {"answer": "not mine", "user": ADA},
            False,
            "The server refuses it: it knows no such app password.",
        ),
        (
            {"answer": "no", "user": ADA, "why": ["anything"]},
            False,
            "The server refuses it: it knows no such app password.",
        ),
        (
            {"answer": "not mine"},
            False,
            "The server refuses it: it does not know your account.",
        ),
        ({"answer": "not now", "retry_after": 4}, None, "Not now: try again in 4 s."),
        (
            {"answer": "not now"},
            None,
            "Not now: the server is busy. Try again in a moment.",
        ),
    ],
)
def test_what_the_daemon_answers_is_said(
    tmp_path: Path, answer: dict[str, object], right: bool | None, sentence: str
) -> None:
    with a_daemon(tmp_path, json.dumps(answer).encode() + b"\n") as heard:
        tried = ConnectionTest(Says(), SOCKETS, tmp_path.joinpath, MemoryErrorLog())(
            ADA, SECRET, IMAP
        )
    assert tried == ConnectionTestResult(right, sentence)
    assert [json.loads(line) for line in heard] == [
        {"user": ADA, "password": SECRET.reveal(), "service": "imap", "test": True}
    ]


def test_without_a_daemon_it_is_decided_here_and_that_is_said(house: House, tmp_path: Path) -> None:
    error_log = MemoryErrorLog()
    trying = ConnectionTest(verifier(house), SOCKETS, tmp_path.joinpath, error_log)
    secret = house.issue("Phone").secret
    silent = (
        "The password is right, but this server's sign-in service is not running. "
        "Tell your administrator."
    )
    assert trying(ADA, secret, IMAP) == ConnectionTestResult(None, silent)
    assert list(error_log.errors) == [("daemon silent", {"socket": f"{tmp_path}/json"})]
    (tmp_path / "json").write_text("")
    assert trying(ADA, secret, IMAP) == ConnectionTestResult(None, silent)
    change_record(house, expires=NOW)
    expired = ConnectionTestResult(False, "The server refuses it: it has expired.")
    assert trying(ADA, secret, IMAP) == expired
    house.operator.delete_app_password(ADA, "Phone")
    gone = ConnectionTestResult(False, "The server refuses it: it knows no such app password.")
    assert trying(ADA, secret, IMAP) == gone
    house.operator.remove_account(ADA)
    nobody = ConnectionTestResult(False, "The server refuses it: it does not know your account.")
    assert trying(ADA, secret, IMAP) == nobody


def test_in_a_store_of_ones_own_it_is_said_that_nothing_asks_yet(
    house: House, tmp_path: Path
) -> None:
    error_log = MemoryErrorLog()
    place = tmp_path.joinpath
    trying = ConnectionTest(verifier(house), SOCKETS, place, error_log, on_server=False)
    tried = trying(ADA, house.issue("Phone").secret, IMAP)
    sentence = (
        "The password is right, but nothing on this machine asks for app passwords of this store "
        "yet."
    )
    assert tried == ConnectionTestResult(None, sentence)
    assert not error_log.errors


@pytest.mark.parametrize(
    "reply", [b"", b"\n", b"yes\n", b'{"answer": "error"}\n', b'{"answer": ["yes"]}\n', b"[]\n"]
)
def test_what_is_no_answer_is_no_daemon(house: House, tmp_path: Path, reply: bytes) -> None:
    secret = house.issue("Phone").secret
    with a_daemon(tmp_path, reply):
        tried = ConnectionTest(verifier(house), SOCKETS, tmp_path.joinpath, MemoryErrorLog())(
            ADA, secret, IMAP
        )
    assert tried.ok is None
    assert tried.message.endswith("sign-in service is not running. Tell your administrator.")


def test_a_daemon_that_may_not_be_asked_is_said(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> dict[str, object]:
        raise PermissionError

    monkeypatch.setattr(daemon, "ask", refused)
    tried = ConnectionTest(verifier(house), SOCKETS, tmp_path.joinpath, MemoryErrorLog())(
        ADA, house.issue("Phone").secret, IMAP
    )
    sentence = "The password is right, but it cannot be tried from here. Try it in an app."
    assert tried == ConnectionTestResult(None, sentence)


@pytest.mark.parametrize(
    ("sockets", "service", "asked"),
    [
        ([SocketConfig("json", "json", frozenset({IMAP}))], "imap", True),
        ([SocketConfig("json", "json", frozenset({IMAP}))], "smtp", False),
        ([SocketConfig("json", "mux")], "imap", False),
        ([], "imap", False),
        (
            [SocketConfig("a", "json", frozenset({SMTP})), SocketConfig("json", "json")],
            "imap",
            True,
        ),
    ],
)
def test_a_socket_is_asked_only_for_what_it_may_speak_for(
    house: House, tmp_path: Path, sockets: list[SocketConfig], service: Service, asked: bool
) -> None:
    trying = ConnectionTest(verifier(house), sockets, tmp_path.joinpath, MemoryErrorLog())
    tried = trying(ADA, house.issue("Phone").secret, service)
    assert tried.ok is None
    none = "The password is right, but it cannot be tried from here. Try it in an app."
    assert (tried.message != none) is asked


def test_a_store_that_cannot_be_read_is_said_as_it_is(tmp_path: Path) -> None:
    decision = Decision(Answer.NOT_NOW, "The store is busy. Try again.")
    tried = ConnectionTest(Says(decision), SOCKETS, tmp_path.joinpath, MemoryErrorLog())(
        ADA, SECRET, IMAP
    )
    assert tried == ConnectionTestResult(None, "Not now: The store is busy. Try again.")


def test_the_real_daemon_is_asked_and_counts_it_as_no_use(tmp_path: Path) -> None:
    house = House(store=open_store(tmp_path / "store", create=True))
    house.add(ADA)
    secret = house.issue("Phone").secret
    with serving(tmp_path) as running:
        trying = ConnectionTest(Says(), SOCKETS, running.sockets.joinpath, MemoryErrorLog())
        assert trying(ADA, secret, IMAP) == ConnectionTestResult(True, SIGN_IN)
        (line,) = running.answers
        assert line.endswith('service=imap address=- socket=json why="test: right"')
        assert running.end() == 0
    assert not list((tmp_path / "store").glob("usage/*"))
