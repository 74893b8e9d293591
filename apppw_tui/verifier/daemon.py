"""The daemon: one loop, its sockets, its life and its death."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex

from apppw_tui.domain.errors import ApppwError
from apppw_tui.fault import describe
from apppw_tui.verifier.log import Log
from apppw_tui.verifier.notify import Notifier
from apppw_tui.verifier.protocols import Conversation
from apppw_tui.verifier.sockets import BACKLOG, Listening

MOST_CONNECTIONS = 512  # for each socket
PATIENCE = 5.0  # seconds for the answers that are being given when the daemon ends
FLUSH_EVERY = 60.0  # seconds
_LAST_MOMENT = 1.0  # seconds, for a conversation that was broken off to close its connection
_BUFFER = 16_384  # bytes; no protocol here has a longer line


@dataclass(frozen=True)
class Served:
    """A socket, and what is spoken there."""

    listening: Listening
    conversation: Conversation


class Daemon:
    """Serves sockets until it is told to end by SIGTERM or SIGINT.

    `reload` is called in a thread upon SIGHUP and may raise ApppwError; `flush` is called in a
    thread, every `flush_every` seconds and at the end.
    """

    def __init__(
        self,
        served: Sequence[Served],
        log: Log,
        notifier: Notifier,
        reload: Callable[[], None],
        flush: Callable[[], None],
        *,
        most_connections: int = MOST_CONNECTIONS,
        patience: float = PATIENCE,
        flush_every: float = FLUSH_EVERY,
    ) -> None:
        self._served = served
        self._log = log
        self._notifier = notifier
        self._reload = reload
        self._flush = flush
        self._most = most_connections
        self._patience = patience
        self._flush_every = flush_every
        self._rooms: list[_Room] = []
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
        for one in self._served:
            room = _Room(one, self._log, self._most)
            self._rooms.append(room)
            # create_server rather than create_unix_server, which would remove what is not ours.
            sock = one.listening.socket
            servers.append(await loop.create_server(room.protocol, sock=sock, backlog=BACKLOG))
        tasks.add(loop.create_task(self._flush_regularly()))
        self._log.said("ready")
        self._notifier.ready()
        await end.wait()
        self._notifier.stopping()
        self._log.said("stopping")
        for server in servers:
            server.close()
        for task in [*tasks]:
            task.cancel()
        await self._let_finish()
        await self._flushed()

    async def _let_finish(self) -> None:
        """What was asked is still answered; whoever asks nothing is told to leave."""
        conversations = {task for room in self._rooms for task in room.end()}
        if not conversations:
            return
        _, late = await asyncio.wait(conversations, timeout=self._patience)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_LAST_MOMENT)

    async def _again(self) -> None:
        """Reads the configuration again; a wrong one changes nothing."""
        async with self._reloading:
            self._notifier.reloading()
            try:
                await asyncio.to_thread(self._reload)
                self._log.said("configuration read again")
            except ApppwError as error:
                self._log.said("configuration not changed", why=str(error))
            except Exception as error:  # noqa: BLE001 - it must not end the daemon
                self._log.said("configuration not changed", why=describe(error))
            self._notifier.ready()

    async def _flush_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._flush_every)
            await self._flushed()

    async def _flushed(self) -> None:
        try:
            await asyncio.to_thread(self._flush)
        except Exception as error:  # noqa: BLE001 - the next time may go well
            self._log.said("fault", why=describe(error))

    def _unexpected(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The loop's exception handler: one line, without what the error itself says."""
        error = context.get("exception")
        more = {} if error is None else {"error": describe(error)}
        self._log.said("fault", why=str(context.get("message", "")), **more)


class _Room:
    """The connections of one socket."""

    def __init__(self, served: Served, log: Log, most: int) -> None:
        self._name = served.listening.name
        self._conversation = served.conversation
        self._log = log
        self._most = most
        self._full = False
        self._readers: dict[asyncio.Task[None], _Reader] = {}

    def protocol(self) -> asyncio.StreamReaderProtocol:
        """For one connection that was accepted."""
        reader = _Reader(limit=_BUFFER)
        return asyncio.StreamReaderProtocol(reader, self._connected)

    def end(self) -> list[asyncio.Task[None]]:
        """Nothing more is heard; the conversations that have to come to their end."""
        for reader in self._readers.values():
            reader.end()
        return list(self._readers)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._readers) >= self._most:
            writer.transport.abort()
            if not self._full:  # once, however many knock
                self._log.said("too many connections", socket=self._name, most=str(self._most))
            self._full = True
            return
        assert isinstance(reader, _Reader)  # noqa: S101 - what `protocol` made
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._readers[task] = reader
        task.add_done_callback(self._ended)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._conversation.converse(reader, writer)
        except OSError:
            pass  # the other side left
        except Exception as error:  # noqa: BLE001 - one connection's fault is no other's
            self._log.said("fault", socket=self._name, why=describe(error))
        finally:
            with contextlib.suppress(Exception):
                writer.transport.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._readers[task]
        self._full = False


class _Reader(asyncio.StreamReader):
    """A reader that can be told that nothing more comes, whatever the other side sends."""

    _deaf = False

    def end(self) -> None:
        self._deaf = True
        self.feed_eof()

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        if not self._deaf:
            super().feed_data(data)
