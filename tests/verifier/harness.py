"""The verifier's server over a house and its client, for every test that asks through a socket."""

import asyncio
import base64
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from apppw_tui.domain.scopes import Service
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.auth_service import AuthService, ServiceSocket
from apppw_tui.verifier.connections import close
from apppw_tui.verifier.decision import Attempt, Decision
from apppw_tui.verifier.ports import Hints, Usage
from apppw_tui.verifier.protocols.dovecot_auth import AuthClient
from apppw_tui.verifier.protocols.framing import Limits
from tests.support import House

PATIENCE = 120.0  # seconds, after which a test fails instead of waiting for ever
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Use = tuple[str | None, str | None, str | None]  # account, service, address


class Answered(NamedTuple):
    """A line of the answer log."""

    socket: str
    decision: Decision
    service: str | None
    address: str | None


@dataclass
class Book:
    """Usage and answer log, kept in memory."""

    answers: list[Answered] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    old_passwords: list[Use] = field(default_factory=list)

    def used(self, decision: Decision, service: str | None, address: str | None) -> None:
        self.uses.append((decision.account_name, service, address))

    def old_password(self, account: str, service: str | None, address: str | None) -> None:
        self.old_passwords.append((account, service, address))

    def attempt(
        self, socket: str, decision: Decision, service: str | None, address: str | None
    ) -> None:
        self.answers.append(Answered(socket, decision, service, address))

    @property
    def decisions(self) -> list[Decision]:
        return [answered.decision for answered in self.answers]

    @property
    def asked(self) -> list[tuple[str | None, str | None]]:
        """Service and address of every attempt."""
        return [(answered.service, answered.address) for answered in self.answers]


class HeldAuthService(AuthService):
    """Decides nothing while it is shut, or fails; keeps what it was asked."""

    def __init__(self, house: House, book: Book, usage: Usage | None = None) -> None:
        super().__init__(
            *(house.store, house.hasher, house.clock, usage or book, book),
            default_domain=house.default_domain,
            threads=2,
        )
        self.opened = asyncio.Event()
        self.opened.set()
        self.asked: list[Attempt] = []
        self.questions: list[tuple[str, str]] = []  # account name and password, as they came
        self.granted: list[float] = []  # the seconds within which each was to be answered
        self.outcome: Decision | Exception | None = None  # None: what it decides itself

    def ask(
        self,
        source: ServiceSocket,
        account_name: str,
        password: Secret,
        service: str | None,
        address: str | None,
        *,
        within: float,
    ) -> "asyncio.Future[Decision]":
        self.questions.append((account_name, password.reveal()))
        self.granted.append(within)
        return super().ask(source, account_name, password, service, address, within=within)

    async def decide(self, attempt: Attempt) -> Decision:
        self.asked.append(attempt)
        await self.opened.wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome or await super().decide(attempt)


@dataclass
class Desk:
    """A house with the verifier before it, as one socket asks there."""

    house: House
    book: Book = field(default_factory=Book)
    allowed: frozenset[Service] | None = None
    socket: str = "test"
    hints: Hints | None = None

    def __post_init__(self) -> None:
        self.auth_service = HeldAuthService(self.house, self.book)
        self.auth_service.hints = self.hints

    def close(self) -> None:
        self.auth_service.close()

    @property
    def source(self) -> ServiceSocket:
        return ServiceSocket(self.socket, self.allowed)

    @property
    def parts(self) -> tuple[AuthService, ServiceSocket]:
        """The first two arguments of every protocol."""
        return self.auth_service, self.source

    async def ask(
        self,
        account_name: str,
        password: Secret,
        service: str | None,
        address: str | None,
        *,
        test: bool = False,
    ) -> Decision:
        source = replace(self.source, test=test)
        return await self.auth_service.ask(
            source, account_name, password, service, address, within=PATIENCE
        )


def always(house: House, outcome: Decision | Exception) -> tuple[AuthService, ServiceSocket]:
    """Answers every question alike, or fails."""
    desk = Desk(house)
    desk.auth_service.outcome = outcome
    return desk.parts


class Client:
    """One connection; reads lines and frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        async with asyncio.timeout(PATIENCE):
            await self.writer.drain()

    async def line(self) -> str:
        async with asyncio.timeout(PATIENCE):
            line = await self.reader.readline()
        assert line.endswith(b"\n"), line
        return line[:-1].decode()

    async def lines(self, count: int) -> list[str]:
        return [await self.line() for _ in range(count)]

    async def rest(self) -> bytes:
        """Everything until the other end closes."""
        data = b""
        try:
            async with asyncio.timeout(PATIENCE):
                while more := await self.reader.read(4096):
                    data += more
        except ConnectionError:
            pass  # it closed before it had read everything
        return data

    async def finish(self) -> bytes:
        """Says no more, and reads what is still answered."""
        self.writer.write_eof()
        return await self.rest()


def closing(handler: Handler) -> Handler:
    """The handler, and the end of its connection, as connections.py has it."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        finally:
            await close(writer)

    return converse


@dataclass
class Server:
    """A handler behind a socket, and what it told the event loop of faults."""

    path: Path
    faults: list[str] = field(default_factory=list)

    async def talk(self, *pieces: bytes) -> bytes:
        """All that is answered to the pieces, sent one by one, up to the connection's end."""
        async with connected(self.path) as client:
            try:
                for piece in pieces:
                    await client.send(piece)
                return await client.finish()
            except ConnectionError:
                return await client.rest()


@asynccontextmanager
async def served(handler: Handler, path: Path, faults: int = 0) -> AsyncIterator[Server]:
    """The handler behind a socket until its connections have ended.

    Fails if one of them raised, or if there were other than that many faults.
    """
    here = Server(path)
    conversations: set[asyncio.Task[None]] = set()

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        conversations.add(task)
        await closing(handler)(reader, writer)

    def fault(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        here.faults.append(str(context))

    asyncio.get_running_loop().set_exception_handler(fault)
    server = await asyncio.start_unix_server(begin, path)
    try:
        yield here
    finally:
        server.close()
        async with asyncio.timeout(PATIENCE):
            results = await asyncio.gather(*conversations, return_exceptions=True)
    assert [result for result in results if result is not None] == []
    assert len(here.faults) == faults, here.faults


@contextmanager
def served_in_thread(handler: Handler, path: Path) -> Iterator[None]:
    """The handler behind a socket that is everybody's, for programs that are waited for.

    The end closes every connection, as the end of a daemon does.
    """
    begun = threading.Event()
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        end = asyncio.Event()
        server = await asyncio.start_unix_server(closing(handler), path)
        loops.append((asyncio.get_running_loop(), end))
        begun.set()
        await end.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert begun.wait(PATIENCE)
    path.chmod(0o666)  # whoever runs auth-worker
    try:
        yield
    finally:
        ((loop, end),) = loops
        loop.call_soon_threadsafe(end.set)
        thread.join(PATIENCE)
        path.unlink(missing_ok=True)
        assert not thread.is_alive()


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def until(condition: Callable[[], bool]) -> None:
    """Lets everything else go on until that is so."""
    async with asyncio.timeout(PATIENCE):
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
    handler = AuthClient(*desk.parts, limits or Limits())
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
