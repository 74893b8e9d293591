"""recipes/dovecot/apppw-old-password.lua in a plain Lua: it tells, and decides nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import lua
from tests.services.lua import Script

RECIPE = "apppw-old-password.lua"
OLD = b"the old one"
GOES_ON = "mismatch"  # which leaves what the passdb before has said


@pytest.fixture(params=["service", "protocol"])
def script(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Script]:
    with lua.running(tmp_path, str(request.param), RECIPE) as script:
        yield script


def test_that_an_old_password_was_right_is_told_without_it(script: Script) -> None:
    script.daemon.answers = [b'{"answer": "noted"}\n'] * 2
    assert script.verify(b"ada", OLD, b"imap") == GOES_ON
    assert script.verify('o"hara\\@ä'.encode(), OLD, b"") == GOES_ON
    assert [json.loads(line) for line in script.daemon.asked] == [
        {"event": "old-password", "user": "ada", "service": "imap", "rip": "192.0.2.1"},
        {"event": "old-password", "user": 'o"hara\\@ä', "rip": "192.0.2.1"},
    ]
    assert script.daemon.connections == 1


def test_the_portal_is_where_that_password_belongs(script: Script) -> None:
    assert script.verify(b"ada", OLD, b"apppw-portal") == GOES_ON
    assert script.verify(b"\xff", OLD) == GOES_ON
    assert script.daemon.asked == []


@pytest.mark.parametrize(
    "answer", [b'{"answer": "error"}\n', b'{"answer": "yes", "user": "eve"}\n', b"\xff\n", None]
)
def test_nothing_that_is_answered_decides(script: Script, answer: bytes | None) -> None:
    script.daemon.answers = [answer, answer]
    assert script.verify(b"ada", OLD) == GOES_ON


def test_without_a_daemon_the_sign_in_goes_on(script: Script, tmp_path: Path) -> None:
    (tmp_path / "sock").rename(tmp_path / "away")
    assert script.verify(b"ada", OLD) == GOES_ON
    (tmp_path / "away").rename(tmp_path / "sock")
    assert script.verify(b"ada", OLD) == GOES_ON
    assert len(script.daemon.asked) == 1


def test_a_hung_daemon_holds_up_one_sign_in_and_no_other(tmp_path: Path) -> None:
    with lua.running(tmp_path, recipe=RECIPE, seconds=0.2, pause=3600) as script:
        script.daemon.answers = [b"half a line"]
        for _ in range(3):
            assert script.verify(b"ada", OLD) == GOES_ON
        assert len(script.daemon.asked) == 1


def test_whether_there_is_a_user_is_not_answered(script: Script) -> None:
    assert script.look_up("none") == "unknown"  # so nor does this decide
