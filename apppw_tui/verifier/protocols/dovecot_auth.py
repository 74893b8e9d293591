"""Dovecot's auth-client protocol, the server's side: Postfix, Exim, Radicale and Prosody speak it.

Source: Dovecot's documentation, "Dovecot Authentication Protocol", version 1.2. PLAIN is RFC 4616,
LOGIN is draft-murchison-sasl-login-00.
"""

import asyncio
import base64
import itertools
import os
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from apppw_tui.domain import app_password
from apppw_tui.domain.addresses import parse_address
from apppw_tui.domain.names import is_account_name
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.auth_service import AuthService, ServiceSocket
from apppw_tui.verifier.decision import Answer, Decision
from apppw_tui.verifier.protocols.framing import STANDARD, Limits, next_line

_MECHANISMS = ("PLAIN", "LOGIN")
_ID = re.compile(rb"[0-9]{1,10}")
_HIGHEST_ID = 2**32 - 1
_ESCAPED = re.compile(rb"\x01(.?)")
_ESCAPES = {b"0": b"\0", b"1": b"\x01", b"t": b"\t", b"r": b"\r", b"n": b"\n"}


class AuthClient:
    """Serves the connections of one socket."""

    def __init__(
        self,
        auth_service: AuthService,
        source: ServiceSocket,
        limits: Limits = STANDARD,
        token_hex: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        self._ask = partial(auth_service.ask, source, within=limits.answer_timeout)
        self._limits = limits
        self._token_hex = token_hex
        self._connections = itertools.count(1)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection to its end. Raises nothing but CancelledError."""
        # In one write, and below 1,024 bytes: Radicale reads it once. Higher minor versions
        # begin with another handshake.
        mechanisms = "".join(f"MECH\t{name}\tplaintext\n" for name in _MECHANISMS)
        greeting = (
            f"VERSION\t1\t2\n{mechanisms}SPID\t{os.getpid()}\n"
            f"CUID\t{next(self._connections)}\nCOOKIE\t{self._token_hex(16)}\nDONE\n"
        )
        writer.write(greeting.encode())
        await _Connection(self._ask, self._limits, writer).serve(reader)


@dataclass
class _Exchange:
    """One attempt to sign in, until it is answered."""

    mechanism: str
    service: str | None
    address: str | None
    account_name: str = field(default="", repr=False)  # people type their password there, too
    waiting: bool = False  # for a response to a challenge

    def step(self, response: bytes | None) -> str | Secret:
        """The next challenge; or the password, once it is there, and `account_name` with it.

        Raises:
            ValueError: the mechanism does not allow that response.
        """
        if self.mechanism == "PLAIN":
            return "" if response is None else self._plain(response)
        if response is None:
            return "Username:"
        text = response.decode(errors="replace")
        if not text or "\0" in text:
            raise ValueError("neither name nor password")
        if self.account_name:
            return Secret(text)
        self.account_name = text
        return "Password:"

    def _plain(self, response: bytes) -> Secret:
        # What is no UTF-8 is no name and no app password either: refused, and written down.
        authzid, self.account_name, password = response.decode(errors="replace").split("\0")
        if authzid not in ("", self.account_name):
            # An authorization identity would let one person read as another (SAFETY 20).
            raise ValueError("one account asks for another")
        if not self.account_name or not password:
            raise ValueError("no name or no password")
        return Secret(password)


class _Connection:
    """The exchanges under way on one connection."""

    def __init__(
        self, ask: Callable[..., Awaitable[Decision]], limits: Limits, writer: asyncio.StreamWriter
    ) -> None:
        self._ask = ask
        self._limits = limits
        self._writer = writer
        self._exchanges: dict[int, _Exchange] = {}  # by id, the oldest first
        self._room = asyncio.Semaphore(limits.max_pending)

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Reads to the end, then waits until everything that was asked is answered."""
        async with asyncio.TaskGroup() as deciding:
            for expected in (b"VERSION\t1\t", b"CPID\t"):
                line = await next_line(reader, self._writer, self._limits)
                if line is None or not line.startswith(expected):
                    return
            # Each in a call of its own: between two, its variables would keep the password.
            while await self._serve_line(reader, deciding):
                pass

    async def _serve_line(self, reader: asyncio.StreamReader, deciding: asyncio.TaskGroup) -> bool:
        """Does what the next line says; False if there is none, or it says nothing: it is over."""
        line = await next_line(reader, self._writer, self._limits)
        if line is None:
            return False
        command, *fields = line.split(b"\t")
        number = _number(fields)
        if number is None or command not in (b"AUTH", b"CONT", b"CANCEL"):
            return False
        before = self._exchanges.pop(number, None)
        if command == b"CANCEL":
            return True
        try:
            step = _start if command == b"AUTH" else _continue
            exchange, response = step(before, fields[1:])
            wanted = exchange.step(response)
        except ValueError:
            self._fail(number)
            return True
        if isinstance(wanted, str):
            self._challenge(number, exchange, wanted)
        else:
            self._exchanges[number] = exchange
            # Beyond the limit nothing more is read: a refusal would cost people their password,
            # which mail programs forget then.
            await self._room.acquire()
            deciding.create_task(self._decide(number, exchange, wanted))
        return True

    def _challenge(self, number: int, exchange: _Exchange, challenge: str) -> None:
        waiting = [id_ for id_, other in self._exchanges.items() if other.waiting]
        if len(waiting) >= self._limits.max_pending:
            # Postfix never says CANCEL: the oldest is one that somebody gave up.
            del self._exchanges[waiting[0]]
            self._fail(waiting[0], temporary=True)
        exchange.waiting = True
        self._exchanges[number] = exchange
        self._say(f"CONT\t{number}\t{base64.b64encode(challenge.encode()).decode()}")

    async def _decide(self, number: int, exchange: _Exchange, password: Secret) -> None:
        try:
            decision = await self._ask(
                exchange.account_name, password, exchange.service, exchange.address
            )
        finally:
            self._room.release()
        if self._exchanges.get(number) is exchange:  # else it was cancelled meanwhile
            del self._exchanges[number]
            self._answer(number, exchange.account_name, decision)

    def _answer(self, number: int, account_name: str, decision: Decision) -> None:
        if decision.answer is Answer.YES and decision.account_name is not None:
            self._say(f"OK\t{number}\tuser={decision.account_name}")
        elif decision.answer is not Answer.NOT_NOW:
            self._fail(number, account_name)
        elif any(not other.waiting for other in self._exchanges.values()):
            self._fail(number, account_name, temporary=True)
        else:
            # SAFETY 17: Postfix, Exim and Radicale take any FAIL as final; the end of a connection
            # is 454, 435 and 500 to them, and they connect again for the next attempt. Challenges
            # do not hinder it: Postfix never says which were given up.
            self._writer.close()

    def _fail(self, number: int, account_name: str = "", *, temporary: bool = False) -> None:
        # The name as it was sent: the canonical one would tell which accounts exist. What has not
        # the form of a name is not repeated: it could be a password, and goes into a log.
        is_password = app_password.parse(account_name) is not None  # typed into the wrong field
        parameter = (
            f"\tuser={account_name}" if is_account_name(account_name) and not is_password else ""
        )
        self._say(f"FAIL\t{number}{parameter}" + ("\ttemp\tcode=temp_fail" if temporary else ""))

    def _say(self, line: str) -> None:
        if not self._writer.is_closing():
            self._writer.write(f"{line}\n".encode())


def _number(fields: list[bytes]) -> int | None:
    """The id of an attempt, which the client chooses."""
    if not fields or _ID.fullmatch(fields[0]) is None:
        return None
    number = int(fields[0])
    return number if number <= _HIGHEST_ID else None


def _start(before: _Exchange | None, fields: list[bytes]) -> tuple[_Exchange, bytes | None]:
    """Begins an exchange by `AUTH`; returns it and the initial response. Raises ValueError."""
    if before is not None:
        raise ValueError(
            "the id is in use"
        )  # both end, since nobody could tell their answers apart
    name, *parameters = fields
    mechanism = name.decode().upper()
    if mechanism not in _MECHANISMS:
        raise ValueError("no such mechanism")
    given: dict[bytes, bytes] = {}
    for parameter in parameters:
        if b"resp" in given:
            raise ValueError("the response comes last")
        key, _, value = parameter.partition(b"=")
        given[key] = value
    service = given.get(b"service", b"")
    exchange = _Exchange(
        mechanism,
        _unescaped(service).decode() or None,
        parse_address(_unescaped(given.get(b"rip", b"")).decode(errors="replace")),
    )
    # "=" is an empty one; Exim sends nothing at all where there is none.
    response = given.get(b"resp", b"")
    return exchange, None if response in (b"", b"=") else _decoded(response)


def _continue(before: _Exchange | None, fields: list[bytes]) -> tuple[_Exchange, bytes | None]:
    """Continues an exchange by `CONT`; returns it and the response. Raises ValueError."""
    if before is None or not before.waiting:
        raise ValueError("nothing was asked")
    before.waiting = False
    (response,) = fields
    return before, _decoded(response)


def _decoded(response: bytes) -> bytes:
    return base64.b64decode(response, validate=True)


def _unescaped(value: bytes) -> bytes:
    return _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[1]), value)
