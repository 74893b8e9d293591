"""The ports of what a configuration leaves out: no codes, no notices, no sessions ended."""

from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import ActivityEntry
from apppw_tui.domain.errors import DeliveryFailed
from apppw_tui.domain.ports import DeliveryMethod
from apppw_tui.domain.secret import Secret


class NoSessionTermination:
    """Nobody ends them: each goes on until its program signs in again."""

    enabled = False

    def terminate(self, _account: str, /) -> None:
        """Nothing."""


class NoCodeSender:
    """Nothing is configured: no code can be sent."""

    kinds: frozenset[DeliveryMethod] = frozenset()
    extensions = False

    def send(self, _kind: DeliveryMethod, _number: str, _message: Secret, /) -> None:
        raise DeliveryFailed("This server sends no codes.")


class SilentNotifier:
    """Nobody is told."""

    def notify(self, _account: Account, _entry: ActivityEntry, /) -> bool:
        """Nothing was to be told."""
        return True
