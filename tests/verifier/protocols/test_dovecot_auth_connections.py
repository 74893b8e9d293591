"""Connections of Dovecot's auth-client protocol: several requests, ends, and anything at all."""

import asyncio
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.protocols.dovecot_auth import AuthClient
from apppw_tui.verifier.protocols.framing import Limits
from tests.support import sampled
from tests.verifier.asking import ADA, wrong
from tests.verifier.harness import (
    GREETING_LINES,
    HELLO,
    Desk,
    asking,
    auth,
    b64,
    closing,
    connected,
    introduced,
    plain,
    served,
    tasks_are,
    until,
)

NAME, WORD = b64("Username:"), b64("Password:")


# --- several at a time ----------------------------------------------------------------------------


async def test_several_are_answered_as_they_come(desk: Desk, path: Path, secret: str) -> None:
    desk.auth_service.opened.clear()
    async with asking(desk, path) as client:
        await client.send(auth(1, plain(ADA, secret)))
        await client.send(auth(4294967295, None))
        assert await client.line() == "CONT\t4294967295\t"
        await client.send(f"CONT\t4294967295\t{plain(ADA, wrong(Secret(secret)))}\n".encode())
        await client.send(auth(3, "!"))
        assert await client.line() == "FAIL\t3"
        desk.auth_service.opened.set()
        assert set(await client.lines(2)) == {
            f"OK\t1\tuser={ADA}",
            f"FAIL\t4294967295\tuser={ADA}",
        }


async def test_an_id_is_free_again_once_it_is_answered(desk: Desk, path: Path, secret: str) -> None:
    async with asking(desk, path) as client:
        for _ in range(2):
            await client.send(auth(1, plain(ADA, secret)))
            assert await client.line() == f"OK\t1\tuser={ADA}"


async def test_a_second_one_of_the_same_id_ends_both(desk: Desk, path: Path, secret: str) -> None:
    desk.auth_service.opened.clear()
    async with asking(desk, path) as client:
        await client.send(auth(1, plain(ADA, secret)) + auth(1, plain(ADA, secret)))
        assert await client.line() == "FAIL\t1"
        await client.send(auth(2, None) + auth(2, plain(ADA, secret)))
        assert await client.lines(2) == ["CONT\t2\t", "FAIL\t2"]
        desk.auth_service.opened.set()
        await client.send(auth(3, plain(ADA, secret)))
        assert await client.finish() == f"OK\t3\tuser={ADA}\n".encode()


async def test_a_response_that_nobody_asked_for_ends_the_attempt(
    desk: Desk, path: Path, secret: str
) -> None:
    desk.auth_service.opened.clear()
    async with asking(desk, path) as client:
        await client.send(f"CONT\t1\t{plain(ADA, secret)}\n".encode())
        assert await client.line() == "FAIL\t1"
        await client.send(auth(1, plain(ADA, secret)))
        await client.send(f"CONT\t1\t{plain(ADA, secret)}\n".encode())
        assert await client.line() == "FAIL\t1"
        await client.send(auth(2, None))
        assert await client.line() == "CONT\t2\t"
        await client.send(f"CONT\t2\t{plain(ADA, secret)}\n".encode() * 2)
        assert await client.line() == "FAIL\t2"
        desk.auth_service.opened.set()
        assert await client.finish() == b""
    assert len(desk.book.answers) == 2


async def test_what_was_cancelled_is_not_answered_but_counted(
    desk: Desk, path: Path, secret: str
) -> None:
    desk.auth_service.opened.clear()
    async with asking(desk, path) as client:
        await client.send(auth(1, plain(ADA, secret)) + auth(2, None) + b"CANCEL\t2\nCANCEL\t9\n")
        assert await client.line() == "CONT\t2\t"
        await client.send(b"CANCEL\t1\n" + auth(1, plain(ADA, wrong(Secret(secret)))))
        await client.send(f"CONT\t2\t{plain(ADA, secret)}\n".encode())
        assert await client.line() == "FAIL\t2"
        desk.auth_service.opened.set()
        assert await client.finish() == f"FAIL\t1\tuser={ADA}\n".encode()
    assert len(desk.book.answers) == 2


