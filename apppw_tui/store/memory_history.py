"""The activity and the uses of accounts in this process alone."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date

from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import ActivityEntry, as_line, entries
from apppw_tui.domain.addresses import Networks, parse_address
from apppw_tui.domain.engine_ports import Use
from apppw_tui.domain.errors import InvalidName, StoreError
from apppw_tui.domain.names import find
from apppw_tui.domain.ports import Accounts, Clock
from apppw_tui.domain.scopes import Service
from apppw_tui.domain.usage import (
    FirstUse,
    LastUse,
    PendingUses,
    ServiceUse,
    UsageRecord,
    Used,
    UsesPerDay,
    network_of,
    uses_per_day,
)
from apppw_tui.store.fields import DocumentError
from apppw_tui.store.folder import usage_file

Event = tuple[str, ActivityEntry]


class MemoryActivityLog:
    """See ActivityHistory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: list[Event] = []  # as they came

    def record(self, uid: str, what: str, by: str, **facts: str) -> None:
        self.add(uid, ActivityEntry(self._clock.now(), what, by, facts))

    def add(self, uid: str, entry: ActivityEntry) -> None:
        """One more entry, which may be of any time."""
        self._events.append((uid, entry))

    def read(self, uid: str) -> list[ActivityEntry]:
        return [entry for own, entry in self.read_all() if own == uid]

    def read_all(self) -> list[Event]:
        return sorted(self._events, key=lambda event: event[1].time)

    def knows(self, uid: str) -> bool:
        return any(own == uid for own, _ in self._events)

    def drop(self, uid: str) -> None:
        """There is nothing of `uid` any longer."""
        self._events = [event for event in self._events if event[0] != uid]

    def forget_old(self, uid: str) -> None:
        """It does not live that long."""

    def tail(self, uids: frozenset[str] | None) -> Callable[[], list[Event]]:
        seen = len(self._events)

        def news() -> list[Event]:
            nonlocal seen
            events, seen = self._events[seen:], len(self._events)
            return [event for event in events if uids is None or event[0] in uids]

        return news

    def export(self, uid: str, failures: dict[str, StoreError]) -> Mapping[str, bytes]:
        del failures  # there are none
        lines = [
            json.dumps(as_line(entry)).encode() + b"\n" for own, entry in self._events if own == uid
        ]
        return {f"activity/{uid}.jsonl": b"".join(lines)} if lines else {}

    def restore(self, uid: str, contents: Iterable[bytes]) -> None:
        if not self.knows(uid):
            for content in contents:
                for entry in entries(content.split(b"\n")):
                    self.add(uid, entry)


class MemoryUsage:
    """See UsageStore."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.records: dict[str, UsageRecord] = {}
        self.counts: dict[str, Counter[tuple[ServiceUse, date]]] = {}

    def read(self, uid: str) -> Used:
        return self.record(uid).used

    def record(self, uid: str) -> UsageRecord:
        return self.records.get(uid, UsageRecord())

    def per_day(self, uid: str, today: date) -> UsesPerDay:
        uses = self.record(uid).uses
        counts = self.counts.get(uid, Counter()).items()
        return uses_per_day(((key[0], day, n) for (key, day), n in counts if key in uses), today)

    def old_passwords_since(self) -> None:
        """Nobody tells, who would have to go on telling."""

    def forget(self, uid: str) -> None:
        self.records.pop(uid, None)
        self.counts.pop(uid, None)

    def knows(self, uid: str) -> bool:
        return uid in self.records

    def export(self, uid: str, failures: dict[str, StoreError]) -> Mapping[str, bytes]:
        del failures  # there are none
        return {f"usage/{uid}.json": usage_file.dumps(self.record(uid))} if self.knows(uid) else {}

    def restore(self, uid: str, content: bytes) -> None:
        with suppress(DocumentError):
            self.records.setdefault(uid, usage_file.loads(content))


class MemoryUsageWriter:
    """See UsageWriter."""

    trouble: str | None = None

    def __init__(
        self,
        usage: MemoryUsage,
        accounts: Accounts,
        announce: Callable[[FirstUse], None],
        meaning: Callable[[str], Sequence[str]],
    ) -> None:
        self._usage = usage
        self._accounts = accounts
        self._announce = announce
        self._meaning = meaning
        self._trusted = Networks()
        self._heard: list[tuple[str | None, PendingUses]] = []
        self.on_pending: Callable[[], None] = lambda: None

    def set_trusted(self, networks: Iterable[str]) -> None:
        self._trusted = Networks(networks)

    def used(self, decision: Use, service: Service | None, address: str | None) -> None:
        if decision.account_name is not None and decision.app_password is not None:
            use = self._use(service, address)
            network = None if self._trusted.holds(use.address) else network_of(use.address)
            name, id_ = decision.account_name, decision.app_password.id
            self._hear(decision.uid, PendingUses.of(name, id_, use, network))

    def old_password(self, name: str, service: Service | None, address: str | None) -> None:
        self._hear(None, PendingUses(name, last_legacy_login=self._use(service, address)))

    def flush(self) -> bool:
        heard, self._heard = self._heard, []
        for uid, pending in heard:
            with suppress(InvalidName):
                account = find(self._accounts, self._meaning(pending.account_name))
                if account is not None and uid in (None, account.uid):
                    self._write(account, pending)
        return True

    def _write(self, account: Account, pending: PendingUses) -> None:
        before, now = self._usage.record(account.uid), self._usage.clock.now()
        self._usage.records[account.uid], first = before.with_uses(account, pending, now)
        self._usage.counts.setdefault(account.uid, Counter()).update(pending.counts)
        for first_use in first:
            self._announce(first_use)

    def _hear(self, uid: str | None, pending: PendingUses) -> None:
        self._heard.append((uid, pending))
        self.on_pending()

    def _use(self, service: Service | None, address: str | None) -> LastUse:
        return LastUse(self._usage.clock.now(), service, parse_address(address))
