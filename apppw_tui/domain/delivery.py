"""How a security code reaches a person: by whatever the administrator has configured."""

from typing import Literal, Protocol

from apppw_tui.domain.errors import DeliveryFailed
from apppw_tui.domain.secret import Secret

Kind = Literal["text", "call", "notify"]
KINDS: tuple[Kind, ...] = ("text", "call", "notify")


class Delivery(Protocol):
    """Sends messages to telephone numbers."""

    @property
    def kinds(self) -> frozenset[Kind]:
        """The ways that work here; empty where nothing is configured."""

    @property
    def extensions(self) -> bool:
        """True if it is told which extension of a number is meant."""

    def deliver(self, kind: Kind, number: str, message: Secret, /) -> None:
        """Hands over one message for `number`, as `phone.read` has it; returns when it was taken.

        May block.

        Raises:
            DeliveryFailed: it was not taken; the detail has gone to the log.
        """


class NoDelivery:
    """Nothing is configured: no code can be sent."""

    kinds: frozenset[Kind] = frozenset()
    extensions = False

    def deliver(self, _kind: Kind, _number: str, _message: Secret, /) -> None:
        raise DeliveryFailed("This server sends no codes.")
