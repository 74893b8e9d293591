"""One line of JSON in, one line out: what the Lua passdb of Dovecot asks (recipes/dovecot/).

Dovecot needs all four answers: its own auth-client protocol cannot say "not mine", and HTTP would
need a client library inside Dovecot's Lua.

    > {"user": "ada", "password": "7kfm …", "service": "imap", "rip": "192.0.2.7"}
    < {"answer": "yes", "user": "ada@example.org"}

`service` and `rip` may be missing or null; unknown keys are ignored. The answer is `yes`, `no`,
`not mine` or `not now`, and has `user`, the canonical name, where the store knows the account.
Any other line is answered by `{"answer": "error"}` and the end of the connection; what is too long,
or never ends, by its end alone.
"""

import asyncio
import json
from typing import Any

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier import streams
from apppw_tui.verifier.counter import Counter
from apppw_tui.verifier.decision import Answer
from apppw_tui.verifier.lines import Asking, Limits, next_line


class JsonLines:
    """Answers questions in the order in which they came."""

    def __init__(self, counter: Counter, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._asking = Asking(counter, self._limits)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection to its end. Raises nothing but CancelledError."""
        try:
            while (line := await next_line(reader, writer, self._limits)) is not None:
                try:
                    question = _question(line)
                except (ValueError, RecursionError):  # the latter: nested too deeply
                    writer.write(_line(answer="error"))
                    return
                writer.write(await self._answer(*question))
        finally:
            await streams.close(writer, self._limits.answer)

    async def _answer(
        self, user: str, password: Secret, service: str | None, address: str | None
    ) -> bytes:
        verdict = await self._asking.ask(user, password, service, address)
        if verdict.account is not None:
            return _line(answer=verdict.answer.value, user=verdict.account)
        answer = Answer.NOT_NOW if verdict.answer is Answer.YES else verdict.answer
        return _line(answer=answer.value)


def _line(**answer: str) -> bytes:
    return json.dumps(answer).encode() + b"\n"


def _question(line: bytes) -> tuple[str, Secret, str | None, str | None]:
    """What `Counter.ask` takes. Raises ValueError, RecursionError."""
    read = json.loads(line.decode(), object_pairs_hook=_object, parse_constant=_constant)
    if not isinstance(read, dict):
        raise ValueError
    user, password = _text(read.get("user")), _text(read.get("password"))
    service, address = _text(read.get("service")), _text(read.get("rip"))
    if user is None or password is None:
        raise ValueError
    return user, Secret(password), service or None, streams.address(address)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """RFC 8259 section 4: of two equal names, no two programs take the same."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError
    return read


def _constant(_: str) -> None:
    raise ValueError  # NaN and Infinity are Python's, not JSON's


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError
    if value is not None:
        value.encode()  # raises for half of a surrogate pair, which JSON's \u can bring
    return value
