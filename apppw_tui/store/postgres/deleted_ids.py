"""The app passwords that were ever deleted: rows that neither role may change or remove."""

from collections.abc import Callable, Collection, Iterable, Mapping

from apppw_tui.domain import deleted_ids
from apppw_tui.domain.account import Account
from apppw_tui.domain.deleted_ids import DeletedIdSet
from apppw_tui.domain.ports import AccountStore
from apppw_tui.store.postgres.connection import Row, RowReader
from apppw_tui.store.postgres.database import Database

_ADD = "INSERT INTO apppw.deleted (uid, id) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_BATCH = 1000  # accounts in a transaction


class PostgresDeletedIds:
    """See DeletedIdList; a deletion is listed in its own transaction, so that none ever waits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, after: int = 0) -> DeletedIdSet:
        return _read(self._database.rows if after else self._database.many_rows, after)

    def merge(self, ids: Mapping[str, Collection[str]]) -> None:
        rows = [(uid, id_) for uid in sorted(ids) for id_ in sorted(ids[uid])]
        if rows:
            with self._database.transaction() as transaction:
                transaction.write_many(_ADD, rows)
                transaction.commit()

    def export(self) -> bytes | None:
        listed = self.read()
        return deleted_ids.lines(listed.ids) if listed.ids else None

    def list_known(self, accounts: Iterable[Account]) -> int:
        listed, count = self.read(), 0
        missing: dict[str, frozenset[str]] = {}
        for account in accounts:
            ids = account.deleted_ids - listed.of(account.uid)
            if ids:
                missing[account.uid] = ids
                count += len(ids)
            if len(missing) == _BATCH:
                self.merge(missing)
                missing = {}
        self.merge(missing)
        return count

    def list_waiting(self) -> None:
        """Nothing ever waits."""

    def list_all_waiting(self, accounts: AccountStore) -> bool:  # noqa: ARG002 - as above
        return True


def export_deleted(reader: RowReader) -> bytes | None:
    """See DeletedIdList.export. Raises StoreError."""
    listed = _read(reader.rows)
    return deleted_ids.lines(listed.ids) if listed.ids else None


def _read(rows_of: Callable[..., list[Row]], after: int = 0) -> DeletedIdSet:
    """`after` and `until` are transactions: what one before `until` wrote was seen by then."""
    rows = rows_of(
        """SELECT pg_snapshot_xmin(pg_current_snapshot())::text, uid, id
        FROM (SELECT) AS one LEFT JOIN apppw.deleted ON xact >= %s::text::xid8
        ORDER BY uid, at, id""",
        str(after),
    )
    result = DeletedIdSet(until=int(rows[0][0]))
    for _, uid, id_ in rows:
        if uid is None:
            continue  # there is no row
        if deleted_ids.UID.fullmatch(uid) and deleted_ids.ID.fullmatch(id_):
            result.ids.setdefault(uid, set()).add(id_)
        else:
            result.unreadable += 1
    return result
