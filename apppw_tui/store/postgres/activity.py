"""The activity of accounts: what people did, and what the daemons saw, on whatever machine."""

import json
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import LiteralString

from apppw_tui.domain import activity
from apppw_tui.domain.activity import ActivityEntry, as_line, entries
from apppw_tui.domain.deleted_ids import UID
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.lines import fitted, utc_seconds
from apppw_tui.domain.ports import Clock
from apppw_tui.store.postgres.connection import Row, RowReader, note_unread
from apppw_tui.store.postgres.database import Database

MOST = 4000  # events of one account, and of all names that nobody has
_BOUNDED_EVERY = 16
_GET: LiteralString = "SELECT seq, uid, time, what, by, facts::text FROM apppw.activity"
_ADD: LiteralString = (
    "INSERT INTO apppw.activity (uid, time, what, by, facts) VALUES (%s, %s, %s, %s, %s)"
)
_BOUND: LiteralString = """
    DELETE FROM apppw.activity WHERE uid = %s AND seq IN (
      SELECT seq FROM apppw.activity WHERE uid = %s ORDER BY time DESC, seq DESC OFFSET %s)"""

Event = tuple[str, ActivityEntry]  # the uid, and what happened


class PostgresActivityLog:
    """See ActivityHistory. `report_loss` hears of why events cannot be written: of each once."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        report_loss: Callable[[StoreError], None],
        *,
        by_daemon: bool = False,
    ) -> None:
        """`by_daemon`: it may remove nothing."""
        self._database = database
        self._clock = clock
        self._report_loss = report_loss
        self._losses: set[str] = set()  # sentences that were reported
        self._by_daemon = by_daemon

    def record(self, uid: str, what: str, by: str, **facts: str) -> None:
        if UID.fullmatch(uid) is None:
            return
        time = utc_seconds(self._clock.now())
        line = fitted({**facts, "what": what, "by": by}, json.dumps, {"time": time})
        try:
            with self._database.joined(lasting=False) as transaction:
                transaction.write_many(_ADD, [_row(uid, event) for event in entries([line])])
                if not self._by_daemon and secrets.randbelow(_BOUNDED_EVERY) == 0:
                    transaction.write(_BOUND, uid, uid, MOST)
                transaction.commit()
        except StoreError as error:
            if str(error) not in self._losses:
                self._losses.add(str(error))
                self._report_loss(error)

    def read(self, uid: str) -> list[ActivityEntry]:
        sql: LiteralString = f"{_GET} WHERE uid = %s AND time >= %s ORDER BY seq"
        rows = self._database.rows(sql, uid, self._since())
        return [*map(itemgetter(1), _events(rows))]

    def read_all(self) -> list[Event]:
        sql: LiteralString = f"{_GET} WHERE time >= %s ORDER BY seq"
        return _events(self._database.many_rows(sql, self._since()))

    def knows(self, uid: str) -> bool:
        return bool(self._database.rows("SELECT 1 FROM apppw.activity WHERE uid = %s LIMIT 1", uid))

    def forget_old(self, uid: str) -> None:
        with self._database.transaction(lasting=False) as transaction:
            transaction.write(
                "DELETE FROM apppw.activity WHERE uid = %s AND time < %s", uid, self._since()
            )
            transaction.commit()

    def tail(self, uids: frozenset[str] | None) -> Callable[[], list[Event]]:
        return _NewEvents(self._database, uids).news

    def export(self, uid: str, failures: dict[str, StoreError]) -> Mapping[str, bytes]:
        try:
            return export_activity(self._database, [uid], failures).get(uid, {})
        except StoreError as error:
            failures[f"activity/{uid}.jsonl"] = error
        return {}

    def restore(self, uid: str, contents: Iterable[bytes]) -> None:
        if self.knows(uid):
            return
        lines = (line for content in contents for line in content.split(b"\n"))
        with self._database.transaction() as transaction:
            transaction.write_many(_ADD, [_row(uid, event) for event in entries(lines)])
            transaction.commit()

    def _since(self) -> str:
        return utc_seconds(self._clock.now() - activity.RETENTION)


class _NewEvents:
    """The events from now on: those whose transaction was not seen the last time."""

    def __init__(self, database: Database, uids: frozenset[str] | None) -> None:
        self._database = database
        self._uids = uids
        ((self._seen,),) = database.rows("SELECT pg_current_snapshot()::text")

    def news(self) -> list[Event]:
        """The events since the last time, by time. Raises StoreError."""
        # The snapshot is that of the very statement which reads: none is missed or seen twice.
        rows = self._database.rows(
            """SELECT pg_current_snapshot()::text, seq, uid, time, what, by, facts::text
            FROM (SELECT) AS one LEFT JOIN apppw.activity
            ON xact >= pg_snapshot_xmin(%s::pg_snapshot)
            AND NOT pg_visible_in_snapshot(xact, %s::pg_snapshot) ORDER BY seq""",
            self._seen,
            self._seen,
        )
        self._seen = rows[0][0]
        events = _events([row[1:] for row in rows if row[1] is not None])
        return [event for event in events if self._uids is None or event[0] in self._uids]


def export_activity(
    reader: RowReader, uids: list[str], failures: dict[str, StoreError]
) -> dict[str, Mapping[str, bytes]]:
    """The members of a backup, of those accounts that have any. Raises StoreError.

    `failures` gets what rows cannot be read; the others are there.
    """
    sql: LiteralString = f"{_GET} WHERE uid = ANY (%s) ORDER BY seq"
    lines = defaultdict[str, list[bytes]](list)
    left_out = Counter[str]()
    for uid, event in _events(reader.rows(sql, uids), lambda uid: left_out.update([uid])):
        lines[uid].append(json.dumps(as_line(event)).encode() + b"\n")
    note_unread(failures, {f"activity/{uid}.jsonl": count for uid, count in left_out.items()})
    return {uid: {f"activity/{uid}.jsonl": b"".join(lines[uid])} for uid in lines}


def _events(rows: list[Row], leave_out: Callable[[str], object] = lambda _uid: None) -> list[Event]:
    return activity.of_rows(
        ((*row[:2], row[2] and utc_seconds(row[2]), *row[3:]) for row in rows), leave_out
    )


def _row(uid: str, event: ActivityEntry) -> Row:
    what, by, facts = activity.columns(event)
    return uid, event.time, _without_nul(what), _without_nul(by), facts


def _without_nul(text: str) -> str:
    """The text as the database takes it."""
    return text.replace("\0", "\\x00")
