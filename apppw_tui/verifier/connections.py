"""The connections of one socket: so many at once, and no user's idle ones in everybody's way."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import SupportsIndex

from apppw_tui.domain.errors import describe_fault
from apppw_tui.verifier.answer_log import AnswerLog
from apppw_tui.verifier.protocols.registry import ConnectionHandler

_TAKEN = 8.0  # seconds, for what was answered to be taken once a connection is closed
_CREDENTIALS = struct.Struct("3i")  # unix(7), struct ucred: pid, uid, gid
_IDLE = 10.0  # seconds since anything was heard: all that was asked has been answered
_MOST_LEAVING = 32  # connections that were told to make room, and have an answer yet to give
_BUFFER = 16_384  # bytes; no protocol here has a longer line


@dataclass(eq=False)
class _Guest:
    """One connection; `uid` is that of the process which made it, None where nobody tells."""

    reader: "_Reader"
    transport: asyncio.WriteTransport
    uid: int | None


class ConnectionTracker:
    """The connections of the socket `name`, `most` at once."""

    def __init__(
        self, name: str, conversation: ConnectionHandler, log: AnswerLog, most: int
    ) -> None:
        self.name = name
        self._conversation = conversation
        self._log = log
        self._most = most
        self._over = False
        self._guests: dict[asyncio.Task[None], _Guest] = {}
        self._staying: dict[_Guest, None] = {}
        self._leaving: dict[_Guest, None] = {}  # the longest first

    def protocol(self) -> asyncio.StreamReaderProtocol:
        """For one connection that was accepted."""
        reader = _Reader(limit=_BUFFER)
        return asyncio.StreamReaderProtocol(reader, self._connected)

    @property
    def conversations(self) -> list[asyncio.Task[None]]:
        """Those that have to come to their end."""
        return list(self._guests)

    @property
    def count(self) -> int:
        """The number of open ones."""
        return len(self._guests)

    def exchange(self, conversation: ConnectionHandler) -> None:
        """Speaks so from now on; who is connected comes to an end, and connects again."""
        self._conversation = conversation
        for guest in self._guests.values():
            guest.reader.end()

    def end(self) -> None:
        """Nothing more is heard, but of who has not asked anything yet: they may be about to."""
        for guest in self._guests.values():
            if guest.reader.heard:
                guest.reader.end()

    def end_all(self) -> None:
        """Nothing more is heard of anybody."""
        self._over = True
        for guest in self._guests.values():
            guest.reader.end()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert isinstance(reader, _Reader)  # noqa: S101 - what `protocol` made
        guest = _Guest(reader, writer.transport, peer_uid(writer))
        if len(self._staying) >= self._most and not self._make_room(guest):
            writer.transport.abort()
            self._say_full(guest)
            return
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._guests[task] = guest
        self._staying[guest] = None
        if self._over:
            reader.end()
        task.add_done_callback(self._ended)

    def _make_room(self, for_: _Guest) -> bool:
        """Ends who was silent for longest, of the user who has most; False if nobody may be ended.

        Nobody who has as few connections as whoever comes, unless they are idle.
        """
        counts = Counter(guest.uid for guest in self._staying)
        uid, most = counts.most_common(1)[0]
        silent = min(
            (guest for guest in self._staying if guest.uid == uid),
            key=lambda guest: guest.reader.last,
        )
        idle = asyncio.get_running_loop().time() - silent.reader.last >= _IDLE
        if not idle and most <= counts[for_.uid] + 1:
            return False
        self._say_full(silent)
        del self._staying[silent]
        self._leaving[silent] = None
        silent.reader.end()
        if len(self._leaving) > _MOST_LEAVING:
            self._break_off()
        return True

    def _break_off(self) -> None:
        """Leaves the user of whom most are leaving one answer less to wait for: the oldest.

        Whoever takes no answers would be leaving for as long as it likes, and keep others out.
        """
        uid = Counter(guest.uid for guest in self._leaving).most_common(1)[0][0]
        longest = next(guest for guest in self._leaving if guest.uid == uid)
        del self._leaving[longest]
        longest.transport.abort()

    def _say_full(self, guest: _Guest) -> None:
        uid = {} if guest.uid is None else {"uid": str(guest.uid)}
        most = str(self._most)
        self._log.warned_rarely("too many connections", socket=self.name, most=most, **uid)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._conversation.handle(reader, writer)
        except OSError:
            pass  # the other side left
        except Exception as error:  # noqa: BLE001 - one connection's fault is no other's
            self._log.failed("fault", socket=self.name, why=describe_fault(error))
        finally:
            await close(writer)

    def _ended(self, task: asyncio.Task[None]) -> None:
        guest = self._guests.pop(task)
        self._staying.pop(guest, None)
        self._leaving.pop(guest, None)


def peer_uid(writer: asyncio.StreamWriter) -> int | None:
    """The uid of the process that made the connection (unix(7), SO_PEERCRED).

    None where nobody tells.
    """
    connected = writer.get_extra_info("socket")
    number = getattr(socket, "SO_PEERCRED", None)  # not on macOS and the BSDs
    if connected is None or number is None:
        return None
    try:
        credentials = connected.getsockopt(socket.SOL_SOCKET, number, _CREDENTIALS.size)
    except OSError:
        return None
    uid: int = _CREDENTIALS.unpack(credentials)[1]
    return uid


async def close(writer: asyncio.StreamWriter, seconds: float = _TAKEN) -> None:
    """Closes; what the peer does not take within so many seconds is dropped. Never raises."""
    writer.close()
    try:
        async with asyncio.timeout(seconds):
            await writer.wait_closed()
    except OSError:
        writer.transport.abort()


class _Reader(asyncio.StreamReader):
    """A reader that can be told that nothing more comes, whatever the other side sends."""

    heard = False  # anything at all
    _deaf = False

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._now = asyncio.get_running_loop().time
        self.last = self._now()  # when something was heard, or it was made

    def end(self) -> None:
        self._deaf = True
        self.feed_eof()

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        if not self._deaf:
            self.heard = True
            self.last = self._now()
            super().feed_data(data)
