"""What Dovecot is asked, and what is made of whatever may come back."""

import base64
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace

import pytest

from apppw_tui.domain.errors import PasswordBackendDown
from apppw_tui.domain.integration_ports import PasswordReply
from apppw_tui.domain.secret import Secret
from apppw_tui.integrations import dovecot_passwords
from apppw_tui.integrations.dovecot_passwords import DovecotPasswords
from tests.support import Notebook
from tests.unix_sockets import PATIENCE, abandoned, answering

ADA = "ada@example.org"
WORD = "the one of the mail"
GREETING = (
    b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nSPID\t7\nCUID\t1\n"
    b"COOKIE\t00\nDONE\n"
)


@contextmanager
def dovecot(path: Path, *says: bytes) -> Iterator[list[bytes]]:
    """Says one thing after the other, each after it was told a line more than before the last.

    What it was told is in the list; then it waits for the client to go.
    """
    told: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with connection.makefile("rwb", buffering=0) as file:
            told.extend(file.readline() for _ in range(2))  # VERSION and CPID
            for said in says:
                file.write(said)
                if said.endswith(b"DONE\n"):
                    told.append(file.readline())
            if says:
                file.read()

    with answering(path, serve):
        yield told


def ask(path: Path, notebook: Notebook | None = None, **more: str) -> PasswordReply:
    given = {"name": ADA, "password": WORD, "address": "192.0.2.7", **more}
    client = DovecotPasswords(path, notebook or Notebook(), timeout=PATIENCE)
    return client.check(given["name"], Secret(given["password"]), given["address"])


@pytest.mark.parametrize(
    ("address", "rip"),
    [
        ("192.0.2.7", "\trip=192.0.2.7"),
        ("2001:DB8::7", "\trip=2001:db8::7"),
        ("fe80::1%eth0", "\trip=fe80::1"),
        ("local", ""),
        ("1.2.3.4\tnologin", ""),
    ],
)
def test_it_is_asked_as_the_portal(tmp_path: Path, address: str, rip: str) -> None:
    with dovecot(tmp_path / "s", GREETING, f"OK\t1\tuser={ADA}\n".encode()) as told:
        assert ask(tmp_path / "s", address=address) == PasswordReply(valid=True, name=ADA)
    version, pid, asked = (line.decode() for line in told)
    assert version == "VERSION\t1\t0\n"
    assert 0 < int(pid.removeprefix("CPID\t")) < 2**31
    resp = base64.b64encode(f"\0{ADA}\0{WORD}".encode()).decode()
    said = f"AUTH\t1\tPLAIN\tservice=apppw-portal\tsecured\tnologin{rip}\tresp={resp}\n"
    assert asked == said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"OK\t1\tuser={ADA}\tother=x\tplain", PasswordReply(valid=True, name=ADA)),
        ("OK\t1\tuser=ada", PasswordReply(valid=True, name="ada")),
        (f"OK\t1\tuser={ADA}\tnologin", PasswordReply(valid=False, name=ADA)),
        (f"OK\t1\tuser={ADA}\tnologin\treason=moved", PasswordReply(valid=False, name=ADA)),
        (f"FAIL\t1\tuser={ADA}", PasswordReply(valid=False, name=ADA)),
        (f"FAIL\t1\tuser={ADA}\tcode=user_disabled", PasswordReply(valid=False, name=ADA)),
        (f"FAIL\t1\tuser={ADA}\tauthz", PasswordReply(valid=False, name=ADA)),
        ("FAIL\t1\treason=x", PasswordReply(valid=False)),
        (
            f"FAIL\t2\tuser={ADA}\ttemp\nOK\t12\tuser=x\nOK\t1\tuser=y",
            PasswordReply(valid=True, name="y"),
        ),
    ],
)
def test_what_it_answers(tmp_path: Path, line: str, said: PasswordReply) -> None:
    with dovecot(tmp_path / "s", GREETING, f"{line}\n".encode()):
        assert ask(tmp_path / "s") == said


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ((), "ended before the greeting did"),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 70_000), "too much was said"),
        ((b"x" * 70_000,), "too much was said"),
        ((GREETING.replace(b"VERSION\t1", b"VERSION\t2"),), "another version"),
        ((GREETING.replace(b"VERSION\t1\t2\n", b""),), "another version"),
        ((GREETING.replace(b"PLAIN", b"CRAM-MD5"),), "PLAIN is not among"),
        ((GREETING, b"FAIL\t1\tuser=ada\ttemp\n"), "for the moment"),
        ((GREETING, b"FAIL\t1\tuser=ada\tcode=temp_fail\n"), "for the moment"),
        ((GREETING, b"OK\t1\n"), "too much was said"),
        ((GREETING, b"OK\t1\tsomething=else\n"), "not to whom"),
        ((GREETING, b"OK\t1\tuser=ada\tproxy\thost=192.0.2.9\n"), "is a proxy"),
        ((GREETING, b"OK\t1\tuser=ada\tproxy_maybe=y\tnologin\n"), "is a proxy"),
        ((GREETING, b"CONT\t1\tVXNlcm5hbWU6\n"), "more than a password"),
    ],
)
def test_nothing_else_is_taken_for_an_answer(
    tmp_path: Path, says: tuple[bytes, ...], why: str
) -> None:
    notebook = Notebook()
    flood = (b"OK\t1\n" * 20_000,) if says[1:] == (b"OK\t1\n",) else ()
    with (
        dovecot(tmp_path / "s", *says, *flood),
        pytest.raises(PasswordBackendDown, match=r"^Passwords cannot be checked now\. Try again "),
    ):
        ask(tmp_path / "s", notebook)
    ((what, facts),) = notebook.errors
    assert what == "account passwords cannot be checked"
    assert why in facts["why"]
    assert facts["socket"] == str(tmp_path / "s")
    assert WORD not in str(facts)
    assert ADA not in str(facts)


