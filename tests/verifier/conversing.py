"""A handler behind a real Unix socket, over a house, for the tests of the protocols."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apppw_tui.verifier.auth_service import AuthService, DecisionQueue
from apppw_tui.verifier.decision import Answer, Decision, Verifier
from apppw_tui.verifier.password_cache import VerifiedCache
from apppw_tui.verifier.rate_limit import AddressRateLimiter
from tests.support import House

PATIENCE = 120.0  # seconds until a test that waits in vain fails

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Noted:
    """Usage and log, kept in memory; all that a counter answered."""

    answers: list[tuple[str, Decision, str | None, str | None]] = field(default_factory=list)
    old: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    heard: list[tuple[str, Answer, str | None, str | None]] = field(default_factory=list)

    def used(self, decision: Decision, service: str | None, address: str | None) -> None:
        self.heard.append(("used", decision.answer, service, address))

    def old_password(self, account: str, service: str | None, address: str | None) -> None:
        self.old.append((account, service, address))

    def attempt(
        self, socket: str, decision: Decision, service: str | None, address: str | None
    ) -> None:
        self.answers.append((socket, decision, service, address))

    @property
    def asked(self) -> list[tuple[str | None, str | None]]:
        """Service and address of every attempt."""
        return [(service, address) for _, _, service, address in self.answers]


def counter_over(
    house: House, noted: Noted | None = None, allowed: frozenset[str] | None = None
) -> AuthService:
    noted = noted or Noted()
    monotonic = house.clock.monotonic
    verifier = Verifier(house.store, house.hasher, house.clock, house.default_domain)
    queue = DecisionQueue(
        verifier, VerifiedCache(monotonic), AddressRateLimiter(monotonic), threads=1
    )
    return AuthService("test", queue, noted, noted, allowed)


@dataclass(frozen=True)
class Fixed(AuthService):
    """Answers every question alike, or fails."""

    decision: Decision | Exception = field(default_factory=AssertionError)

    async def ask(self, *_: object, **__: object) -> Decision:
        if isinstance(self.decision, Exception):
            raise self.decision
        return self.decision


def always(house: House, decision: Decision | Exception) -> AuthService:
    auth_service = counter_over(house)
    return Fixed(
        auth_service.socket,
        auth_service.queue,
        auth_service.usage,
        auth_service.record,
        None,
        decision,
    )


@dataclass
class Served:
    """Where it listens, and what went wrong inside."""

    path: Path
    faults: list[str] = field(default_factory=list)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(self.path)

    async def talk(self, *pieces: bytes) -> bytes:
        """All that is answered to the pieces, sent one by one, up to the connection's end."""
        reader, writer = await self.connect()
        async with asyncio.timeout(PATIENCE):
            try:
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                writer.write_eof()
                return await reader.read()
            except (ConnectionResetError, BrokenPipeError):
                return await reader.read() if reader.exception() is None else b""
            finally:
                writer.close()


@asynccontextmanager
async def served(converse: Converse, folder: Path) -> AsyncIterator[Served]:
    """Checks at the end that no connection raised, and that each one ended."""
    here = Served(folder / "socket")
    begun: list[asyncio.Task[None]] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        begun.append(task)
        try:
            await converse(reader, writer)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must fail for it
            here.faults.append(f"raised {error!r}")

    def fault(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        here.faults.append(str(context["message"]))

    asyncio.get_running_loop().set_exception_handler(fault)
    server = await asyncio.start_unix_server(accept, here.path)
    async with server:
        yield here
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*begun)
