"""Eight processes change one account at once, four on each of two machines: no change is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

from apppw_tui.store.postgres.engine import PostgresEngine
from tests.store.making import add
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster
from tests.support import House

pytestmark = [ONE_CLUSTER, pytest.mark.slow]

PROCESSES = 8
_BEGIN = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.store.engines import in_postgresql
from tests.support import FixedClock, House
dsn, folder, number = sys.argv[1:]
engine = in_postgresql(dsn, Path(folder), FixedClock())[0]
sys.stdin.readline()
"""
_INCREMENTS = """
uid = engine.accounts.get("ada").uid
for _ in range(40):
    with engine.accounts.transaction("ada", uid) as change:
        change.account = replace(
            change.existing, session_generation=change.existing.session_generation + 1
        )
"""
_CREATIONS = """
operator = House(store=engine.accounts, seed=int(number)).operator
for each in ("first", "second"):
    print(operator.create_app_password("ada", f"{each} of {number}").secret.reveal())
"""


def eight(program: str, database: Cluster, folder: Path) -> list[str]:
    """The output of each of them; they begin together."""
    processes = [
        subprocess.Popen(
            [
                *(sys.executable, "-c", _BEGIN + program, database.dsn()),
                *(folder / ("first", "second")[number % 2], str(number)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES
    return outputs


def test_no_increment_is_lost(
    machines: tuple[PostgresEngine, PostgresEngine], database: Cluster, tmp_path: Path
) -> None:
    add(machines[0].accounts)
    eight(_INCREMENTS, database, tmp_path)
    account = machines[1].accounts.get("ada")
    assert account is not None
    assert account.session_generation == 40 * PROCESSES


def test_all_sixteen_that_are_created_are_there_on_both_machines(
    machines: tuple[PostgresEngine, PostgresEngine], database: Cluster, tmp_path: Path
) -> None:
    House(store=machines[0].accounts).add("ada")
    secrets = "".join(eight(_CREATIONS, database, tmp_path)).split()
    assert len(secrets) == 2 * PROCESSES
    for machine in machines:
        account = machine.accounts.get("ada")
        assert account is not None
        names = {each.name for each in account.app_passwords}
        assert names == {
            f"{each} of {number}" for each in ("first", "second") for number in range(PROCESSES)
        }
        assert {secret[:3] for secret in secrets} == set(account.app_passwords_by_id)
