"""The hearers of an answer: usage, the log, and hints for the administrator."""

from typing import Protocol

from apppw_tui.domain.scopes import Service
from apppw_tui.verifier.decision import Decision


class Usage(Protocol):
    """Told of what was right; writes in batches, in its own time. Never raises, never blocks."""

    def used(self, decision: Decision, service: Service | None, address: str | None) -> None:
        """An app password was right and good for that service."""

    def old_password(self, account_name: str, service: Service | None, address: str | None) -> None:
        """Another source took a password of that account for right: a name as it was sent."""


class Hints(Protocol):
    """Told of the names of those who were refused. Never raises, never blocks."""

    def look(
        self,
        text: str,
        socket: str,
        service: Service | None,
        address: str | None,
        *,
        is_known: bool = False,
    ) -> None:
        """Finds out, some time after the answer, which account it nearly was.

        Of a name that an account has nothing is told; but it costs the store the same, whose next
        answers would tell by their time that there is such a name.
        """


class AttemptLog(Protocol):
    """The log of answers. Never raises."""

    def attempt(
        self, socket: str, decision: Decision, service: Service | None, address: str | None
    ) -> None:
        """One line: who, which app password, service, address, answer, why; never a password."""
