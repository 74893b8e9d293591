"""Security codes go out by a program that the administrator has configured."""

import re
from dataclasses import dataclass
from typing import NoReturn

from apppw_tui import programs
from apppw_tui.domain.delivery import Kind
from apppw_tui.domain.errors import DeliveryFailed
from apppw_tui.domain.journal import Journal
from apppw_tui.domain.secret import Secret

_NUMBER = re.compile(r"\+[0-9]{5,15}")  # E.164: at most fifteen digits
_SUBSCRIBER = 7  # digits: enough of a number's end to know it by, however its beginning is written
_SORRY = (
    "The code could not be sent. Try again, or use another way; the administrator's log says why."
)


@dataclass(frozen=True)
class CommandDelivery:
    """Runs `command` for each message; it has `timeout` seconds to take it, and exits with 0."""

    command: tuple[str, ...]
    kinds: frozenset[Kind]
    timeout: float
    journal: Journal

    def deliver(self, kind: Kind, number: str, message: Secret) -> None:
        """Hands `message` to the command, on its standard input. Blocks.

        Raises:
            DeliveryFailed: it was not taken; the journal has the detail, without code and number.
        """
        if kind not in self.kinds:
            self._fail(kind, number, "kind is not configured")
        if not _NUMBER.fullmatch(number):
            self._fail(kind, "", "number is not E.164")
        outcome = programs.run(
            self.command,
            {"kind": kind, "number": number},
            message,
            self.timeout,
            secrets=(number, number[-_SUBSCRIBER:]),
        )
        if not outcome.ok:
            self._fail(kind, number, outcome.how, outcome.output)

    def _fail(self, kind: str, number: str, how: str, output: str = "") -> NoReturn:
        self.journal.fault(
            "delivery failed", kind=kind, number=f"*{number[-2:]}", how=how, output=output
        )
        raise DeliveryFailed(_SORRY)
