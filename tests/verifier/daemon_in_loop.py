"""A daemon that runs in the test's own event loop, with a protocol of the test's own."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from apppw_tui.verifier.answer_log import AnswerLog
from apppw_tui.verifier.metrics import Metrics
from apppw_tui.verifier.protocols.registry import ConnectionHandler
from apppw_tui.verifier.server import Daemon, Endpoint
from apppw_tui.verifier.sockets import ListeningSocket, folder_locked, listen
from apppw_tui.verifier.systemd import SystemdNotifier
from tests.support import FixedClock
from tests.verifier.harness import Handler

WAIT = 20.0  # seconds, for what takes none


@dataclass
class Speaking:
    """A protocol that is given as one function."""

    speak: Handler

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.speak(reader, writer)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()


@dataclass
class Running:
    """What a test sees of a daemon that runs in its loop."""

    path: Path
    log: list[str] = field(default_factory=list)
    clock: FixedClock = field(default_factory=FixedClock)
    flushes: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    flush_soon: Callable[[], None] = lambda: None
    reloads: int = 0
    metrics: Metrics = field(init=False)
    over: "asyncio.Future[None] | None" = None

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.clock)

    def write(self, _: int, line: bytes) -> None:
        self.log.append(line.decode()[21:].rstrip("\n"))

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(self.path)

    async def end(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        assert self.over is not None
        await asyncio.wait_for(asyncio.shield(self.over), WAIT)


def opened(path: Path) -> ListeningSocket:
    with folder_locked(path.parent):
        return listen(path, 0o660, None, None)


class Told:
    """Where systemd would listen."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.notifier = SystemdNotifier({"NOTIFY_SOCKET": str(path)})

    async def next(self) -> str:
        loop = asyncio.get_running_loop()
        datagram = await asyncio.wait_for(loop.sock_recv(self.socket, 4096), WAIT)
        return datagram.decode().partition("\n")[0]


@asynccontextmanager
async def running(
    notified: Told,
    path: Path,
    speak: Handler = echo,
    *,
    flush: Callable[[], object] = lambda: None,
    reload: Callable[[], Mapping[str, ConnectionHandler]] = dict,
    most: int = 512,
    patience: float = WAIT,
    flush_every: float = 3600.0,
    flush_within: float = 0.0,
    last_flush: float = WAIT,
) -> AsyncIterator[Running]:
    seen = Running(path)
    loop = asyncio.get_running_loop()
    handler = loop.get_exception_handler()

    def flushing() -> bool:
        loop.call_soon_threadsafe(seen.flushes.put_nowait, 1)
        return flush() is not False

    listening = opened(path)
    daemon = Daemon(
        [Endpoint(listening, Speaking(speak))],
        AnswerLog(seen.clock, seen.write),
        notified.notifier,
        reload,
        flushing,
        metrics=seen.metrics,
        most_connections=most,
        patience=patience,
        flush_every=flush_every,
        flush_within=flush_within,
        last_flush=last_flush,
    )
    seen.flush_soon = daemon.flush_soon
    seen.over = asyncio.ensure_future(daemon.run())
    try:
        assert await notified.next() == "READY=1"
        yield seen
        if not seen.over.done():
            await seen.end()
        seen.over.result()
    finally:
        seen.over.cancel()
        listening.close()
        loop.set_exception_handler(handler)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
