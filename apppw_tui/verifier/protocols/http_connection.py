"""One HTTP/1.1 connection: h11 reads and writes it, this bounds its size and its time."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

import h11

from apppw_tui.verifier.protocols import framing

_CHUNK = 16_384  # bytes


@dataclass(frozen=True)
class HttpLimits:
    """Sizes in bytes, times in seconds."""

    header_bytes: int = 16_384
    body_bytes: int = 65_536
    idle: float = 75.0  # nginx closes after 60 itself; who closes first may lose a request
    header: float = 10.0  # from a request's first byte to its last header
    body: float = 10.0
    answer: float = 8.0  # for a decision
    write: float = 10.0
    linger: float = 1.0


@dataclass(frozen=True)
class Response:
    """The answer; after the `last` one the connection is closed."""

    status: HTTPStatus
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    last: bool = False


class HttpConnection:
    """Requests in, responses out, in turn."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: HttpLimits
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.header_bytes)
        self._without_body = False

    async def request(self) -> h11.Request | None:
        """The next one's head; None when there is none to come.

        Raises h11.RemoteProtocolError, TimeoutError (its head was too slow), OSError.
        """
        if not self._h11.trailing_data[0]:  # else it came together with the one before
            try:
                async with asyncio.timeout(self._limits.idle):
                    self._h11.receive_data(await self._reader.read(_CHUNK))
            except TimeoutError:
                return None
        async with asyncio.timeout(self._limits.header):
            event = await self._event()
        if not isinstance(event, h11.Request):
            return None
        # RFC 9112 section 6.3: another program on the way may take another end for the right one.
        if {b"transfer-encoding", b"content-length"} <= {key for key, _ in event.headers}:
            raise h11.RemoteProtocolError("two lengths", error_status_hint=400)
        self._without_body = event.method == b"HEAD"
        return event

    async def skip_body(self, request: h11.Request) -> bool:
        """Reads the body and throws it away; False, with a part unread, if it is too large.

        Raises h11.RemoteProtocolError, TimeoutError (it was too slow), OSError.
        """
        room = self._limits.body_bytes
        if int(dict(request.headers).get(b"content-length", 0)) > room:
            return False
        if self._h11.they_are_waiting_for_100_continue:
            await self._send(h11.InformationalResponse(status_code=100, headers=[]))
        async with asyncio.timeout(self._limits.body):
            while isinstance(event := await self._event(), h11.Data):
                room -= len(event.data)
                if room < 0:
                    return False
        return True

    async def respond(self, response: Response) -> bool:
        """Sends it; True if another request may follow. Raises OSError."""
        headers = [
            *response.headers,
            ("Cache-Control", "no-store"),
            ("Content-Length", str(len(response.body))),
        ]
        if response.last:
            headers.append(("Connection", "close"))
        await self._send(
            h11.Response(
                status_code=response.status, reason=response.status.phrase, headers=headers
            ),
            h11.Data(data=b"" if self._without_body else response.body),
            h11.EndOfMessage(),
        )
        if response.last:
            await self._linger()
        if self._h11.our_state is not h11.DONE:
            return False
        self._h11.start_next_cycle()
        return True

    async def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._h11.next_event()) is h11.NEED_DATA:
            self._h11.receive_data(await self._reader.read(_CHUNK))
        return event

    async def _send(self, *events: h11.Event) -> None:
        data = b"".join(self._h11.send(event) or b"" for event in events)
        await framing.send(self._writer, data, self._limits.write)

    async def _linger(self) -> None:
        """RFC 9112 section 9.6: whoever is still sending would be told of that, not the answer."""
        self._writer.write_eof()
        try:
            async with asyncio.timeout(self._limits.linger):
                while await self._reader.read(_CHUNK):
                    pass
        except TimeoutError:
            return
