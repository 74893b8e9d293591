"""Whatever comes in: nothing raises, nothing is let in, and nobody else notices."""

import asyncio
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apppw_tui.verifier.protocols.framing import Limits
from apppw_tui.verifier.protocols.http import Http
from apppw_tui.verifier.protocols.http_connection import HttpLimits
from apppw_tui.verifier.protocols.json_lines import JsonLines
from tests.support import NOW, House, first_quick, sampled
from tests.verifier.asking import ADA, wrong
from tests.verifier.harness import Desk, Handler, connected, served
from tests.verifier.protocols.http_client import basic, request
from tests.verifier.protocols.test_json_lines import line

_HTTP = [
    b"GET /verify HTTP/1.1\r\n",
    b"POST /verify HTTP/1.0\r\n",
    b"HEAD /verify?a=b HTTP/1.1\r\n",
    b"CONNECT verify:1 HTTP/1.1\r\n",
    b"Host: x\r\n",
    b"Authorization: Basic ",
    b"Authorization: Basic YWRhQGV4YW1wbGUub3JnOg==\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"5\r\nabcde\r\n0\r\n\r\n",
    b"Expect: 100-continue\r\n",
    b"Upgrade: h2c\r\n",
    b"Connection: close, upgrade\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
]
_JSON = [b'{"user": ', b'"ada@example.org"', b', "password": ', b'"', b"}", b"{", b"[" * 600, b"\n"]
_JSON += [b"\\ud800", b"\\u0000", b"null", b"1e999", b"NaN", b', "service": ', b', "rip": "::1"']


def streams_of(pieces: list[bytes]) -> st.SearchStrategy[list[bytes]]:
    """Pieces of good questions and of anything, in the portions in which they are sent."""
    return st.lists(st.sampled_from(pieces) | st.binary(max_size=40), max_size=30)


def changed(good: bytes) -> st.SearchStrategy[list[bytes]]:
    """A good question with one thing changed, then the rest of a connection."""

    def change(at: int, length: int, put: bytes) -> list[bytes]:
        return [good[:at] + put + good[at + length :]]

    return st.builds(change, st.integers(0, len(good)), st.integers(0, 3), st.binary(max_size=3))


async def nothing_gets_in(
    converse: Handler, sent: list[bytes], good: bytes, is_yes: Callable[[bytes], bool]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "socket"
        async with served(converse, path) as server, connected(path) as before:
            assert not is_yes(await server.talk(*sent))
            async with connected(path) as after:
                for client in (before, after):
                    await client.send(good)
                    assert is_yes(await client.finish())


def http_house() -> tuple[Handler, bytes, bytes]:
    house = House()
    house.add()
    secret = house.issue("Phone").secret
    handler = Http(
        *Desk(house).parts, lambda: True, limits=HttpLimits(header_bytes=512, body_bytes=64)
    )
    right = request(f"Authorization: {basic(ADA, secret)}")
    return handler.handle, right, request(f"Authorization: {basic(ADA, wrong(secret))}")


def json_house() -> tuple[Handler, bytes, bytes]:
    house = House()
    house.add()
    house.alter(enforced_from=NOW)
    secret = house.issue("Phone").secret
    handler = JsonLines(*Desk(house).parts, Limits(max_bytes=1024))
    return handler.handle, line(ADA, secret), line(ADA, wrong(secret))


def http_yes(answer: bytes) -> bool:
    return b"remote-user" in answer.lower() or b"200 OK" in answer


def json_yes(answer: bytes) -> bool:
    read = {json.loads(each)["answer"] for each in answer.splitlines()}
    assert read <= {"yes", "no", "not mine", "not now", "error"}
    return "yes" in read


def fuzz_http(examples: int) -> None:
    handle, right, wrong = http_house()

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(streams_of(_HTTP) | changed(wrong))
    def run(sent: list[bytes]) -> None:
        asyncio.run(nothing_gets_in(handle, sent, right, http_yes))

    run()


def fuzz_json(examples: int) -> None:
    handle, right, wrong = json_house()

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(streams_of(_JSON) | changed(wrong))
    def run(sent: list[bytes]) -> None:
        asyncio.run(nothing_gets_in(handle, sent, right, json_yes))

    run()


@pytest.mark.parametrize("examples", sampled(100, 2_000, 10_000))
@pytest.mark.parametrize("fuzz", first_quick(fuzz_http, fuzz_json))
def test_whatever_comes_in(fuzz: Callable[[int], None], examples: int) -> None:
    fuzz(examples)
