"""Security codes go out by a program that the administrator has configured."""

import re
from dataclasses import dataclass
from typing import NoReturn

from apppw_tui.domain.errors import DeliveryFailed
from apppw_tui.domain.phone import parted
from apppw_tui.domain.ports import DeliveryMethod, ErrorLog
from apppw_tui.domain.secret import Secret
from apppw_tui.integrations import process

_NUMBER = re.compile(r"\+[0-9]{5,15}")  # E.164: at most fifteen digits
_EXTENSION = re.compile(r"[0-9]{0,20}")
_TELLING = 3  # digits; to hide a shorter extension would hide half of the output
_SUBSCRIBER = 7  # digits: enough of a number's end to know it by, however its beginning is written
_SORRY = (
    "The code could not be sent. Try again, or use another way; the administrator's log says why."
)


@dataclass(frozen=True)
class CommandCodeSender:
    """Runs `command` for each message; it has `timeout` seconds to take it, and exits with 0."""

    command: tuple[str, ...]
    kinds: frozenset[DeliveryMethod]
    timeout: float
    error_log: ErrorLog

    @property
    def extensions(self) -> bool:
        return "{extension}" in self.command

    def send(self, kind: DeliveryMethod, number: str, message: Secret) -> None:
        """Hands `message` to the command, on its standard input. Blocks.

        Raises:
            DeliveryFailed: it was not taken; the journal has the detail, without code and number.
        """
        if kind not in self.kinds:
            self._fail(kind, number, "kind is not configured")
        number, extension = parted(number)
        if not _NUMBER.fullmatch(number) or not _EXTENSION.fullmatch(extension):
            self._fail(kind, "", "number is not E.164")
        if extension and not self.extensions:
            self._fail(kind, number, "the command takes no {extension}")
        hidden = [extension] if len(extension) >= _TELLING else []
        outcome = process.run(
            self.command,
            {"kind": kind, "number": number, "extension": extension},
            message,
            self.timeout,
            secrets=(number, number[-_SUBSCRIBER:], *hidden),
        )
        if not outcome.ok:
            self._fail(kind, number, outcome.reason, outcome.output)

    def _fail(self, kind: str, number: str, how: str, output: str = "") -> NoReturn:
        self.error_log.error(
            "delivery failed", kind=kind, number=f"*{number[-2:]}", how=how, output=output
        )
        raise DeliveryFailed(_SORRY)
