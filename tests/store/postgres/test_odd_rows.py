"""Rows that no program wrote: they are left out and told, and the others are read as ever."""

from pathlib import Path
from typing import LiteralString

from apppw_tui.domain.app_password import ID_LENGTH
from apppw_tui.domain.switched_off import NoSessionTermination
from apppw_tui.store.backup.copying import copy_store
from apppw_tui.store.backup.members import Failures, export_members
from apppw_tui.store.postgres.engine import PostgresEngine
from tests.store.engines import in_folder
from tests.store.folder.using import Verdict, use
from tests.store.making import add, record
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster, rows
from tests.support import NOW, FixedClock

pytestmark = ONE_CLUSTER
Machines = tuple[PostgresEngine, PostgresEngine]
ACTIVITY: LiteralString = (
    "INSERT INTO apppw.activity (uid, time, what, by, facts)"
    " SELECT uid, {}, 'x', 'x', '{}' FROM apppw.account"
)


def test_odd_rows_of_uses_and_events_are_left_out_and_told(
    machines: Machines, database: Cluster
) -> None:
    engine = machines[0]
    account = add(engine.accounts)
    engine.activity.record(account.uid, "signed in", "ada")
    use(engine, Verdict("ada", record(), account.uid))
    events, uses = engine.activity.read(account.uid), engine.usage.record(account.uid)
    whole = dict(export_members(engine, {}, "Backing up", with_key=False))
    tail = engine.activity.tail(None)
    odd: list[LiteralString] = ["[]", "7", "null", '"x"']
    database.execute(
        "apppw",
        *(ACTIVITY.format("now()", facts) for facts in odd),
        *(ACTIVITY.format(time, "{}") for time in ("'infinity'", "'-infinity'", "'20000-01-01'")),
        "INSERT INTO apppw.used SELECT uid, 'odd', 'infinity', 'imap' FROM apppw.account",
        "INSERT INTO apppw.used SELECT uid, '', '0044-03-15 BC', 'imap' FROM apppw.account",
        "INSERT INTO apppw.network SELECT uid, '::/64', 'infinity' FROM apppw.account",
        "INSERT INTO apppw.uses SELECT uid, 'odd', 'infinity', 'imap', 1 FROM apppw.account",
        "INSERT INTO apppw.mark VALUES ('old passwords since', '-infinity'),"
        " ('old passwords last', 'infinity')",
        "INSERT INTO apppw.notice (uid, account, entry)"
        """ SELECT uid, name, '{"entry": {"time": "0001-01-01T00:00:00+14:00", "what": "x",
        "by": "x"}, "tries": 1e999}' FROM apppw.account""",
        "INSERT INTO apppw.machine VALUES ('odd', 'infinity', 'x', false)",
    )
    assert tail() == []
    assert engine.activity.read(account.uid) == events
    assert [event for _, event in engine.activity.read_all()] == events
    assert engine.usage.record(account.uid) == uses
    assert engine.usage.per_day(account.uid, NOW.date()) != {}
    assert engine.usage.old_passwords_since() is None
    assert [*engine.notices.due(NOW)] == []
    assert [machine.seen.year for machine in engine.list_machines()] == [1970]
    failures: Failures = {}
    assert dict(export_members(engine, failures, "Backing up", with_key=False)) == whole
    assert {name: str(error) for name, error in failures.items()} == {
        f"part of activity/{account.uid}.jsonl": f"7 rows of activity/{account.uid}.jsonl cannot"
        " be read.",
        f"part of usage/{account.uid}.json": f"3 rows of usage/{account.uid}.json cannot be read.",
    }


def test_row_of_what_is_no_account_name_is_dropped_and_the_others_are_done(
    machines: Machines, database: Cluster
) -> None:
    engine = machines[0]
    follower = engine.follower(kicks=True)
    follower.step()
    add(engine.accounts)
    for table in ("ending", "settling"):
        database.execute(
            "apppw",
            *(
                f"INSERT INTO apppw.{table} (machine, account) VALUES ('first', '{name}')"
                for name in ("../x", "", "0 a")
            ),
        )
    engine.session_terminator(NoSessionTermination()).terminate("ada")
    follower.step()
    for table in ("ending", "settling"):
        assert rows(database, f"SELECT account FROM apppw.{table} WHERE machine = 'first'") == []


def test_what_is_no_deleted_id_is_left_out_of_a_copy_which_is_the_same(
    machines: Machines, database: Cluster, tmp_path: Path, clock: FixedClock
) -> None:
    engine = machines[0]
    account = add(engine.accounts)
    engine.deleted_ids.merge({account.uid: ["0" * ID_LENGTH]})
    database.execute(
        "apppw",
        "INSERT INTO apppw.deleted VALUES ('../x', 'abc')",
        "INSERT INTO apppw.deleted SELECT uid, 'UPPER CASE' FROM apppw.account",
    )
    listed = engine.deleted_ids.read()
    assert (len(listed.of(account.uid)), listed.unreadable) == (1, 2)
    target, _ = in_folder(tmp_path / "files", clock)
    assert copy_store(engine, target).failures == {}
    assert target.deleted_ids.read().ids == listed.ids
