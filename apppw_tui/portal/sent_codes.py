"""A code that was sent: six digits, five minutes, five tries, and only the newest works."""

import secrets

from apppw_tui.domain.errors import InvalidCode
from apppw_tui.domain.ports import DeliveryMethod
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.totp import DIGITS
from apppw_tui.portal.context import PortalContext

LIFETIME = 300.0  # seconds
TRIES = 5


def check_form(text: str) -> None:
    """Raises InvalidCode if `text` is not six digits, whoever made the code. Counts as no try."""
    if len(text) != DIGITS or not (text.isascii() and text.isdecimal()):
        raise InvalidCode("A code has six digits.")


class OneTimeCode:
    """The newest code that one session asked for; it lives here and nowhere else (SAFETY 13)."""

    def __init__(self, context: PortalContext) -> None:
        self._context = context
        self._code: Secret | None = None
        self._to: tuple[DeliveryMethod, str] | None = None
        self._ends = 0.0
        self._tries = 0

    def is_pending(self, kind: DeliveryMethod, number: Secret) -> bool:
        """True while a code that went there is still good: no other need be sent."""
        return self._to == (kind, number.reveal()) and self._alive

    @property
    def _alive(self) -> bool:
        return self._code is not None and self._context.clock.monotonic() < self._ends

    def send(self, account_name: str, kind: DeliveryMethod, number: Secret) -> None:
        """Sends a new code; from now on no earlier one works.

        Raises:
            RateLimited: too many were sent; says how long to wait.
            DeliveryFailed: it could not be sent.
        """
        means = self._context
        means.throttle.record_sent_code(account_name, number)
        self._code = self._to = None  # not before: where none may be sent, the last still works
        code = f"{means.randbelow(1_000_000):06}"
        # Read aloud, six digits in a row would become a number of hundreds of thousands.
        spoken = ", ".join(code) if kind == "call" else code
        message = f"{spoken} is your code for {means.host_name}. It is good for five minutes."
        means.code_sender.send(kind, number.reveal(), Secret(message))
        self._code, self._to = Secret(code), (kind, number.reveal())
        self._ends, self._tries = means.clock.monotonic() + LIFETIME, 0

    def check(self, number: Secret, digits: str) -> None:
        """Uses the code up if `digits` is it.

        Raises:
            InvalidCode: wrong, expired, tried too often, or none was sent to `number`.
        """
        code = self._code
        if code is None or self._to is None or self._to[1] != number.reveal():
            raise InvalidCode("That code no longer works. Send a new one.")
        if not self._alive:
            self._code = None
            raise InvalidCode("That code has expired. Send a new one.")
        self._tries += 1
        if not secrets.compare_digest(code.reveal(), digits):
            if self._tries >= TRIES:
                self._code = None
                raise InvalidCode("That was wrong too often. Send a new code.")
            raise InvalidCode("That code is wrong. Look at the newest message.")
        self._code = None
