"""Facts about a database that an administrator should know of."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import LiteralString

import psycopg

from apppw_tui.config import DatabaseConfig
from apppw_tui.domain.account import Account
from apppw_tui.domain.deleted_ids import ID
from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.domain.ports import Clock
from apppw_tui.store.folder.instance import read_instance
from apppw_tui.store.postgres.connection import NO_TIME, connect
from apppw_tui.store.postgres.database import Database
from apppw_tui.store.postgres.dsn import read_dsn
from apppw_tui.store.postgres.errors import store_error
from apppw_tui.store.postgres.machines import NAME_FREE_AFTER, MachineSeen, list_machines
from apppw_tui.store.postgres.probe import HostProbe
from apppw_tui.store.postgres.schema import lacking, require_whole

UNSEEN_AFTER = timedelta(days=1)

# Of those that follow, whoever is no superuser sees no more than that they do.
_ASKED: LiteralString = """
    SELECT current_setting('synchronous_standby_names') <> '',
      (SELECT count(*) FROM pg_stat_replication) > 0, clock_timestamp(),
      (SELECT count(*) FROM pg_inherits WHERE inhparent = 'apppw.activity'::regclass
       AND inhrelid = ANY (SELECT to_regclass(month)::oid FROM unnest(%s::text[]) AS month))::int"""
# What comes from a machine to itself needs no encryption, nor does a socket.
_OPEN: LiteralString = """
    SELECT count(*) > 0 FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND NOT ssl
      AND inet_client_addr() <> inet_server_addr()"""
_OF_DAEMON: LiteralString = """
    SELECT has_column_privilege('apppw.account', 'doc', 'SELECT')
      OR has_table_privilege('apppw.account', 'INSERT, UPDATE, DELETE, TRUNCATE')
      OR has_any_column_privilege('apppw.ring', 'SELECT')
      OR has_table_privilege('apppw.deleted', 'UPDATE, DELETE, TRUNCATE')"""
_OF_PORTAL: LiteralString = """
    SELECT has_table_privilege('apppw.deleted', 'UPDATE, DELETE, TRUNCATE')"""
# They may hide rows, change what is written, or leave it out; apppw-tui has none of them.
_FOREIGN: LiteralString = """
    SELECT relname, kind, name FROM (
      SELECT oid AS part, 'row security' AS kind, '' AS name FROM pg_class WHERE relrowsecurity
      UNION ALL SELECT tgrelid, 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal
      UNION ALL SELECT ev_class, 'rule', rulename FROM pg_rewrite WHERE rulename <> '_RETURN'
    ) AS foreign_part JOIN pg_class ON pg_class.oid = part
    WHERE relnamespace = to_regnamespace('apppw') ORDER BY 1, 2, 3"""
_LISTED: LiteralString = """
    SELECT uid, id FROM apppw.deleted
    JOIN unnest(%s::text[], %s::text[]) AS live (uid, id) USING (uid, id)"""


# What readers leave out, by table.
_UNREAD: LiteralString = f"""
    SELECT 'activity', count(*)::int FROM apppw.activity
      WHERE {NO_TIME} OR json_typeof(facts) <> 'object'
    UNION ALL SELECT 'used', count(*)::int FROM apppw.used WHERE {NO_TIME}
    UNION ALL SELECT 'network', count(*)::int FROM apppw.network WHERE {NO_TIME}
    UNION ALL SELECT 'mark', count(*)::int FROM apppw.mark WHERE {NO_TIME}
    UNION ALL SELECT 'uses', count(*)::int FROM apppw.uses
      WHERE day < '1970-01-02' OR day >= '9999-01-01'
    UNION ALL SELECT 'deleted', count(*)::int FROM apppw.deleted
      WHERE uid !~ '^[0-9a-f]{{32}}$' OR id !~ %s"""  # noqa: S608 - of our own words
_ID = f"^{ID.pattern}$"


@dataclass(frozen=True)
class DatabaseFacts:
    """The state of a database, as a portal and a daemon of this machine see it."""

    two_primaries: StoreUnusable | None
    waits_for_standby: bool
    has_standby: bool
    ahead: float  # seconds that its clock is ahead of this machine's
    has_months: bool  # a partition of the activity for this month, and for the next one
    is_open: bool  # what goes to it, or comes from there, can be read on its way
    daemon_may_too_much: bool
    portal_may_too_much: bool
    is_following: bool  # this machine does what others ask of it
    has_twin: bool  # another machine, which is there, has its name
    unseen: tuple[MachineSeen, ...]  # machines that have not been there for a day
    unread: tuple[tuple[str, int], ...]  # tables with rows that no program wrote, and how many


def examine(config: DatabaseConfig, folder: Path, clock: Clock) -> DatabaseFacts:
    """Asks as a portal, and as the daemon, of the machine in `folder`.

    Raises StoreError, Refused.
    """
    portal, daemon = (
        Database(config.dsn, config.timeout),
        Database(config.serve_dsn, config.timeout),
    )
    probe = HostProbe(read_dsn(config.dsn), config.timeout)
    try:
        require_whole(lacking(portal.rows))
        probe.look()
        now = clock.now()
        months = [now.year * 12 + now.month - 1 + number for number in range(2)]
        names = [f"apppw.activity_{month // 12}_{month % 12 + 1:02}" for month in months]
        ((waits, followed, time, partitions),) = portal.rows(_ASKED, names)
        opened = [database.rows(_OPEN)[0][0] for database in (portal, daemon)]
        ((daemon_too_much,),) = daemon.rows(_OF_DAEMON)
        ((portal_too_much,),) = portal.rows(_OF_PORTAL)
        machines = list_machines(portal)
        return DatabaseFacts(
            probe.refusal,
            bool(waits),
            bool(followed),
            (time - now).total_seconds(),
            partitions == len(names),
            any(opened),
            bool(daemon_too_much),
            bool(portal_too_much),
            any(machine.name == config.machine for machine in machines),
            any(
                machine.name == config.machine
                and machine.instance not in (None, read_instance(folder))
                and time - machine.seen < NAME_FREE_AFTER
                for machine in machines
            ),
            tuple(machine for machine in machines if time - machine.seen >= UNSEEN_AFTER),
            tuple((table, count) for table, count in portal.many_rows(_UNREAD, _ID) if count),
        )
    finally:
        probe.stop()
        portal.close()
        daemon.close()


def list_foreign_parts(config: DatabaseConfig) -> list[tuple[str, str, str]]:
    """Tables on which somebody put what may change their rows: table, kind and its name.

    Raises StoreError, Refused. It reads no table, which row security would refuse.
    """
    dsn = read_dsn(config.dsn)
    try:
        with closing(connect(dsn, config.timeout)) as connection:
            return [(table, kind, name) for table, kind, name in connection.execute(_FOREIGN)]
    except psycopg.Error as error:
        raise store_error(error) from None


class DeletedLookup:
    """Tells of app passwords whether they are listed as deleted, without the whole list."""

    def __init__(self, config: DatabaseConfig) -> None:
        self._database = Database(config.dsn, config.timeout)

    def listed(self, accounts: Iterable[Account]) -> set[tuple[str, str]]:
        """The uid and the id of each that is. Raises StoreError."""
        live = [(account.uid, each.id) for account in accounts for each in account.app_passwords]
        uids, ids = [uid for uid, _ in live], [id_ for _, id_ in live]
        return {(uid, id_) for uid, id_ in self._database.rows(_LISTED, uids, ids)}

    def close(self) -> None:
        self._database.close()
