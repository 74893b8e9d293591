"""The uses of accounts: the daemons of all machines write them, a row for each that is another."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString

from apppw_tui.domain.deleted_ids import UID
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.ports import Clock
from apppw_tui.domain.scopes import Service
from apppw_tui.domain.usage import (
    COUNTED_DAYS,
    SHOWN_DAYS,
    LastUse,
    ReportSpan,
    ServiceUse,
    UsageRecord,
    Used,
    UsesPerDay,
    uses_per_day,
)
from apppw_tui.store.fields import DocumentError
from apppw_tui.store.folder import usage_file
from apppw_tui.store.postgres.connection import RowReader, note_unread
from apppw_tui.store.postgres.database import USES, Database, DatabaseTransaction

_SINCE, _LAST = "old passwords since", "old passwords last"
_RECORD: LiteralString = """
    SELECT uid, 'used', id, service, time, address FROM apppw.used WHERE uid = ANY (%s)
    UNION ALL SELECT uid, 'network', network, '', time, NULL FROM apppw.network
    WHERE uid = ANY (%s)"""
# Of two times the newer stays, whichever machine came first; but not one of a clock that was ahead.
_USED: LiteralString = """
    INSERT INTO apppw.used (uid, id, service, time, address) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (uid, id, service) DO UPDATE SET time = excluded.time, address = excluded.address
    WHERE used.time <= excluded.time OR used.time > now() + interval '1 day'"""
_COUNT: LiteralString = """
    INSERT INTO apppw.uses (uid, id, day, service, n) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (uid, id, day, service) DO UPDATE SET n = uses.n + excluded.n"""
_NETWORK: LiteralString = """
    INSERT INTO apppw.network (uid, network, time) VALUES (%s, %s, %s)
    ON CONFLICT (uid, network) DO UPDATE SET time =
      CASE WHEN network.time > now() + interval '1 day' THEN excluded.time
      ELSE greatest(network.time, excluded.time) END"""
_MARK: LiteralString = """
    INSERT INTO apppw.mark (name, time) VALUES (%s, %s)
    ON CONFLICT (name) DO UPDATE SET time = excluded.time"""
_MARKS: LiteralString = "SELECT name, time FROM apppw.mark WHERE name = ANY (%s)"
_OLD_USE = "DELETE FROM apppw.used WHERE uid = %s AND id = ''"


class PostgresUsageTables:
    """See UsageTables."""

    def __init__(self, transaction: DatabaseTransaction) -> None:
        self._transaction = transaction

    @property
    def reports(self) -> ReportSpan | None:
        return _reports(self._transaction)

    def record(self, uid: str) -> UsageRecord:
        return _record(self._transaction, uid)

    def save(self, uid: str, before: UsageRecord, after: UsageRecord) -> None:
        write, write_many = self._transaction.write, self._transaction.write_many
        for id_, service in sorted(map(_text, before.uses.keys() - after.uses.keys())):
            write(
                "DELETE FROM apppw.used WHERE uid = %s AND id = %s AND service = %s",
                *(uid, id_, service),
            )
        for id_ in sorted({id_ for id_, _ in before.uses} - {id_ for id_, _ in after.uses}):
            write("DELETE FROM apppw.uses WHERE uid = %s AND id = %s", uid, id_)
        changed = [(key, use) for key, use in after.uses.items() if before.uses.get(key) != use]
        write_many(_USED, sorted((uid, *_text(key), use.time, use.address) for key, use in changed))
        for network in sorted(before.networks.keys() - after.networks.keys()):
            write("DELETE FROM apppw.network WHERE uid = %s AND network = %s", uid, network)
        networks = [pair for pair in after.networks.items() if pair not in before.networks.items()]
        write_many(_NETWORK, sorted((uid, *pair) for pair in networks))
        last = after.last_legacy_login
        if last is not None and last != before.last_legacy_login:
            write(_OLD_USE, uid)  # by whatever service
            write(_USED, uid, "", last.service or "", last.time, last.address)

    def count(self, uid: str, counts: Mapping[tuple[ServiceUse, date], int]) -> None:
        rows = [(uid, key[0], day, key[1] or "", n) for (key, day), n in counts.items()]
        self._transaction.write_many(_COUNT, sorted(rows))

    def set_reports(self, span: ReportSpan) -> None:
        self._transaction.write_many(_MARK, [(_LAST, span.last), (_SINCE, span.since)])

    def sweep(self, today: date) -> None:
        before = today - timedelta(days=COUNTED_DAYS)
        self._transaction.write("DELETE FROM apppw.uses WHERE day <= %s", before)


class PostgresUsageLedger:
    """See AnyUsageLedger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def transaction(self, uids: Collection[str] = ()) -> Iterator[PostgresUsageTables]:
        # Who else has seen a use from the same new network waits, and then finds it known.
        with self._database.transaction(USES, uids, lasting=False) as transaction:
            yield PostgresUsageTables(transaction)
            transaction.commit()

    def reports(self) -> ReportSpan | None:
        return _reports(self._database)

    def exists(self) -> bool:
        return True

    def close(self) -> None:
        """The connections are shared."""


