"""The log of answers, for the administrator: one line each, and never a password (SAFETY 24)."""

import contextlib
import math
import os
from collections.abc import Callable

from apppw_tui.domain import app_password
from apppw_tui.domain.addresses import parse_address
from apppw_tui.domain.lines import log_line
from apppw_tui.domain.ports import Clock
from apppw_tui.domain.scopes import Service
from apppw_tui.integrations.journald import STANDARD_ERROR, Priority, prefix, to_journal
from apppw_tui.verifier.decision import Answer, Decision

LINE_BYTES = 4096  # what POSIX writes to a pipe in one piece is not less on any system we know
_VALUE_CHARACTERS = 256
_RARELY = 60.0  # seconds
_NONE = "-"
_UNKNOWN = "(unknown)"


class AnswerLog:
    """Writes lines to standard error, each in one write, and with its priority to the journal.

    Never raises.
    """

    def __init__(
        self,
        clock: Clock,
        write: Callable[[int, bytes], object] = os.write,
        descriptor: int = STANDARD_ERROR,
        *,
        journal: bool | None = None,
    ) -> None:
        """`journal` says whether it is the journal that is written to; None: find it out."""
        self._clock = clock
        self._warned: dict[tuple[str, str | None], float] = {}
        self._write = write
        self._descriptor = descriptor
        journal = to_journal(descriptor) if journal is None else journal
        self._prefixes = {priority: prefix(priority, journal=journal) for priority in Priority}

    def attempt(
        self, socket: str, decision: Decision, service: Service | None, address: str | None
    ) -> None:
        """One answer: every key each time, in this order, `-` where there is nothing to say."""
        record = decision.app_password
        # "Not now" may be said before anybody looked whether there is such an account.
        nobody = _NONE if decision.answer is Answer.NOT_NOW else _UNKNOWN
        self._line(
            _priority(decision),
            "",
            answer=decision.answer.value,
            account=decision.account_name or nobody,
            app_password=record.id if record else _NONE,
            name=record.name if record else _NONE,
            service=service or _NONE,
            address=_shown(address),
            socket=socket,
            why=decision.reason,
        )

    def nearly(
        self, socket: str, account_name: str, service: Service | None, address: str | None
    ) -> None:
        """A name that no account has was nearly this account's."""
        self._line(
            Priority.NOTICE,
            "nearly an account",
            account=account_name,
            service=service or _NONE,
            address=_shown(address),
            socket=socket,
        )

    def event(self, what: str, **facts: str) -> None:
        """One line about the daemon itself."""
        self._line(Priority.INFO, what, **facts)

    def warned(self, what: str, **facts: str) -> None:
        """One line about what somebody should look at."""
        self._line(Priority.WARNING, what, **facts)

    def warned_rarely(self, what: str, **facts: str) -> None:
        """As `warned`, but one line a minute at most of the same, of each socket."""
        now, same = self._clock.monotonic(), (what, facts.get("socket"))
        if now - self._warned.get(same, -math.inf) >= _RARELY:
            self._warned[same] = now
            self.warned(what, **facts)

    def failed(self, what: str, **facts: str) -> None:
        """One line about what went wrong."""
        self._line(Priority.ERROR, what, **facts)

    def _line(self, priority: Priority, what: str, **facts: str) -> None:
        # Of an account only a name that the store knows: long ones may have the form by chance.
        bounded = {
            key: value if key == "account" else _bounded(value) for key, value in facts.items()
        }
        line = self._prefixes[priority] + log_line(self._clock.now(), _bounded(what), bounded)
        content = line.encode()
        if len(content) >= LINE_BYTES:  # never half a character
            content = content[: LINE_BYTES - 1].decode(errors="ignore").encode()
        with contextlib.suppress(OSError):
            self._write(self._descriptor, content + b"\n")


def _priority(decision: Decision) -> Priority:
    """One mistake is worth a notice, too many of them a warning, a fault of ours an error."""
    if decision.answer is Answer.NOT_NOW:
        return Priority.ERROR if decision.retry_after is None else Priority.WARNING
    return Priority.NOTICE if decision.answer is Answer.NO else Priority.INFO


def _shown(address: str | None) -> str:
    return _NONE if address is None else parse_address(address) or _NONE


def _bounded(text: str) -> str:
    """`text` without anything that could be an app password, and not too long."""
    if len(text) < app_password.LENGTH:
        return text
    text = app_password.redacted(text[: 4 * _VALUE_CHARACTERS])
    return text if len(text) <= _VALUE_CHARACTERS else f"{text[:_VALUE_CHARACTERS]}…"