@pytest.mark.parametrize("says", [(b"VERSION\t1\t2\n",), (GREETING, b"OK\t1\tuser=ada")])
def test_it_is_not_waited_for_without_end(tmp_path: Path, says: tuple[bytes, ...]) -> None:
    notebook = Notebook()
    client = DovecotPasswords(tmp_path / "s", notebook, timeout=0.3)
    with dovecot(tmp_path / "s", *says), pytest.raises(PasswordBackendDown):
        client.check(ADA, Secret(WORD), "")
    assert notebook.errors[0][1]["why"] in ("timed out", "no answer in time")


def test_what_comes_drop_by_drop_is_not_waited_for_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = chain([0.0, 0.0], repeat(PATIENCE + 1))
    clock = SimpleNamespace(monotonic=lambda: next(seconds))
    monkeypatch.setattr(dovecot_passwords, "time", clock)
    notebook = Notebook()
    with dovecot(tmp_path / "s", GREETING), pytest.raises(PasswordBackendDown):
        ask(tmp_path / "s", notebook)
    assert notebook.errors[0][1]["why"] == "no answer in time"


def missing(_: Path) -> None:
    pass


def no_socket(path: Path) -> None:
    path.write_text("")


@pytest.mark.parametrize(
    ("put", "why"),
    [
        (missing, "no such file or directory"),
        (abandoned, "connection refused"),
        (no_socket, "connection refused"),
    ],
)
def test_where_nobody_is_there_it_is_said(
    tmp_path: Path, put: Callable[[Path], None], why: str
) -> None:
    put(tmp_path / "s")
    notebook = Notebook()
    with pytest.raises(PasswordBackendDown):
        ask(tmp_path / "s", notebook)
    assert notebook.errors[0][1]["why"] == why


def test_a_path_that_is_too_long_is_said(tmp_path: Path) -> None:
    notebook = Notebook()
    with pytest.raises(PasswordBackendDown):
        ask(tmp_path / ("s" * 200), notebook)
    assert "too long" in notebook.errors[0][1]["why"]


@pytest.mark.parametrize("password", ["", "a\0b", "\udcff", "x" * 4097, "€" * 1366])
def test_what_plain_cannot_carry_is_wrong_without_a_question(tmp_path: Path, password: str) -> None:
    notebook = Notebook()
    assert ask(tmp_path / "nobody", notebook, password=password) == PasswordReply(valid=False)
    assert notebook.errors == []
