"""The doctor's look at a database: each fault on a real server, named once."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import LiteralString

import pytest

from apppw_tui.config import DatabaseConfig
from apppw_tui.doctor import database as database_checks
from apppw_tui.doctor.finding import Finding, Level
from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.domain.ports import SystemClock
from apppw_tui.domain.ssh_key import SshKey
from apppw_tui.store.postgres.engine import PostgresEngine
from apppw_tui.store.postgres.init import initialise
from apppw_tui.store.postgres.schema import PORTAL, VERIFIER
from tests.store.engines import in_postgresql
from tests.store.making import add, alter, record
from tests.store.postgres.cluster import ONE_CLUSTER, OWNER, Cluster, private_cluster, rows
from tests.store.rotator import put
from tests.support import FixedClock

pytestmark = ONE_CLUSTER


class ShiftedClock(SystemClock):
    """The system's, as on a machine whose clock is wrong."""

    def __init__(self, shift: timedelta = timedelta()) -> None:
        self._shift = shift

    def now(self) -> datetime:
        return super().now() + self._shift


@pytest.fixture
def engine(database: Cluster, tmp_path: Path, clock: FixedClock) -> Iterator[PostgresEngine]:
    engine = in_postgresql(database.dsn(), tmp_path / "machine", clock)[0]
    add(engine.accounts)
    engine.follower(kicks=True).step()
    yield engine
    engine.close()


def config_of(database: Cluster, **more: str) -> DatabaseConfig:
    dsns = {"dsn": database.dsn(), "serve_dsn": database.dsn(VERIFIER), **more}
    return DatabaseConfig(**dsns, timeout=2, machine="machine")


def findings(
    engine: PostgresEngine,
    config: DatabaseConfig,
    shift: timedelta = timedelta(),
    *,
    keys_count: bool = True,
) -> list[Finding]:
    """All but what is in order, and but that no standby confirms, which is so here."""
    clock = ShiftedClock(shift)
    result = database_checks.check(
        config, engine, engine._folder, Path("/key"), clock, keys_count=keys_count
    )
    return [
        finding
        for finding in result
        if finding.level is not Level.OK and "No standby confirms" not in finding.what
    ]


def only(findings: list[Finding], level: Level, sentence: str) -> Finding:
    (finding,) = findings
    assert (finding.level, sentence in finding.what) == (level, True), finding
    assert finding.remedy
    return finding


@contextmanager
def set_on(database: Cluster, line: str, undone: str) -> Iterator[None]:
    database.configure(line)
    try:
        yield
    finally:
        database.configure(undone)


def test_good_database_has_nothing_but_no_standby(
    engine: PostgresEngine, database: Cluster
) -> None:
    clock = SystemClock()
    config = config_of(database)
    result = [
        *database_checks.check(config, engine, engine._folder, Path("/key"), clock, keys_count=True)
    ]
    assert [finding.what.partition(":")[0] for finding in result] == [
        "It answers.", "No standby confirms changes", "Every account can be read (1).",
    ]  # fmt: skip
    assert findings(engine, config_of(database)) == []


def test_machine_that_was_not_seen_for_a_day_is_told_until_it_is_forgotten(
    engine: PostgresEngine, database: Cluster
) -> None:
    database.execute(
        "apppw",
        "INSERT INTO apppw.machine VALUES ('mail3', now() - interval '25 hours', '1', true)",
        "INSERT INTO apppw.machine VALUES ('mail4', now() - interval '23 hours', '1', true)",
    )
    result = only(findings(engine, config_of(database)), Level.WARNING, "mail3 was last seen on 20")
    assert result.remedy.endswith("Run: apppw-tui store forget mail3")
    engine.forget_machine("mail3")
    assert findings(engine, config_of(database)) == []


def test_machine_that_does_not_follow_the_others_is_told(
    engine: PostgresEngine, database: Cluster
) -> None:
    engine.forget_machine("machine")
    result = only(
        findings(engine, config_of(database)), Level.WARNING, "does not follow the others"
    )
    assert "apppw-follow.service" in result.remedy


def test_machine_of_the_same_name_is_told_while_it_is_there(
    engine: PostgresEngine, database: Cluster
) -> None:
    database.execute("apppw", "UPDATE apppw.machine SET instance = 'another'")
    only(findings(engine, config_of(database)), Level.DANGER, "Another machine is called machine")
    database.execute("apppw", "UPDATE apppw.machine SET seen = seen - interval '3 minutes'")
    assert findings(engine, config_of(database)) == []


def test_standby_that_is_named_and_gone_is_told(engine: PostgresEngine, database: Cluster) -> None:
    with set_on(database, "synchronous_standby_names = 'nobody'", "synchronous_standby_names = ''"):
        result = findings(engine, config_of(database))
    only(result, Level.WARNING, "No standby follows it")


