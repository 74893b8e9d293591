"""The daemon: one loop, its sockets, its life and its death."""

import asyncio
import contextlib
import errno
import logging
import math
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apppw_tui.domain.errors import ApppwError, ConfigError, describe_fault
from apppw_tui.verifier.answer_log import AnswerLog
from apppw_tui.verifier.connections import ConnectionTracker
from apppw_tui.verifier.metrics import SAMPLE_EVERY, Metrics
from apppw_tui.verifier.protocols.registry import ConnectionHandler
from apppw_tui.verifier.reading import StoreReader
from apppw_tui.verifier.sockets import BACKLOG, ListeningSocket
from apppw_tui.verifier.systemd import SystemdNotifier

MOST_CONNECTIONS = 512  # for each socket
PATIENCE = 5.0  # seconds for the answers that are being given when the daemon ends
FLUSH_EVERY = 60.0  # seconds, where nothing happens
FLUSH_WITHIN = 1.0  # seconds after an answer: one time of writing for all who sign in meanwhile
LAST_FLUSH = 30.0  # seconds, for what is to be written down at the end
_GRACE = 1.0  # seconds at the end, for who has connected and has not asked yet
_STEPS = 8  # of the loop, until what was accepted a moment ago is a connection
_OF_WATCHED = 1 / 4  # of the time that systemd waits, between two signs of life
_LAST_MOMENT = 1.0  # seconds, for a conversation that was broken off to close its connection


@dataclass(frozen=True)
class Endpoint:
    """A socket, and what is spoken there."""

    listening: ListeningSocket
    conversation: ConnectionHandler


class Daemon:
    """Serves sockets until it is told to end by SIGTERM or SIGINT.

    `reload` is called in a thread upon SIGHUP, may raise ApppwError, and returns what is spoken
    from now on at those sockets, by name, where that is another than before; `flush` is called in a
    thread: at the start and at the end, `flush_within` seconds after `flush_soon`, and every
    `flush_every` seconds at least; it returns True if everything was written down.
    """

    def __init__(
        self,
        served: Sequence[Endpoint],
        log: AnswerLog,
        notifier: SystemdNotifier,
        reload: Callable[[], Mapping[str, ConnectionHandler]],
        flush: Callable[[], bool],
        *,
        metrics: Metrics,
        most_connections: int = MOST_CONNECTIONS,
        patience: float = PATIENCE,
        flush_every: float = FLUSH_EVERY,
        flush_within: float = FLUSH_WITHIN,
        last_flush: float = LAST_FLUSH,
    ) -> None:
        self._served = served
        self._log = log
        self._notifier = notifier
        self._reload = reload
        self._flush = flush
        self._metrics = metrics
        self._most = most_connections
        self._patience = patience
        self._flush_every = flush_every
        self._flush_within = flush_within
        self._is_due = asyncio.Event()
        self._last_flush = last_flush
        # However long it takes; but a disk that stands still must not keep the daemon from its end.
        self._writing = StoreReader(deadline=math.inf, most_threads=1)
        self._rooms: list[ConnectionTracker] = []
        self._reloading = asyncio.Lock()

    async def run(self) -> None:
        """Returns when everything has been answered, and written down."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._unexpected)
        logging.getLogger("asyncio").disabled = True  # it would write tracebacks
        end = asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end.set)

        def again() -> None:
            task = loop.create_task(self._again())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        loop.add_signal_handler(signal.SIGHUP, again)
        servers = []
        for endpoint in self._served:
            room = ConnectionTracker(
                endpoint.listening.name, endpoint.conversation, self._log, self._most
            )
            self._rooms.append(room)
            # create_server rather than create_unix_server, which would remove what is not ours.
            sock = endpoint.listening.socket
            servers.append(await loop.create_server(room.protocol, sock=sock, backlog=BACKLOG))
        self._metrics.connections = lambda: {room.name: room.count for room in self._rooms}
        tasks.add(loop.create_task(self._flush_regularly()))
        tasks.add(loop.create_task(self._sample_regularly()))
        if self._notifier.watched is not None:
            tasks.add(loop.create_task(self._live(self._notifier.watched * _OF_WATCHED)))
        self._log.event("ready")
        self._notifier.ready()
        await end.wait()
        self._notifier.stopping()
        self._log.event("stopping")
        for server in servers:
            server.close()
        for task in [*tasks]:
            task.cancel()
        await self._let_finish()
        try:
            async with asyncio.timeout(self._last_flush):
                await self._flushed()
        except TimeoutError:
            self._log.failed("usage not written", why="the store does not answer")
        self._writing.close()

    async def _let_finish(self) -> None:
        """Answers what was asked; a client that asks nothing is told to leave."""
        loop = asyncio.get_running_loop()
        for room in self._rooms:
            room.end()
            loop.call_later(min(_GRACE, self._patience), room.end_all)
        for _ in range(_STEPS):
            await asyncio.sleep(0)
        conversations = {task for room in self._rooms for task in room.conversations}
        if not conversations:
            return
        _, late = await asyncio.wait(conversations, timeout=self._patience)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_LAST_MOMENT)

    async def _live(self, every: float) -> None:
        """Tells systemd that this loop runs: one that stands still would answer nobody."""
        while True:
            self._notifier.alive()
            await asyncio.sleep(every)

    async def _again(self) -> None:
        """Reads the configuration again; a wrong one changes nothing."""
        async with self._reloading:
            self._notifier.reloading()
            try:
                exchanged = await asyncio.to_thread(self._reload)
                for room in self._rooms:
                    if room.name in exchanged:
                        room.exchange(exchanged[room.name])
                self._log.event("configuration read again")
            except ConfigError as error:
                for sentence in error.located:
                    self._log.failed("configuration not changed", why=sentence)
            except ApppwError as error:
                self._log.failed("configuration not changed", why=str(error))
            except Exception as error:  # noqa: BLE001 - it must not end the daemon
                self._log.failed("configuration not changed", why=describe_fault(error))
            self._notifier.ready()

    def flush_soon(self) -> None:
        """There is something to write down. Called on the loop."""
        self._is_due.set()

    async def _flush_regularly(self) -> None:
        while True:
            await self._flushed()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._flush_every):
                    await self._is_due.wait()
                    await asyncio.sleep(self._flush_within)
            self._is_due.clear()

    async def _sample_regularly(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_EVERY)
            self._metrics.sample()

    async def _flushed(self) -> None:
        try:
            if await self._writing(self._flush):
                self._metrics.record_flush()
        except Exception as error:  # noqa: BLE001 - the next time may go well
            self._log.failed("fault", why=describe_fault(error))

    def _unexpected(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The loop's exception handler: one line, without what the error itself says."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            # Where none is left to accept a connection with, asyncio says so hundreds of times.
            self._log.warned_rarely("too many open files", remedy="raise LimitNOFILE")
            return
        facts = {} if error is None else {"error": describe_fault(error)}
        self._log.failed("fault", why=str(context.get("message", "")), **facts)
