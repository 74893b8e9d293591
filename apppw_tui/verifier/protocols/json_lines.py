"""One line of JSON in, one line out: what the Lua passdb of Dovecot asks (recipes/dovecot/).

Dovecot needs all four answers: its own auth-client protocol cannot say "not mine", and HTTP would
need a client library inside Dovecot's Lua.

    > {"user": "ada", "password": "7kfm …", "service": "imap", "rip": "192.0.2.7"}
    < {"answer": "yes", "user": "ada@example.org"}

`service` and `rip` may be missing or null; unknown keys are ignored. The answer is `yes`, `no`,
`not mine` or `not now`, and has `user`, the canonical name, where the store knows the account.
With `"test": true` nobody signs in: it is decided and logged, but does not count as a use, nor
against anybody. Such an answer also has `why`, where the password itself was right, and
`retry_after`, in whole seconds, where it is known.
Where an old password was right, Dovecot tells so, which cannot be known otherwise:

    > {"event": "old-password", "user": "ada", "service": "imap", "rip": "192.0.2.7"}
    < {"answer": "noted"}

It is noted whether or not there is such an account; it counts for services that the socket may
speak for.

Root, and whoever the daemon runs as, may also ask how the daemon does: see admin_questions.py.

Any other line is answered by `{"answer": "error"}` and the end of the connection; what is too
long, or never ends, by its end alone.
"""

import asyncio
import json
import math
from dataclasses import dataclass, replace
from typing import Any

from apppw_tui.domain.addresses import parse_address
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.auth_service import AuthService, ServiceSocket
from apppw_tui.verifier.decision import Answer, Decision
from apppw_tui.verifier.protocols import admin_questions
from apppw_tui.verifier.protocols.framing import STANDARD, Limits, next_line

_OLD_PASSWORD = "old-password"  # noqa: S105 - an event's name


@dataclass(frozen=True)
class _Question:
    """`password` is None where nothing is asked: the user's old one was right elsewhere."""

    user: str
    password: Secret | None
    service: str | None
    address: str | None
    test: bool


class JsonLines:
    """Answers questions in the order in which they came."""

    def __init__(
        self, auth_service: AuthService, source: ServiceSocket, limits: Limits = STANDARD
    ) -> None:
        self._limits = limits
        self._auth_service = auth_service
        self._source = source
        self._testing = replace(source, test=True)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection to its end. Raises nothing but CancelledError."""
        # Each in a call of its own: between two, its variables would keep the password.
        while await self._serve_one(reader, writer):
            pass

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers the next question; False if there is none, and the connection is over."""
        line = await next_line(reader, writer, self._limits)
        if line is None:
            return False
        try:
            read = _read(line)
            if any(subject in read for subject in admin_questions.SUBJECTS):
                writer.write(self._told_administrator(read, writer))
                return True
            question = _question(read)
        except (ValueError, RecursionError):  # the latter: nested too deeply
            writer.write(_line(answer="error"))
            return False
        writer.write(await self._answer(question))
        return True

    def _told_administrator(self, read: dict[str, Any], writer: asyncio.StreamWriter) -> bytes:
        """Raises ValueError: it is no such question, or not theirs to ask."""
        if not admin_questions.may_ask(writer):
            raise ValueError
        return _line(**admin_questions.answer(read, self._auth_service))

    async def _answer(self, question: _Question) -> bytes:
        if question.password is None:
            self._auth_service.old_password(
                self._source, question.user, question.service, question.address
            )
            return _line(answer="noted")
        decision = await self._auth_service.ask(
            self._testing if question.test else self._source,
            question.user,
            question.password,
            question.service,
            question.address,
            within=self._limits.answer_timeout,
        )
        facts = _more(decision) if question.test else {}
        if decision.account_name is not None:
            return _line(answer=decision.answer.value, user=decision.account_name, **facts)
        answer = Answer.NOT_NOW if decision.answer is Answer.YES else decision.answer
        return _line(answer=answer.value, **facts)


def _more(decision: Decision) -> dict[str, str | int]:
    """The facts for somebody who tries a password: nothing that a wrong one could find out."""
    facts: dict[str, str | int] = {}
    if decision.app_password is not None:
        facts["why"] = decision.reason
    if decision.retry_after is not None:
        facts["retry_after"] = math.ceil(decision.retry_after)
    return facts


def _line(**answer: Any) -> bytes:
    return json.dumps(answer).encode() + b"\n"


def _read(line: bytes) -> dict[str, Any]:
    """Raises ValueError, RecursionError."""
    read = json.loads(line.decode(), object_pairs_hook=_object, parse_constant=_constant)
    if not isinstance(read, dict):
        raise ValueError
    return read


def _question(read: dict[str, Any]) -> _Question:
    """Raises ValueError."""
    user, password = _text(read.get("user")), _text(read.get("password"))
    service, address = _text(read.get("service")), _text(read.get("rip"))
    test, event = read.get("test"), read.get("event")
    if user is None or not isinstance(test, bool | None):
        raise ValueError
    # A line that says both, or neither, is nothing that any of ours says.
    if (event is None) is (password is None) or event not in (None, _OLD_PASSWORD):
        raise ValueError
    secret = None if password is None else Secret(password)
    return _Question(user, secret, service or None, parse_address(address), test is True)


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
