"""The last uses of app passwords, and what still goes on to another password source."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

from apppw_tui.domain.account import Account
from apppw_tui.domain.addresses import is_loopback, parse_address, surrounding_network
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.scopes import Service

UNUSED_AFTER = timedelta(days=90)
NETWORK_MEMORY = timedelta(days=90)  # a network that was not seen for so long is new again
MOST_NETWORKS = 64
MOST_SERVICES = 32  # of each app password
COUNTED_DAYS = 90
SHOWN_DAYS = 14  # of those, as a row of bars
AHEAD = timedelta(days=1)  # a time that lies farther in the future is of a clock that was wrong
MOVED_AFTER = timedelta(days=30)  # without the old password
_IPV4_BITS, _IPV6_BITS = 24, 48
_KEPT = 1024  # addresses whose network was asked for lately


@dataclass(frozen=True)
class LastUse:
    """The last time: in UTC, and by which service from where, as far as they were told."""

    time: datetime
    service: Service | None = None
    address: str | None = None


@dataclass(frozen=True)
class Used:
    """The uses of one account; `by_id` is by the app password's id.

    `last_legacy_login` is when its old password was last right for a service; None where that never
    happened, or where nobody tells (see UsageBook.old_passwords_since). `services` has the last use
    by each service, also by the app password's id, the newest first.
    """

    by_id: Mapping[str, LastUse] = field(default_factory=dict)
    last_legacy_login: LastUse | None = None
    services: Mapping[str, tuple[LastUse, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, uses: Iterable[tuple[str, LastUse]], legacy: LastUse | None = None) -> "Used":
        """`uses` are ids of app passwords, each with the last use by one service."""
        services: dict[str, tuple[LastUse, ...]] = {}
        for id_, use in sorted(uses, key=lambda pair: pair[1].time, reverse=True):
            services[id_] = (*services.get(id_, ()), use)
        return cls({id_: last[0] for id_, last in services.items()}, legacy, services)


UsesPerDay = Mapping[str, tuple[int, ...]]  # by the app password's id; the last is today, in UTC


def uses_per_day(counts: Iterable[tuple[str, date, int]], today: date) -> UsesPerDay:
    """The uses of the last SHOWN_DAYS, of ids that have any; `counts` have id, day and number."""
    days: dict[str, list[int]] = {}
    for id_, day, count in counts:
        age = (today - day).days
        if 0 <= age < SHOWN_DAYS:
            days.setdefault(id_, [0] * SHOWN_DAYS)[-1 - age] += count
    return {id_: tuple(own) for id_, own in days.items()}


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


@dataclass(frozen=True)
class ReportSpan:
    """The time for which somebody has told where old passwords are right: `since`, and the `last`.

    That nobody's was right means something only as long as somebody would tell.
    """

    since: datetime
    last: datetime

    def has_ended(self, now: datetime) -> bool:
        """True if nobody has told for so long that it may be at an end."""
        return now - self.last >= MOVED_AFTER

    def with_report(self, time: datetime) -> "ReportSpan":
        """The span with one more; after an end a new one: of what was in between nobody knows."""
        if self.last > time + AHEAD:
            return ReportSpan(min(time, self.since), time)
        return ReportSpan(time if self.has_ended(time) else self.since, max(time, self.last))


ServiceUse = tuple[str, Service | None]  # an app password's id, and a service


@dataclass
class PendingUses:
    """The uses of one account that are not written down yet."""

    account_name: str
    uses: dict[ServiceUse, LastUse] = field(default_factory=dict)
    last_legacy_login: LastUse | None = None
    # Of each network the first use since the last time, with the id of the app password.
    first: dict[str, tuple[str, LastUse]] = field(default_factory=dict)
    networks: dict[str, datetime] = field(default_factory=dict)
    counts: Counter[tuple[ServiceUse, date]] = field(default_factory=Counter)  # days in UTC

    @classmethod
    def of(cls, account_name: str, id_: str, use: LastUse, network: str | None) -> "PendingUses":
        """One use; `network` is to be looked at for being new."""
        key = id_, use.service
        uses = cls(account_name, {key: use}, counts=Counter({(key, use.time.date()): 1}))
        if network is not None:
            uses.first, uses.networks = {network: (id_, use)}, {network: use.time}
        return uses

    def add(self, later: "PendingUses") -> None:
        self.uses.update(later.uses)
        self.counts.update(later.counts)
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

    uses: Mapping[ServiceUse, LastUse] = field(default_factory=dict)
    last_legacy_login: LastUse | None = None
    networks: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def used(self) -> Used:
        return Used.of(((id_, use) for (id_, _), use in self.uses.items()), self.last_legacy_login)

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
        self, account: Account, pending: PendingUses, now: datetime
    ) -> tuple["UsageRecord", list[FirstUse]]:
        """The record with those uses, and which of them came from a network that is new.

        What was used and is deleted by now is left out; of two times the newer is kept, unless it
        is of a clock that was ahead.
        """
        later = UsageRecord(pending.uses, pending.last_legacy_login, pending.networks)
        ids = [app_password.id for app_password in account.app_passwords]
        seen = self.seen(now)
        first = [
            FirstUse(account, app_password, use, bool(seen))
            for network, (id_, use) in pending.first.items()
            if network not in seen and (app_password := account.app_password(id_)) is not None
        ]
        return self._as_of(now, later).joined(later)._bounded(ids), first

    def _as_of(self, now: datetime, later: "UsageRecord") -> "UsageRecord":
        """The same with no time in the future: of what is in `later` as well that one counts."""

        def is_ahead(time: datetime) -> bool:
            return time > now + AHEAD

        legacy = self.last_legacy_login
        if legacy is not None and is_ahead(legacy.time):
            legacy = later.last_legacy_login or replace(legacy, time=now)
        return UsageRecord(
            {
                key: replace(use, time=now) if is_ahead(use.time) else use
                for key, use in self.uses.items()
                if key not in later.uses or not is_ahead(use.time)
            },
            legacy,
            {
                network: now if is_ahead(time) else time
                for network, time in self.networks.items()
                if network not in later.networks or not is_ahead(time)
            },
        )

    def joined(self, other: "UsageRecord") -> "UsageRecord":
        """Both; of two times the newer, and of the same one that of `other`."""
        legacy = self.last_legacy_login, other.last_legacy_login
        return UsageRecord(
            _joined(self.uses, other.uses, lambda use: use.time),
            max(filter(None, reversed(legacy)), key=lambda use: use.time, default=None),
            _joined(self.networks, other.networks, lambda time: time),
        )

    def _bounded(self, ids: Iterable[str]) -> "UsageRecord":
        """Of those app passwords alone, and as much as is kept."""
        uses: dict[ServiceUse, LastUse] = {}
        for id_ in ids:
            own = {key: use for key, use in self.uses.items() if key[0] == id_}
            latest = sorted(own, key=lambda key: self.uses[key].time)[-MOST_SERVICES:]
            uses |= {key: own[key] for key in latest}
        return UsageRecord(uses, self.last_legacy_login, _newest(self.networks))


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def _joined(
    first: Mapping[_Key, _Value],
    other: Mapping[_Key, _Value],
    time: Callable[[_Value], datetime],
) -> dict[_Key, _Value]:
    newer = {
        key: value
        for key, value in other.items()
        if key not in first or time(value) >= time(first[key])
    }
    return {**first, **newer}


def _newest(networks: Mapping[str, datetime]) -> dict[str, datetime]:
    """As many of them as are kept."""
    latest = sorted(networks, key=networks.__getitem__)[-MOST_NETWORKS:]
    return {network: networks[network] for network in latest}
