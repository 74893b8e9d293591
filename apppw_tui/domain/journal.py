"""What happened, for the log and for people: never a secret."""

from typing import Protocol


class Journal(Protocol):
    """Where acts and failures are written down. Never raises: a full disk stops nothing."""

    def record(self, uid: str, what: str, by: str, **facts: str) -> None:
        """One act that concerns the account of `uid`, into that account's activity."""

    def fault(self, what: str, **facts: str) -> None:
        """One failure, in detail, for the administrator."""


class NoJournal:
    """Writes nothing down."""

    def record(self, uid: str, what: str, by: str, **facts: str) -> None:
        """Nothing."""

    def fault(self, what: str, **facts: str) -> None:
        """Nothing."""
