"""The HTTP protocol of the verifier, over a Unix socket."""

import asyncio
import base64
import http.client
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.auth_service import AuthService
from apppw_tui.verifier.decision import Answer, Decision
from apppw_tui.verifier.protocols.http import Http
from apppw_tui.verifier.protocols.http_connection import HttpLimits
from tests.support import NOW, House
from tests.verifier.asking import ADA, change_record, wrong
from tests.verifier.conversing import (
    PATIENCE,
    Noted,
    Served,
    always,
    counter_over,
    served,
)

SERVICE, ADDRESS = "X-Apppw-Service", "X-Real-IP"
CHALLENGE = 'Basic realm="App passwords", charset="UTF-8"'
SHORT = 0.02  # seconds: a time-out that a test waits for


def basic(account: str, password: str | Secret) -> str:
    text = password.reveal() if isinstance(password, Secret) else password
    return "Basic " + base64.b64encode(f"{account}:{text}".encode()).decode()


def request(*headers: str, line: str = "GET /verify HTTP/1.1") -> bytes:
    return "\r\n".join([line, "Host: x", *headers, "", ""]).encode("latin-1")


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


class UnixHttp(http.client.HTTPConnection):
    """The standard library's client, as a proxy would be."""

    def __init__(self, path: Path) -> None:
        super().__init__("apppw", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self._path))

    def ask(self, method: str, target: str, headers: dict[str, str], body: bytes | None) -> Reply:
        self.request(method, target, body, headers)
        response = self.getresponse()
        return Reply(response.status, dict(response.headers), response.read())


@dataclass
class Site:
    """A house whose door is HTTP."""

    house: House
    noted: Noted
    secret: Secret
    served: Served

    async def ask(
        self,
        authorization: str | None = None,
        method: str = "GET",
        target: str = "/verify",
        body: bytes | None = None,
        **headers: str,
    ) -> Reply:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if authorization is not None:
            sent["Authorization"] = authorization
        client = UnixHttp(self.served.path)
        try:
            return await asyncio.to_thread(client.ask, method, target, sent, body)
        finally:
            client.close()

    @property
    def right(self) -> str:
        return basic(ADA, self.secret)


@pytest.fixture
def secret(house: House) -> Secret:
    return house.issue("Phone").secret


@pytest.fixture
async def site(house: House, secret: Secret, tmp_path: Path) -> AsyncIterator[Site]:
    noted = Noted()
    handler = Http(
        counter_over(house, noted), lambda: True, service_header=SERVICE, address_header=ADDRESS
    )
    async with served(handler.handle, tmp_path) as here:
        yield Site(house, noted, secret, here)
    assert not here.faults


async def talk(house: House, folder: Path, *pieces: bytes, **limits: Any) -> bytes:
    """What is answered within these limits; the client does not hang up by itself."""
    handler = Http(counter_over(house), lambda: True, limits=HttpLimits(**limits))
    async with served(handler.handle, folder) as here:
        reader, writer = await here.connect()
        for piece in pieces:
            writer.write(piece)
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
        writer.close()
    assert not here.faults
    return answer


# --- what is answered ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
async def test_the_right_password_is_200_and_names_the_account(site: Site, method: str) -> None:
    reply = await site.ask(site.right, method)
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers == {
        "Remote-User": ADA,
        "Cache-Control": "no-store",
        "Content-Length": "0",
    }


async def test_the_canonical_name_is_told(tmp_path: Path, house: House, secret: Secret) -> None:
    house.default_domain = "example.org"
    handler = Http(counter_over(house), lambda: True)
    async with served(handler.handle, tmp_path) as here:
        site = Site(house, Noted(), secret, here)
        assert (await site.ask(basic("ada", secret))).headers["Remote-User"] == ADA


@pytest.mark.parametrize("enforced", [False, True])
async def test_a_wrong_password_is_401_with_a_challenge(site: Site, enforced: bool) -> None:
    if enforced:
        site.house.alter(enforced_from=NOW)
    reply = await site.ask(basic(ADA, wrong(site.secret)))
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, CHALLENGE)
    assert "Remote-User" not in reply.headers
    expected = Answer.NO if enforced else Answer.NOT_MINE
    assert [decision.answer for _, decision, _, _ in site.noted.answers] == [expected]