class PostgresUsage:
    """See UsageStore."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def read(self, uid: str) -> Used:
        return self.record(uid).used

    def record(self, uid: str) -> UsageRecord:
        return _record(self._database, uid)

    def per_day(self, uid: str, today: date) -> UsesPerDay:
        rows = self._database.rows(
            """SELECT id, day, least(sum(n), 2147483647)::int FROM apppw.uses
            WHERE uid = %s AND day >= %s GROUP BY id, day""",
            uid,
            today - timedelta(days=SHOWN_DAYS - 1),
        )
        return uses_per_day(((id_, day, n) for id_, day, n in rows if day), today)

    def old_passwords_since(self) -> datetime | None:
        span = None
        with suppress(StoreError):  # then it is not known
            span = _reports(self._database)
        return None if span is None or span.has_ended(self._clock.now()) else span.since

    def forget(self, uid: str) -> None:
        with self._database.transaction(USES, [uid]) as transaction:
            transaction.write("DELETE FROM apppw.used WHERE uid = %s", uid)
            transaction.write("DELETE FROM apppw.uses WHERE uid = %s", uid)
            transaction.write("DELETE FROM apppw.network WHERE uid = %s", uid)
            transaction.commit()

    def knows(self, uid: str) -> bool:
        return self.record(uid) != UsageRecord()

    def export(self, uid: str, failures: dict[str, StoreError]) -> Mapping[str, bytes]:
        try:
            return export_usage(self._database, [uid], failures).get(uid, {})
        except StoreError as error:
            failures[f"usage/{uid}.json"] = error
        return {}

    def restore(self, uid: str, content: bytes) -> None:
        try:
            record = usage_file.loads(content)
        except DocumentError:
            return
        if UID.fullmatch(uid) is None:
            return
        # Together with the account, which a row cannot be without.
        with self._database.joined(USES, [uid]) as transaction:
            tables = PostgresUsageTables(transaction)
            if tables.record(uid) == UsageRecord():
                tables.save(uid, UsageRecord(), record)
            transaction.commit()


def export_usage(
    reader: RowReader, uids: list[str], failures: dict[str, StoreError]
) -> dict[str, Mapping[str, bytes]]:
    """The members of a backup, of those accounts that have any. Raises StoreError.

    `failures` gets what rows cannot be read; the others are there.
    """
    left_out = Counter[str]()
    records = _records(reader, uids, lambda uid: left_out.update([uid]))
    note_unread(failures, {f"usage/{uid}.json": count for uid, count in left_out.items()})
    return {uid: {f"usage/{uid}.json": usage_file.dumps(record)} for uid, record in records.items()}


def _record(reader: RowReader, uid: str) -> UsageRecord:
    return _records(reader, [uid]).get(uid, UsageRecord())


def _records(
    reader: RowReader,
    uids: list[str],
    leave_out: Callable[[str], object] = lambda _uid: None,
) -> dict[str, UsageRecord]:
    """`leave_out` hears of each row that cannot be read, by its uid."""
    uses = defaultdict[str, dict[ServiceUse, LastUse]](dict)
    networks = defaultdict[str, dict[str, datetime]](dict)
    legacy_logins: dict[str, LastUse] = {}
    for uid, kind, subject, service, local, address in reader.rows(_RECORD, uids, uids):
        if local is None:
            leave_out(uid)
            continue
        time = local.astimezone(UTC)
        use = LastUse(time, Service(service) if service else None, address)
        if kind == "network":
            networks[uid][subject] = time
        elif subject:
            uses[uid][subject, use.service] = use
        else:
            legacy_logins[uid] = use
    return {
        uid: UsageRecord(uses[uid], legacy_logins.get(uid), networks[uid])
        for uid in {*uses, *networks, *legacy_logins}
    }


def _reports(reader: RowReader) -> ReportSpan | None:
    marks: dict[str, Any] = dict(reader.rows(_MARKS, [_SINCE, _LAST]))
    if marks.keys() != {_SINCE, _LAST} or None in marks.values():
        return None
    return ReportSpan(marks[_SINCE].astimezone(UTC), marks[_LAST].astimezone(UTC))


def _text(key: ServiceUse) -> tuple[str, str]:
    return key[0], key[1] or ""
