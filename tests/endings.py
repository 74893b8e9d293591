"""Whose sessions are to end, kept in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Noticed:
    """Calls `notice` each time, before it keeps the name."""

    notice: Callable[[], None] = lambda: None
    ended: list[str] = field(default_factory=list)
    enabled: bool = True

    def terminate(self, account: str) -> None:
        self.notice()
        self.ended.append(account)
