"""The tables of usage/usage.sqlite: the daemon alone writes them (SAFETY 8), the others read.

Times are in ISO 8601, UTC, and so are days; a service that was not told is ''. The marks: since
when and until when somebody told of old passwords, and when all that earlier versions kept was in
here.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from apppw_tui.domain.errors import StoreDamaged, StoreError
from apppw_tui.domain.scopes import Service
from apppw_tui.domain.usage import (
    COUNTED_DAYS,
    LastUse,
    ReportSpan,
    ServiceUse,
    UsageRecord,
)
from apppw_tui.store.fields import to_iso
from apppw_tui.store.folder.ledger import Ledger, Transaction
from apppw_tui.store.folder.sqlite_file import Schema

FOLDER = "usage"
NAME = "usage.sqlite"
_SINCE, _LAST, _TAKEN_OVER = "old passwords since", "old passwords last", "taken over"
_SCHEMA = Schema(
    1,
    """
    CREATE TABLE used (
        uid TEXT NOT NULL, id TEXT NOT NULL, service TEXT NOT NULL, time TEXT NOT NULL,
        address TEXT, PRIMARY KEY (uid, id, service)) WITHOUT ROWID;
    CREATE TABLE uses (
        uid TEXT NOT NULL, id TEXT NOT NULL, day TEXT NOT NULL, service TEXT NOT NULL,
        n INTEGER NOT NULL, PRIMARY KEY (uid, id, day, service)) WITHOUT ROWID;
    CREATE INDEX uses_by_day ON uses (day);
    CREATE TABLE network (
        uid TEXT NOT NULL, network TEXT NOT NULL, time TEXT NOT NULL,
        PRIMARY KEY (uid, network)) WITHOUT ROWID;
    CREATE TABLE old_password (
        uid TEXT PRIMARY KEY, service TEXT NOT NULL, time TEXT NOT NULL, address TEXT)
        WITHOUT ROWID;
    CREATE TABLE mark (name TEXT PRIMARY KEY, time TEXT NOT NULL) WITHOUT ROWID;
    """,
)
_TABLES = ("used", "uses", "network", "old_password")
_RECORD = """
    SELECT 'used', id, service, time, address FROM used WHERE uid = ?1
    UNION ALL SELECT 'old', '', service, time, address FROM old_password WHERE uid = ?1
    UNION ALL SELECT 'network', network, '', time, NULL FROM network WHERE uid = ?1
"""
_USED = """
    INSERT INTO used (uid, id, service, time, address) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET time = excluded.time, address = excluded.address
"""
_COUNT = """
    INSERT INTO uses (uid, id, day, service, n) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET n = n + excluded.n
"""
_NETWORK = """
    INSERT INTO network (uid, network, time) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET time = excluded.time
"""
_OLD = """
    INSERT INTO old_password (uid, service, time, address) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE
    SET service = excluded.service, time = excluded.time, address = excluded.address
"""
_MARK = """
    INSERT INTO mark (name, time) VALUES (?, ?) ON CONFLICT DO UPDATE SET time = excluded.time
"""
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_Rows = Callable[..., list[tuple[Any, ...]]]


class UsageTransaction:
    """One change of the tables; what it reads is as it was when the change began."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def record(self, uid: str) -> UsageRecord:
        return _record(self._transaction.rows, uid)

    def save(self, uid: str, before: UsageRecord, after: UsageRecord) -> None:
        """Writes what is another, sorted, and removes what is gone."""
        write = self._transaction.write
        for id_, service in sorted(map(_text, before.uses.keys() - after.uses.keys())):
            write("DELETE FROM used WHERE uid = ? AND id = ? AND service = ?", uid, id_, service)
        for id_ in sorted({id_ for id_, _ in before.uses} - {id_ for id_, _ in after.uses}):
            write("DELETE FROM uses WHERE uid = ? AND id = ?", uid, id_)
        for key in sorted(_changed(before.uses, after.uses), key=_text):
            use = after.uses[key]
            write(_USED, uid, *_text(key), to_iso(use.time), use.address)
        for network in sorted(before.networks.keys() - after.networks.keys()):
            write("DELETE FROM network WHERE uid = ? AND network = ?", uid, network)
        for network in sorted(_changed(before.networks, after.networks)):
            write(_NETWORK, uid, network, to_iso(after.networks[network]))
        last = after.last_legacy_login
        if last is not None and last != before.last_legacy_login:
            write(_OLD, uid, last.service or "", to_iso(last.time), last.address)

    def count(self, uid: str, counts: Mapping[tuple[ServiceUse, date], int]) -> None:
        """Adds that many uses of the days."""
        rows = [(*_text(key), day.isoformat(), n) for (key, day), n in counts.items()]
        for id_, service, day, n in sorted(rows):
            self._transaction.write(_COUNT, uid, id_, day, service, n)

    def forget(self, uid: str) -> None:
        for table in _TABLES:
            self._transaction.write(f"DELETE FROM {table} WHERE uid = ?", uid)  # noqa: S608 - ours

    def sweep(self, today: date) -> None:
        """Removes what is counted no longer."""
        before = today - timedelta(days=COUNTED_DAYS)
        self._transaction.write("DELETE FROM uses WHERE day <= ?", before.isoformat())

    @property
    def reports(self) -> ReportSpan | None:
        return _reports(self._transaction.rows)

    def set_reports(self, span: ReportSpan) -> None:
        self._transaction.write(_MARK, _SINCE, to_iso(span.since))
        self._transaction.write(_MARK, _LAST, to_iso(span.last))

    def set_taken_over(self, now: datetime) -> None:
        self._transaction.write(_MARK, _TAKEN_OVER, to_iso(now))


