"""A database as it was at one instant, for backups and copies: people go on working meanwhile."""

from collections.abc import Iterator, Mapping
from typing import Any, LiteralString

from apppw_tui.domain.engine_ports import Keyring
from apppw_tui.domain.errors import StoreDamaged, StoreError
from apppw_tui.domain.key_set import KeySet
from apppw_tui.store import documents
from apppw_tui.store.fields import DocumentError
from apppw_tui.store.postgres.activity import export_activity
from apppw_tui.store.postgres.connection import Row, TimedConnection
from apppw_tui.store.postgres.database import LONG_PATIENCE
from apppw_tui.store.postgres.deleted_ids import export_deleted
from apppw_tui.store.postgres.errors import UNREAD, store_error
from apppw_tui.store.postgres.held_accounts import parsed_tables
from apppw_tui.store.postgres.keyring import unwrapped_keys
from apppw_tui.store.postgres.usage import export_usage

_AT_ONCE = 100  # accounts, each with up to 4,000 events
_ACCOUNTS: LiteralString = "SELECT name, doc::text FROM apppw.account ORDER BY name"


class PostgresSnapshot:
    """See Snapshot."""

    def __init__(self, connection: TimedConnection, wrapping: Keyring) -> None:
        """Begins now. `connection` is nobody else's; `wrapping` are the keys of this machine."""
        connection.patience = max(connection.patience, LONG_PATIENCE)
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._connection = connection
        self._wrapping = wrapping
        self.count()  # the instant is that of the first statement

    def rows(self, query: LiteralString, /, *values: Any) -> list[Row]:
        try:
            return self._connection.execute(query, values).fetchall()
        except UNREAD as error:
            raise store_error(error) from None

    def count(self) -> int:
        ((count,),) = self.rows("SELECT count(*) FROM apppw.account")
        return int(count)

    def documents(self) -> Iterator[list[tuple[str, bytes]]]:
        """The documents by name, some at a time: a million need no more room than a hundred."""
        with self._connection.cursor("accounts") as cursor:  # on the server
            try:
                cursor.execute(_ACCOUNTS)
                while rows := cursor.fetchmany(_AT_ONCE):
                    yield [(name, content.encode()) for name, content in rows]
            except UNREAD as error:
                raise store_error(error) from None

    def accounts(
        self, failures: dict[str, StoreError]
    ) -> Iterator[tuple[str, bytes, Mapping[str, bytes]]]:
        for batch in self.documents():
            uids: dict[str, str] = {}
            for name, content in batch:
                try:
                    uids[name] = documents.load(parsed_tables(content.decode()), name).uid
                except DocumentError as error:
                    failures[name] = StoreDamaged(f"{name} cannot be read: {error}.")
            of_batch = [*uids.values()]
            activity = export_activity(self, of_batch, failures)
            usage = export_usage(self, of_batch, failures)
            for name, content in batch:
                if name in uids:
                    uid = uids[name]
                    yield name, content, {**activity.get(uid, {}), **usage.get(uid, {})}

    def deleted(self) -> bytes | None:
        return export_deleted(self)

    def keys(self) -> KeySet | None:
        return unwrapped_keys(self, self._wrapping)
