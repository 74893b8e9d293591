"""The notices to people, laid down by all machines; whichever asks first sends them."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, LiteralString

from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import ActivityEntry, as_line, entry, parse_time
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.notice_text import LONGEST_WAIT, Message
from apppw_tui.store.postgres.database import NOTICES, Database

MOST = 50_000  # altogether; nobody may take them away
MOST_EACH = 50  # of one account: it is not to take everybody's room
_FILE = re.compile(r"[0-9a-f]{32}-([0-9a-f]{16})\.json", re.ASCII)
_NO_MESSAGE = (ValueError, RecursionError, AttributeError, TypeError, OverflowError)
_GET: LiteralString = "SELECT seq, uid, account, entry::text FROM apppw.notice"
_PUT: LiteralString = """
    INSERT INTO apppw.notice (uid, account, entry) SELECT %s, %s, %s
    WHERE (SELECT count(*) FROM apppw.notice WHERE uid = %s) < %s
    AND (SELECT count(*) FROM (SELECT seq FROM apppw.notice LIMIT %s) AS all_of_them) < %s
    RETURNING seq"""


class PostgresNoticeQueue:
    """See NoticeQueue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, account: Account, entry_: ActivityEntry) -> str:
        message = Message("", account.name, account.uid, entry_)
        values = (account.uid, account.name, _dumped(message))
        with self._database.joined(lasting=False) as transaction:
            rows = transaction.rows(_PUT, *values, account.uid, MOST_EACH, MOST, MOST)
            transaction.commit()
        if not rows:
            raise StoreError(f"{MOST_EACH} notices about that account wait already, or {MOST}.")
        return _file(account.uid, rows[0][0])

    def due(self, now: datetime) -> Iterator[Message]:
        for (file,) in self._database.rows(
            "SELECT uid || '-' || lpad(to_hex(seq), 16, '0') || '.json'"
            " FROM apppw.notice ORDER BY seq"
        ):
            message = self.read(file)
            if message is not None:
                until = message.not_before
                # A clock that was ahead must not put it off for years.
                if until is None or not now < until <= now + LONGEST_WAIT:
                    yield message

    def read(self, file: str) -> Message | None:
        sql: LiteralString = f"{_GET} WHERE seq = %s"
        for seq, uid, account_name, content in self._database.rows(sql, _seq(file)):
            with suppress(*_NO_MESSAGE):
                document = json.loads(content)
                entry_ = entry(document.get("entry"))
                if entry_ is not None:
                    return Message(
                        _file(uid, seq),
                        account_name,
                        uid,
                        entry_,
                        int(document.get("tries", 0)),
                        parse_time(document["not_before"]) if "not_before" in document else None,
                        bool(document.get("summed")),
                        str(document.get("how", "")),
                    )
        return None

    def keep(self, message: Message) -> None:
        with self._database.transaction() as transaction:
            transaction.write(
                "UPDATE apppw.notice SET entry = %s WHERE seq = %s",
                _dumped(message),
                _seq(message.file),
            )
            transaction.commit()

    def remove(self, message: Message) -> None:
        with self._database.transaction() as transaction:
            transaction.write("DELETE FROM apppw.notice WHERE seq = %s", _seq(message.file))
            transaction.commit()

    @contextmanager
    def alone(self) -> Iterator[bool]:
        with self._database.transaction() as transaction:
            ((is_first,),) = transaction.rows(
                "SELECT pg_try_advisory_xact_lock(hashtextextended('', %s))", NOTICES
            )
            yield is_first


def _dumped(message: Message) -> str:
    document: dict[str, Any] = {"entry": as_line(message.entry)}
    if message.tries:
        document |= {"tries": message.tries, "summed": message.summed, "how": message.how}
    if message.not_before is not None:
        document["not_before"] = message.not_before.isoformat(timespec="seconds")
    return json.dumps(document)


def _file(uid: str, seq: int) -> str:
    """The name under which a message is known."""
    return f"{uid}-{seq:016x}.json"


def _seq(file: str) -> int:
    """The row of a message; that of none is 0."""
    match = _FILE.fullmatch(file)
    return 0 if match is None else int(match[1], 16)
