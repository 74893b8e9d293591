"""saslauthd's protocol: what libsasl sends, and what it never would."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apppw_tui.domain.scopes import SMTP
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.protocols.framing import Limits
from apppw_tui.verifier.protocols.saslauthd import Saslauthd
from tests.support import sampled
from tests.verifier.asking import ADA, change_record, wrong
from tests.verifier.harness import Client, Desk, closing, connected, frame, served, tasks_are

OK = b"\0\2OK"
NO = b"\0\2NO"


async def answered(desk: Desk, path: Path, data: bytes, limits: Limits | None = None) -> bytes:
    """All that one connection is answered."""
    handler = Saslauthd(*desk.parts, limits or Limits())
    async with served(handler.handle, path), connected(path) as client:
        await client.send(data)
        return await client.finish()


async def reply(client: Client) -> bytes:
    return await client.reader.readexactly(4)


async def test_libsasl(desk: Desk, path: Path, secret: str) -> None:
    # It takes ada@example.org apart, writes once, reads the answer and closes.
    handler = Saslauthd(*desk.parts, Limits())
    async with served(handler.handle, path), connected(path) as postfix:
        request = b"\0\3ada\0\x10" + secret.encode() + b"\0\4smtp\0\x0bexample.org"
        await postfix.send(request)
        assert await reply(postfix) == OK
    assert desk.book.uses == [(ADA, "smtp", None)]


async def test_a_newer_libsasl_that_sends_the_clients_address_too(
    desk: Desk, path: Path, secret: str
) -> None:
    handler = Saslauthd(*desk.parts, Limits())
    for client_address in ("", "192.0.2.7;50123"):
        async with served(handler.handle, path), connected(path) as postfix:
            await postfix.send(frame("ada", secret, "smtp", "example.org", client_address))
            assert await reply(postfix) == OK
    assert len(desk.book.answers) == 2


@pytest.mark.parametrize(
    ("login", "answer"),
    [
        ((ADA, ""), OK),
        (("ada", "example.org"), OK),
        ((ADA, "elsewhere.example"), OK),
        (("ada", ""), NO),
        (("ada", "elsewhere.example"), NO),
        (("", ""), NO),
        (("", ADA), NO),
        (("ada@", "example.org"), NO),
        (("ada\0", "example.org"), NO),
        (("ada", "example.org\0"), NO),
    ],
)
async def test_the_realm_completes_a_user_that_has_none(
    desk: Desk, path: Path, secret: str, login: tuple[str, str], answer: bytes
) -> None:
    user, realm = login
    assert await answered(desk, path, frame(user, secret, "imap", realm)) == answer


async def test_the_default_domain_completes_a_user_without_a_realm(
    desk: Desk, path: Path, secret: str
) -> None:
    desk.auth_service.default_domain = "example.org"
    assert await answered(desk, path, frame("ada", secret, "imap", "")) == OK


async def test_the_service_counts(desk: Desk, path: Path, secret: str) -> None:
    change_record(desk.house, scope=("smtp",))
    requests = [frame(ADA, secret, service, "") for service in ("smtp", "imap", "", "\x01")]
    assert await answered(desk, path, b"".join(requests)) == OK + NO * 3


async def test_a_socket_for_one_service_needs_none_named(
    desk: Desk, path: Path, secret: str
) -> None:
    change_record(desk.house, scope=("smtp",))
    desk.allowed = frozenset({SMTP})
    requests = [frame(ADA, secret, service, "") for service in ("", "imap")]
    assert await answered(desk, path, b"".join(requests)) == OK + NO


# --- the end of a connection ----------------------------------------------------------------------


async def test_what_is_too_long_ends_the_connection_and_no_other(
    desk: Desk, path: Path, secret: str
) -> None:
    right = frame(ADA, secret, "imap", "")
    longest = Limits(max_bytes=len(right) - 8)
    assert await answered(desk, path, right, longest) == OK
    handler = Saslauthd(*desk.parts, longest)
    async with served(handler.handle, path), connected(path) as other:
        for request in (
            frame(ADA, secret, "imap", "x"),
            frame(ADA, secret, "imap1", ""),
            b"\xff\xff",
            frame("x" * 65535, "", "", ""),
        ):
            async with connected(path) as client:
                client.writer.write(right + request + right)
                assert await client.rest() == OK
        await other.send(right)
        assert await reply(other) == OK


@pytest.mark.parametrize("sent", [(ADA, b"gr\xfcn"), (b"j\xfcrg", "x")])
async def test_what_is_no_utf8_is_refused_and_written_down(
    desk: Desk, path: Path, sent: tuple[str | bytes, str | bytes]
) -> None:
    assert await answered(desk, path, frame(*sent, "imap", "")) == NO
    assert len(desk.book.answers) == 1


@pytest.mark.slow
async def test_whoever_does_not_read_is_not_listened_to(desk: Desk, path: Path) -> None:
    handler = Saslauthd(*desk.parts, Limits(write_timeout=0.01))
    async with served(handler.handle, path), connected(path) as client:
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]  # not public
        with pytest.raises(ConnectionError):
            await client.send(frame(b"\xff", "", "", "") * 500_000)


# --- anything at all ------------------------------------------------------------------------------


def requests_of(secret: str) -> st.SearchStrategy[bytes]:
    """Requests of a confused or a hostile client, none of which is a right sign-in."""
    never_right = st.sampled_from(
        [
            frame(ADA, wrong(Secret(secret)), "imap", ""),
            frame("grace", secret, "imap", ""),
            frame(ADA + "\0", secret, "imap", ""),
            frame(ADA, secret + "\u0301", "imap", ""),
            frame(ADA, secret + "0", "imap", ""),
            frame("ada", secret, "imap", "example.org\0"),
            frame(secret, ADA, "imap", ""),
        ]
    )
    any_frame = st.lists(st.binary(max_size=20), min_size=4, max_size=4)
    return st.one_of(never_right, any_frame.map(lambda four: frame(*four)))


@pytest.mark.parametrize("examples", sampled(100, 2_000, 10_000))
def test_nothing_that_is_sent_breaks_it_or_gets_in(
    desk: Desk, path: Path, secret: str, examples: int
) -> None:
    async def send(data: bytes) -> None:
        async with connected(path) as client:
            client.writer.write(data)
            answers = await client.finish()
        assert answers.replace(NO, b"") == b""
        async with connected(path) as client:
            await client.send(frame(ADA, secret, "imap", ""))
            assert await client.finish() == OK
        await tasks_are(1)

    with asyncio.Runner() as runner:

        async def begin() -> asyncio.Server:
            return await asyncio.start_unix_server(
                closing(Saslauthd(*desk.parts, Limits()).handle), path
            )

        server = runner.run(begin())

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture],
        )
        @given(st.lists(requests_of(secret), max_size=8), st.binary(max_size=40))
        def fuzz(requests: list[bytes], end: bytes) -> None:
            runner.run(send(b"".join(requests) + end))

        fuzz()
        server.close()
