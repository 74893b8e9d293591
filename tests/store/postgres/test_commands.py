"""The commands over a database: made, filled from files, used, emptied again, and out of reach."""

import json
from pathlib import Path

import pytest

from apppw_tui.config import load
from apppw_tui.store.engine import Engine, StoreLocation, open_engine
from apppw_tui.store.postgres.schema import PORTAL, VERIFIER
from tests.running import CommandLine
from tests.store.making import alter
from tests.store.postgres.cluster import ONE_CLUSTER, OWNER, Cluster, rows
from tests.store.rotator import put
from tests.support import PASSWORD, FixedClock

pytestmark = ONE_CLUSTER


def files(folder: Path, name: str = "files") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(f'store = "{folder / name}"\n')
    return path


@pytest.fixture
def shared(database: Cluster, tmp_path: Path) -> Path:
    """A configuration of one machine."""
    path = tmp_path / "database.toml"
    path.write_text(
        f'[store]\nengine = "postgresql"\nfolder = "{tmp_path / "machine"}"\ntimeout = 1\n'
        f'dsn = "{database.dsn()}"\nserve_dsn = "{database.dsn(VERIFIER)}"\n'
    )
    return path


@pytest.fixture
def filled(run: CommandLine, tmp_path: Path) -> Path:
    """Two accounts in files, of which ada has an app password, something sealed and a past."""
    config = files(tmp_path)
    line = ("--config", config)
    run.good("account", "add", "ada", "--password-stdin", *line, stdin=f"{PASSWORD}\n")
    run.good("account", "add", "grace", "--password-stdin", *line, stdin=f"{PASSWORD}\n")
    for name in ("Phone", "Lost"):
        run.good("app-password", "create", "ada", name, *line)
    run.good("app-password", "delete", "ada", "Lost", *line)
    engine = opened(config)
    put(engine.accounts, engine.keyring, "ada", "JBSWY3DP")
    return config


def opened(config: Path) -> Engine:
    return open_engine(StoreLocation.of(load(config), None, None), FixedClock())[0]


def documents(config: Path) -> dict[str, bytes | None]:
    engine = opened(config)
    return {name: engine.accounts.read_raw(name).content for name in engine.accounts.list_names()}


def test_tables_are_made_by_their_owner_once(run: CommandLine, database: Cluster) -> None:
    database.execute(
        "postgres", "DROP DATABASE IF EXISTS other", f"CREATE DATABASE other OWNER {OWNER}"
    )
    line = ("store", "init", "--dsn", database.dsn(OWNER, "other"))
    assert run.good(*line) == "The tables are made.\n"
    assert json.loads(run.good(*line, "--json")) == {"made": False}
    assert run("store", "init").line == "The configuration names no database: say --dsn."
    refused = run("store", "init", "--dsn", database.dsn(VERIFIER, "postgres"))
    assert (refused.code, refused.line) == (
        3,
        "The database does not let its user do this.",
    )


def test_accounts_are_copied_there_and_back_without_another_byte(
    run: CommandLine, filled: Path, shared: Path, tmp_path: Path
) -> None:
    (tmp_path / "files" / "accounts" / "grace.json").write_bytes(
        (tmp_path / "files" / "accounts" / "grace.json").read_bytes().replace(b", ", b" ,\n ")
    )
    before = documents(filled)
    output = run.good("store", "copy", filled, shared)
    assert output == "Copied 2 accounts; both stores are the same.\n"
    assert documents(shared) == before
    back = files(tmp_path, "back")
    assert json.loads(run.good("store", "copy", shared, back, "--json")) == {
        "copied": 2,
        "failed": {},
    }
    assert documents(back) == before
    assert (tmp_path / "back" / "key").read_bytes() == (tmp_path / "files" / "key").read_bytes()
    listed = [opened(config).deleted_ids.read().ids for config in (filled, shared, back)]
    assert listed[0] == listed[1] == listed[2] != {}
    assert list((tmp_path / "machine" / "accounts").iterdir()) == []


