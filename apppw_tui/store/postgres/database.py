"""Connections to the primary: each statement has a deadline, and each act one retry at first."""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString, TypeVar

import psycopg

from apppw_tui.domain.errors import CopyUnfinished, StoreUnusable
from apppw_tui.domain.ports import Confirmation
from apppw_tui.store.postgres.connection import TIMEOUT, Row, TimedConnection, connect
from apppw_tui.store.postgres.dsn import read_dsn
from apppw_tui.store.postgres.errors import SILENT, UNREAD, SilentDatabase, store_error, uncertain
from apppw_tui.store.postgres.probe import HostProbe
from apppw_tui.store.postgres.schema import major_in, require_major

LOCK_TIMEOUT = 5.0  # seconds
LONG_PATIENCE = 60.0  # seconds
_MAJOR: LiteralString = "SELECT major, EXISTS (SELECT FROM apppw.copy) FROM apppw.store"
_MOST_IDLE = 4  # connections; each costs the server 2 MB
_T = TypeVar("_T")
# The server's warning that a commit is done, and is waited for no longer (syncrep.c).
_CANCELLED = "01000"
_LET_GO: LiteralString = """
    SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND wait_event = 'SyncRep'
      AND query_start < clock_timestamp() - make_interval(secs => %s)"""
# Seeds: the same text is another lock for each kind.
ACCOUNT, SUBJECT, USES, RING, NOTICES, SCHEMA = range(6)


class DatabaseTransaction:
    """One transaction of one connection; it is undone unless `commit` is reached.

    `confirmation` hears of each lasting commit.
    """

    def __init__(self, connection: TimedConnection, confirmation: Confirmation) -> None:
        self._connection = connection
        self._confirmation = confirmation
        self._is_lasting = self._is_open = self._has_written = False
        self._process = 0  # of the server, also behind a pooler, which tells a number of its own

    def begin(self, *, lasting: bool) -> None:
        """`lasting`: the commit waits for the disk, and for whatever else the server waits for."""
        commit = "on" if lasting else "off"
        cursor = self._connection.execute(
            f"BEGIN; SET LOCAL lock_timeout = '{LOCK_TIMEOUT:g}s'; "
            # Behind a pooler it may be another session than that of `agree`.
            f"SET LOCAL synchronous_commit = {commit}; SET LOCAL row_security = off; "
            "SELECT pg_backend_pid()"
        )
        while cursor.nextset():
            pass
        ((self._process,),) = cursor.fetchall()
        self._is_lasting = lasting
        self._is_open = True

    def lock(self, kind: int, names: Collection[str]) -> None:
        """Holds these until the end, in their order; a statement of its own must read afterwards.

        In one statement with the lock it would see what stood before the lock was had.
        """
        with self._patient() as connection:
            connection.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(name, %s))"
                " FROM unnest(%s::text[]) AS name",
                (kind, sorted(names)),
            )

    def rows(self, sql: LiteralString, *values: Any) -> list[Row]:
        with self._patient() as connection:
            return connection.execute(sql, values).fetchall()

    def write(self, sql: LiteralString, *values: Any) -> int:
        """Runs it; of how many rows it was."""
        self._has_written = True
        with self._patient() as connection:
            return connection.execute(sql, values).rowcount

    def write_many(self, sql: LiteralString, values: Sequence[Row]) -> None:
        if values:
            self._has_written = True
            with self._patient() as connection, connection.cursor() as cursor:
                cursor.executemany(sql, values)

    @contextmanager
    def _patient(self) -> Iterator[TimedConnection]:
        """Until the server has given up a lock that somebody else holds, which it then says."""
        self._connection.patience += LOCK_TIMEOUT
        try:
            yield self._connection
        finally:
            self._connection.patience -= LOCK_TIMEOUT

    def commit(self) -> None:
        """Ends it: in force from now on, also where no standby confirms it in time.

        Raises:
            SaveUncertain: the server went meanwhile, and nobody can tell what it did.
            StoreUnusable: nothing was changed.
        """
        self._is_open = False
        if self._connection.closed:
            raise StoreUnusable(SILENT)
        warned: list[str | None] = []
        with (
            self._connection.cancelled_when_silent(self._process) as cancelled,
            _warnings(self._connection, warned),
        ):
            try:
                done = self._connection.execute("COMMIT").statusmessage
            except psycopg.Error as error:
                raise uncertain(error) from None
        if done != "COMMIT":  # something in it had failed, and the server says no more than that
            raise StoreUnusable("The database has undone it: nothing was changed.")
        if cancelled:
            self._connection.close()  # lest what is cancelled be the next statement
        if self._is_lasting and self._has_written:
            # Another machine, too, may have let go of it: see _let_go.
            self._confirmation.note(confirmed=not cancelled and _CANCELLED not in warned)

    @contextmanager
    def part(self) -> Iterator["DatabaseTransaction"]:
        """A part that can fail by itself; its `commit` says no more than that it may stay."""
        self._connection.execute("SAVEPOINT part")
        inner = _Part(self._connection, self._confirmation)
        try:
            yield inner
        finally:
            if not self._connection.closed:
                if not inner.is_done:
                    self._connection.execute("ROLLBACK TO part")
                self._connection.execute("RELEASE part")

    def roll_back(self) -> None:
        if self._is_open and not self._connection.closed:
            self._is_open = False
            with suppress(psycopg.Error):
                self._connection.execute("ROLLBACK")


