"""The JSON lines that Dovecot's Lua passdb speaks, over a Unix socket."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.decision import Answer, Decision
from apppw_tui.verifier.protocols.framing import Limits
from apppw_tui.verifier.protocols.json_lines import JsonLines
from tests.support import NOW, House
from tests.verifier.asking import ADA, change_record, wrong
from tests.verifier.harness import PATIENCE, Book, Desk, Server, always, connected, served

LIMITS = Limits(idle_timeout=PATIENCE)
YES = {"answer": "yes", "user": ADA}
NO = {"answer": "no", "user": ADA}
NOT_MINE = {"answer": "not mine", "user": ADA}
ERROR = {"answer": "error"}


def line(user: object, password: object, **more: object) -> bytes:
    text = password.reveal() if isinstance(password, Secret) else password
    return json.dumps({"user": user, "password": text, **more}).encode() + b"\n"


def answers(sent: bytes) -> list[Any]:
    return [json.loads(each) for each in sent.splitlines()]


@dataclass
class Passdb:
    """A house whose door is the socket that Lua asks."""

    house: House
    secret: Secret
    server: Server
    book: Book

    async def ask(self, *pieces: bytes) -> list[Any]:
        return answers(await self.server.talk(*pieces))


@pytest.fixture
async def passdb(house: House, path: Path) -> AsyncIterator[Passdb]:
    desk = Desk(house)
    async with served(JsonLines(*desk.parts, LIMITS).handle, path) as server:
        yield Passdb(house, house.issue("Phone").secret, server, desk.book)
    desk.close()


async def test_the_right_password_is_a_yes(passdb: Passdb) -> None:
    answer = await passdb.server.talk(line(ADA, passdb.secret, service="imap"))
    assert answer == b'{"answer": "yes", "user": "ada@example.org"}\n'


async def test_a_wrong_one_is_not_ours_while_the_account_is_open(passdb: Passdb) -> None:
    secret = wrong(passdb.secret)
    assert await passdb.ask(line(ADA, secret)) == [NOT_MINE]
    passdb.house.alter(enforced_from=NOW)
    assert await passdb.ask(line(ADA, secret)) == [NO]


@pytest.mark.parametrize("user", ["grace", "", "ada @example.org", "a\0b", 'a"b\\', "ä", "a\r\nb"])
async def test_an_unknown_account_is_not_ours(passdb: Passdb, user: str) -> None:
    assert await passdb.ask(line(user, passdb.secret)) == [{"answer": "not mine"}]


@pytest.mark.parametrize("account", [None, ADA])
async def test_not_now_is_said(house: House, path: Path, account: str | None) -> None:
    handler = JsonLines(*always(house, Decision(Answer.NOT_NOW, "busy", account)), LIMITS)
    async with served(handler.handle, path) as here:
        (answer,) = answers(await here.talk(line(ADA, "x")))
    assert answer == {"answer": "not now"} | ({"user": account} if account else {})


async def test_a_yes_without_a_name_is_not_now(house: House, path: Path) -> None:
    handler = JsonLines(*always(house, Decision(Answer.YES, "right")), LIMITS)
    async with served(handler.handle, path) as here:
        assert answers(await here.talk(line(ADA, "x"))) == [{"answer": "not now"}]


@pytest.mark.parametrize("test", [True, False, None])
async def test_what_was_only_tried_is_no_use_and_passes_nothing_on(
    passdb: Passdb, test: bool | None
) -> None:
    right = line(ADA, passdb.secret, service="imap", rip="192.0.2.7", test=test)
    wrong_one = line(ADA, wrong(passdb.secret), service="imap", test=test)
    why = {"why": "right"} if test else {}
    assert await passdb.ask(right, wrong_one) == [YES | why, NOT_MINE]
    assert passdb.book.uses == ([] if test else [(ADA, "imap", "192.0.2.7")])
    assert [decision.reason for decision in passdb.book.decisions] == (
        ["test: right", "test: wrong or deleted"] if test else ["right", "wrong or deleted"]
    )


def event(**fields: object) -> bytes:
    return json.dumps({"event": "old-password", **fields}).encode() + b"\n"


async def test_an_old_password_that_was_right_is_noted(passdb: Passdb) -> None:
    replies = await passdb.ask(
        event(user=ADA, service="imap", rip="192.0.2.7"),
        event(user="nobody"),
        event(user="\x00\u00e4", service="no service", rip="nowhere"),
        line(ADA, passdb.secret),
    )
    assert replies == [{"answer": "noted"}] * 3 + [YES]
    assert passdb.book.old_passwords == [
        (ADA, "imap", "192.0.2.7"),
        ("nobody", None, None),
        ("\x00\u00e4", None, None),
    ]
    assert len(passdb.book.answers) == 1  # nothing was asked


@pytest.mark.parametrize(
    "strange",
    [
        event(),
        event(user=7),
        event(user=ADA, service=7),
        event(user=ADA, password="old"),
        json.dumps({"event": "other", "user": ADA}).encode() + b"\n",
        json.dumps({"event": "other", "user": ADA, "password": "x"}).encode() + b"\n",
        json.dumps({"event": None, "user": ADA}).encode() + b"\n",
        json.dumps({"event": ["old-password"], "user": ADA}).encode() + b"\n",
    ],
)
async def test_an_event_of_no_known_form_ends_the_connection(
    passdb: Passdb, strange: bytes
) -> None:
    assert await passdb.ask(strange, event(user=ADA)) == [ERROR]
    assert passdb.book.old_passwords == []


async def test_why_is_told_to_a_test_alone_and_only_of_a_right_password(passdb: Passdb) -> None:
    passdb.house.alter(enforced_from=NOW)
    change_record(passdb.house, expires=NOW)
    asked = [
        line(ADA, passdb.secret, test=True),
        line(ADA, passdb.secret),
        line(ADA, wrong(passdb.secret), test=True),
        line(ADA, "no app password", test=True),
        line("grace", passdb.secret, test=True),
    ]
    assert await passdb.ask(*asked) == [
        NO | {"why": "expired"},
        *[NO] * 3,
        {"answer": "not mine"},
    ]


async def test_a_test_is_told_how_long_to_wait(house: House, path: Path) -> None:
    decision = Decision(Answer.NOT_NOW, "too many at once", retry_after=1.2)
    handler = JsonLines(*always(house, decision), LIMITS)
    async with served(handler.handle, path) as here:
        replies = answers(await here.talk(line(ADA, "x"), line(ADA, "x", test=True)))
    assert replies == [{"answer": "not now"}, {"answer": "not now", "retry_after": 2}]


async def test_service_and_address_are_told(passdb: Passdb) -> None:
    await passdb.ask(
        line(ADA, "x", service="imap", rip="192.0.2.1"),
        line(ADA, "x", service="", rip=""),
        line(ADA, "x", service=None, rip=None),
        line(ADA, "x", rip="somewhere"),
        line(ADA, "x"),
    )
    assert passdb.book.asked == [("imap", "192.0.2.1"), *[(None, None)] * 4]


@pytest.mark.parametrize("service", [None, ""])
async def test_where_a_socket_speaks_for_one_service_none_need_be_named(
    house: House, path: Path, service: str | None
) -> None:
    desk = Desk(house, allowed=frozenset({IMAP}))
    async with served(JsonLines(*desk.parts, LIMITS).handle, path) as here:
        await here.talk(line(ADA, "x", service=service))
    assert desk.book.asked == [("imap", None)]


async def test_unknown_keys_and_their_values_are_ignored(passdb: Passdb) -> None:
    unknown = {"session": [1, {"a": None}], "Password": "x", "lip": True}
    assert await passdb.ask(line(ADA, passdb.secret, **unknown)) == [YES]


async def test_many_questions_are_answered_in_order(passdb: Passdb) -> None:
    right, wrong_ = line(ADA, passdb.secret), line(ADA, wrong(passdb.secret))
    unknown = line("grace", "x")
    sent = right + wrong_ + unknown + right.replace(b"\n", b"\r\n") + wrong_
    expected = [YES, NOT_MINE, {"answer": "not mine"}, YES, NOT_MINE]
    assert await passdb.ask(sent) == expected
    assert await passdb.ask(*(bytes([byte]) for byte in sent)) == expected


GOOD = b'{"user": "ada@example.org", "password": "SECRET"}'


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b" ",
        b"hello",
        b"null",
        b'"ada"',
        b"[]",
        b"{}",
        b'{"user": "ada@example.org"}',
        b'{"password": "SECRET"}',
        GOOD.replace(b'"ada@example.org"', b"null"),
        GOOD.replace(b'"SECRET"', b"1"),
        GOOD.replace(b'"SECRET"', b'["SECRET"]'),
        GOOD.replace(b"}", b', "service": 1}'),
        GOOD.replace(b"}", b', "rip": ["::1"]}'),
        GOOD.replace(b"}", b', "test": 1}'),
        GOOD.replace(b"}", b', "test": "true"}'),
        GOOD.replace(b"}", b', "password": "SECRET"}'),
        GOOD.replace(b"}", b', "x": {"y": 1, "y": 2}}'),
        GOOD.replace(b"}", b', "x": NaN}'),
        GOOD.replace(b"}", b', "x": ' + b"9" * 5000 + b"}"),
        GOOD.replace(b"ada", b"\\ud800"),
        GOOD.replace(b"SECRET", b"SECRET\\udfff"),
        GOOD.replace(b"ada", b"\xff"),
        GOOD.replace(b"ada", b"\xed\xa0\x80"),
        GOOD.replace(b"SECRET", b"\x01"),
        GOOD.replace(b'"', b"'"),
        GOOD + b" x",
        GOOD + GOOD,
        GOOD[:-1],
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
    ],
)
async def test_what_is_no_question_is_an_error_and_the_end(passdb: Passdb, bad: bytes) -> None:
    secret = passdb.secret.reveal().encode()
    good = GOOD.replace(b"SECRET", secret) + b"\n"
    assert await passdb.ask(good, bad.replace(b"SECRET", secret) + b"\n" + good) == [YES, ERROR]
    assert len(passdb.book.asked) == 1


async def test_deep_nesting_is_read_or_refused_and_ends_nothing(passdb: Passdb) -> None:
    # Which of both is the Python's: 3.14 reads what older ones cannot.
    secret = passdb.secret.reveal().encode()
    deep = GOOD.replace(b"}", b', "x": ' + b"[" * 4000 + b"]" * 4000 + b"}")
    assert await passdb.ask(deep.replace(b"SECRET", secret) + b"\n") in ([YES], [ERROR])
    assert await passdb.ask(GOOD.replace(b"SECRET", secret) + b"\n") == [YES]


@pytest.mark.parametrize("excess", [0, 1, 100_000])
async def test_a_line_has_its_longest(passdb: Passdb, excess: int) -> None:
    good = line(ADA, passdb.secret)
    padded = good[:-1] + b" " * (LIMITS.max_bytes - len(good) + 1 + excess) + b"\n"
    assert await passdb.ask(padded, good) == ([YES, YES] if not excess else [])


async def test_whoever_does_not_read_is_not_listened_to(house: House, path: Path) -> None:
    handler = JsonLines(*Desk(house).parts, Limits(write_timeout=0.02))
    async with served(handler.handle, path), connected(path) as client:
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]  # not public
        with pytest.raises(ConnectionError):
            await client.send(b'{"event":"old-password","user":"x"}\n' * 100_000)
