"""The last uses of app passwords, and what still goes on to another password source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Protocol

from apppw_tui.domain.account import Account

UNUSED_AFTER = timedelta(days=90)
NETWORK_MEMORY = timedelta(days=90)  # a network that was not seen for so long is new again
MOST_NETWORKS = 64
MOVED_AFTER = timedelta(days=30)  # without the old password
_IPV4_BITS, _IPV6_BITS = 24, 48
_KEPT = 1024  # addresses whose network was asked for lately


@dataclass(frozen=True)
class LastUse:
    """The last time: in UTC, and by which service from where, as far as they were told."""

    time: datetime
    service: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Used:
    """The uses of one account; `by_id` is by the app password's id.

    `last_legacy_login` is when its old password was last right for a service; None where that never
    happened, or where nobody tells (see UsageBook.old_passwords_since).
    """

    by_id: Mapping[str, LastUse] = field(default_factory=dict)
    last_legacy_login: LastUse | None = None


def has_not_moved(account: Account, used: Used, now: datetime) -> bool:
    """True if enforcing the account would, as far as is known, keep its owner out.

    Its old password was right not long ago, or no app password of it was ever used.
    """
    if not account.enabled or account.is_enforced(now):
        return False
    last = used.last_legacy_login
    return not used.by_id or (last is not None and now - last.time < MOVED_AFTER)


@lru_cache(_KEPT)
def network_of(address: str | None) -> str | None:
    """The network of an address, for telling if somebody comes from anywhere new.

    The /24 of IPv4 and the /48 of IPv6: a telephone gets another address each time it connects,
    and whoever is told of each soon reads none. None for no address, and for the machine itself.
    """
    import ipaddress

    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if parsed.is_loopback:
        return None
    bits = _IPV4_BITS if isinstance(parsed, ipaddress.IPv4Address) else _IPV6_BITS
    return str(ipaddress.ip_network(f"{parsed}/{bits}", strict=False))


class UsageBook(Protocol):
    """The verifier's record of uses; the portal reads it."""

    def read(self, uid: str, /) -> Used:
        """The uses of the account of `uid`. Raises StoreError."""

    def old_passwords_since(self) -> datetime | None:
        """Since when it is told where old passwords are right; None: nobody tells, or no longer.

        Raises StoreError.
        """

    def forget(self, uid: str, /) -> None:
        """The account of `uid` is gone, and so is this. Raises StoreError."""