async def test_a_deleted_password_is_401_at_the_very_next_request(site: Site) -> None:
    assert (await site.ask(site.right)).status == 200
    site.house.operator.delete_app_password(ADA, "Phone")
    assert (await site.ask(site.right)).status == 401


def encoded(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic YWRhO",  # base64 of a length that cannot be
        "Bearer {}",
        "{}",
        "Basic {} {}",
        "Basic {},",
        encoded(b"no colon"),
        encoded(b"ada\n:x"),
        encoded(b":"),
    ],
)
async def test_missing_and_malformed_credentials_are_401(
    site: Site, authorization: str | None
) -> None:
    right = site.right.removeprefix("Basic ")
    reply = await site.ask(authorization and authorization.replace("{}", right))
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, CHALLENGE)


@pytest.mark.parametrize("sent", [b"ada@example.org:gr\xfcn", b"j\xfcrg:x"])
async def test_what_is_no_utf8_is_refused_and_written_down(site: Site, sent: bytes) -> None:
    assert (await site.ask(encoded(sent))).status == 401
    assert len(site.noted.answers) == 1


@pytest.mark.parametrize("between", [" ", "-", "\t", "\r\n", "\u00a0", "\u2011", "\u00ad"])
async def test_a_password_may_be_pasted_with_whatever_separates_its_groups(
    site: Site, between: str
) -> None:
    symbols = site.secret.reveal()
    groups = [symbols[start : start + 4] for start in range(0, 16, 4)]
    assert (await site.ask(basic(ADA, between.join(groups)))).status == 200


async def test_basic_may_be_unpadded_and_in_the_alphabet_for_urls(site: Site) -> None:
    for blanks in range(3):  # of all three lengths of padding
        # Its soft hyphens and marks of byte order are + and / in base64.
        typed = "\u00ad\ufeff" * 3 + site.secret.reveal() + " " * blanks
        padded = base64.b64encode(f"{ADA}:{typed}".encode()).decode()
        assert {"+", "/"} <= set(padded)
        for sent in (padded, padded.translate(str.maketrans("+/", "-_"))):
            for more in (sent, sent.rstrip("=")):
                assert (await site.ask(f"Basic {more}")).status == 200, more


async def test_credentials_are_split_at_the_first_colon_and_are_utf8(
    house: House, tmp_path: Path
) -> None:
    asked: list[tuple[str, str]] = []

    class Listening(AuthService):
        async def ask(
            self, account_name: str, password: Secret, *_: object, **__: object
        ) -> Decision:
            asked.append((account_name, password.reveal()))
            return Decision(Answer.NO, "")

    auth_service = counter_over(house)
    listening = Listening(
        auth_service.socket, auth_service.queue, auth_service.usage, auth_service.record
    )
    async with served(Http(listening, lambda: True).handle, tmp_path) as here:
        await Site(house, Noted(), Secret(""), here).ask(basic("ada", "ä:b: "))
    assert asked == [("ada", "ä:b: ")]


@pytest.mark.parametrize("scheme", ["basic", "BASIC", "Basic  "])
async def test_the_scheme_is_read_in_any_case(site: Site, scheme: str) -> None:
    credentials = site.right.removeprefix("Basic ")
    assert (await site.ask(f"{scheme} {credentials}")).status == 200


@pytest.mark.parametrize(("wait", "told"), [(None, "1"), (0.2, "1"), (2.0, "2"), (2.1, "3")])
async def test_not_now_is_503_and_says_for_how_many_whole_seconds(
    house: House, tmp_path: Path, wait: float | None, told: str
) -> None:
    auth_service = always(house, Decision(Answer.NOT_NOW, "", retry_after=wait))
    async with served(Http(auth_service, lambda: True).handle, tmp_path) as here:
        reply = await Site(house, Noted(), Secret(""), here).ask(basic(ADA, "x"))
    assert (reply.status, reply.headers["Retry-After"]) == (503, told)


@pytest.mark.parametrize("account", [None, "", "ada\r\nRemote-User: root", "ada\nx", "ä"])
async def test_no_header_ever_carries_what_is_no_account_name(
    house: House, tmp_path: Path, account: str | None
) -> None:
    auth_service = always(house, Decision(Answer.YES, "right", account))
    async with served(Http(auth_service, lambda: True).handle, tmp_path) as here:
        reply = await Site(house, Noted(), Secret(""), here).ask(basic(ADA, "x"))
    assert (reply.status, "Remote-User" in reply.headers) == (503, False)
    assert not here.faults


