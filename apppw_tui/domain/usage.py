"""When app passwords were last used, and what still goes on to another password source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

UNUSED_AFTER = timedelta(days=90)


@dataclass(frozen=True)
class LastUse:
    """The last time: in UTC, and by which service from where, as far as they were told."""

    time: datetime
    service: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Used:
    """What is known about one account; `by_id` is by the app password's id."""

    by_id: Mapping[str, LastUse] = field(default_factory=dict)
    passed_on: LastUse | None = None


class UsageBook(Protocol):
    """What the verifier wrote down; the portal reads it."""

    def read(self, uid: str, /) -> Used:
        """What is known about the account of `uid`. Raises StoreError."""

    def forget(self, uid: str, /) -> None:
        """The account of `uid` is gone, and so is this. Raises StoreError."""


class NoUsage:
    """Nothing was ever written down."""

    def read(self, _uid: str, /) -> Used:
        return Used()

    def forget(self, _uid: str, /) -> None:
        """There is nothing."""
