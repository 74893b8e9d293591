"""The activity of accounts: what people did, and what the daemon saw.

The portal and the commands write ledger/activity.sqlite, the daemon usage/activity.sqlite; readers
take both. In a backup, and in a store of before, an event is a line of JSON.
"""

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any

from apppw_tui.domain import activity
from apppw_tui.domain.activity import ActivityEntry, as_line, entries
from apppw_tui.domain.errors import StoreDamaged, StoreError
from apppw_tui.domain.lines import fitted, utc_seconds
from apppw_tui.domain.ports import Clock
from apppw_tui.store.folder import before_ledgers, files
from apppw_tui.store.folder.before_ledgers import OldFiles
from apppw_tui.store.folder.ledger import LEDGERS, Ledger, Row, Transaction
from apppw_tui.store.folder.sqlite_file import Schema

FROM_DAEMON = "usage"
MOST = 4000  # events of one account, and of all names that nobody has
_NAME = "activity.sqlite"
_SWEPT = 16  # events that are older than RETENTION, at each one that is written
_LARGEST = 4 * 1024 * 1024  # bytes; far more than one file of before ever got
_UID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_OLD_FILE = re.compile(rf"{_UID.pattern}\.jsonl(\.1)?", re.ASCII)
_SCHEMA = Schema(
    1,
    f"""
    CREATE TABLE activity (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL, time TEXT NOT NULL,
      what TEXT NOT NULL, by TEXT NOT NULL, facts TEXT NOT NULL) STRICT;
    CREATE INDEX of_account ON activity (uid, time);
    CREATE INDEX by_time ON activity (time);
    {before_ledgers.TABLE}
    """,
)
_GET = "SELECT seq, uid, time, what, by, facts FROM activity"
_OF_ACCOUNT = f"{_GET} WHERE uid = ? AND time >= ? ORDER BY seq"
_ADD = "INSERT INTO activity (uid, time, what, by, facts) VALUES (?, ?, ?, ?, ?)"
_BOUND = """
    DELETE FROM activity WHERE seq IN (
      SELECT seq FROM activity WHERE uid = ? ORDER BY time DESC, seq DESC LIMIT -1 OFFSET ?)"""
_SWEEP = """
    DELETE FROM activity WHERE seq IN (
      SELECT seq FROM activity
      WHERE time < strftime('%Y-%m-%dT%H:%M:%SZ', ?, ?) ORDER BY time LIMIT ?)"""
_RETAINED = f"-{activity.RETENTION.days} days"

Event = tuple[str, ActivityEntry]  # the uid, and what happened
Marks = tuple[int, int]  # rows of the ledger that this process writes, and of the other