async def test_a_fault_within_is_not_now_and_is_reported_without_its_text(
    house: House, tmp_path: Path
) -> None:
    auth_service = always(house, RuntimeError("a secret"))
    async with served(Http(auth_service, lambda: True).handle, tmp_path) as here:
        answer = await here.talk(request("Authorization: " + basic(ADA, "x")))
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert len(here.faults) == 1
    assert "RuntimeError" in here.faults[0]
    assert "a secret" not in here.faults[0]


@pytest.mark.parametrize("realm", ['a"b', "a\\b", "a\r\nb", "ä"])
def test_a_realm_that_would_need_quoting_is_refused(house: House, realm: str) -> None:
    with pytest.raises(ValueError, match="realm"):
        Http(counter_over(house), lambda: True, realm=realm)


# --- where else ----------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/verify?x=/healthz", "http://x/verify", "HTTPS://x:1/verify?"])
async def test_the_path_is_read_from_every_form_of_target(site: Site, target: str) -> None:
    assert (await site.ask(site.right, target=target)).status == 200


@pytest.mark.parametrize(
    "target", ["/", "/Verify", "/verify/", "//verify", "/%76erify", "*", "http://verify"]
)
async def test_anything_else_is_404(site: Site, target: str) -> None:
    assert (await site.ask(site.right, target=target)).status == 404