def test_nothing_is_copied_to_where_something_is(
    run: CommandLine, filled: Path, shared: Path, tmp_path: Path
) -> None:
    run.good("store", "copy", filled, shared)
    for config in (shared, filled):
        refused = run("store", "copy", filled, config)
        assert refused.code == 1
        assert "nothing was copied" in refused.line
    run.good("account", "remove", "ada", "--yes", "--config", shared)
    run.good("account", "remove", "grace", "--yes", "--config", shared)
    assert run("store", "copy", filled, shared).code == 1, "what was deleted is known"


def test_a_key_that_is_there_is_not_written_over(
    run: CommandLine, filled: Path, shared: Path, tmp_path: Path
) -> None:
    run.good("store", "copy", filled, shared)
    back = files(tmp_path, "back")
    (tmp_path / "back").mkdir(0o700)
    (tmp_path / "back" / "key").write_bytes(b"A" * 43 + b"=\n")
    (tmp_path / "back" / "key").chmod(0o600)
    refused = run("store", "copy", shared, back)
    assert refused.code == 1
    assert "another key" in refused.line
    assert not any((tmp_path / "back" / "accounts").iterdir())


def test_an_account_that_changed_meanwhile_is_told(
    run: CommandLine, filled: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apppw_tui.store.backup import copying

    compare = copying._compare

    def changed(source: object, target: object, result: object) -> None:
        alter(opened(filled).accounts, appearance="nord")
        compare(source, target, result)  # type: ignore[arg-type]

    monkeypatch.setattr(copying, "_compare", changed)
    output = run("store", "copy", filled, shared)
    assert (output.code, output.out) == (3, "Copied 2 accounts.\n")
    assert output.line == "ada is not the same in both: it was changed meanwhile. Copy again."


def test_the_doctor_looks_at_the_database_and_at_the_key(
    run: CommandLine, database: Cluster, filled: Path, shared: Path, tmp_path: Path
) -> None:
    run.good("store", "copy", filled, shared)

    def findings() -> str:
        return run("doctor", "--all", "--config", shared).out

    healthy = findings()
    for sentence in (
        "the database: It answers.",
        "No standby confirms changes",
        "Every account can be read (2).",
        "It opens the keys in the database.",
        "Its disk has room.",
    ):
        assert sentence in healthy
    assert "partition" not in healthy
    assert "daemon's role" not in healthy
    shared.write_text(shared.read_text().replace(VERIFIER, PORTAL))
    (tmp_path / "machine" / "key").unlink()
    months = "SELECT relname FROM pg_class WHERE relname ~ '^activity_[0-9_]{7}$' ORDER BY 1"
    for (name,) in rows(database, months)[1:]:
        database.execute("apppw", f"DROP TABLE apppw.{name}")
    ill = findings()
    assert "The daemon's role reads account passwords" in ill
    assert "Copy the file of a machine that works." in ill
    assert "has no partition yet" in ill
    run.good("store", "init", "--dsn", database.dsn(OWNER))
    database.stop()
    try:
        output = run("doctor", "--config", shared)
        assert (output.code, "the database: The database does not answer." in output.out) == (
            4,
            True,
        )
    finally:
        database.start()


def test_commands_work_on_a_database_and_say_so_in_a_sentence_where_it_is_gone(
    run: CommandLine, database: Cluster, shared: Path
) -> None:
    line = ("--config", shared)
    run.good("account", "add", "ada", "--password-stdin", *line, stdin=f"{PASSWORD}\n")
    secret = run.good("app-password", "create", "ada", "Phone", *line).split("\n")[0]
    asked = ("verify", "ada", "--service", "imap", *line)
    assert run(*asked, stdin=secret).code == 0
    run.good("app-password", "pause", "ada", "Phone", *line)
    assert run(*asked, stdin=secret).code == 1
    assert run.good("account", "list", *line).count("ada") == 1
    database.stop()
    try:
        for words in (asked, ("account", "list", *line), ("store", "tidy", *line)):
            output = run(*words, stdin=secret)
            assert (output.code, output.line) == (3, "The database does not answer.")
    finally:
        database.start()
    assert run.good("account", "list", *line).count("ada") == 1


def test_verify_asks_as_the_daemon_and_the_folder_is_this_machines(
    run: CommandLine, database: Cluster, shared: Path, tmp_path: Path
) -> None:
    line = ("--config", shared, "--store", tmp_path / "mine")
    run.good("account", "add", "ada", "--password-stdin", *line, stdin=f"{PASSWORD}\n")
    secret = run.good("app-password", "create", "ada", "Phone", *line).split("\n")[0]
    assert (tmp_path / "mine").is_dir()
    assert not (tmp_path / "machine").exists()
    asked = ("verify", "ada", "--service", "imap", "--config", shared)
    text = shared.read_text()
    shared.write_text(text.replace(f'\ndsn = "{database.dsn()}', '\ndsn = "host=/x'))
    assert run("account", "list", "--config", shared).code == 3
    assert run(*asked, stdin=secret).code == 0
    shared.write_text(text.replace(database.dsn(VERIFIER), "host=/x"))
    assert run.good("account", "list", "--config", shared).count("ada") == 1
    assert run(*asked, stdin=secret).line == "The database does not answer."
    shared.write_text(text.replace(f'serve_dsn = "{database.dsn(VERIFIER)}"\n', ""))
    assert run(*asked, stdin=secret).code == 0


def test_backup_of_files_is_restored_to_a_database_and_back(
    run: CommandLine, filled: Path, shared: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.tar", tmp_path / "second.tar"
    run.good("backup", first, "--with-key", "--config", filled)
    plan = run.good("restore", first, "--dry-run", "--config", shared)
    assert "ada: would be restored with 1 app password" in plan
    assert "The key of the store would come back." in plan
    assert "A store would be made" not in plan
    assert run.good("account", "list", "--json", "--config", shared) == "[]\n"
    output = run.good("restore", first, "--config", shared)
    assert "The key of the store came back." in output
    run.good("app-password", "create", "grace", "Tablet", "--config", shared)
    assert "grace has changed since" in run("restore", first, "--config", shared).err
    run.good("backup", second, "--with-key", "--config", shared)
    back = files(tmp_path, "back")
    restored = json.loads(
        run.good("restore", second, "--account", "grace", "--json", "--config", back)
    )
    assert [
        (account["account"], len(account["app_passwords"])) for account in restored["accounts"]
    ] == [("grace", 1)]
    assert opened(back).deleted_ids.read().ids == opened(filled).deleted_ids.read().ids
    assert (tmp_path / "back" / "key").read_bytes() == (tmp_path / "files" / "key").read_bytes()


def test_commands_go_on_over_odd_rows_and_say_what_hides_others(
    run: CommandLine, database: Cluster, shared: Path, tmp_path: Path
) -> None:
    line = ("--config", shared)
    run.good("account", "add", "ada", "--password-stdin", *line, stdin=f"{PASSWORD}\n")
    secret = run.good("app-password", "create", "ada", "Phone", *line).split("\n")[0]
    database.execute(
        "apppw",
        "INSERT INTO apppw.activity (uid, time, what, by, facts)"
        " SELECT uid, 'infinity', 'x', 'x', '[]' FROM apppw.account",
        "INSERT INTO apppw.used SELECT uid, 'x', 'infinity', 'imap' FROM apppw.account",
        "INSERT INTO apppw.machine VALUES ('odd', 'infinity', 'x', false)",
    )
    for reading in (("activity", "ada"), ("account", "show", "ada"), ("store", "machines")):
        run.good(*reading, *line)
    output = run("backup", tmp_path / "backup", *line)
    assert output.code == 3
    assert output.err.count("cannot be read") == 2
    database.execute("apppw", "ALTER TABLE apppw.account ENABLE ROW LEVEL SECURITY")
    try:
        asked = ("verify", "ada", "--service", "imap", *line)
        for words in (asked, ("account", "list", *line), ("app-password", "list", "ada", *line)):
            output = run(*words, stdin=secret)
            assert (output.code, "hides rows from its user" in output.line) == (3, True)
    finally:
        database.execute("apppw", "ALTER TABLE apppw.account DISABLE ROW LEVEL SECURITY")