@contextmanager
def _warnings(connection: TimedConnection, states: list[str | None]) -> Iterator[None]:
    """Within it the codes of what the server warns of are added to `states`."""

    def note(diagnostic: psycopg.errors.Diagnostic) -> None:
        states.append(diagnostic.sqlstate)

    connection.add_notice_handler(note)
    try:
        yield
    finally:
        connection.remove_notice_handler(note)


def _let_go(connection: TimedConnection) -> bool:
    """Lets go of commits that wait for a standby for too long; True if there were any.

    Whoever waits lets go by itself, unless it was killed, or its machine is lost: the server
    notices neither, and would keep the accounts locked for everybody until a standby is there.
    """
    rows = connection.execute(_LET_GO, (LOCK_TIMEOUT,)).fetchall()
    return bool(rows)


class _Part(DatabaseTransaction):
    is_done = False

    def commit(self) -> None:
        self.is_done = True


class Database:
    """The primary that `dsn` names, for all threads of a process. Every call raises StoreError."""

    def __init__(self, dsn: str, timeout: float = TIMEOUT, *, unfinished: bool = False) -> None:
        """Connects to nothing yet; `unfinished`: also where a copy was cut short.

        Raises Refused, if `dsn` is not to be used.
        """
        self._unfinished = unfinished
        self._dsn = read_dsn(dsn)
        self._timeout = timeout
        self._idle: list[TimedConnection] = []
        self._lock = threading.Lock()
        self._probe = HostProbe(self._dsn, timeout)
        self._looking = threading.Lock()
        self._has_looked = False
        self._open = threading.local()  # the transaction of a thread that others may join
        self.confirmation = Confirmation()

    def rows(self, sql: LiteralString, *values: Any) -> list[Row]:
        """Reads, by one statement that is its own transaction."""

        def read(connection: TimedConnection) -> list[Row]:
            return connection.execute(sql, values).fetchall()

        with self._errors(), self._connected(read) as (_, rows):
            return rows

    def many_rows(self, sql: LiteralString, *values: Any) -> list[Row]:
        """As `rows`, of a whole table, for which no service waits: the server may think longer."""

        def read(connection: TimedConnection) -> list[Row]:
            patience = connection.patience
            connection.patience = max(patience, LONG_PATIENCE)
            try:
                return connection.execute(sql, values).fetchall()
            finally:
                connection.patience = patience

        with self._errors(), self._connected(read) as (_, rows):
            return rows

    @contextmanager
    def transaction(
        self,
        lock: int | None = None,
        names: Collection[str] = (),
        *,
        lasting: bool = True,
    ) -> Iterator[DatabaseTransaction]:
        """One transaction, with these `names` locked; whoever does not commit has done nothing."""

        def begin(connection: TimedConnection) -> DatabaseTransaction:
            transaction = DatabaseTransaction(connection, self.confirmation)
            transaction.begin(lasting=lasting)
            if lock is None:
                return transaction
            try:
                transaction.lock(lock, names)
            except psycopg.errors.LockNotAvailable:
                transaction.roll_back()
                if not _let_go(connection):
                    raise
                transaction.begin(lasting=lasting)
                transaction.lock(lock, names)
            return transaction

        with self._errors(), self._connected(begin) as (_, transaction):
            try:
                yield transaction
            finally:
                transaction.roll_back()

    @contextmanager
    def joinable(self, transaction: DatabaseTransaction) -> Iterator[None]:
        """Within it `joined` of this thread is a part of that transaction."""
        self._open.transaction = transaction
        try:
            yield
        finally:
            self._open.transaction = None

    @contextmanager
    def joined(
        self, lock: int | None = None, names: Collection[str] = (), *, lasting: bool = True
    ) -> Iterator[DatabaseTransaction]:
        """As `transaction`, or a part of the one that this thread is in."""
        outer: DatabaseTransaction | None = getattr(self._open, "transaction", None)
        if outer is None:
            with self.transaction(lock, names, lasting=lasting) as transaction:
                yield transaction
            return
        with self._errors(), outer.part() as transaction:
            if lock is not None:
                transaction.lock(lock, names)
            yield transaction

    @contextmanager
    def connected_alone(self) -> Iterator[TimedConnection]:
        """A connection of one's own, for whoever reads for long."""
        with self._errors():
            connection = self._connect()
            try:
                yield connection
            finally:
                connection.close()

    def watch_hosts(self) -> None:
        """From now on nothing is answered while two of the hosts are a primary."""
        self._probe.start()

    def close(self) -> None:
        """Lets go of all that is not in use."""
        self._probe.stop()
        self._drop_idle()

    def _drop_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _connected(
        self, begin: Callable[[TimedConnection], _T]
    ) -> Iterator[tuple[TimedConnection, _T]]:
        """A connection, and what `begin` gave, tried again on a new one if the old had died."""
        self._look_at_hosts()
        if self._probe.refusal is not None:
            raise self._probe.refusal
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        is_new = connection is None
        connection = connection or self._connect()
        try:
            try:
                result = begin(connection)
            except SilentDatabase:
                self._drop_idle()  # they lead to where nobody answers
                raise
            except psycopg.OperationalError:
                if is_new or not connection.closed:
                    raise
                self._drop_idle()  # they have died with it
                connection = self._connect()
                result = begin(connection)
            yield connection, result
        finally:
            self._put_back(connection)

    def _look_at_hosts(self) -> None:
        """Before anything else: not every process goes on watching them.

        One that does not looks again, as long as there were two.
        """
        with self._looking:
            refused = self._probe.refusal is not None and not self._probe.is_watching
            if refused or not self._has_looked:
                self._probe.look_at_once()
                self._has_looked = True

    def _put_back(self, connection: TimedConnection) -> None:
        if not connection.closed:
            status = connection.info.transaction_status
            with self._lock:
                if status == psycopg.pq.TransactionStatus.IDLE and len(self._idle) < _MOST_IDLE:
                    self._idle.append(connection)
                    return
            connection.close()

    def _connect(self) -> TimedConnection:
        """Raises psycopg.Error; StoreUnusable, if the tables are not this program's, or half."""
        connection = connect(self._dsn, self._timeout)
        try:
            # At every connection: they may be migrated while a program runs.
            rows = connection.execute(_MAJOR).fetchall()
            require_major(major_in(rows))
            if rows[0][1] and not self._unfinished:
                raise CopyUnfinished
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except UNREAD as error:
            raise store_error(error) from None