@pytest.mark.parametrize(
    ("method", "target", "allowed"),
    [
        ("PUT", "/verify", "GET, HEAD, POST"),
        ("get", "/verify", "GET, HEAD, POST"),
        ("PROPFIND", "/verify", "GET, HEAD, POST"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
async def test_another_method_is_405(site: Site, method: str, target: str, allowed: str) -> None:
    reply = await site.ask(site.right, method, target)
    assert (reply.status, reply.headers["Allow"]) == (405, allowed)
    assert "Remote-User" not in reply.headers


@pytest.mark.parametrize(("method", "body"), [("GET", b"ok\n"), ("HEAD", b"")])
async def test_health_is_ok_while_the_store_answers(site: Site, method: str, body: bytes) -> None:
    reply = await site.ask(None, method, "/healthz")
    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, body, "3")


@pytest.mark.parametrize("failing", [False, True])
async def test_health_is_503_when_it_does_not(house: House, tmp_path: Path, failing: bool) -> None:
    def answers() -> bool:
        if failing:
            raise TimeoutError
        return False

    async with served(Http(counter_over(house), answers).handle, tmp_path) as here:
        site = Site(house, Noted(), Secret(""), here)
        assert (await site.ask(target="/healthz")).status == 503
    assert not here.faults


# --- service and address -------------------------------------------------------------------------


async def test_service_and_address_are_read_where_they_are_configured(site: Site) -> None:
    await site.ask(site.right, X_Apppw_Service="caldav", X_Real_IP="2001:db8::1")
    assert site.noted.asked == [("caldav", "2001:db8::1")]


@pytest.mark.parametrize("address", ["", "unix:", "192.0.2.1, 192.0.2.2", "::1%\x7f", "x" * 500])
async def test_what_is_no_address_is_none(site: Site, address: str) -> None:
    await site.ask(site.right, X_Real_IP=address.replace("\x7f", "!"))
    assert site.noted.asked in ([(None, None)], [(None, "::1")])


async def test_neither_counts_where_it_is_not_configured(
    house: House, secret: Secret, tmp_path: Path
) -> None:
    noted = Noted()
    handler = Http(counter_over(house, noted, frozenset({"caldav", "carddav"})), lambda: True)
    async with served(handler.handle, tmp_path) as here:
        site = Site(house, noted, secret, here)
        await site.ask(site.right, X_Apppw_Service="caldav", X_Real_IP="192.0.2.1")
    assert noted.asked == [(None, None)]


@pytest.mark.parametrize("headers", [{}, {"X_Apppw_Service": ""}])
async def test_where_a_socket_speaks_for_one_service_none_need_be_named(
    house: House, secret: Secret, tmp_path: Path, headers: dict[str, Any]
) -> None:
    noted = Noted()
    auth_service = counter_over(house, noted, frozenset({"caldav"}))
    handler = Http(auth_service, lambda: True, service_header=SERVICE)
    async with served(handler.handle, tmp_path) as here:
        site = Site(house, noted, secret, here)
        await site.ask(site.right, **headers)
    assert noted.asked == [("caldav", None)]


@pytest.mark.parametrize("header", ["Authorization: {}", f"{SERVICE}: imap", f"{ADDRESS}: ::1"])
async def test_a_header_that_came_twice_is_400_and_the_end(site: Site, header: str) -> None:
    repeated = header.replace("{}", site.right)
    others = [f"Authorization: {site.right}"] if "{}" not in header else []
    sent = request(*others, repeated, repeated.upper() if not others else repeated)
    answer = await site.served.talk(sent + sent)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in answer
    assert not site.noted.asked


# --- connections ---------------------------------------------------------------------------------


async def test_one_connection_carries_many_requests(site: Site) -> None:
    client = UnixHttp(site.served.path)

    def statuses() -> list[int]:
        asked = [site.right, basic(ADA, "x"), site.right]
        found = []
        for each in asked:
            found.append(client.ask("GET", "/verify", {"Authorization": each}, None).status)
            kept.add(client.sock)
        return found

    kept: set[object] = set()
    assert await asyncio.to_thread(statuses) == [200, 401, 200]
    client.close()
    assert len(kept) == 1


async def test_pipelined_requests_are_answered_in_turn(site: Site) -> None:
    right, wrong_ = f"Authorization: {site.right}", f"Authorization: {basic(ADA, 'x')}"
    post = request(right, "Content-Length: 3", line="POST /verify HTTP/1.1") + b"abc"
    answer = await site.served.talk(request(right) + request(wrong_) + post + request())
    assert statuses(answer) == [200, 401, 200, 401]


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


async def test_pipelined_requests_are_answered_though_no_more_comes(
    house: House, tmp_path: Path
) -> None:
    assert statuses(await talk(house, tmp_path, request() * 3, idle=SHORT)) == [401] * 3


async def test_it_is_read_byte_by_byte(site: Site) -> None:
    sent = request(f"Authorization: {site.right}") * 2
    answer = await site.served.talk(*(bytes([byte]) for byte in sent))
    assert statuses(answer) == [200, 200]


@pytest.mark.parametrize(
    ("line", "headers"),
    [("GET /verify HTTP/1.1", ["Connection: close"]), ("GET /verify HTTP/1.0", [])],
)
async def test_it_closes_when_the_client_says_so(
    house: House, secret: Secret, tmp_path: Path, line: str, headers: list[str]
) -> None:
    sent = request(f"Authorization: {basic(ADA, secret)}", *headers, line=line)
    answer = await talk(house, tmp_path, sent + sent)
    assert statuses(answer) == [200]
    assert b"Connection: close" in answer


async def test_a_small_body_is_thrown_away_and_the_connection_kept(site: Site) -> None:
    client = UnixHttp(site.served.path)
    headers = {"Authorization": site.right}
    for _ in range(2):
        reply = await asyncio.to_thread(client.ask, "POST", "/verify", headers, b"x" * 60_000)
        assert reply.status == 200
    client.close()


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_body_is_413_and_the_end(
    house: House, secret: Secret, tmp_path: Path, chunked: bool
) -> None:
    framing = "Transfer-Encoding: chunked" if chunked else "Content-Length: 11"
    body = b"b\r\n01234567890\r\n0\r\n\r\n" if chunked else b"01234567890"
    head = request(f"Authorization: {basic(ADA, secret)}", framing, line="POST /verify HTTP/1.1")
    assert statuses(await talk(house, tmp_path, head + body, body_bytes=10, linger=SHORT)) == [413]


async def test_who_is_still_sending_hears_that_it_is_too_much(site: Site) -> None:
    assert (await site.ask(site.right, "POST", body=b"x" * 2_000_000)).status == 413


async def test_expect_100_continue_is_continued_before_the_answer(site: Site) -> None:
    sent = request(
        f"Authorization: {site.right}",
        "Expect: 100-continue",
        "Content-Length: 3",
        line="POST /verify HTTP/1.1",
    )
    reader, writer = await site.served.connect()
    writer.write(sent)
    async with asyncio.timeout(PATIENCE):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 \r\n\r\n"
        writer.write(b"abc")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_a_body_that_is_announced_too_large_is_never_asked_for(
    house: House, tmp_path: Path
) -> None:
    sent = request("Expect: 100-continue", "Content-Length: 11", line="POST /verify HTTP/1.1")
    answer = await talk(house, tmp_path, sent, body_bytes=10, linger=SHORT)
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
    house: House, tmp_path: Path, sent: bytes, status: int | None
) -> None:
    answer = await talk(house, tmp_path, sent, header=PATIENCE, idle=SHORT, linger=SHORT)
    assert statuses(answer) == [status or 401]


async def test_an_idle_connection_is_closed(house: House, tmp_path: Path) -> None:
    assert await talk(house, tmp_path, idle=SHORT) == b""


async def test_a_connection_is_closed_when_it_is_idle_after_a_request(
    house: House, tmp_path: Path
) -> None:
    assert statuses(await talk(house, tmp_path, request(), idle=SHORT)) == [401]


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
    house: House, tmp_path: Path, part: bytes, limits: HttpLimits
) -> None:
    handler = Http(counter_over(house), lambda: True, limits=limits)
    async with served(handler.handle, tmp_path) as here:
        reader, writer = await here.connect()
        writer.write(part)
        answer = b""
        for _ in range(40):  # each byte comes well before the time-out that it must not put off
            writer.write(b"y")
            try:
                async with asyncio.timeout(SHORT / 4):
                    answer = await reader.readuntil(b"\r\n\r\n")
                    break
            except TimeoutError:
                continue
        writer.close()
    assert statuses(answer) == [408]


