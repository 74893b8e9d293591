"""Facts about a database that an administrator should know of."""

from dataclasses import dataclass
from datetime import UTC, datetime

from apppw_tui.config import DatabaseConfig
from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.store.postgres.database import Database
from apppw_tui.store.postgres.dsn import read_dsn
from apppw_tui.store.postgres.probe import HostProbe

_ASKED = """
    SELECT current_setting('synchronous_standby_names'), clock_timestamp(),
      (SELECT count(*) FROM pg_inherits WHERE inhparent = 'apppw.activity'::regclass
       AND inhrelid = to_regclass(%s))"""
_RIGHTS = """
    SELECT has_column_privilege('apppw.account', 'doc', 'SELECT')
      OR has_table_privilege('apppw.account', 'UPDATE')"""


@dataclass(frozen=True)
class DatabaseFacts:
    """The state of a database, as a portal and a daemon of this machine see it."""

    two_primaries: StoreUnusable | None
    waits_for_standby: bool
    ahead: float  # seconds that its clock is ahead of this machine's
    has_next_month: bool  # a partition of the activity
    daemon_may_too_much: bool


def examine(config: DatabaseConfig) -> DatabaseFacts:
    """Asks as a portal, and as the daemon. Raises StoreError, Refused."""
    portal, daemon = (
        Database(config.dsn, config.timeout),
        Database(config.serve_dsn, config.timeout),
    )
    probe = HostProbe(read_dsn(config.dsn), config.timeout)
    try:
        probe.look()
        now = datetime.now(UTC)
        following = f"{now.year + now.month // 12}_{now.month % 12 + 1:02}"
        ((names, clock, partitions),) = portal.rows(_ASKED, f"apppw.activity_{following}")
        ((too_much,),) = daemon.rows(_RIGHTS)
        return DatabaseFacts(
            probe.refusal,
            bool(names),
            (clock - now).total_seconds(),
            bool(partitions),
            bool(too_much),
        )
    finally:
        probe.stop()
        portal.close()
        daemon.close()
