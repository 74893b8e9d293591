"""Deadlines, retries and refusals of a database: no answer is never a yes, and never waits long."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from apppw_tui.domain.errors import (
    Refused,
    SaveUncertain,
    StoreBusy,
    StoreError,
    StoreUnusable,
)
from apppw_tui.store.postgres import database as module
from apppw_tui.store.postgres.activity import PostgresActivityLog
from apppw_tui.store.postgres.connection import TIMEOUT, TimedConnection
from apppw_tui.store.postgres.database import ACCOUNT, LONG_PATIENCE, SUBJECT, Database
from apppw_tui.store.postgres.dsn import read_dsn
from apppw_tui.store.postgres.engine import PostgresEngine
from apppw_tui.store.postgres.init import initialise
from apppw_tui.store.postgres.schema import PORTAL
from tests.store.postgres.cluster import ONE_CLUSTER, OWNER, Cluster, rows
from tests.support import FixedClock

pytestmark = ONE_CLUSTER


@pytest.fixture
def opened(database: Cluster) -> Iterator[Database]:
    opened = Database(database.dsn(), timeout=1)
    yield opened
    opened.close()


def test_a_silent_database_is_left_and_later_heard_again(
    opened: Database, database: Cluster
) -> None:
    assert opened.rows("SELECT 1") == [(1,)]
    with database.silent(), pytest.raises(StoreUnusable, match="does not answer"):
        opened.rows("SELECT 1")
    assert opened.rows("SELECT 2") == [(2,)]


@pytest.mark.slow
def test_a_silent_database_is_not_connected_to(opened: Database, database: Cluster) -> None:
    with database.silent(), pytest.raises(StoreUnusable, match="does not answer"):
        opened.rows("SELECT 1")
    assert opened.rows("SELECT 2") == [(2,)]


def test_a_connection_that_died_is_replaced_once(opened: Database, database: Cluster) -> None:
    opened.rows("SELECT 1")
    database.stop()
    database.start()
    assert opened.rows("SELECT 1") == [(1,)]
    database.stop()
    try:
        with pytest.raises(StoreUnusable, match="does not answer"):
            opened.rows("SELECT 1")
    finally:
        database.start()
    with opened.transaction(ACCOUNT, ["ada"]) as transaction:
        assert transaction.rows("SELECT 1") == [(1,)]


def test_what_is_not_committed_never_was(opened: Database) -> None:
    with opened.transaction() as transaction:
        transaction.write("INSERT INTO apppw.mark VALUES ('x', now())")
    with pytest.raises(ZeroDivisionError):
        write_and_raise(opened)
    assert opened.rows("SELECT name FROM apppw.mark") == []


def write_and_raise(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.write("INSERT INTO apppw.mark VALUES ('y', now())")
        raise ZeroDivisionError


def test_what_the_server_has_undone_is_not_taken_for_done(opened: Database) -> None:
    with opened.transaction() as transaction:
        transaction.write("INSERT INTO apppw.mark VALUES ('x', now())")
        with pytest.raises(psycopg.Error):
            transaction.write("INSERT INTO apppw.mark VALUES ('x', now())")
        with pytest.raises(StoreUnusable, match="nothing was changed"):
            transaction.commit()
    assert opened.rows("SELECT name FROM apppw.mark") == []


def test_a_lost_commit_is_uncertain_and_is_not_done_again(
    opened: Database, database: Cluster
) -> None:
    with opened.transaction() as transaction:
        transaction.write("INSERT INTO apppw.mark VALUES ('x', now())")
        ((process,),) = transaction.rows("SELECT pg_backend_pid()")
        with psycopg.connect(database.dsn("postgres")) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (process,))
        with pytest.raises(SaveUncertain, match="may or may not"):
            transaction.commit()
    assert opened.rows("SELECT name FROM apppw.mark") == []


def test_a_commit_that_no_standby_confirms_is_done_and_told(
    opened: Database, database: Cluster
) -> None:
    with database.without_its_standby():
        with opened.transaction(ACCOUNT, ["ada"]) as transaction:
            transaction.write("INSERT INTO apppw.mark VALUES ('x', now())")
            transaction.commit()
        assert opened.rows("SELECT name FROM apppw.mark") == [("x",)]
        assert opened.confirmation.amend("Done.") == (
            "Done; another machine has not confirmed it yet."
        )
        assert opened.confirmation.amend("Done.") == "Done.", "it is said once"
        with opened.transaction(ACCOUNT, ["ada"], lasting=False) as transaction:
            transaction.write("DELETE FROM apppw.mark")
            transaction.commit()
    assert opened.rows("SELECT name FROM apppw.mark") == []


def test_a_commit_whose_program_was_killed_keeps_nobody_out(
    opened: Database, database: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apppw_tui.store.postgres.database.LOCK_TIMEOUT", 0.2)
    with database.without_its_standby():
        killed = psycopg.connect(database.dsn(), autocommit=True)
        killed.execute("BEGIN")
        killed.execute("SELECT pg_advisory_xact_lock(hashtextextended('ada', %s))", (ACCOUNT,))
        killed.execute("INSERT INTO apppw.mark VALUES ('x', now())")
        killed.pgconn.send_query(b"COMMIT")
        while rows(database, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == []:
            killed.pgconn.flush()
        killed.pgconn.finish()  # the server does not see that while it waits
        with opened.transaction(ACCOUNT, ["ada"], lasting=False) as transaction:
            assert transaction.rows("SELECT name FROM apppw.mark") == [("x",)]
            transaction.write("DELETE FROM apppw.mark")
            transaction.commit()


def test_a_commit_that_another_machine_has_let_go_of_is_not_called_confirmed(
    opened: Database, database: Cluster
) -> None:
    def let_go() -> None:
        cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        while rows(database, cancel) == []:
            pass

    with database.without_its_standby(), ThreadPoolExecutor() as pool:
        other = pool.submit(let_go)
        with opened.transaction(ACCOUNT, ["ada"]) as transaction:
            transaction.write("INSERT INTO apppw.mark VALUES ('x', now())")
            transaction.commit()
        other.result()
    assert "not confirmed" in opened.confirmation.amend("Done.")


def test_a_commit_behind_a_pooler_is_let_go_of_as_well(
    opened: Database, database: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pooler tells its clients a process that no server has."""
    monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", 1)
    with database.without_its_standby(), opened.transaction(ACCOUNT, ["ada"]) as transaction:
        transaction.write("INSERT INTO apppw.mark VALUES ('x', now())")
        transaction.commit()
    assert opened.rows("SELECT name FROM apppw.mark") == [("x",)]