async def test_no_more_are_decided_at_a_time_than_the_limit_and_none_is_refused(
    desk: Desk, path: Path, secret: str
) -> None:
    desk.auth_service.opened.clear()
    async with asking(desk, path, Limits(max_pending=3)) as client:
        await client.send(b"".join(auth(number, plain(ADA, secret)) for number in range(20)))
        await until(lambda: len(desk.auth_service.asked) == 3)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(desk.auth_service.asked) == 3
        desk.auth_service.opened.set()
        answers = await client.lines(20)
        assert set(answers) == {f"OK\t{number}\tuser={ADA}" for number in range(20)}


async def test_of_too_many_challenges_the_oldest_ends(desk: Desk, path: Path, secret: str) -> None:
    async with asking(desk, path, Limits(max_pending=3)) as client:
        for number in range(3):
            await client.send(auth(number, None))
            assert await client.line() == f"CONT\t{number}\t"
        await client.send(auth(3, None))
        assert await client.lines(2) == ["FAIL\t0\ttemp\tcode=temp_fail", "CONT\t3\t"]
        await client.send(f"CONT\t1\t{plain(ADA, secret)}\n".encode())
        assert await client.line() == f"OK\t1\tuser={ADA}"


# --- the end of a connection ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "hello",
    [
        b"VERSION\t2\t0\nCPID\t1\n",
        b"VERSION\t11\nCPID\t1\n",
        b"VERSION\nCPID\t1\n",
        b"CPID\t1\nVERSION\t1\t2\n",
        b"VERSION\t1\t2\n",
        b"VERSION\t1\t2\nSPID\t1\n",
        b"\n",
        b"GET / HTTP/1.1\r\n",
        b"\xff\0\n",
        b"",
    ],
)
async def test_no_attempt_before_the_handshake(
    desk: Desk, path: Path, secret: str, hello: bytes
) -> None:
    async with (
        served(AuthClient(*desk.parts, Limits()).handle, path),
        connected(path) as client,
    ):
        await client.lines(GREETING_LINES)
        await client.send(hello + auth(1, plain(ADA, secret)))
        assert await client.rest() == b""
    assert desk.book.answers == []


@pytest.mark.parametrize(
    "line",
    [
        b"AUTH\tx\tPLAIN",
        b"AUTH\t-1\tPLAIN",
        b"AUTH\t4294967296\tPLAIN",
        b"AUTH\t" + b"1" * 5000 + b"\tPLAIN",
        b"AUTH\t1 \tPLAIN",
        b"AUTH\t\xd9\xa1\tPLAIN",
        b"AUTH\t\tPLAIN",
        b"AUTH",
        b"CONT",
        b"CANCEL\tx",
        b"auth\t1\tPLAIN",
        b"VERSION\t1\t2",
        b"QUIT\t1",
        b"",
        b"\0",
        b"AUTH\t1\tPLAIN\tx=" + b"x" * 8192,
        b"x" * 200_000,
    ],
)
async def test_a_line_that_says_nothing_ends_the_connection_and_no_other(
    desk: Desk, path: Path, secret: str, line: bytes
) -> None:
    async with asking(desk, path) as client:
        async with introduced(path) as other:
            other.writer.write(auth(1, plain(ADA, secret)) + line + b"\n")
            other.writer.write(auth(2, plain(ADA, secret)))
            # What was asked before is still answered.
            assert await other.rest() == f"OK\t1\tuser={ADA}\n".encode()
        await client.send(auth(1, plain(ADA, secret)))
        assert await client.line() == f"OK\t1\tuser={ADA}"
    assert len(desk.book.answers) == 2


async def test_the_longest_line_is_still_read(desk: Desk, path: Path, secret: str) -> None:
    line = auth(1, plain(ADA, secret), more="\tx=@")
    padded = line.replace(b"@", b"x" * (8192 - len(line) + 2))
    assert len(padded) == 8193
    async with asking(desk, path) as client:
        await client.send(padded)
        assert await client.line() == f"OK\t1\tuser={ADA}"
        await client.send(padded.replace(b"x=", b"x=x"))
        assert await client.rest() == b""


