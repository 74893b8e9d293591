"""Uses that the daemon has seen: in memory, then in an engine's tables, of all at once."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Protocol

from apppw_tui.domain import app_password
from apppw_tui.domain.account import Account
from apppw_tui.domain.addresses import Networks, parse_address
from apppw_tui.domain.engine_ports import Use
from apppw_tui.domain.errors import InvalidName, StoreError
from apppw_tui.domain.names import candidates, find
from apppw_tui.domain.ports import Accounts, Clock
from apppw_tui.domain.scopes import Service
from apppw_tui.domain.usage import (
    FirstUse,
    LastUse,
    PendingUses,
    ReportSpan,
    ServiceUse,
    UsageRecord,
    network_of,
)

MOST_HEARD = 1024  # uses that are not yet added to their account's
MOST_OLD = 4096  # names between two times of writing


class UsageTables(Protocol):
    """One change of the tables; what it reads is as it was when the change began."""

    @property
    def reports(self) -> ReportSpan | None: ...

    def record(self, uid: str) -> UsageRecord: ...

    def save(self, uid: str, before: UsageRecord, after: UsageRecord) -> None:
        """Writes what is another, and removes what is gone."""

    def count(self, uid: str, counts: Mapping[tuple[ServiceUse, date], int]) -> None:
        """Adds that many uses of the days."""

    def set_reports(self, span: ReportSpan) -> None: ...

    def sweep(self, today: date) -> None:
        """Removes what is counted no longer."""


class AnyUsageLedger(Protocol):
    """The tables of an engine. Every call may raise StoreError."""

    def transaction(self, uids: Collection[str] = ()) -> AbstractContextManager[UsageTables]:
        """Writes as the block ends, or not at all; nobody else changes these `uids` meanwhile."""

    def reports(self) -> ReportSpan | None: ...

    def exists(self) -> bool:
        """True if anything was ever written."""

    def close(self) -> None:
        """Closes what is open; whoever needs it again opens it again."""


class UsageBuffer:
    """Keeps in memory what it hears, until `flush` writes it. The daemon's alone."""

    def __init__(
        self,
        ledger: AnyUsageLedger,
        accounts: Accounts,
        clock: Clock,
        *,
        complain: Callable[[str], None] = lambda _: None,
        announce: Callable[[FirstUse], None] = lambda _: None,
        meaning: Callable[[str], Sequence[str]] = candidates,
    ) -> None:
        """`complain` hears of trouble.

        `meaning` gives the names that may be meant by one, and may raise InvalidName.

        `announce` hears of first uses, when they have been written: it must not raise.
        """
        self._accounts = accounts
        self._clock = clock
        self._complain = complain
        self._announce = announce
        self._trusted = Networks()
        self._meaning = meaning
        self._ledger = ledger
        self._heard: list[tuple[str, str, str, datetime, Service | None, str | None]] = []
        self._pending: dict[str, PendingUses] = {}
        self._right: dict[str, LastUse] = {}
        self._hearing = threading.Lock()
        self._writing = threading.Lock()
        self._troubles: set[str] = set()  # of the last flush
        self._swept: date | None = None
        self.on_pending: Callable[[], None] = lambda: None  # called by whoever tells, at once

    def set_trusted(self, networks: Iterable[str]) -> None:
        """Uses from these are not looked at for being from anywhere new."""
        self._trusted = Networks(networks)

    def used(self, decision: Use, service: Service | None, address: str | None) -> None:
        """An app password was right and good for that service. Reads nothing yet; never raises."""
        name, uid, record = decision.account_name, decision.uid, decision.app_password
        if name is None or uid is None or record is None:
            return
        with self._hearing:
            self._heard.append((uid, name, record.id, self._clock.now(), service, address))
            is_full = len(self._heard) >= MOST_HEARD
        if is_full:
            self._sort_heard()
        self.on_pending()

    def old_password(self, name: str, service: Service | None, address: str | None) -> None:
        """A password of `name` was right elsewhere. Reads nothing yet; never raises."""
        try:
            name = self._meaning(name)[0]
        except InvalidName:
            return
        with self._hearing:
            if name in self._right or len(self._right) < MOST_OLD:
                self._right[name] = _use(self._clock.now(), service, address)
        self.on_pending()

    def flush(self) -> bool:
        """Writes all that was heard since the last time, in one transaction. Never raises.

        Returns False if some of it could not be. That is kept for the next time; of an account that
        is gone, or another by now, nothing is.
        """
        with self._writing:
            troubles: set[str] = set()
            self._find_owners()
            pending = self._take(troubles)
            try:
                self._before_writing(anything=bool(pending))
                first = self._write(pending)
            except StoreError as error:
                troubles.add(str(error))
                self._keep({uid: uses for uid, (_, uses) in pending.items()})
            else:
                for first_use in first:
                    self._announce(first_use)
            for sentence in sorted(troubles - self._troubles):
                self._complain(sentence)
            self._troubles = troubles
            return not troubles

    @property
    def trouble(self) -> str | None:
        """The sentence on why the last flush could not write everything; None: it could."""
        return min(self._troubles, default=None)

    def _before_writing(self, *, anything: bool) -> None:
        """For an engine that has something to do first. Raises StoreError."""

    def _find_owners(self) -> None:
        """Finds whose the old passwords were; what cannot be found out now is, the next time."""
        with self._hearing:
            right, self._right = self._right, {}
        for name, use in right.items():
            try:
                account = find(self._accounts, self._meaning(name))
            except InvalidName:
                continue
            except StoreError:
                with self._hearing:
                    self._right.setdefault(name, use)
                continue
            # One that was made since has only the name of whom it was said.
            if account is not None and account.created <= use.time:
                self._add(account.uid, PendingUses(account.name, last_legacy_login=use))

    def _sort_heard(self) -> None:
        """Adds what was heard to its account's uses; apart, so that no answer waits for it."""
        with self._hearing:
            heard, self._heard = self._heard, []
        for uid, name, id_, time, service, address in heard:
            use = _use(time, service, address)
            network = None if self._trusted.holds(use.address) else network_of(use.address)
            self._add(uid, PendingUses.of(name, id_, use, network))

    def _take(self, troubles: set[str]) -> dict[str, tuple[Account, PendingUses]]:
        """The uses to be written, sorted by uid.

        An account that cannot be read keeps no other waiting.
        """
        self._sort_heard()
        with self._hearing:
            heard, self._pending = self._pending, {}
        pending = {}
        for uid, uses in sorted(heard.items()):
            try:
                account = self._accounts.get(uses.account_name)
            except StoreError as error:
                troubles.add(str(error))
                self._keep({uid: uses})
                continue
            if account is not None and account.uid == uid:
                pending[uid] = account, uses
        return pending

    def _write(self, pending: Mapping[str, tuple[Account, PendingUses]]) -> list[FirstUse]:
        now = self._clock.now()
        first: list[FirstUse] = []
        is_swept = self._swept == now.date() or not self._ledger.exists()
        if not pending and is_swept:
            # Opened anew, since what is open does not see that its file was overwritten; else it
            # would be unknown until the next use that none is kept.
            self._ledger.close()
            self._ledger.reports()
            return first
        reports = [uses.last_legacy_login for _, uses in pending.values()]
        times = sorted(last.time for last in reports if last is not None)
        with self._ledger.transaction(sorted(pending)) as usage:
            for uid, (account, uses) in pending.items():
                before = usage.record(uid)
                record, news = before.with_uses(account, uses, now)
                usage.save(uid, before, record)
                usage.count(
                    uid, {key: n for key, n in uses.counts.items() if key[0] in record.uses}
                )
                first += news
            span = usage.reports
            for time in times:
                span = ReportSpan(time, time) if span is None else span.with_report(time)
            if span is not None and times:
                usage.set_reports(span)
            if not is_swept:
                usage.sweep(now.date())
        self._swept = now.date()
        return first

    def _add(self, uid: str, uses: PendingUses) -> None:
        with self._hearing:
            self._pending.setdefault(uid, PendingUses(uses.account_name)).add(uses)

    def _keep(self, left: Mapping[str, PendingUses]) -> None:
        """Takes back what could not be written, under what was heard meanwhile."""
        with self._hearing:
            for uid, pending in left.items():
                if uid in self._pending:
                    pending.add(self._pending[uid])
                self._pending[uid] = pending


def _use(time: datetime, service: Service | None, address: str | None) -> LastUse:
    # Sixteen symbols can be a service's name; what may be a password is not kept.
    service_name = None if service is None or app_password.parse(service) else service
    return LastUse(time, service_name, parse_address(address))
