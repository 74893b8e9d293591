"""recipes/dovecot/apppw.lua in a plain Lua: the daemon's answers, and whatever else it sends."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import lua
from tests.services.lua import Script


@pytest.fixture
def script(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Script]:
    with lua.running(tmp_path, getattr(request, "param", "service")) as script:
        yield script


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Script]:
    """One that soon takes a silence for one."""
    with lua.running(tmp_path, seconds=1) as script:
        yield script


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (b'{"answer": "yes", "user": "ada@example.org"}', "ok user=ada@example.org"),
        (b'{"answer": "no"}', "mismatch"),
        (b'{"answer": "no", "user": "ada"}', "mismatch"),
        (b'{"answer": "not mine"}', "next"),
        (b'{"answer": "not mine", "user": "ada"}', "next"),
        (b'{"answer": "not now"}', "failure"),
        (b'{"answer": "error"}', "failure"),
    ],
)
def test_each_answer_has_its_result(script: Script, answer: bytes, result: str) -> None:
    script.daemon.answers = [answer + b"\n"]
    assert script.verify() == result


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"yes",
        b'{"answer": "yes"}',
        b'{"answer": "yes", "user": ""}',
        b'{"answer": "yes", "user": "ada nologin"}',
        b'{"answer": "yes", "user": "ada\tuid=0"}',
        b'{"answer": "yes", "user": "ada", "x": 1}',
        b'x{"answer": "yes", "user": "ada"}',
        b'{"answer": "yes", "user": "ada"}x',
        b'{"answer": "Yes", "user": "ada"}',
        b'{"answer":"yes","user":"ada"}',
    ],
)
def test_any_other_line_is_an_internal_failure(script: Script, answer: bytes) -> None:
    assert script.answered(answer + b"\n") == "failure"


@pytest.mark.parametrize("script", ["service", "protocol"], indirect=True)
def test_every_byte_arrives_as_it_was_sent(script: Script) -> None:
    text = "".join(map(chr, (*range(0x300), 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000)))
    text += "\U0010ffff"
    sent = [text[start : start + 100] for start in range(0, len(text), 100)]
    for part in sent:
        script.verify(part.encode(), part.encode(), part.encode())
    read = [json.loads(line) for line in script.daemon.asked]
    assert read == [
        {"user": part, "password": part, "service": part, "rip": "192.0.2.1"} for part in sent
    ]


NOT_UTF8 = [
    b"\x80",
    b"a\xff",
    b"\xc0\x80",
    b"\xc3",
    b"\xc3\xc3\xa4\xa4",
    b"\xe2\xc3\xa4\x82\xac",  # one good sequence inside of another
    b"\xe0\x80\x80",
    b"\xed\xa0\x80",
    b"\xf0\x80\x80\x80",
    b"\xf4\x90\x80\x80",
    b"\xf8\x88\x80\x80\x80",
]


@pytest.mark.parametrize("bad", [*NOT_UTF8, b"x" * 513])
def test_a_name_that_cannot_be_one_is_refused_unasked(script: Script, bad: bytes) -> None:
    assert script.verify(user=bad) == "mismatch"
    assert script.daemon.asked == []


@pytest.mark.parametrize("bad", [*NOT_UTF8, b"x" * 513])
def test_a_password_that_cannot_be_one_is_left_out_of_the_question(
    script: Script, bad: bytes
) -> None:
    script.verify(password=bad, service=b"")
    assert json.loads(script.daemon.asked[0]) == {"user": "ada", "password": "", "rip": "192.0.2.1"}


def test_the_longest_question_fits_into_a_line(script: Script) -> None:
    script.verify(b"\x01" * 512, b"\x02" * 512, b"imap")
    assert len(script.daemon.asked[0]) < 8192


def test_one_connection_carries_many_questions(script: Script) -> None:
    for _ in range(5):
        assert script.answered(b'{"answer": "not mine"}\n') == "next"
    assert script.daemon.connections == 1


def test_it_connects_again_once_when_the_daemon_was_restarted(script: Script) -> None:
    assert script.answered(b'{"answer": "no"}\n') == "mismatch"
    assert script.answered(None, b'{"answer": "not mine"}\n') == "next"
    assert script.answered(None, None, b'{"answer": "not mine"}\n') == "failure"
    assert script.answered(b'{"answer": "no"}\n') == "mismatch"


def test_half_a_line_is_no_answer(impatient: Script) -> None:
    assert impatient.answered(b'{"answer": "yes", "user": "ada"}') == "failure"


def test_a_late_answer_is_never_taken_for_that_to_another_question(impatient: Script) -> None:
    assert impatient.answered(b'{"answer": "no"}\n') == "mismatch"
    # Nothing comes in time; what comes then belongs to that question.
    assert impatient.answered(b'{"answer"') == "failure"
    assert impatient.answered(b': "yes", "user": "ada"}\n', b'{"answer": "no"}\n') == "failure"
    assert impatient.answered(b'{"answer": "no"}\n') == "mismatch"
    assert impatient.daemon.connections == 3


def test_without_a_daemon_it_is_an_internal_failure(script: Script, tmp_path: Path) -> None:
    (tmp_path / "sock").rename(tmp_path / "away")
    assert script.verify() == "failure"
    (tmp_path / "away").rename(tmp_path / "sock")
    assert script.answered(b'{"answer": "no"}\n') == "mismatch"
