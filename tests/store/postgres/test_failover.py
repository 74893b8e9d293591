"""Several hosts of one database: a standby that takes over, and an old primary that wakes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from apppw_tui.domain.errors import SaveUncertain, StoreUnusable
from apppw_tui.store.postgres.connection import connect
from apppw_tui.store.postgres.database import Database
from apppw_tui.store.postgres.engine import PostgresEngine
from apppw_tui.store.postgres.errors import SilentDatabase
from apppw_tui.store.postgres.probe import HostProbe, each_host
from apppw_tui.store.postgres.schema import PORTAL, VERIFIER
from apppw_tui.verifier.decision import Answer
from tests.store.engines import in_postgresql
from tests.store.making import add, alter
from tests.store.postgres.cluster import (
    ONE_CLUSTER,
    Cluster,
    place_for_cluster,
    private_cluster,
)
from tests.store.postgres.served import ServedMachine
from tests.support import FixedClock

pytestmark = ONE_CLUSTER


def test_each_host_is_asked_by_itself() -> None:
    assert dict(each_host("host=a,b port=1,2 user=x target_session_attrs=read-write")) == {
        "a:1": "user=x host=a port=1 target_session_attrs=any",
        "b:2": "user=x host=b port=2 target_session_attrs=any",
    }
    assert [host for host, _ in each_host("host=a,b port=5432")] == ["a:5432", "b:5432"]
    assert [host for host, _ in each_host("user=x")] == ["localhost"]


@pytest.fixture
def second() -> Iterator[Cluster]:
    with place_for_cluster() as cluster:
        yield cluster


def both(first: Cluster, second: Cluster) -> str:
    return (
        f"host={first.folder},{second.folder} dbname=apppw user={PORTAL} "
        "target_session_attrs=read-write"
    )


@pytest.mark.slow
def test_two_primaries_are_noticed_and_nobody_is_answered(database: Cluster) -> None:
    with private_cluster() as second:
        second.create("apppw")
        dsn = both(database, second)
        probe = HostProbe(dsn, 1)
        probe.look()
        assert "Two databases say that they are the primary" in str(probe.refusal)
        at_once = Database(dsn, timeout=1)  # that of a command, which is over before a second is
        with pytest.raises(StoreUnusable, match="Stop the one that is not"):
            at_once.rows("SELECT 1")
        second.stop()
        assert at_once.rows("SELECT 1") == [(1,)]
        at_once.close()
        opened = Database(dsn, timeout=1)
        opened.watch_hosts()
        assert opened.rows("SELECT 1") == [(1,)]
        second.start()
        with pytest.raises(StoreUnusable, match="Stop the one that is not"):
            again_and_again(lambda: opened.rows("SELECT 1"))
        second.stop()
        probe.look()
        assert probe.refusal is None
        opened.close()


@pytest.mark.slow
def test_what_hangs_is_cancelled_on_its_own_host_and_nowhere_else(database: Cluster) -> None:
    with private_cluster() as second:
        second.create("apppw")
        connection = connect(both(database, second), 1)
        assert connection.info.host == str(database.folder)
        process = connection.info.backend_pid
        with connection.cancelled_when_silent(process) as cancelled:
            with database.silent(), pytest.raises(SilentDatabase):
                connection.execute("SELECT 1")
            assert cancelled == []


@pytest.mark.slow
def test_no_deletion_is_lost_where_a_standby_takes_over(
    second: Cluster, tmp_path: Path, clock: FixedClock
) -> None:
    with private_cluster() as first:
        first.create("apppw")
        second.begin_standby(first)
        first.execute(
            "postgres",
            "ALTER SYSTEM SET synchronous_standby_names = '*'",
            "SELECT pg_reload_conf()",
        )
        engine = machine(both(first, second), tmp_path, clock)
        cache = engine.cached_accounts()
        add(engine.accounts)
        assert cache.get("ada") is not None
        alter(engine.accounts, app_passwords=(), deleted_ids=frozenset({"abc"}))
        standby = Database(second.dsn(), timeout=1)
        with pytest.raises(StoreUnusable, match="can only be read"):
            standby.rows("SELECT 1")
        first.kill()
        with pytest.raises(StoreUnusable, match="does not answer"):
            cache.get("ada")
        second.control("promote")
        account = cache.get("ada")
        assert account is not None
        assert account.app_passwords == ()
        assert engine.deleted_ids.read().ids == {account.uid: {"abc"}}
        # The old one comes back and knows nothing of that.
        first.wake()
        with pytest.raises(StoreUnusable, match="Two databases"):
            again_and_again(lambda: cache.get("ada"))
        engine.close()


@pytest.mark.slow
async def test_deletion_bites_on_the_other_machine_though_no_standby_is_left_to_confirm_it(
    second: Cluster, tmp_path: Path, clock: FixedClock
) -> None:
    with private_cluster() as first, ExitStack() as stack:
        first.create("apppw")
        second.begin_standby(first)
        first.configure("synchronous_standby_names = '*'")
        dsns = first.dsn(), first.dsn(VERIFIER)
        here, there = (
            ServedMachine(dsns, tmp_path / f"machine{seed}", clock, seed, 1) for seed in (1, 2)
        )
        stack.callback(here.close)
        stack.callback(there.close)
        here.house.add("ada")
        secrets = [here.house.issue(f"Phone {number}", "ada").secret for number in range(2)]
        second.kill()
        for number, machine in enumerate((here, there)):  # and nobody is left with the lock
            for each in (here, there):
                assert await each.answer("ada", secrets[number]) is Answer.YES
            with suppress(SaveUncertain):
                machine.house.operator.delete_app_password("ada", f"Phone {number}")
            for each in (there, here):
                assert await each.answer("ada", secrets[number]) is Answer.NOT_MINE


def again_and_again(act: Callable[[], object]) -> None:
    while True:
        act()


def machine(dsn: str, folder: Path, clock: FixedClock) -> PostgresEngine:
    return in_postgresql(dsn, folder / "machine", clock)[0]
