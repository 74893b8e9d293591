"""Settings of a role or a database that change what comes: they change nothing that is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import pytest

from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.store.postgres.engine import PostgresEngine
from apppw_tui.store.postgres.init import initialise
from apppw_tui.store.postgres.schema import VERIFIER
from apppw_tui.verifier.decision import Answer
from tests.store.engines import in_postgresql
from tests.store.folder.using import Verdict, use
from tests.store.making import add, record
from tests.store.postgres.cluster import ONE_CLUSTER, OWNER, Cluster
from tests.store.postgres.served import ServedMachine
from tests.support import NOW, FixedClock

pytestmark = ONE_CLUSTER
ADA = "ada"
HIDDEN = "hides rows from its user"


@contextmanager
def altered(cluster: Cluster, *statements: LiteralString, undone: LiteralString) -> Iterator[None]:
    cluster.execute("apppw", *statements)
    try:
        yield
    finally:
        cluster.execute("apppw", undone)


@pytest.mark.parametrize("style", ["SQL, DMY", "German"])
def test_times_are_read_whatever_form_the_database_has_for_them(
    database: Cluster, tmp_path: Path, clock: FixedClock, style: LiteralString
) -> None:
    role = "ALTER ROLE apppw_portal"
    with altered(
        database,
        f"{role} SET DateStyle TO {style}",
        f"{role} SET TimeZone TO 'Asia/Kathmandu'",
        f"{role} SET standard_conforming_strings TO off",
        undone=f"{role} RESET ALL",
    ):
        engine = in_postgresql(database.dsn(), tmp_path / "m", clock)[0]
        account = add(engine.accounts)
        engine.activity.record(account.uid, "signed in", "ada")
        use(engine, Verdict("ada", record(), account.uid))
        engine.follower(kicks=False).step()
        assert [event.time for event in engine.activity.read(account.uid)] == [NOW]
        assert [use.time for use in engine.usage.record(account.uid).uses.values()] == [NOW]
        assert len(engine.list_machines()) == 1
        engine.close()


def test_policy_that_hides_rows_is_an_error_and_nobody_is_taken_for_a_stranger(
    machines: tuple[PostgresEngine, PostgresEngine],
    database: Cluster,
    tmp_path: Path,
    clock: FixedClock,
) -> None:
    add(machines[0].accounts)
    daemon = in_postgresql(database.dsn(VERIFIER), tmp_path / "third", clock, by_daemon=True)[0]
    with altered(
        database,
        "ALTER TABLE apppw.account ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE apppw.account FORCE ROW LEVEL SECURITY",
        undone="ALTER TABLE apppw.account NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY",
    ):
        with pytest.raises(StoreUnusable, match=HIDDEN):
            daemon.cached_accounts().get("ada")
        with pytest.raises(StoreUnusable, match=HIDDEN):
            machines[0].accounts.get("ada")
        with (
            pytest.raises(StoreUnusable, match=HIDDEN),
            machines[0].accounts.transaction("ada", None),
        ):
            pytest.fail("hidden")
        initialise(database.dsn(OWNER))  # its grants need no row
    daemon.close()


async def test_daemon_that_is_shown_no_rows_answers_not_now(
    database: Cluster, tmp_path: Path, clock: FixedClock
) -> None:
    machine = ServedMachine((database.dsn(), database.dsn(VERIFIER)), tmp_path / "m", clock, 1)
    machine.house.add(ADA)
    secret = machine.house.issue("Phone", ADA).secret
    assert await machine.answer(ADA, secret) is Answer.YES
    database.execute("apppw", "ALTER TABLE apppw.account ENABLE ROW LEVEL SECURITY")
    try:
        for name in (ADA, "nobody"):
            assert await machine.answer(name, secret) is Answer.NOT_NOW
    finally:
        database.execute("apppw", "ALTER TABLE apppw.account DISABLE ROW LEVEL SECURITY")
    assert await machine.answer(ADA, secret) is Answer.YES
    machine.close()