@pytest.mark.slow
def test_two_primaries_are_a_danger_and_two_ways_to_one_are_none(
    engine: PostgresEngine, database: Cluster, tmp_path: Path
) -> None:
    short = Path(tempfile.mkdtemp(prefix="apppw-way-")) / "x"
    short.symlink_to(database.folder)
    words = f"dbname=apppw user={PORTAL}"
    two_ways = f"host={database.folder},{short} {words}"
    assert findings(engine, config_of(database, dsn=two_ways)) == []
    short.unlink()
    short.parent.rmdir()
    with private_cluster() as other:
        other.create("apppw")
        result = findings(
            engine, config_of(database, dsn=f"host={database.folder},{other.folder} {words}")
        )
    only(result, Level.DANGER, "Two databases say that they are the primary")


@pytest.mark.parametrize("number", [0, 1])
def test_partition_that_lacks_is_told(
    engine: PostgresEngine, database: Cluster, number: int
) -> None:
    months = "SELECT relname FROM pg_class WHERE relname ~ '^activity_[0-9_]{7}$' ORDER BY 1"
    name = str(rows(database, months)[number][0])
    database.execute("apppw", f"DROP TABLE apppw.{name}")
    result = findings(engine, config_of(database))
    initialise(database.dsn(OWNER))
    only(result, Level.WARNING, "has no partition yet")
    assert findings(engine, config_of(database)) == []


@pytest.mark.parametrize(
    ("seconds", "words"), [(-5, "It is 5 s behind that"), (5, "It is 5 s ahead of that"), (1, None)]
)
def test_clock_that_differs_is_told(
    engine: PostgresEngine, database: Cluster, seconds: int, words: str | None
) -> None:
    result = findings(engine, config_of(database), timedelta(seconds=seconds))
    if words is None:
        assert result == []
    else:
        only(result, Level.WARNING, words)


def test_daemon_and_portal_that_may_too_much_are_told(
    engine: PostgresEngine, database: Cluster
) -> None:
    result = findings(engine, config_of(database, serve_dsn=database.dsn(PORTAL)))
    assert "serve_dsn" in only(result, Level.WARNING, "daemon's role reads account").remedy
    result = findings(engine, config_of(database, dsn=database.dsn(OWNER)))
    only(result, Level.WARNING, "portal's role may take app passwords off the list")
    for grant in ("SELECT (doc) ON apppw.account", "DELETE ON apppw.deleted"):
        database.execute("apppw", f"GRANT {grant} TO {VERIFIER}")
        result = findings(engine, config_of(database))
        database.execute("apppw", f"REVOKE {grant} FROM {VERIFIER}")
        only(result, Level.WARNING, "daemon's role reads account")


def test_another_key_is_a_danger(
    engine: PostgresEngine, database: Cluster, tmp_path: Path, clock: FixedClock
) -> None:
    put(engine.accounts, engine.keyring, "ada", "x")
    other = in_postgresql(database.dsn(), tmp_path / "other", clock)[0]
    (tmp_path / "other" / "key").write_bytes(b"A" * 43 + b"=\n")
    (tmp_path / "other" / "key").chmod(0o600)
    database.execute("apppw", "UPDATE apppw.machine SET instance = NULL")  # it is not this one's
    result = findings(other, config_of(database))
    other.close()
    assert "Copy the file" in only(result, Level.DANGER, "is not the key under which").remedy


def test_app_password_that_came_back_after_its_deletion_is_a_danger(
    engine: PostgresEngine, database: Cluster
) -> None:
    account = engine.accounts.get("ada")
    assert account is not None
    alter(engine.accounts, app_passwords=(record("abd", "Bus"), record("abe", "Tram")))
    # A dump of the accounts knows nothing of what was deleted since.
    engine.deleted_ids.merge({account.uid: ["abd"], "0" * 32: ["abe"]})
    result = findings(engine, config_of(database))
    finding = only(result, Level.DANGER, "ada: its app password Bus is on the list")
    assert "apppw-tui app-password delete ada abd" in finding.remedy


def test_account_with_keys_alone_is_told_where_they_count_for_nothing(
    engine: PostgresEngine, database: Cluster, clock: FixedClock
) -> None:
    key = SshKey("SHA256:" + "A" * 43, "ssh-ed25519", "Laptop", clock.now())
    alter(engine.accounts, ssh_keys=(key,))
    assert findings(engine, config_of(database)) == []
    result = findings(engine, config_of(database), keys_count=False)
    finding = only(result, Level.WARNING, "ada: its only verification methods are ssh keys")
    assert "account bypass ada" in finding.remedy


def restart(database: Cluster, host: str) -> None:
    """It listens there from then on."""
    database.configure(f"listen_addresses = '{host}'")
    database.stop()
    database.start()