async def test_who_takes_no_answers_is_let_go(house: House, tmp_path: Path) -> None:
    handler = Http(counter_over(house), lambda: True, limits=HttpLimits(write=SHORT))
    async with served(handler.handle, tmp_path) as here:
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)
            client.connect(str(here.path))
            loop = asyncio.get_running_loop()

            async def ask_on() -> None:
                while True:
                    await loop.sock_sendall(client, request() * 100)

            # As the kernel likes; a TimeoutError would be neither.
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                await asyncio.wait_for(ask_on(), PATIENCE)
    assert not here.faults


async def test_who_hangs_up_in_the_middle_is_forgotten(site: Site) -> None:
    whole = request(f"Authorization: {site.right}", "Content-Length: 3") + b"abc"
    for end in range(0, len(whole), 7):
        _, writer = await site.served.connect()
        writer.write(whole[:end])
        writer.transport.abort()
    assert (await site.ask(site.right)).status == 200


async def test_a_cancelled_conversation_closes_its_connection(house: House, tmp_path: Path) -> None:
    tasks: list[asyncio.Task[None]] = []
    handler = Http(counter_over(house), lambda: True)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.create_task(handler.handle(reader, writer)))
        await asyncio.wait(tasks)

    async with served(accept, tmp_path) as here:
        reader, writer = await here.connect()
        writer.write(request())
        await reader.readuntil(b"\r\n\r\n")
        tasks[0].cancel()
        async with asyncio.timeout(PATIENCE):
            assert await reader.read() == b""
        writer.close()
    assert tasks[0].cancelled()


async def test_a_decision_that_takes_too_long_is_not_now(house: House, tmp_path: Path) -> None:
    class Stuck(AuthService):
        async def ask(self, *_: object, **__: object) -> Decision:
            await never.wait()
            return Decision(Answer.YES, "right", ADA)

    never = asyncio.Event()
    auth_service = counter_over(house)
    stuck = Stuck(auth_service.socket, auth_service.queue, auth_service.usage, auth_service.record)
    handler = Http(stuck, lambda: True, limits=HttpLimits(answer=SHORT))
    async with served(handler.handle, tmp_path) as here:
        site = Site(house, Noted(), Secret(""), here)
        # Far from SHORT, and well before the 8 seconds that it would be otherwise.
        reply = await asyncio.wait_for(site.ask(basic(ADA, "x")), 4)
        never.set()
    assert reply.status == 503


async def test_an_expired_password_is_401(site: Site) -> None:
    change_record(site.house, expires=NOW)
    assert (await site.ask(site.right)).status == 401