class UsageLedger:
    """The tables of the store in `folder`. Every call may raise StoreError."""

    def __init__(self, folder: Path, replaced: Callable[[StoreError], None] | None = None) -> None:
        """`replaced` is the daemon's, which begins a damaged file anew: it hears of that.

        To whoever only reads, a damaged file is an error, and stays where it is.
        """
        path = folder / FOLDER / NAME
        if replaced is None:
            self._ledger = Ledger(path, _SCHEMA, replaceable=False)
        else:
            self._ledger = Ledger(path, _SCHEMA, has_reserve=False, complain=replaced)

    @contextmanager
    def transaction(self, uids: Collection[str] = ()) -> Iterator[UsageTransaction]:  # noqa: ARG002
        """One change; nobody else writes at all meanwhile, whoever's `uids` these are."""
        with self._ledger.transaction() as transaction:
            yield UsageTransaction(transaction)

    def record(self, uid: str) -> UsageRecord:
        return _record(self._ledger.rows, uid)

    def reports(self) -> ReportSpan | None:
        return _reports(self._ledger.rows)

    def counts_since(self, uid: str, day: date) -> list[tuple[str, date, int]]:
        """The uses from `day` on, by app password's id and day, whatever the service."""
        sql = "SELECT id, day, SUM(n) FROM uses WHERE uid = ? AND day >= ? GROUP BY id, day"
        return [
            (id_, date.fromisoformat(text), count)
            for id_, text, count in self._ledger.rows(sql, uid, day.isoformat())
        ]

    def counts(self, uid: str) -> dict[tuple[str, str, date], int]:
        """The uses, by app password's id, service and day."""
        sql = "SELECT id, service, day, n FROM uses WHERE uid = ? ORDER BY id, service, day"
        return {
            (id_, service, date.fromisoformat(day)): n
            for id_, service, day, n in self._ledger.rows(sql, uid)
        }

    def sync(self) -> None:
        """Has all that was written on the disk: the power may fail after that."""
        self._ledger.rows("PRAGMA wal_checkpoint(FULL)")

    def close(self) -> None:
        """Closes the file; whoever needs it again opens it again."""
        self._ledger.close()

    def check(self) -> None:
        """Raises StoreDamaged, if any page of the file is."""
        for (sentence,) in self._ledger.rows("PRAGMA quick_check(1)"):
            if sentence != "ok":
                raise StoreDamaged(f"{self._ledger.path} is damaged; it was left alone.")

    def is_taken_over(self) -> bool:
        """True once all that an earlier version kept is in here."""
        return _mark(self._ledger.rows, _TAKEN_OVER) is not None

    def exists(self) -> bool:
        return os.path.lexists(self._ledger.path)


def _record(rows: _Rows, uid: str) -> UsageRecord:
    uses: dict[ServiceUse, LastUse] = {}
    networks: dict[str, datetime] = {}
    last_legacy_login = None
    for kind, subject, service, text, address in rows(_RECORD, uid):
        time = _time(text)
        use = LastUse(time, Service(service) if service else None, address)
        if kind == "used":
            uses[subject, use.service] = use
        elif kind == "network":
            networks[subject] = time
        else:
            last_legacy_login = use
    return UsageRecord(uses, last_legacy_login, networks)


def _reports(rows: _Rows) -> ReportSpan | None:
    since, last = _mark(rows, _SINCE), _mark(rows, _LAST)
    return None if since is None or last is None else ReportSpan(since, last)


def _mark(rows: _Rows, name: str) -> datetime | None:
    times = rows("SELECT time FROM mark WHERE name = ?", name)
    return _time(times[0][0]) if times else None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _text(key: ServiceUse) -> tuple[str, str]:
    return key[0], key[1] or ""


def _changed(before: Mapping[_Key, _Value], after: Mapping[_Key, _Value]) -> Iterable[_Key]:
    return [key for key, value in after.items() if before.get(key) != value]
