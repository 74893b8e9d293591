"""Connections of the HTTP protocol: many requests, bodies, bad ones, and ends."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from apppw_tui.verifier.protocols.http import Http
from apppw_tui.verifier.protocols.http_connection import HttpLimits
from tests.support import House
from tests.verifier.asking import ADA
from tests.verifier.harness import PATIENCE, Desk, connected, served
from tests.verifier.protocols.http_client import (
    SHORT,
    Site,
    UnixHttp,
    basic,
    request,
    statuses,
)


async def talk(house: House, path: Path, *pieces: bytes, **limits: Any) -> bytes:
    """All that is answered within these limits; the client does not hang up by itself."""
    handler = Http(*Desk(house).parts, lambda: True, limits=HttpLimits(**limits))
    async with served(handler.handle, path), connected(path) as client:
        for piece in pieces:
            client.writer.write(piece)
        return await client.rest()


async def test_one_connection_carries_many_requests(site: Site) -> None:
    client = UnixHttp(site.server.path)

    sockets: set[object] = set()

    def ask_thrice() -> list[int]:
        replies = []
        for authorization in (site.right, basic(ADA, "x"), site.right):
            headers = {"Authorization": authorization}
            replies.append(client.ask("GET", "/verify", headers, None).status)
            sockets.add(client.sock)
        return replies

    assert await asyncio.to_thread(ask_thrice) == [200, 401, 200]
    client.close()
    assert len(sockets) == 1


async def test_pipelined_requests_are_answered_in_turn(site: Site) -> None:
    right, wrong_ = f"Authorization: {site.right}", f"Authorization: {basic(ADA, 'x')}"
    post = request(right, "Content-Length: 3", line="POST /verify HTTP/1.1") + b"abc"
    answer = await site.server.talk(request(right) + request(wrong_) + post + request())
    assert statuses(answer) == [200, 401, 200, 401]


async def test_pipelined_requests_are_answered_though_no_more_comes(
    house: House, path: Path
) -> None:
    assert statuses(await talk(house, path, request() * 3, idle=SHORT)) == [401] * 3


@pytest.mark.parametrize(
    ("line", "headers"),
    [("GET /verify HTTP/1.1", ["Connection: close"]), ("GET /verify HTTP/1.0", [])],
)
async def test_it_closes_when_the_client_says_so(
    house: House, secret: str, path: Path, line: str, headers: list[str]
) -> None:
    sent = request(f"Authorization: {basic(ADA, secret)}", *headers, line=line)
    answer = await talk(house, path, sent + sent)
    assert statuses(answer) == [200]
    assert b"Connection: close" in answer


async def test_a_small_body_is_thrown_away_and_the_connection_kept(site: Site) -> None:
    client = UnixHttp(site.server.path)
    headers = {"Authorization": site.right}
    for _ in range(2):
        reply = await asyncio.to_thread(client.ask, "POST", "/verify", headers, b"x" * 60_000)
        assert reply.status == 200
    client.close()


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_body_is_413_and_the_end(
    house: House, secret: str, path: Path, chunked: bool
) -> None:
    framing = "Transfer-Encoding: chunked" if chunked else "Content-Length: 11"
    body = b"b\r\n01234567890\r\n0\r\n\r\n" if chunked else b"01234567890"
    head = request(f"Authorization: {basic(ADA, secret)}", framing, line="POST /verify HTTP/1.1")
    assert statuses(await talk(house, path, head + body, body_bytes=10, linger=SHORT)) == [413]


async def test_who_is_still_sending_hears_that_it_is_too_much(site: Site) -> None:
    assert (await site.ask(site.right, "POST", body=b"x" * 2_000_000)).status == 413


async def test_expect_100_continue_is_continued_before_the_answer(site: Site) -> None:
    sent = request(
        f"Authorization: {site.right}",
        "Expect: 100-continue",
        "Content-Length: 3",
        line="POST /verify HTTP/1.1",
    )
    async with connected(site.server.path) as client:
        await client.send(sent)
        async with asyncio.timeout(PATIENCE):
            assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 \r\n\r\n"
            await client.send(b"abc")
            answer = await client.reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_body_that_is_announced_too_large_is_never_asked_for(
    house: House, path: Path
) -> None:
    sent = request("Expect: 100-continue", "Content-Length: 11", line="POST /verify HTTP/1.1")
    answer = await talk(house, path, sent, body_bytes=10, linger=SHORT)
    assert statuses(answer) == [413]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"GET /verify HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET /verify HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (request("Content-Length: 1", "Content-Length: 2"), 400),
        (request("Content-Length: -1"), 400),
        (request("Content-Length: 3", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
        (request("a b: c"), 400),
        (request(" folded"), None),
        (request("Transfer-Encoding: gzip, chunked"), 501),
        (request("Authorization: a\rb"), 400),
        (request("Authorization: a\0b"), 400),
        (request("X: " + "y" * 40_000), 431),
        (b"GET /" + b"y" * 40_000, 431),
    ],
)
async def test_bad_requests_are_told_and_closed(
    house: House, path: Path, sent: bytes, status: int | None
) -> None:
    answer = await talk(house, path, sent, header=PATIENCE, idle=SHORT, linger=SHORT)
    assert statuses(answer) == [status or 401]


async def test_a_connection_is_closed_when_it_is_idle_after_a_request(
    house: House, path: Path
) -> None:
    assert statuses(await talk(house, path, request(), idle=SHORT)) == [401]


@pytest.mark.parametrize(
    ("part", "limits"),
    [
        (b"GET /verify HTTP/1.1\r\nX: ", HttpLimits(linger=SHORT, header=SHORT)),
        (
            request("Content-Length: 50", line="POST /verify HTTP/1.1"),
            HttpLimits(linger=SHORT, body=SHORT),
        ),
    ],
)
async def test_a_slow_request_is_408_however_busy_it_looks(
    house: House, path: Path, part: bytes, limits: HttpLimits
) -> None:
    handler = Http(*Desk(house).parts, lambda: True, limits=limits)
    async with served(handler.handle, path), connected(path) as client:
        client.writer.write(part)
        answer = b""
        for _ in range(40):  # each byte comes well before the time-out that it must not put off
            client.writer.write(b"y")
            try:
                async with asyncio.timeout(SHORT / 4):
                    answer = await client.reader.readuntil(b"\r\n\r\n")
                    break
            except TimeoutError:
                continue
    assert statuses(answer) == [408]


async def test_who_takes_no_answers_is_let_go(house: House, path: Path) -> None:
    handler = Http(*Desk(house).parts, lambda: True, limits=HttpLimits(write=SHORT))
    async with served(handler.handle, path):
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)
            client.connect(str(path))
            loop = asyncio.get_running_loop()

            async def ask_on() -> None:
                while True:
                    await loop.sock_sendall(client, request() * 100)

            # As the kernel likes; a TimeoutError would be neither.
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                await asyncio.wait_for(ask_on(), PATIENCE)


async def test_who_hangs_up_in_the_middle_is_forgotten(site: Site) -> None:
    whole = request(f"Authorization: {site.right}", "Content-Length: 3") + b"abc"
    for end in range(0, len(whole), 7):
        async with connected(site.server.path) as client:
            client.writer.write(whole[:end])
            client.writer.transport.abort()
    assert (await site.ask(site.right)).status == 200
