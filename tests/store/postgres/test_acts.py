"""An act of the portal is one transaction: its lines, its notice, and the sessions that end."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from apppw_tui.bootstrap import Parts, build
from apppw_tui.config import load
from apppw_tui.domain.errors import SaveUncertain
from apppw_tui.portal.admin import Admin
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import Session
from apppw_tui.store.engine import StoreLocation
from apppw_tui.store.postgres.database import DatabaseTransaction
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from tests.running import CommandLine
from tests.store.making import add
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster, rows
from tests.support import PASSWORD, FixedClock, House, cheap_hasher
from tests.ui.walks import ACCOUNT, opened

pytestmark = ONE_CLUSTER

_TABLES = ("account", "deleted", "activity", "notice", "ending", "settling")


@pytest.fixture
def config(database: Cluster, tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(
        f'[policy]\nsecond_factor = "optional"\n[sessions]\nend = true\n'
        f'[notices]\ncommand = ["/bin/true"]\n[store]\nengine = "postgresql"\n'
        f'folder = "{tmp_path / "mail1"}"\ntimeout = 1\nmachine = "mail1"\n'
        f'dsn = "{database.dsn()}"\n'
    )
    return path


@pytest.fixture
def parts(config: Path, database: Cluster, clock: FixedClock) -> Iterator[Parts]:
    """The rooms of mail1; mail2 ends sessions as well, and a kiosk does not."""
    database.execute(
        "apppw",
        "INSERT INTO apppw.machine SELECT name, now(), '1', name <> 'kiosk'"
        " FROM unnest('{mail1,mail2,kiosk}'::text[]) AS name",
    )
    read = load(config)
    place = StoreLocation.of(read, None, None)
    parts = build(place, read, clock, cheap_hasher(), create=True)
    yield parts
    parts.engine.close()  # type: ignore[attr-defined]


def written(database: Cluster) -> dict[str, set[object]]:
    """When the rows of each table were committed: each transaction has an instant of its own."""
    tables = {
        name: rows(database, f"SELECT pg_xact_commit_timestamp(xmin) FROM apppw.{name}")
        for name in _TABLES
    }
    return {name: {row[0] for row in tables[name]} for name in tables if tables[name]}


def forget_what_was(database: Cluster) -> None:
    for name in ("activity", "notice", "ending", "settling"):
        database.execute("apppw", f"DELETE FROM apppw.{name}")


def test_deletion_with_all_that_belongs_to_it_is_one_transaction(
    parts: Parts, database: Cluster
) -> None:
    add(parts.engine.accounts)
    Admin(parts.context).delete_app_password("ada", "Phone")
    tables = written(database)
    assert {*tables} == {"account", "deleted", "activity", "notice", "ending"}
    assert len(set.union(*tables.values())) == 1
    assert rows(database, "SELECT machine, account FROM apppw.ending ORDER BY 1") == [
        ("mail1", "ada"),
        ("mail2", "ada"),
    ]


def test_removal_and_rename_are_one_transaction_each(parts: Parts, database: Cluster) -> None:
    add(parts.engine.accounts)
    admin = Admin(parts.context)
    admin.disable("ada")
    forget_what_was(database)
    admin.rename("ada", "ida")
    tables = written(database)
    assert {*tables} == {"account", "activity", "notice", "ending", "settling"}
    assert len(set.union(*tables.values())) == 1
    settling = "SELECT account FROM apppw.settling WHERE machine = 'kiosk' ORDER BY 1"
    assert rows(database, settling) == [("ada",), ("ida",)]
    forget_what_was(database)
    admin.remove_account("ida")
    tables = written(database)
    assert {*tables} == {"activity", "deleted", "ending", "settling"}
    assert len(set.union(*tables.values())) == 1


def test_every_act_on_an_account_is_one_transaction(parts: Parts, database: Cluster) -> None:
    portal, admin = Portal(parts.context), Admin(parts.context)

    def in_one(act: object) -> None:
        assert callable(act)
        forget_what_was(database)
        act()
        tables = written(database)
        assert {"account", "activity"} <= {*tables}, act
        tables.pop("deleted", None)
        assert len(set.union(*tables.values())) == 1, (act, tables)

    in_one(lambda: portal.add_account("ada", PASSWORD))
    session = portal.sign_in("ada", PASSWORD)
    assert isinstance(session, Session)
    in_one(lambda: portal.create_app_password(session, "Phone"))
    id_ = portal.account(session).app_passwords[0].id
    in_one(lambda: portal.rename_app_password(session, id_, "Tablet"))
    in_one(lambda: portal.pause_app_password(session, id_))
    in_one(lambda: portal.change_password(session, PASSWORD, PASSWORD[::-1]))
    in_one(lambda: admin.enforce("ada"))
    in_one(lambda: admin.bypass("ada", 5))
    in_one(lambda: admin.delete_app_passwords("ada"))


def test_nothing_of_an_act_is_there_where_its_commit_is_lost(
    parts: Parts, database: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(parts.engine.accounts)
    before = written(database)
    commit = DatabaseTransaction.commit

    def lost(self: DatabaseTransaction) -> None:
        if type(self) is DatabaseTransaction:
            ((process,),) = self.rows("SELECT pg_backend_pid()")
            monkeypatch.setattr(DatabaseTransaction, "commit", commit)
            rows(database, f"SELECT pg_terminate_backend({process}, 5000)")
        commit(self)

    monkeypatch.setattr(DatabaseTransaction, "commit", lost)
    with pytest.raises(SaveUncertain):
        Admin(parts.context).delete_app_password("ada", "Phone")
    assert written(database) == before


def test_deletion_goes_on_where_nothing_of_it_can_be_written_down(
    parts: Parts, database: Cluster
) -> None:
    add(parts.engine.accounts)
    tables = "apppw.activity, apppw.notice, apppw.ending"
    database.execute("apppw", f"REVOKE INSERT ON {tables} FROM apppw_portal")
    try:
        Admin(parts.context).delete_app_password("ada", "Phone")
    finally:
        database.execute("apppw", f"GRANT INSERT ON {tables} TO apppw_portal")
    account = parts.engine.accounts.get("ada")
    assert account is not None
    assert account.app_passwords == ()
    assert {*written(database)} == {"account", "deleted"}
    folder = Path(str(parts.machine.folder))  # type: ignore[attr-defined]
    log = (folder / "log").read_text()
    for event in ("activity not written", "notice left out", "sessions not ended"):
        assert event in log
    assert [path.name for path in (folder / "ended").iterdir()] == ["ada"], "this machine's end"


def test_machine_that_takes_no_rows_ends_its_sessions_by_itself(
    parts: Parts, database: Cluster
) -> None:
    database.execute("apppw", "DELETE FROM apppw.machine WHERE name = 'mail1'")
    add(parts.engine.accounts)
    Admin(parts.context).delete_app_password("ada", "Phone")
    folder = Path(str(parts.machine.folder))  # type: ignore[attr-defined]
    assert [path.name for path in (folder / "ended").iterdir()] == ["ada"]
    assert rows(database, "SELECT machine FROM apppw.ending") == [("mail2",)]


@pytest.mark.slow
def test_acts_that_no_standby_confirms_are_in_force_and_say_so(
    parts: Parts, database: Cluster
) -> None:
    portal = Portal(parts.context)
    portal.add_account("ada", PASSWORD)
    session = portal.sign_in("ada", PASSWORD)
    assert isinstance(session, Session)
    lacking = "; another machine has not confirmed it yet."
    with database.without_its_standby():
        issued = portal.create_app_password(session, "Phone")
        assert portal.amended("Created Phone.") == f"Created Phone{lacking}"
        assert len(issued.secret.reveal()) == 16
        assert [each.name for each in portal.account(session).app_passwords] == ["Phone"]
        portal.rename_app_password(session, issued.app_password.id, "Tablet")
        assert portal.amended("Renamed.") == f"Renamed{lacking}"
        portal.delete_app_password(session, issued.app_password.id)
        assert portal.amended("Deleted.") == f"Deleted{lacking}"
        assert portal.amended("The list is up to date.") == "The list is up to date."
        assert portal.account(session).app_passwords == ()
    assert written(database).keys() >= {"activity", "notice", "ending"}
    portal.create_app_password(session, "Phone")
    assert portal.amended("Created Phone.") == "Created Phone."


@pytest.mark.slow
def test_commands_whose_change_no_standby_confirms_succeed_and_say_so_once(
    run: CommandLine, config: Path, database: Cluster
) -> None:
    line = ("--config", config)
    lacking = "It is done; another machine has not confirmed it yet."
    with database.without_its_standby():
        added = run("account", "add", "ada", "--password-stdin", *line, stdin=f"{PASSWORD}\n")
        assert (added.code, added.line) == (0, lacking)
        created = run("app-password", "create", "ada", "Phone", *line)
        assert (created.code, created.line, len(created.out)) == (0, lacking, 17)
        deleted = run("app-password", "delete", "ada", "Phone", *line)
        assert (deleted.code, deleted.line) == (0, lacking)
        assert deleted.out.startswith("Deleted ")
        removed = run("account", "remove", "ada", "--yes", *line)
        assert (removed.code, removed.line) == (0, lacking)


@pytest.mark.slow
async def test_screens_show_a_password_that_no_standby_confirms_and_say_so_of_each_act(
    parts: Parts, database: Cluster, clock: FixedClock
) -> None:
    engine = parts.engine
    house = House(engine.accounts, clock, counters=engine.throttle, seals=engine.keyring)
    house.add(ACCOUNT)
    house.portal = Portal(replace(house.means, confirmation=engine.confirmation))
    async with opened(house) as visit:
        await visit.to_create("Tablet")
        with database.without_its_standby():
            await visit.press("enter")
            assert visit.on(NewAppPasswordDialog)
            visit.later()
            await visit.press("escape")
            await visit.press("escape")
            lacking = "another machine has not confirmed it yet."
            assert f"Created Tablet; {lacking}" in visit.screen_text()
            await visit.press("d")
            await visit.press("y")
            assert f"Deleted Tablet; {lacking}" in visit.screen_text()
        assert house.now(ACCOUNT).app_passwords == ()
