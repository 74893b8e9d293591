"""The rights of each role: what a daemon or a portal that was taken over cannot do."""

import re
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.scopes import IMAP
from apppw_tui.store.postgres.engine import PostgresEngine
from apppw_tui.store.postgres.schema import PORTAL, VERIFIER
from tests.store.engines import in_postgresql
from tests.store.folder.using import Verdict
from tests.store.making import HASH, add, alter, record
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster, rows
from tests.store.rotator import put
from tests.support import NOW, FixedClock
from tests.systemd.walk import steps

pytestmark = ONE_CLUSTER


def test_the_daemons_role_reads_no_account_password_and_nothing_sealed(
    machines: tuple[PostgresEngine, PostgresEngine],
    database: Cluster,
    tmp_path: Path,
    clock: FixedClock,
) -> None:
    add(machines[0].accounts)
    put(machines[0].accounts, machines[0].keyring, "ada", "x")
    restricted = replace(record("abd", "Bus"), paused=True)
    alter(
        machines[0].accounts,
        app_passwords=(record(), restricted),
        bypass_until=NOW,
        enforced_from=NOW,
    )
    engine = in_postgresql(database.dsn(VERIFIER), tmp_path / "third", clock, by_daemon=True)[0]
    full = machines[0].accounts.get("ada")
    assert full is not None
    hidden = replace(full, password_hash=None, authenticator=None, phones=(), bypass_until=None)
    assert hidden != full
    for read in (engine.accounts.get("ada"), engine.cached_accounts().get("ada")):
        assert read == hidden
    ((text,),) = rows(database, "SELECT verifying::text FROM apppw.account", VERIFIER)
    assert '"password_hash": null' in str(text)
    assert "sealed" not in str(text)
    assert str(text).count(HASH) == 2
    engine.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT doc FROM apppw.account",
        "SELECT * FROM apppw.account",
        "UPDATE apppw.account SET version = 1",
        "INSERT INTO apppw.account (name) VALUES ('x')",
        "DELETE FROM apppw.account",
        "INSERT INTO apppw.copy VALUES (now())",
        "DELETE FROM apppw.copy",
        "SELECT * FROM apppw.ring",
        "SELECT throttle_key FROM apppw.store",
        "SELECT * FROM apppw.throttle",
        "DELETE FROM apppw.activity",
        "SELECT entry FROM apppw.notice",
        "DELETE FROM apppw.notice",
        "SELECT * FROM apppw.deleted",
    ],
)
def test_the_daemons_role_may_not(database: Cluster, sql: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        rows(database, sql, VERIFIER)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM apppw.deleted",
        "UPDATE apppw.deleted SET id = 'x'",
        "TRUNCATE apppw.deleted",
        "DROP TABLE apppw.deleted",
        "UPDATE apppw.activity SET what = 'x'",
        "UPDATE apppw.store SET major = 2",
    ],
)
def test_the_portals_role_may_not(database: Cluster, sql: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        rows(database, sql, PORTAL)


def test_the_daemons_role_can_all_that_a_daemon_does(
    machines: tuple[PostgresEngine, PostgresEngine],
    database: Cluster,
    tmp_path: Path,
    clock: FixedClock,
) -> None:
    ada = add(machines[0].accounts)
    engine, _ = in_postgresql(database.dsn(VERIFIER), tmp_path / "third", clock, by_daemon=True)
    engine.require_ready()
    assert engine.has_accounts()
    writer = engine.usage_writer(
        engine.cached_accounts(),
        complain=pytest.fail,
        announce=lambda _: None,
        meaning=lambda name: [name],
    )
    writer.used(Verdict("ada", record()), IMAP, "192.0.2.7")
    writer.old_password("ada", IMAP, "192.0.2.7")
    assert writer.flush()
    losses: list[StoreError] = []
    log = engine.activity_log(losses.append, losses.append, by_daemon=True)
    for _ in range(64):
        log.record(ada.uid, "used from a new address", "the server")
    assert losses == []
    entry = machines[0].activity.read(ada.uid)[0]
    engine.notices.put(ada, entry)
    assert [message.entry for message in machines[0].notices.due(NOW)] == [entry]
    assert engine.accounts.list_names() == ["ada"]
    engine.close()


def test_a_daemon_that_was_taken_over_is_thrown_out_and_lets_go_of_its_locks(
    database: Cluster, tmp_path: Path, clock: FixedClock
) -> None:
    """By the page's commands."""
    (step,) = steps("administrator.md", "A daemon that was taken over")
    first, second = re.findall(r'-c "([^"]*)"', step.commands)
    engine = in_postgresql(database.dsn(), tmp_path / "portal", clock)[0]
    add(engine.accounts)
    alter(engine.accounts, enabled=False)  # the other machines are told when it goes
    daemon = psycopg.connect(database.dsn(VERIFIER))
    daemon.execute("LOCK TABLE apppw.settling")
    try:
        database.execute("postgres", first, second)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(database.dsn(VERIFIER))
        engine.accounts.remove("ada")
    finally:
        database.execute("postgres", f"ALTER ROLE {VERIFIER} LOGIN")
        daemon.close()
        engine.close()