@contextmanager
def open_way(database: Cluster) -> Iterator[Path]:
    """A socket that leads to the server by a network that anybody may listen to."""
    # Each test run has an address of its own, of which this machine has millions.
    number = os.getpid()
    host = f"127.77.{number // 250 % 250}.{number % 250 + 2}"
    with ExitStack() as stack:
        restart(database, host)
        stack.callback(restart, database, "")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="apppw-way-")))
        server = stack.enter_context(closing(socket.socket(socket.AF_UNIX)))
        server.bind(str(folder / ".s.PGSQL.5432"))
        server.listen()

        def pass_on(source: socket.socket, target: socket.socket) -> None:
            with suppress(OSError):
                while content := source.recv(65536):
                    target.sendall(content)
                target.shutdown(socket.SHUT_WR)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    near = server.accept()[0]
                    far = socket.create_connection((host, 5432), source_address=("127.0.0.1", 0))
                    for pair in ((near, far), (far, near)):
                        Thread(target=pass_on, args=pair, daemon=True).start()

        Thread(target=accept, daemon=True).start()
        yield folder
        server.shutdown(socket.SHUT_RDWR)


def test_way_that_is_not_encrypted_is_a_danger(engine: PostgresEngine, database: Cluster) -> None:
    with open_way(database) as folder:
        dsn = f"host={folder} dbname=apppw user={VERIFIER}"
        result = findings(engine, config_of(database, serve_dsn=dsn))
    only(result, Level.DANGER, "is not encrypted on its way")


def test_database_that_is_in_another_alphabet_is_refused(database: Cluster) -> None:
    database.execute(
        "postgres",
        "DROP DATABASE IF EXISTS latin",
        f"CREATE DATABASE latin OWNER {OWNER} ENCODING 'LATIN1' TEMPLATE template0",
    )
    with pytest.raises(Exception, match="not in UTF-8"):
        initialise(database.dsn(OWNER, "latin"))
    database.execute("postgres", "DROP DATABASE latin")


@pytest.mark.parametrize("table", ["deleted", "used", "account", "store"])
def test_table_that_lacks_is_named_and_nothing_is_made(
    engine: PostgresEngine, database: Cluster, table: LiteralString
) -> None:
    database.execute("apppw", f"ALTER TABLE apppw.{table} RENAME TO gone")
    try:
        with pytest.raises(StoreUnusable, match=f"not whole: {table} is missing"):
            initialise(database.dsn(OWNER))
        result = findings(engine, config_of(database))
        if table != "store":  # of which whoever connects says that there are no tables
            only(result, Level.DANGER, f"not whole: {table} is missing")
    finally:
        database.execute("apppw", f"ALTER TABLE apppw.gone RENAME TO {table}")
    assert not initialise(database.dsn(OWNER))


def test_rows_that_no_program_wrote_are_counted(engine: PostgresEngine, database: Cluster) -> None:
    database.execute(
        "apppw",
        "INSERT INTO apppw.deleted VALUES ('../x', 'abc')",
        "INSERT INTO apppw.network SELECT uid, 'x', 'infinity' FROM apppw.account",
        "INSERT INTO apppw.activity (uid, time, what, by, facts) VALUES ('x', now(), '', '', '[]')",
    )
    whats = {
        finding.what.partition(" that")[0] for finding in findings(engine, config_of(database))
    }
    assert whats == {"Rows of apppw.activity", "Rows of apppw.network", "Rows of apppw.deleted"}


@pytest.mark.parametrize(
    ("made", "undone", "sentence"),
    [
        (
            "ALTER TABLE apppw.deleted ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE apppw.deleted DISABLE ROW LEVEL SECURITY",
            "Row security is switched on for apppw.deleted",
        ),
        (
            'CREATE TRIGGER "Odd" BEFORE UPDATE ON apppw.account FOR EACH ROW'
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            'DROP TRIGGER "Odd" ON apppw.account',
            "apppw.account has a trigger that is not apppw-tui's",
        ),
        (
            "CREATE RULE odd AS ON DELETE TO apppw.account DO INSTEAD NOTHING",
            "DROP RULE odd ON apppw.account",
            "apppw.account has a rule that is not apppw-tui's",
        ),
    ],
)
def test_what_somebody_put_on_a_table_is_a_danger_and_its_remedy_ends_it(
    engine: PostgresEngine,
    database: Cluster,
    made: LiteralString,
    undone: LiteralString,
    sentence: str,
) -> None:
    database.execute("apppw", made)
    try:
        result = findings(engine, config_of(database))
    finally:
        database.execute("apppw", undone)
    finding = next(finding for finding in result if sentence in finding.what)
    assert (finding.level, finding.remedy.endswith(undone)) == (Level.DANGER, True)
    assert findings(engine, config_of(database)) == []
