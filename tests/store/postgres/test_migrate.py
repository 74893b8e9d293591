"""Tables of another version: refused in a sentence, and brought to this one where nobody is in."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from apppw_tui import __version__
from apppw_tui.domain.errors import Refused, StoreError, StoreUnusable
from apppw_tui.store.postgres.database import Database
from apppw_tui.store.postgres.init import initialise, migrate
from apppw_tui.store.postgres.schema import VERIFIER
from tests.running import CommandLine
from tests.store.postgres.cluster import ONE_CLUSTER, OWNER, Cluster, rows
from tests.support import PASSWORD

pytestmark = ONE_CLUSTER
_STEPS = {1: ("ALTER TABLE apppw.account ADD COLUMN colour text",)}
_VERSION = "SELECT major, minor FROM apppw.store"


@pytest.fixture
def line(run: CommandLine, database: Cluster, tmp_path: Path) -> tuple[str, Path]:
    """The words that name a configuration of a database with ada in it."""
    path = tmp_path / "database.toml"
    path.write_text(
        f'[store]\nengine = "postgresql"\nfolder = "{tmp_path / "machine"}"\n'
        f'dsn = "{database.dsn()}"\nserve_dsn = "{database.dsn(VERIFIER)}"\n'
    )
    added = ("account", "add", "ada", "--password-stdin", "--config", path)
    run.good(*added, stdin=f"{PASSWORD}\n")
    return "--config", path


@pytest.fixture
def owner(database: Cluster) -> Iterator[str]:
    """The owner's dsn of a database of a test's own."""
    database.create("versioned")
    yield database.dsn(OWNER, "versioned")
    database.execute("postgres", "DROP DATABASE versioned WITH (FORCE)")


def test_tables_of_this_version_need_nothing(
    run: CommandLine, database: Cluster, line: tuple[str, Path]
) -> None:
    sentence = "Nothing has to be migrated: every account that can be read is of schema 1.\n"
    assert run.good("store", "migrate", *line) == sentence
    assert run.good("store", "migrate", "--dry-run", *line) == sentence
    assert "tables_before" not in json.loads(run.good("store", "migrate", "--json", *line))
    own = ("store", "migrate", "--dsn", database.dsn(OWNER))
    assert run.good(*own) == "Nothing has to be migrated: the tables are of schema 1.\n"
    assert json.loads(run.good(*own, "--json"))["unreadable"] == {}


@pytest.mark.parametrize(
    ("major", "sentence"),
    [
        (2, "The database is of schema 2, of a newer apppw-tui; this one reads 1. Install the"),
        (0, "The database is of schema 0; this program reads 1. Migrate it, as the owner"),
    ],
)
def test_tables_of_another_major_are_told_in_a_sentence_by_every_command(
    run: CommandLine, database: Cluster, line: tuple[str, Path], major: int, sentence: str
) -> None:
    database.execute("apppw", f"UPDATE apppw.store SET major = {major}")
    try:
        for words in (
            ("account", "list", *line),
            ("verify", "ada", "--service", "imap", *line),
            ("store", "migrate", *line),
            ("store", "init", "--dsn", database.dsn(OWNER)),
            ("store", "tidy", *line),
            ("backup", line[1].with_name("backup.tar"), *line),
        ):
            result = run(*words, stdin="7kfm 2xqd 9h3v tw58")
            assert (result.code, result.line.startswith(sentence)) == (3, True), (words, result)
        result = run("doctor", *line)
        assert (result.code, f"the database: {sentence.partition('. ')[0]}" in result.out) == (
            4,
            True,
        )
    finally:
        database.execute("apppw", "UPDATE apppw.store SET major = 1")
    assert run.good("account", "list", *line).count("ada") == 1


def test_newer_minor_is_worked_with(
    run: CommandLine, database: Cluster, line: tuple[str, Path]
) -> None:
    database.execute("apppw", "UPDATE apppw.store SET minor = 7")
    try:
        run.good("app-password", "create", "ada", "Phone", *line)
        run.good("store", "migrate", *line)
        assert not initialise(database.dsn(OWNER))
        assert rows(database, _VERSION) == [(1, 7)]
    finally:
        database.execute("apppw", "UPDATE apppw.store SET minor = 0")


def test_step_waits_until_no_other_version_is_connected(owner: str) -> None:
    with (
        psycopg.connect(owner, application_name="apppw-tui 0.0.9"),
        pytest.raises(Refused, match=r"connected: apppw-tui 0\.0\.9\. Stop it on every machine"),
    ):
        migrate(owner, steps=_STEPS, target=2)
    with psycopg.connect(owner, application_name="psql") as connection:
        assert connection.execute(_VERSION).fetchall() == [(1, 0)]
        connection.rollback()
        assert migrate(owner, dry_run=True, steps=_STEPS, target=2) == 1
        assert connection.execute(_VERSION).fetchall() == [(1, 0)]
        connection.rollback()
        assert migrate(owner, steps=_STEPS, target=2) == 1
        assert connection.execute(_VERSION).fetchall() == [(2, 0)]
        assert connection.execute("SELECT colour FROM apppw.account").fetchall() == []
        connection.rollback()
    assert migrate(owner, steps=_STEPS, target=2) == 2
    with pytest.raises(StoreUnusable, match="of schema 2, of a newer"):
        initialise(owner)


def test_step_that_fails_leaves_all_as_it_was(owner: str) -> None:
    steps = {1: (*_STEPS[1], "ALTER TABLE apppw.nobodys ADD COLUMN colour text")}
    with pytest.raises(StoreError):
        migrate(owner, steps=steps, target=2)
    with pytest.raises(StoreUnusable, match="of schema 1; this program reads 3"):
        migrate(owner, steps=_STEPS, target=3)
    with psycopg.connect(owner) as connection:
        assert connection.execute(_VERSION).fetchall() == [(1, 0)]
        sql = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'colour'"
        assert connection.execute(sql).fetchall() == [(0,)]


def test_program_that_runs_on_learns_of_the_step_at_its_next_connection(owner: str) -> None:
    running = Database(owner)
    assert running.rows("SELECT count(*) FROM apppw.account") == [(0,)]
    names = "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    assert running.rows(names) == [(f"apppw-tui {__version__}",)]
    migrate(owner, steps=_STEPS, target=2)
    running.close()
    with pytest.raises(StoreUnusable, match="of a newer"):
        running.rows("SELECT count(*) FROM apppw.account")