async def test_whoever_does_not_read_is_not_listened_to(desk: Desk, path: Path) -> None:
    handler = AuthClient(*desk.parts, Limits(write_timeout=0.01))
    async with served(handler.handle, path), introduced(path) as client:
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]  # not public
        with pytest.raises(ConnectionError):
            await client.send(auth(1, "!") * 500_000)


# --- anything at all ------------------------------------------------------------------------------

ANSWER = re.compile(
    r"CONT\t\d{1,10}\t[A-Za-z0-9+/]*=*"
    r"|FAIL\t\d{1,10}(\tuser=[a-z0-9._+@-]+)?(\ttemp\tcode=temp_fail)?"
)
FUZZ = settings(
    deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def lines_of(secret: str) -> st.SearchStrategy[bytes]:
    """Lines that a confused or a hostile client sends, none of which is a right sign-in."""
    number = st.sampled_from([b"1", b"2", b"3", b"0", b"4294967296", b"-1", b"x", b""])
    never_right = [
        plain(ADA, wrong(Secret(secret))),
        plain("grace", secret),
        plain(ADA, secret, authzid="grace"),
        plain(ADA, secret + "0"),
        plain(ADA + "\0", secret),
        b64(f"\0{ADA}\0{secret}\0"),
        b64(ADA),
        plain("a\nOK\t1\tuser=b", secret),
    ]
    response = st.one_of(
        st.sampled_from([response_.encode() for response_ in never_right]),
        st.binary(max_size=30).map(lambda data: b64(data).encode()),
        st.binary(max_size=10),
    )
    parameter = st.one_of(
        st.sampled_from([b"service=imap", b"rip=192.0.2.7", b"rip=NULL", b"nologin", b"\x01"]),
        st.binary(max_size=10),
    )
    mechanism = st.sampled_from([b"PLAIN", b"LOGIN", b"login", b"XOAUTH2", b"", b"\xff"])
    return st.one_of(
        st.builds(
            lambda n, m, p, r: b"\t".join([b"AUTH", n, m, *p, *r]),
            number,
            mechanism,
            st.lists(parameter, max_size=3),
            st.lists(response.map(lambda data: b"resp=" + data), max_size=2),
        ),
        st.builds(lambda n, r: b"\t".join([b"CONT", n, r]), number, response),
        number.map(lambda n: b"CANCEL\t" + n),
        st.binary(max_size=40),
    )


@pytest.mark.parametrize("examples", sampled(100, 2_000, 10_000))
def test_nothing_that_is_sent_breaks_it_or_gets_in(
    desk: Desk, path: Path, secret: str, examples: int
) -> None:
    async def send(data: bytes) -> None:
        async with connected(path) as client:
            client.writer.write(data)
            answers = (await client.finish()).decode().splitlines()[GREETING_LINES:]
        assert [line for line in answers if not ANSWER.fullmatch(line)] == []
        async with introduced(path) as client:
            await client.send(auth(1, plain(ADA, secret)))
            assert await client.line() == f"OK\t1\tuser={ADA}"
            assert await client.finish() == b""
        await tasks_are(1)

    with asyncio.Runner() as runner:

        async def begin() -> asyncio.Server:
            handler = AuthClient(*desk.parts, Limits(max_pending=4))
            return await asyncio.start_unix_server(closing(handler.handle), path)

        server = runner.run(begin())

        @settings(FUZZ, max_examples=examples)
        @given(
            st.sampled_from([HELLO, HELLO, HELLO, b"", b"VERSION\t1\t"]),
            st.lists(lines_of(secret), max_size=12),
        )
        def fuzz(hello: bytes, lines: list[bytes]) -> None:
            runner.run(send(hello + b"".join(line + b"\n" for line in lines)))

        fuzz()
        server.close()
