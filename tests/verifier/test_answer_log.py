"""SAFETY 24: one line for each answer, and nothing in it that somebody typed by mistake."""

import errno
import os
from dataclasses import replace
from datetime import timedelta, timezone
from typing import NoReturn

import pytest

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.scopes import IMAP, Service
from apppw_tui.integrations.journald import to_journal
from apppw_tui.verifier.answer_log import LINE_BYTES, AnswerLog
from apppw_tui.verifier.decision import Answer, Decision
from tests.support import NOW, FixedClock

PHONE = AppPassword("7kf", "Phone", "$argon2id$", NOW)
RIGHT = Decision(Answer.YES, "right", "ada", PHONE)
RULE = "2026-11-22T12:00:00Z"
SECRET = "7kfm2xqd9h3vtw58"
OLDER = "7kfm2xqd9h3vtw5nc8rw"  # the form of earlier versions


class Kept:
    """A log that is kept in memory."""

    def __init__(self, clock: FixedClock | None = None, *, journal: bool = False) -> None:
        self.writes: list[tuple[int, bytes]] = []
        self.log = AnswerLog(
            clock or FixedClock(), lambda *write: self.writes.append(write), journal=journal
        )

    @property
    def line(self) -> str:
        ((descriptor, line),) = self.writes
        assert (descriptor, line[-1:], line.count(b"\n")) == (2, b"\n", 1)
        return line.decode().removesuffix("\n")


def line(
    decision: Decision = RIGHT, service: Service | None = IMAP, address: str | None = "192.0.2.7"
) -> str:
    written = Kept()
    written.log.attempt("json", decision, service, address)
    return written.line


def test_an_answer_is_one_line_with_its_keys_in_order() -> None:
    assert line() == (
        f"{RULE} answer=yes account=ada app_password=7kf name=Phone service=imap "
        "address=192.0.2.7 socket=json why=right"
    )


def test_every_key_is_there_however_little_is_known() -> None:
    assert line(Decision(Answer.NO, "x y"), None, None) == (
        f"{RULE} answer=no account=(unknown) app_password=- name=- service=- "
        'address=- socket=json why="x y"'
    )


def test_before_anybody_looked_nobody_is_called_unknown() -> None:
    written = line(Decision(Answer.NOT_NOW, "too many at once", retry_after=1.0))
    assert ' answer="not now" account=- ' in written


def test_time_is_written_in_utc() -> None:
    clock = FixedClock(NOW.astimezone(timezone(timedelta(hours=5))) + timedelta(microseconds=7))
    written = Kept(clock)
    written.log.event("ready")
    assert written.line == f"{RULE} ready"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("2001:DB8:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0 account=eve", "fe80::1"),
        ("mail.example.org", "-"),
        ("192.0.2.7 account=eve", "-"),
        ("", "-"),
        ("1" * 5000, "-"),
    ],
)
def test_an_address_is_one_or_nothing(address: str, said: str) -> None:
    assert f" address={said} " in line(address=address)


def test_what_people_named_acts_nowhere() -> None:
    evil = 'a"b\\ account=eve\n\x1b[31m\u202e\ud800'
    written = line(replace(RIGHT, app_password=replace(PHONE, name=evil)))
    assert written.isprintable()
    assert r' name="a\"b\\ account=eve\n\x1b[31m\u202e\ud800" ' in written


@pytest.mark.parametrize("secret", [SECRET, OLDER])
@pytest.mark.parametrize(
    "typed", ["{}", "my phone {}", "/store/accounts/{}.json cannot be used", "{0} {0}"]
)
def test_what_has_the_form_of_an_app_password_is_replaced(secret: str, typed: str) -> None:
    groups = [secret[start : start + 4] for start in range(0, len(secret), 4)]
    for between in ("", " ", "-", "\u00a0"):
        text = typed.format(between.join(groups))
        decision = Decision(Answer.NO, text, "ada", replace(PHONE, name=text))
        written = line(decision, Service(text), text)
        assert written.count("(app password)") == 3 * typed.count("{")
        for part in groups[1:]:
            assert part not in written


def test_an_account_keeps_its_name_though_it_may_have_the_form_by_chance() -> None:
    for name in (SECRET, f"{SECRET[:-1]}8@example.org", "kim.christopher"):
        assert f" account={name} " in line(replace(RIGHT, account_name=name))


@pytest.mark.parametrize("character", ["x", "\U0010ffff", "\ud800", "ä", '"'])
def test_a_line_is_bounded(character: str) -> None:
    long = character * 10_000
    decision = Decision(Answer.NOT_NOW, long, long, replace(PHONE, name=long))
    written = line(decision, Service(long), long)
    assert len(written.encode()) < LINE_BYTES
    event_log = Kept()
    event_log.log.event("x", **{f"fact{number}": long for number in range(40)})
    assert len(event_log.line.encode()) < LINE_BYTES


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPIPE, errno.EBADF, errno.EAGAIN])
def test_a_log_that_cannot_be_written_stops_nothing(number: int) -> None:
    def fail(*_: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    AnswerLog(FixedClock(), fail).attempt("json", RIGHT, IMAP, None)


@pytest.mark.parametrize(
    ("decision", "priority"),
    [
        (RIGHT, 6),
        (Decision(Answer.NOT_MINE, "unknown account"), 6),
        (Decision(Answer.NO, "wrong or deleted", "ada"), 5),
        (Decision(Answer.NOT_NOW, "too many at once", retry_after=1.0), 4),
        (Decision(Answer.NOT_NOW, "The store is busy. Try again in a moment."), 3),
    ],
)
def test_to_the_journal_a_line_has_the_priority_of_its_answer(
    decision: Decision, priority: int
) -> None:
    written = Kept(journal=True)
    written.log.attempt("json", decision, IMAP, None)
    assert written.line.startswith(f"<{priority}>{RULE} answer=")


def test_to_the_journal_what_it_says_of_itself_has_a_priority_too() -> None:
    for name, priority in (("event", 6), ("warned", 4), ("failed", 3)):
        written = Kept(journal=True)
        getattr(written.log, name)("x")
        assert written.line == f"<{priority}>{RULE} x"


def test_the_journal_is_what_systemd_says_it_is() -> None:
    reading, writing = os.pipe()
    try:
        status = os.fstat(writing)
        variables = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert to_journal(writing, variables)
        assert not to_journal(writing, {})
        assert not to_journal(
            0 if writing != 0 else 1, variables
        )  # inherited, and the stream is not
    finally:
        os.close(reading)
        os.close(writing)
    assert not to_journal(writing, variables)
