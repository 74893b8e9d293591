"""The engine of accounts in PostgreSQL; what stays on the machine lies in a folder, as ever."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from apppw_tui.domain.errors import CopyUnfinished, StoreError
from apppw_tui.domain.ports import Accounts, Clock, SessionTerminator
from apppw_tui.store.folder.engine import FolderAside, FolderMachine, open_machine
from apppw_tui.store.postgres.accounts import PostgresAccounts
from apppw_tui.store.postgres.database import Database
from apppw_tui.store.postgres.held_accounts import HeldAccounts

if TYPE_CHECKING:
    from apppw_tui.domain.usage import FirstUse
    from apppw_tui.store.folder.key_file import FolderKeyring, RootsHand
    from apppw_tui.store.postgres.activity import PostgresActivityLog
    from apppw_tui.store.postgres.deleted_ids import PostgresDeletedIds
    from apppw_tui.store.postgres.keyring import PostgresKeyring
    from apppw_tui.store.postgres.machines import Follower, MachineSeen
    from apppw_tui.store.postgres.notices import PostgresNoticeQueue
    from apppw_tui.store.postgres.snapshot import PostgresSnapshot
    from apppw_tui.store.postgres.throttle import (
        PostgresKeyIndex,
        PostgresProfiles,
        PostgresThrottleStore,
    )
    from apppw_tui.store.postgres.usage import PostgresUsage
    from apppw_tui.store.usage_buffer import UsageBuffer


def open_database(
    database: Database,
    folder: Path,
    key_file: Path,
    clock: Clock,
    *,
    machine_name: str,
    create: bool,
    new_key: bool,
    by_daemon: bool = False,
) -> "tuple[PostgresEngine, FolderMachine]":
    """See open_engine; the machine is that of `folder`, and the others know it by its name."""
    machine, hand = open_machine(
        folder, key_file, clock, create=create, new_key=new_key, holds_accounts=False
    )
    engine = PostgresEngine(
        database, machine, key_file, clock, hand, machine_name=machine_name, by_daemon=by_daemon
    )
    return engine, machine


class PostgresEngine:
    """See Engine. `key_file` is this machine's, and `hand` writes it where only root can."""

    def __init__(
        self,
        database: Database,
        machine: FolderMachine,
        key_file: Path,
        clock: Clock,
        hand: "RootsHand | None" = None,
        *,
        machine_name: str,
        by_daemon: bool = False,
    ) -> None:
        """`by_daemon`: for the daemon's role, which reads less."""
        self._database = database
        self._folder = machine.folder
        self._hand = hand
        self._key_file = key_file
        self._clock = clock
        self._machine = machine
        self._machine_name = machine_name
        self._by_daemon = by_daemon
        self.confirmation = database.confirmation

    @cached_property
    def accounts(self) -> PostgresAccounts:
        store = PostgresAccounts(
            self._database, self._machine.enforcements, by_daemon=self._by_daemon
        )
        store.complain = lambda name, error: self._log("enforcement not told", error, name)
        return store

    @cached_property
    def throttle(self) -> "PostgresThrottleStore":
        from apppw_tui.store.postgres.throttle import PostgresThrottleStore

        return PostgresThrottleStore(self._database, self._clock)

    @cached_property
    def profiles(self) -> "PostgresProfiles":
        from apppw_tui.store.postgres.throttle import PostgresProfiles

        return PostgresProfiles(self._database, self._clock)

    @cached_property
    def key_index(self) -> "PostgresKeyIndex":
        from apppw_tui.store.postgres.throttle import PostgresKeyIndex

        return PostgresKeyIndex(self._database)

    @cached_property
    def usage(self) -> "PostgresUsage":
        from apppw_tui.store.postgres.usage import PostgresUsage

        return PostgresUsage(self._database, self._clock)

    @cached_property
    def activity(self) -> "PostgresActivityLog":
        return self.activity_log(
            lambda _error: None, lambda error: self._log("activity not written", error)
        )

    @cached_property
    def deleted_ids(self) -> "PostgresDeletedIds":
        from apppw_tui.store.postgres.deleted_ids import PostgresDeletedIds

        return PostgresDeletedIds(self._database)

    @cached_property
    def notices(self) -> "PostgresNoticeQueue":
        from apppw_tui.store.postgres.notices import PostgresNoticeQueue

        return PostgresNoticeQueue(self._database)

    @cached_property
    def keyring(self) -> "PostgresKeyring":
        from apppw_tui.store.postgres.keyring import PostgresKeyring

        return PostgresKeyring(self._database, self._wrapping_keys, self.accounts.has_sealed_values)

    @cached_property
    def _wrapping_keys(self) -> "FolderKeyring":
        """Those of this machine, under which the database keeps its own."""
        from apppw_tui.store.folder.key_file import FolderKeyring
        from apppw_tui.store.postgres.keyring import ring_exists

        keyring = FolderKeyring(self._folder, self._key_file, lambda: ring_exists(self._database))
        keyring.hand = None if self._hand is None else self._hand.write
        return keyring

    @contextmanager
    def snapshot(self) -> "Iterator[PostgresSnapshot]":
        """See SnapshotEngine."""
        from apppw_tui.store.postgres.snapshot import PostgresSnapshot

        with self._database.connected_alone() as connection:
            yield PostgresSnapshot(connection, self._wrapping_keys)

    def session_terminator(self, local: SessionTerminator) -> SessionTerminator:
        from apppw_tui.store.postgres.machines import PostgresSessions

        return PostgresSessions(self._database, self._machine_name, local, self._machine.error_log)

    def has_accounts(self) -> bool:
        return self.accounts.has_accounts()

    def activity_log(
        self,
        complain: Callable[[StoreError], None],
        report_loss: Callable[[StoreError], None] = lambda _error: None,
        *,
        by_daemon: bool = False,
    ) -> "PostgresActivityLog":
        from apppw_tui.store.postgres.activity import PostgresActivityLog

        del complain  # nothing here is ever begun anew
        return PostgresActivityLog(
            self._database, self._clock, report_loss, by_daemon=by_daemon or self._by_daemon
        )

    def cached_accounts(self) -> HeldAccounts:
        self._database.watch_hosts()
        return HeldAccounts(self._database)

    def usage_writer(
        self,
        accounts: Accounts,
        *,
        complain: Callable[[str], None],
        announce: "Callable[[FirstUse], None]",
        meaning: Callable[[str], Sequence[str]],
    ) -> "UsageBuffer":
        from apppw_tui.store.postgres.usage import PostgresUsageLedger
        from apppw_tui.store.usage_buffer import UsageBuffer

        return UsageBuffer(
            PostgresUsageLedger(self._database),
            accounts,
            self._clock,
            complain=complain,
            announce=announce,
            meaning=meaning,
        )

    def require_ready(self) -> None:
        # Where there are no tables, or those of another version, this says so.
        self._database.rows("SELECT 1 FROM apppw.account LIMIT 0")
        if self.has_unfinished_copy():
            raise CopyUnfinished

    def aside(self, what: str, now: datetime) -> FolderAside:
        return FolderAside(self._folder, what, now)

    def complete(self) -> None:
        """Nothing lacks: `store init` has made it all."""

    def has_unfinished_copy(self) -> bool:
        return bool(self._database.rows("SELECT 1 FROM apppw.copy"))

    def mark_copy(self, *, finished: bool) -> None:
        with self._database.transaction() as transaction:
            transaction.write("DELETE FROM apppw.copy")
            if not finished:
                transaction.write("INSERT INTO apppw.copy (began) VALUES (now())")
            transaction.commit()

    def drop(self, account_name: str, uid: str | None) -> None:
        self.accounts.drop(account_name, uid)

    def follower(self, *, kicks: bool) -> "Follower":
        """For whoever does on this machine what the others ask; `kicks`: also ends sessions.

        Raises StoreError.
        """
        from apppw_tui.store.folder.instance import make_instance
        from apppw_tui.store.postgres.connection import PROGRAM
        from apppw_tui.store.postgres.machines import Follower, MachineRows

        self._database.watch_hosts()
        return Follower(
            MachineRows(self._database, self._machine_name),
            self.accounts,
            self._clock,
            PROGRAM.rpartition(" ")[2],
            self._machine.session_terminator.lay if kicks else None,
            instance=make_instance(self._folder),
        )

    def list_machines(self) -> "list[MachineSeen]":
        """All that were ever there, but for those that were forgotten. Raises StoreError."""
        from apppw_tui.store.postgres.machines import list_machines

        return list_machines(self._database)

    def forget_machine(self, name: str) -> bool:
        """Forgets a machine, and what waits for it; False if there was none. Raises StoreError."""
        from apppw_tui.store.postgres.machines import forget_machine

        return forget_machine(self._database, name)

    def close(self) -> None:
        """Lets go of all connections that are not in use."""
        self._database.close()

    def _log(self, event: str, error: StoreError, account_name: str | None = None) -> None:
        names = {} if account_name is None else {"account": account_name}
        self._machine.error_log.error(event, **names, why=str(error))
