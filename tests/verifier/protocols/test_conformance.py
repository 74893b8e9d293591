"""The promises of every protocol: the same questions, each in its own words."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from apppw_tui.config import PROTOCOLS
from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPasswordEdit
from apppw_tui.domain.errors import StoreBusy
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.decision import Answer
from apppw_tui.verifier.protocols.dovecot_auth import AuthClient
from apppw_tui.verifier.protocols.framing import Limits
from apppw_tui.verifier.protocols.http import Http
from apppw_tui.verifier.protocols.http_connection import HttpLimits
from apppw_tui.verifier.protocols.json_lines import JsonLines
from apppw_tui.verifier.protocols.registry import ConnectionHandler, HttpOptions, handler_for
from apppw_tui.verifier.protocols.saslauthd import Saslauthd
from tests.support import NOW, PASSWORD, House
from tests.verifier.asking import ADA, of_unknown_id, wrong
from tests.verifier.harness import (
    Client,
    Desk,
    Server,
    b64,
    connected,
    plain,
    served,
    tasks_are,
    until,
)

YES, NO, LATER = "yes", "no", "not now"


class Spoken:
    """One connection, asked and answered in the words of JSON."""

    TELLS_ADDRESS = True

    def __init__(self, client: Client) -> None:
        self.client = client

    async def greet(self) -> None:
        """What comes before the first question."""

    def question(self, user: str, password: str, address: str = "") -> bytes:
        asked = {"user": user, "password": password, "service": "imap", "rip": address}
        return json.dumps(asked).encode() + b"\n"

    async def answer(self) -> str:
        answer = json.loads(await self.client.line())["answer"]
        return str(answer) if answer in (YES, LATER) else NO

    async def ask(self, user: str, password: str, address: str = "") -> str:
        await self.client.send(self.question(user, password, address))
        return await self.answer()


class SpokenDovecot(Spoken):
    async def greet(self) -> None:
        await self.client.send(b"VERSION\t1\t1\nCPID\t1\n")
        while await self.client.line() != "DONE":
            pass

    def question(self, user: str, password: str, address: str = "") -> bytes:
        rip = f"\trip={address}" if address else ""
        return f"AUTH\t1\tPLAIN\tservice=imap{rip}\tresp={plain(user, password)}\n".encode()

    async def answer(self) -> str:
        line = (await self.client.reader.readline()).decode()
        if line.startswith("OK\t"):
            return YES
        # A connection that is closed is temporary for whoever asked.
        return LATER if "\ttemp" in line or not line else NO


class SpokenSaslauthd(Spoken):
    TELLS_ADDRESS = False

    def question(self, user: str, password: str, address: str = "") -> bytes:  # noqa: ARG002
        strings = [text.encode() for text in (user, password, "imap", "")]
        return b"".join(len(string).to_bytes(2, "big") + string for string in strings)

    async def answer(self) -> str:
        try:
            return {b"\0\2OK": YES, b"\0\2NO": NO}[await self.client.reader.readexactly(4)]
        except asyncio.IncompleteReadError:
            return LATER  # closed without an answer is SASL_FAIL, which is temporary


class SpokenHttp(Spoken):
    def question(self, user: str, password: str, address: str = "") -> bytes:
        head = (
            f"GET /verify HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {b64(f'{user}:{password}')}"
        )
        address = f"\r\nX-Real-IP: {address}" if address else ""
        return f"{head}{address}\r\n\r\n".encode()

    async def answer(self) -> str:
        head = await self.client.reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await self.client.reader.readexactly(int(line.partition(b":")[2]))
        return {b"200": YES, b"204": YES, b"401": NO, b"503": LATER}[head.split()[1]]


SPOKEN = {
    "auth-client": SpokenDovecot,
    "mux": SpokenSaslauthd,
    "http": SpokenHttp,
    "json": Spoken,
}
LIMITED = {"auth-client": AuthClient, "mux": Saslauthd, "json": JsonLines}
SHORT = 0.01  # seconds: a time-out that a test waits for


class Site:
    """A socket of one protocol over a house."""

    def __init__(self, protocol: str, desk: Desk, server: Server) -> None:
        self.desk = desk
        self.house = desk.house
        self.server = server
        self._protocol = protocol

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Spoken]:
        async with connected(self.server.path) as client:
            spoken = SPOKEN[self._protocol](client)
            await spoken.greet()
            yield spoken

    async def ask(self, user: str, password: str) -> str:
        """The answer on a connection of its own."""
        async with self.connection() as spoken:
            return await spoken.ask(user, password)


@pytest.fixture(params=sorted(SPOKEN))
async def site(request: pytest.FixtureRequest, house: House, path: Path) -> AsyncIterator[Site]:
    desk = Desk(house)
    options = HttpOptions(lambda: True, address_header="X-Real-IP")
    handler = handler_for(request.param, *desk.parts, options)
    async with served(handler.handle, path) as server:
        yield Site(request.param, desk, server)
    desk.close()


def test_every_protocol_is_among_them() -> None:
    assert SPOKEN.keys() == {*PROTOCOLS}


async def test_app_password_opens(site: Site, secret: str) -> None:
    assert await site.ask(ADA, secret) == YES
    assert [decision.reason for decision in site.desk.book.decisions] == ["right"]


async def test_app_password_as_people_type_it_opens(site: Site, secret: str) -> None:
    assert await site.ask(ADA.upper(), f" {secret.upper().replace('-', ' ')} ") == YES


@pytest.mark.parametrize("name", [ADA, "grace@example.org", "no account", "ada\0", "ä" * 300])
async def test_wrong_password_is_refused(site: Site, secret: str, name: str) -> None:
    assert await site.ask(name, wrong(Secret(secret))) == NO


@pytest.mark.parametrize("enforced", [False, True])
async def test_all_refusals_are_one_answer(site: Site, secret: str, enforced: bool) -> None:
    site.house.alter(enforced_from=NOW if enforced else None)
    passwords = (wrong(Secret(secret)), of_unknown_id(site.house), PASSWORD, "", secret + "0")
    answers = [await site.ask(ADA, password) for password in passwords]
    assert answers == [NO] * len(passwords)
    refusal = Answer.NO if enforced else Answer.NOT_MINE
    assert {decision.answer for decision in site.desk.book.decisions} == {refusal}


async def test_deleted_password_is_refused_at_the_next_question(site: Site, secret: str) -> None:
    async with site.connection() as spoken:
        assert await spoken.ask(ADA, secret) == YES
        site.house.operator.delete_app_password(ADA, "Phone")
        assert await spoken.ask(ADA, secret) == NO


async def test_paused_password_is_refused_at_the_next_question_until_it_is_resumed(
    site: Site, secret: str
) -> None:
    async with site.connection() as spoken:
        assert await spoken.ask(ADA, secret) == YES
        site.house.operator.pause_app_password(ADA, "Phone")
        assert await spoken.ask(ADA, secret) == NO
        site.house.operator.resume_app_password(ADA, "Phone")
        assert await spoken.ask(ADA, secret) == YES
    assert [decision.reason for decision in site.desk.book.decisions] == [
        "right",
        "paused",
        "right",
    ]


async def test_password_limited_to_networks_is_refused_elsewhere_and_where_none_is_told(
    site: Site, secret: str
) -> None:
    limit = AppPasswordEdit(networks=("192.0.2.0/24", "2001:db8::/32"))
    async with site.connection() as spoken:
        assert await spoken.ask(ADA, secret) == YES
        site.house.operator.edit_app_password(ADA, "Phone", limit)
        for address in ("", "198.51.100.9", "2001:db9::1"):
            assert await spoken.ask(ADA, secret, address) == NO
        for address in ("192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7"):
            assert await spoken.ask(ADA, secret, address) == (YES if spoken.TELLS_ADDRESS else NO)


async def test_disabled_account_is_refused_at_the_next_question(site: Site, secret: str) -> None:
    async with site.connection() as spoken:
        assert await spoken.ask(ADA, secret) == YES
        site.house.operator.disable(ADA)
        assert await spoken.ask(ADA, secret) == NO


async def test_store_that_cannot_be_read_is_neither_yes_nor_no(
    site: Site, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get(_: str) -> Account:
        raise StoreBusy("busy")

    monkeypatch.setattr(site.house.store, "get", get)
    assert await site.ask(ADA, secret) == LATER


async def test_fault_is_not_now_and_told_without_the_secret(site: Site, secret: str) -> None:
    site.desk.auth_service.outcome = RuntimeError(secret)
    assert await site.ask(ADA, secret) == LATER
    assert len(site.server.faults) == 1
    assert secret not in site.server.faults.pop()
    site.desk.auth_service.outcome = None
    assert await site.ask(ADA, secret) == YES


async def test_connections_do_not_wait_for_each_other(site: Site, secret: str) -> None:
    async with site.connection() as idle, site.connection() as spoken:
        await idle.client.send(idle.question(ADA, secret)[:-3])
        assert await spoken.ask(ADA, secret) == YES


async def test_half_a_question_ends_with_its_connection(site: Site, secret: str) -> None:
    before = len(asyncio.all_tasks())
    async with site.connection() as spoken:
        whole = spoken.question(ADA, secret)
    for end in range(1, len(whole)):
        async with site.connection() as spoken:
            await spoken.client.send(whole[:end])
            answered = await spoken.client.finish()
        assert answered == b"" or answered.startswith(b"HTTP/1.1 400 ")
    await tasks_are(before)
    assert site.desk.book.answers == []


async def test_no_answer_repeats_a_secret(site: Site, secret: str) -> None:
    async with site.connection() as spoken:
        await spoken.client.send(spoken.question(ADA, secret))
        answered = await spoken.client.finish()
    assert answered
    assert secret.encode() not in answered
    assert b64(secret).encode() not in answered


async def test_question_is_read_however_its_bytes_are_cut(site: Site, secret: str) -> None:
    async with site.connection() as spoken:
        for _ in range(2):
            for byte in spoken.question(ADA, secret):
                await spoken.client.send(bytes([byte]))
                await asyncio.sleep(0)
            assert await spoken.answer() == YES


async def test_client_that_goes_away_leaves_nothing_behind(site: Site, secret: str) -> None:
    site.desk.auth_service.opened.clear()
    before = len(asyncio.all_tasks())
    async with site.connection() as spoken:
        await spoken.client.send(spoken.question(ADA, secret))
        await until(lambda: len(site.desk.auth_service.asked) == 1)
    site.desk.auth_service.opened.set()
    await tasks_are(before)
    assert len(site.desk.book.answers) == 1


@asynccontextmanager
async def impatient(protocol: str, desk: Desk, path: Path, name: str) -> AsyncIterator[Site]:
    """A socket whose time-out of that name is over at once."""
    if protocol == "http":
        names = ("idle", "header", "linger") if name == "idle" else (name,)
        limits: dict[str, Any] = dict.fromkeys(names, SHORT)
        handler: ConnectionHandler = Http(*desk.parts, lambda: True, limits=HttpLimits(**limits))
    else:
        limits = {f"{name}_timeout": SHORT}
        handler = LIMITED[protocol](*desk.parts, Limits(**limits))
    async with served(handler.handle, path) as server:
        yield Site(protocol, desk, server)


@pytest.mark.parametrize("begun", [0, 1, 20])
@pytest.mark.parametrize("protocol", sorted(SPOKEN))
async def test_idle_connection_is_closed(
    desk: Desk, path: Path, secret: str, protocol: str, begun: int
) -> None:
    async with (
        impatient(protocol, desk, path, "idle") as site,
        connected(site.server.path) as client,
    ):
        client.writer.write(SPOKEN[protocol](client).question(ADA, secret)[:begun])
        rest = await client.rest()
    assert not rest or rest.startswith((b"VERSION\t", b"HTTP/1.1 408 "))


@pytest.mark.parametrize("protocol", sorted(SPOKEN))
async def test_decision_that_takes_too_long_is_not_now_and_still_written_down(
    desk: Desk, path: Path, secret: str, protocol: str
) -> None:
    before = len(asyncio.all_tasks())
    desk.auth_service.opened.clear()
    async with impatient(protocol, desk, path, "answer") as site:
        assert await site.ask(ADA, secret) == LATER
        assert (desk.book.answers, desk.auth_service.granted) == ([], [SHORT])
        desk.auth_service.opened.set()
    await tasks_are(before)
    assert [account for account, _, _ in desk.book.uses] == [ADA]


@pytest.mark.parametrize("protocol", sorted(SPOKEN))
async def test_server_that_stops_leaves_nothing_behind(
    desk: Desk, path: Path, secret: str, protocol: str
) -> None:
    desk.auth_service.opened.clear()
    handler = handler_for(protocol, *desk.parts, HttpOptions(lambda: True))
    tasks: list[asyncio.Task[None]] = []

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.create_task(handler.handle(reader, writer)))
        await asyncio.wait(tasks)

    async with served(begin, path) as server:
        before = len(asyncio.all_tasks())
        async with Site(protocol, desk, server).connection() as spoken:
            await spoken.client.send(spoken.question(ADA, secret))
            await until(lambda: len(desk.auth_service.asked) == 1)
            tasks[0].cancel()
            assert await spoken.client.rest() == b""
        await tasks_are(before)
    assert tasks[0].cancelled()
