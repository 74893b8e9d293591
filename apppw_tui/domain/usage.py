"""The last uses of app passwords, and what still goes on to another password source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from apppw_tui.domain.account import Account
from apppw_tui.domain.addresses import is_loopback, parse_address, surrounding_network
from apppw_tui.domain.app_password import AppPassword

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
    parsed = parse_address(address)
    if parsed is None or is_loopback(parsed):
        return None
    return surrounding_network(parsed, ipv4_bits=_IPV4_BITS, ipv6_bits=_IPV6_BITS)


@dataclass(frozen=True)
class FirstUse:
    """An app password was used from where none of its account was lately.

    `moved` says that the account was used elsewhere lately: then it is worth a message.
    """

    account: Account
    app_password: AppPassword
    use: LastUse
    moved: bool


@dataclass
class PendingUses:
    """The uses of one account that are not written down yet."""

    account_name: str
    by_id: dict[str, LastUse] = field(default_factory=dict)
    last_legacy_login: LastUse | None = None
    # Of each network the first use since the last time, with the id of the app password.
    first: dict[str, tuple[str, LastUse]] = field(default_factory=dict)
    networks: dict[str, datetime] = field(default_factory=dict)

    def add(self, later: "PendingUses") -> None:
        self.by_id.update(later.by_id)
        self.last_legacy_login = later.last_legacy_login or self.last_legacy_login
        if not later.networks.keys() <= self.networks.keys():
            self.first = {**later.first, **self.first}
        self.networks.update(later.networks)
        if len(self.networks) > MOST_NETWORKS:
            self.networks = _newest(self.networks)
            self.first = {at: use for at, use in self.first.items() if at in self.networks}


@dataclass(frozen=True)
class UsageRecord:
    """The uses of one account as they are written down; `networks` has the last use from each."""

    used: Used = field(default_factory=Used)
    networks: Mapping[str, datetime] = field(default_factory=dict)

    def seen(self, now: datetime) -> frozenset[str]:
        """The networks that are not new; where none were kept yet, those of the last uses."""
        before = {
            network: last.time
            for last in self.used.by_id.values()
            if (network := network_of(last.address)) is not None
        }
        networks = self.networks or before
        return frozenset(
            network for network, last in networks.items() if now - last < NETWORK_MEMORY
        )

    def with_uses(
        self, account: Account, uses: PendingUses, now: datetime
    ) -> tuple["UsageRecord", list[FirstUse]]:
        """The record with those uses, and which of them came from a network that is new.

        What was used and is deleted by now is left out.
        """
        ids = {app_password.id for app_password in account.app_passwords}
        by_id = {**self.used.by_id, **uses.by_id}
        used = Used(
            {id_: last for id_, last in by_id.items() if id_ in ids},
            uses.last_legacy_login or self.used.last_legacy_login,
        )
        seen = self.seen(now)
        first = [
            FirstUse(account, app_password, use, bool(seen))
            for network, (id_, use) in uses.first.items()
            if network not in seen and (app_password := account.app_password(id_)) is not None
        ]
        return UsageRecord(used, _newest({**self.networks, **uses.networks})), first


def _newest(networks: Mapping[str, datetime]) -> dict[str, datetime]:
    """As many of them as are kept."""
    latest = sorted(networks, key=networks.__getitem__)[-MOST_NETWORKS:]
    return {network: networks[network] for network in latest}