class FolderActivityLog:
    """The events of the store in `folder`.

    `written_by` is the folder of the ledger that this process writes; both are read. `complain`
    hears of a ledger that was set aside, `report_loss` of why events cannot be written: of each
    reason once. Neither may raise.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        written_by: str = LEDGERS,
        complain: Callable[[StoreError], None] = lambda _error: None,
        report_loss: Callable[[StoreError], None] = lambda _error: None,
    ) -> None:
        self._clock = clock
        self._report_loss = report_loss
        self._losses: set[str] = set()  # sentences that were reported
        self._own = Ledger(
            folder / written_by / _NAME, _SCHEMA, has_reserve=False, complain=complain
        )
        other = FROM_DAEMON if written_by == LEDGERS else LEDGERS
        # A file that is damaged is for whoever writes it to set aside.
        self._other = Ledger(folder / other / _NAME, _SCHEMA, has_reserve=False, replaceable=False)
        self._old: list[OldFiles] = []
        if written_by == LEDGERS:
            aside = folder / before_ledgers.FOLDER
            for kind, place in (("activity", "activity"), ("first-uses", FROM_DAEMON)):
                find = _finder(folder / place)
                self._old.append(OldFiles(aside, kind, find, _load_old))

    def record(self, uid: str, what: str, by: str, **facts: str) -> None:
        """See ActivityLog. Never raises."""
        if _UID.fullmatch(uid) is None:
            return
        time = utc_seconds(self._clock.now())
        values = {**facts, "what": what, "by": by}  # no fact passes for one of these
        line = fitted(values, json.dumps, {"time": time})
        rows = [*map(activity.columns, entries([line]))]
        try:
            if self._old:
                self._take_over()
            with self._own.transaction() as transaction:
                for row in rows:
                    transaction.write(_ADD, uid, time, *row)
                transaction.write(_BOUND, uid, MOST)
                transaction.write(_SWEEP, time, _RETAINED, _SWEPT)
        except OSError as error:
            self._lose(files.store_error(self._own.path, error))
        except StoreError as error:
            self._lose(error)

    def read(self, uid: str) -> list[ActivityEntry]:
        """The account's events of the last RETENTION, the oldest first; none for what is no uid.

        Raises StoreUnusable.
        """
        if self._old:
            self._take_over()
        since = utc_seconds(self._clock.now() - activity.RETENTION)
        rows = self._own.rows(_OF_ACCOUNT, uid, since)
        with contextlib.suppress(StoreDamaged):
            rows += self._other.rows(_OF_ACCOUNT, uid, since)
        return [*map(itemgetter(1), activity.of_rows(rows))]

    def read_all(self) -> list[Event]:
        """The events of everybody, as `read` has them; also of accounts that are gone."""
        self._take_over()
        return activity.of_rows(self._rows(f"{_GET} WHERE time >= ? ORDER BY seq", self._since()))

    def forget_old(self, uid: str) -> None:
        """Removes what is older than RETENTION. Raises StoreError."""
        sql = "SELECT count(*) FROM activity WHERE uid = ? AND time < ?"
        if self._own.rows(sql, uid, self._since()) not in ([], [(0,)]):
            with self._own.transaction() as transaction:
                transaction.write(
                    "DELETE FROM activity WHERE uid = ? AND time < ?", uid, self._since()
                )

    def drop(self, uid: str) -> None:
        """Removes all that was written of that account. Raises StoreError."""
        if self.knows(uid):
            with self._own.transaction() as transaction:
                transaction.write("DELETE FROM activity WHERE uid = ?", uid)

    def knows(self, uid: str) -> bool:
        """True if anything was written of that account. Raises StoreError."""
        self._take_over()
        return bool(self._rows("SELECT 1 FROM activity WHERE uid = ? LIMIT 1", uid))

    def export(self, uid: str, failures: dict[str, StoreError]) -> Mapping[str, bytes]:
        """The members of a backup that hold the account's events.

        `failures` gets what cannot be read, by the ledger's path in the store.
        """
        self._take_over()
        sql = f"{_GET} WHERE uid = ? ORDER BY seq"
        members = {}
        for ledger, folder in ((self._own, "activity"), (self._other, FROM_DAEMON)):
            try:
                rows = ledger.rows(sql, uid)
            except StoreError as error:
                failures[f"{ledger.path.parent.name}/{_NAME}"] = error
                continue
            lines = [
                json.dumps(as_line(event)).encode() + b"\n" for _, event in activity.of_rows(rows)
            ]
            members[f"{folder}/{uid}.jsonl"] = b"".join(lines)
        return {member: content for member, content in members.items() if content}

    def restore(self, uid: str, contents: Iterable[bytes]) -> None:
        """Puts lines of a backup there, unless something is known already. Raises StoreError."""
        if not self.knows(uid):
            with self._own.transaction() as transaction:
                for content in contents:
                    for event in entries(content.split(b"\n")):
                        _add(transaction, uid, event)

    def tail(self, uids: frozenset[str] | None) -> Callable[[], list[Event]]:
        return _Tail(self, uids).news

    def last(self) -> Marks:
        """The newest row of each ledger. Raises StoreError."""
        self._take_over()
        return _last(self._own), _last(self._other)

    def after(self, marks: Marks) -> tuple[list[Event], Marks]:
        """The events after these rows, by time, and the newest rows by now. Raises StoreError."""
        events: list[Event] = []
        newest: list[int] = []
        for ledger, mark in zip((self._own, self._other), marks, strict=True):
            # Where a damaged ledger was begun anew, everything is new.
            begin = mark if mark <= _last(ledger) else 0
            sql = f"{_GET} WHERE seq > ? ORDER BY seq"
            rows = ledger.rows(sql, begin)
            events += activity.of_rows(rows)
            newest.append(rows[-1][0] if rows else begin)
        return sorted(events, key=lambda event: event[1].time), (newest[0], newest[1])

    def _lose(self, error: StoreError) -> None:
        if str(error) not in self._losses:
            self._losses.add(str(error))
            self._report_loss(error)

    def _since(self) -> str:
        return utc_seconds(self._clock.now() - activity.RETENTION)

    def _rows(self, sql: str, *values: Any) -> list[Row]:
        rows = self._own.rows(sql, *values)
        with contextlib.suppress(StoreDamaged):
            rows += self._other.rows(sql, *values)
        return rows

    def _take_over(self) -> None:
        """Has what an older program wrote in the ledger; on a disk that is full, later."""
        if self._old:
            with contextlib.suppress(StoreError):
                for old in self._old:
                    old.take_over(self._own)
                self._old = []  # what an older program writes from now on, the next process has


class _Tail:
    """The events from now on."""

    def __init__(self, log: FolderActivityLog, uids: frozenset[str] | None) -> None:
        self._log = log
        self._uids = uids
        self._marks = log.last()

    def news(self) -> list[Event]:
        """The events since the last time, by time. Raises StoreError."""
        events, self._marks = self._log.after(self._marks)
        return [event for event in events if self._uids is None or event[0] in self._uids]


def _last(ledger: Ledger) -> int:
    rows = ledger.rows("SELECT seq FROM sqlite_sequence WHERE name = 'activity'")
    return int(rows[0][0]) if rows else 0


def _add(transaction: Transaction, uid: str, event: ActivityEntry) -> None:
    transaction.write(_ADD, uid, utc_seconds(event.time), *activity.columns(event))


def _finder(folder: Path) -> Callable[[], Iterator[Path]]:
    """Finds the files of before in that folder."""

    def find() -> Iterator[Path]:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            for path in folder.iterdir():
                if _OLD_FILE.fullmatch(path.name):
                    yield path

    return find


def _load_old(transaction: Transaction, path: Path) -> None:
    with contextlib.suppress(StoreDamaged):
        for event in entries((files.read(path, _LARGEST) or b"").split(b"\n")):
            _add(transaction, path.name.partition(".")[0], event)
