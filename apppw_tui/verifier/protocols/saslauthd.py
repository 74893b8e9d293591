"""saslauthd's protocol: whatever signs people in through Cyrus SASL speaks it.

Source: cyrus-sasl, lib/checkpw.c and saslauthd/ipc_unix.c (2.1.28). A request is four counted
strings, user, password, service and realm, the answer is one; a count is 16 bits, big-endian.
"""

import asyncio

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.auth_service import AuthService, ServiceSocket
from apppw_tui.verifier.decision import Answer
from apppw_tui.verifier.protocols.framing import STANDARD, Limits, drain

_STRINGS = 4  # libsasl after 2.1.28 adds the client's address, then reads the answer and closes
_OK = b"\0\2OK"
_NO = b"\0\2NO"


class Saslauthd:
    """Serves the connections of one socket."""

    def __init__(
        self, auth_service: AuthService, source: ServiceSocket, limits: Limits = STANDARD
    ) -> None:
        self._auth_service = auth_service
        self._source = source
        self._limits = limits

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection to its end. Raises nothing but CancelledError."""
        # Each in a call of its own: between two, its variables would keep the password.
        while await self._serve_one(reader, writer):
            pass

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers the next request; False if it cannot, or none comes: the connection is over."""
        request = await self._request(reader, writer)
        answer = None if request is None else await self._answer(request)
        if answer is None:
            return False
        writer.write(answer)
        return True

    async def _request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> list[bytes] | None:
        """The next one; None if it is too long, does not come, or is cut off."""
        strings: list[bytes] = []
        left = self._limits.max_bytes
        try:
            if writer.transport.get_write_buffer_size():  # who does not read is not listened to
                await drain(writer, self._limits.write_timeout)
            async with asyncio.timeout(self._limits.idle_timeout):
                while len(strings) < _STRINGS:
                    size = int.from_bytes(await reader.readexactly(2), "big")
                    left -= size
                    if left < 0:
                        return None
                    strings.append(await reader.readexactly(size))
        except (OSError, asyncio.IncompleteReadError):
            return None  # TimeoutError is an OSError
        return strings

    async def _answer(self, request: list[bytes]) -> bytes | None:
        """None if it cannot be answered now."""
        try:
            # Of these, what is no UTF-8 is no name and no app password: refused, and written down.
            user, password = (string.decode(errors="replace") for string in request[:2])
            service, realm = (string.decode() for string in request[2:])
        except UnicodeDecodeError:
            return _NO
        if realm and "@" not in user:
            user = f"{user}@{realm}"  # libsasl takes bob@example.org apart
        decision = await self._auth_service.ask(
            *(self._source, user, Secret(password), service or None, None),
            within=self._limits.answer_timeout,
        )
        if decision.answer is Answer.NOT_NOW:
            # There is no answer for that. To a closed connection libsasl says SASL_FAIL
            # (checkpw.c, "size read failed"), which Postfix takes as temporary, 454; a NO would be
            # SASL_BADAUTH, 535 (xsasl_cyrus_server.c).
            return None
        return _OK if decision.answer is Answer.YES else _NO