def test_a_later_commit_that_is_confirmed_confirms_what_was_before(
    opened: Database, database: Cluster
) -> None:
    with database.without_its_standby(), opened.transaction() as transaction:
        transaction.write("INSERT INTO apppw.mark VALUES ('x', now())")
        transaction.commit()
    with opened.transaction() as transaction:
        transaction.rows("SELECT 1")
        transaction.commit()
    assert "not confirmed" in opened.confirmation.amend("Done.")
    with opened.transaction() as transaction:
        transaction.write("DELETE FROM apppw.mark")
        transaction.commit()
    assert opened.confirmation.amend("Done.") == "Done."


def test_what_was_never_sent_is_not_uncertain(
    opened: Database, database: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_TIMEOUT", 0.1)
    with opened.transaction() as transaction:
        with database.silent(), pytest.raises(psycopg.OperationalError):
            transaction.write("INSERT INTO apppw.mark VALUES ('x', now())")
        with pytest.raises(StoreUnusable, match="does not answer"):
            transaction.commit()


def test_a_lock_that_is_held_elsewhere_is_busy(
    opened: Database, database: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_TIMEOUT", 0.1)
    other = Database(database.dsn())
    with opened.transaction(ACCOUNT, ["ada", "grace"]):
        with pytest.raises(StoreBusy), other.transaction(ACCOUNT, ["grace"]):
            pytest.fail("it is held")
        with other.transaction(ACCOUNT, ["ben"]), other.transaction(SUBJECT, ["ada"]):
            pass
    with other.transaction(ACCOUNT, ["grace"]):
        pass
    other.close()


def test_a_database_without_tables_says_what_to_do(database: Cluster) -> None:
    opened = Database(database.dsn(database="postgres"))
    with pytest.raises(StoreUnusable, match="store init"):
        opened.rows("SELECT major FROM apppw.store")
    opened.close()


def test_tables_are_made_once_and_partitions_as_months_come(database: Cluster) -> None:
    assert not initialise(database.dsn(OWNER))
    with psycopg.connect(database.dsn("postgres")) as connection:
        sql = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'apppw.activity'::regclass"
        assert connection.execute(sql).fetchone() == (4,)


def test_events_of_a_month_that_nobody_had_made_go_where_they_belong_and_old_months_go(
    cluster: Cluster,
) -> None:
    cluster.execute("postgres", "DROP DATABASE IF EXISTS months")
    cluster.create("months")
    owner = cluster.dsn(OWNER, "months")
    later = datetime.now(UTC) + timedelta(days=150)
    losses: list[StoreError] = []
    log = PostgresActivityLog(Database(owner), FixedClock(later), losses.append)
    log.record("1" * 32, "signed in", "ada")
    assert initialise(owner, later)
    assert [entry.event for entry in log.read("1" * 32)] == ["signed in"]
    sql: LiteralString = "SELECT tableoid::regclass::text FROM apppw.activity"
    database = Database(owner)
    assert database.rows(sql) == [(f"apppw.activity_{later:%Y_%m}",)]
    assert initialise(owner, later + timedelta(days=900))
    assert database.rows(sql) == []


@pytest.mark.parametrize(
    ("dsn", "why"),
    [
        ("host=/run/x password=hunter2", "password"),
        ("host=/run/x sslpassword=hunter2", "sslpassword stands"),
        ("service=mail", "service"),
        ("host=db1,/run/x user=x", "verify-full"),
        ("host=db1 sslmode=require", "verify-full"),
        ("hostaddr=192.0.2.7", "verify-full"),
        ("host=/run/x options=-csearch_path=x", "options"),
        ("host=/run/x passfile=/nowhere/at/all", "passfile"),
        ("what is this", "must be written"),
        ("host=/run/x x='hunter2", "must be written"),
        ("host=/run/x colour=hunter2", "does not know"),
        ("postgresql://user:hunter2@/apppw", "must be written"),
        ("host=/run/x host=db1", "must be written"),
    ],
)
def test_a_dsn_that_gives_away_too_much_is_refused_without_its_words(dsn: str, why: str) -> None:
    with pytest.raises(Refused, match=why) as caught:
        read_dsn(dsn)
    assert "hunter2" not in str(caught.value)


def test_a_dsn_may_name_sockets_hosts_with_certificates_and_a_file_of_ones_own(
    tmp_path: Path,
) -> None:
    read_dsn("host=db1,db2 sslmode=verify-full sslrootcert=/x user=apppw_portal")
    passfile = tmp_path / "pass"
    passfile.touch(0o600)
    read_dsn(f"host=/run/postgresql passfile={passfile}")
    passfile.chmod(0o640)
    with pytest.raises(Refused, match="open to others"):
        read_dsn(f"host=/run/postgresql passfile={passfile}")


def test_the_surroundings_do_not_say_where_the_database_is(
    opened: Database, database: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
    monkeypatch.setenv("PGSERVICE", "elsewhere")
    again = Database(database.dsn())
    assert again.rows("SHOW default_transaction_read_only") == [("off",)]
    assert not any(name.startswith("PG") for name in os.environ)
    again.close()


def test_names_of_any_alphabet_are_read_and_written(database: Cluster) -> None:
    opened = Database(f"{database.dsn()} client_encoding=LATIN1")
    assert opened.rows("SELECT %s::text, current_setting('client_encoding')", "ж") == [
        ("ж", "UTF8")
    ]
    opened.close()


def test_whole_table_may_take_longer_than_a_service_waits(
    machines: tuple[PostgresEngine, PostgresEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, patiences = machines[0], list[float]()
    execute = TimedConnection.execute

    def watched(connection: TimedConnection, *words: Any, **options: Any) -> Any:
        patiences.append(connection.patience)
        return execute(connection, *words, **options)

    engine.accounts.has_accounts()
    monkeypatch.setattr(TimedConnection, "execute", watched)
    engine.accounts.list_names()
    engine.activity.read_all()
    until = engine.deleted_ids.read().until
    assert patiences == [LONG_PATIENCE] * 3
    patiences.clear()
    engine.deleted_ids.read(until)
    engine.accounts.has_accounts()
    assert patiences == [TIMEOUT] * 2


def test_row_that_somebody_else_holds_is_busy_and_not_silence(
    opened: Database, database: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.rows("SELECT 1")
    monkeypatch.setattr(module, "LOCK_TIMEOUT", 1.2)  # more than its timeout, as ever
    update: LiteralString = "UPDATE apppw.store SET major = major"
    with (
        psycopg.connect(database.dsn(OWNER)) as other,
        closing(Database(database.dsn(OWNER), 1)) as own,
    ):
        other.execute(update)
        with pytest.raises(StoreBusy, match="busy: nothing was changed"), own.transaction() as held:
            held.write(update)


@pytest.mark.parametrize(
    ("setting", "undone"),
    [
        ("SET default_transaction_read_only = on", "RESET default_transaction_read_only"),
        ("CONNECTION LIMIT 0", "CONNECTION LIMIT -1"),
        ("NOLOGIN", "LOGIN"),
    ],
)
def test_database_that_does_answer_is_not_said_to_be_silent(
    database: Cluster, setting: LiteralString, undone: LiteralString
) -> None:
    sentences = {
        "SET": "The database can only be read.",
        "CONNECTION": "The store is busy: nothing was changed.",
        "NOLOGIN": "The database has no such user who may log in. Look at user in dsn.",
    }
    database.execute("postgres", f"ALTER ROLE {PORTAL} {setting}")
    try:
        with closing(Database(database.dsn(), 1)) as own, pytest.raises(StoreError) as refusal:
            own.rows("SELECT 1")
    finally:
        database.execute("postgres", f"ALTER ROLE {PORTAL} {undone}")
    assert str(refusal.value).startswith(sentences[setting.split()[0]])


@pytest.mark.parametrize(
    ("role", "name", "sentence"),
    [
        ("nobody-of-that-name", "apppw", "has no such user who may log in. Look at user in dsn."),
        (PORTAL, "nothing-there", "The server has no database of that name. Look at dbname"),
    ],
)
def test_wrong_word_of_a_dsn_is_told_without_its_value(
    database: Cluster, role: str, name: str, sentence: str
) -> None:
    with closing(Database(database.dsn(role, name), 1)) as own, pytest.raises(StoreUnusable) as it:
        own.rows("SELECT 1")
    assert sentence in str(it.value)
    assert not {role, name} & set(str(it.value).split())


def test_certificate_that_no_dsn_names_is_not_looked_for_at_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for version, word in (
        (150000, "sslcert=/dev/null/none"),
        (160000, "sslcertmode=disable"),
    ):
        monkeypatch.setattr(psycopg.pq, "version", lambda version=version: version)
        assert word in read_dsn("host=/x").split()
        assert word not in read_dsn("host=/x sslcert=/y").split()
