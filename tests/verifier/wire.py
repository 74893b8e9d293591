"""Asking the verifier over a socket, for the tests of its protocols."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from apppw_tui.verifier.auth_service import AuthService, DecisionQueue
from apppw_tui.verifier.decision import Attempt, Decision, Verifier
from apppw_tui.verifier.password_cache import VerifiedCache
from apppw_tui.verifier.protocols.dovecot_auth import AuthClient
from apppw_tui.verifier.protocols.framing import Limits
from apppw_tui.verifier.rate_limit import AddressRateLimiter
from tests.support import House

_PATIENCE = 120  # seconds, after which a test fails instead of waiting for ever
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Asked = tuple[str | None, str | None, str | None]


@dataclass
class Book:
    """What was used, and every answer: account, service, address."""

    uses: list[Asked] = field(default_factory=list)
    answers: list[tuple[Decision, str | None, str | None]] = field(default_factory=list)

    def used(self, decision: Decision, service: str | None, address: str | None) -> None:
        self.uses.append((decision.account_name, service, address))

    def old_password(self, account: str, service: str | None, address: str | None) -> None:
        pass

    def attempt(
        self,
        socket: str,  # noqa: ARG002 - as the protocol has it
        decision: Decision,
        service: str | None,
        address: str | None,
    ) -> None:
        self.answers.append((decision, service, address))


class HeldGate(DecisionQueue):
    """Decides nothing while it is shut; keeps what it was asked."""

    def __init__(
        self, verifier: Verifier, remembered: VerifiedCache, rate_limiter: AddressRateLimiter
    ) -> None:
        super().__init__(verifier, remembered, rate_limiter, threads=2)
        self.opened = asyncio.Event()
        self.opened.set()
        self.asked: list[Attempt] = []
        self.fault: Exception | None = None

    async def decide(self, attempt: Attempt) -> Decision:
        self.asked.append(attempt)
        await self.opened.wait()
        if self.fault is not None:
            raise self.fault
        return await super().decide(attempt)


@dataclass
class Desk:
    """A house with a counter before it."""

    house: House
    book: Book = field(default_factory=Book)
    allowed: frozenset[str] | None = None

    def __post_init__(self) -> None:
        monotonic = self.house.clock.monotonic
        verifier = Verifier(self.house.store, self.house.hasher, self.house.clock)
        self.queue = HeldGate(verifier, VerifiedCache(monotonic), AddressRateLimiter(monotonic))

    def close(self) -> None:
        self.queue.close()

    @property
    def auth_service(self) -> AuthService:
        return AuthService("test", self.queue, self.book, self.book, self.allowed)


class Client:
    """One connection; reads lines and frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        async with asyncio.timeout(_PATIENCE):
            await self.writer.drain()

    async def line(self) -> str:
        async with asyncio.timeout(_PATIENCE):
            line = await self.reader.readline()
        assert line.endswith(b"\n"), line
        return line[:-1].decode()

    async def lines(self, count: int) -> list[str]:
        return [await self.line() for _ in range(count)]

    async def rest(self) -> bytes:
        """Everything until the other end closes."""
        data = b""
        try:
            async with asyncio.timeout(_PATIENCE):
                while more := await self.reader.read(4096):
                    data += more
        except ConnectionError:
            pass  # it closed before it had read everything
        return data

    async def finish(self) -> bytes:
        """Says no more, and reads what is still answered."""
        self.writer.write_eof()
        return await self.rest()


@asynccontextmanager
async def served(handler: Handler, path: Path) -> AsyncIterator[None]:
    """The handler behind a socket, and all of its connections over at the end."""
    conversations: set[asyncio.Task[None]] = set()

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        conversations.add(task)
        await handler(reader, writer)

    server = await asyncio.start_unix_server(begin, path)
    try:
        yield
    finally:
        server.close()
        async with asyncio.timeout(_PATIENCE):
            results = await asyncio.gather(*conversations, return_exceptions=True)
    assert [result for result in results if result is not None] == []


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def until(condition: Callable[[], bool]) -> None:
    """Lets everything else go on until that is so."""
    async with asyncio.timeout(_PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for knows nothing of tests
            await asyncio.sleep(0)


async def tasks_are(count: int) -> None:
    """Waits until so many tasks are left, this one among them."""
    await until(lambda: len(asyncio.all_tasks()) <= count)


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def plain(account: str, password: str, authzid: str = "") -> str:
    """The response of PLAIN, RFC 4616."""
    return b64(f"{authzid}\0{account}\0{password}")


HELLO = b"VERSION\t1\t2\nCPID\t4711\n"
GREETING_LINES = 7


@asynccontextmanager
async def introduced(path: Path) -> AsyncIterator[Client]:
    """A connection to an auth-client socket after the handshake."""
    async with connected(path) as client:
        await client.send(HELLO)
        await client.lines(GREETING_LINES)
        yield client


@asynccontextmanager
async def asking(desk: Desk, path: Path, limits: Limits | None = None) -> AsyncIterator[Client]:
    """An auth-client socket, and one connection to it after the handshake."""
    handler = AuthClient(desk.auth_service, limits or Limits())
    async with served(handler.handle, path), introduced(path) as client:
        yield client


def auth(number: object, response: str | None, mechanism: str = "PLAIN", more: str = "") -> bytes:
    """The line that begins an attempt."""
    end = "" if response is None else f"\tresp={response}"
    return f"AUTH\t{number}\t{mechanism}\tservice=imap{more}{end}\n".encode()


def frame(*strings: str | bytes) -> bytes:
    """A request of saslauthd's protocol."""
    data = b""
    for string in strings:
        content = string.encode() if isinstance(string, str) else string
        data += len(content).to_bytes(2, "big") + content
    return data
