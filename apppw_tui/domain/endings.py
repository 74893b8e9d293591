"""Sessions that services hold open: they outlive the app password that opened them."""

from typing import Protocol


class LiveSessions(Protocol):
    """Where it is told whose sessions are to end, for whoever can end them."""

    @property
    def end_here(self) -> bool:
        """True if somebody is to end them on this server."""

    def end(self, account: str, /) -> None:
        """Told while the deletion is being made, before it is saved. Never raises.

        `account` is a canonical name. All of its sessions end: a service does not know which app
        password has opened one.
        """


class LeftOpen:
    """Nobody ends them: each goes on until its program signs in again."""

    end_here = False

    def end(self, _account: str, /) -> None:
        """Nothing."""
