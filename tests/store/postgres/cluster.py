"""A PostgreSQL of the tests' own: made in a temporary folder, heard on a socket there alone."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from apppw_tui.store.postgres.init import initialise
from apppw_tui.store.postgres.schema import PORTAL, VERIFIER
from tests.programs import finished
from tests.services.ordinary import OrdinaryUser
from tests.services.require import unavailable

OWNER = "apppw_owner"
# One of the processes that run tests has them all, and with them the only server.
ONE_CLUSTER = pytest.mark.xdist_group("postgresql")
_PLACES = "/usr/lib/postgresql"  # Debian's, which are in nobody's PATH
_LEAST = 15
# Only on the socket, in a folder that nobody else may enter. No crash of the machine is tested.
_SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
fsync = off
full_page_writes = off
max_connections = 100
track_commit_timestamp = on
shared_buffers = 16MB
log_min_messages = fatal
timezone = 'UTC'
"""


@dataclass(frozen=True)
class Cluster:
    """A server that runs; `user` is whose it is."""

    programs: Path
    folder: Path
    user: OrdinaryUser

    def dsn(self, role: str = PORTAL, database: str = "apppw") -> str:
        return f"host={self.folder} dbname={database} user={role}"

    def control(self, *words: str) -> None:
        """Has pg_ctl do something, and waits until it is done."""
        self._run(self.programs / "pg_ctl", "-D", self.folder / "data", "-s", "-w", *words)

    def start(self) -> None:
        options = f"-k {self.folder}"
        self.control("-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self.control("-m", mode, "stop")

    @property
    def process(self) -> int:
        """The process id of the postmaster."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split("\n")[0])

    def create(self, database: str) -> None:
        """A database with the tables, for the two roles."""
        self.execute("postgres", f"CREATE DATABASE {database} OWNER {OWNER}")
        initialise(self.dsn(OWNER, database))

    def empty(self, database: str) -> None:
        """Has nothing in the tables, but what was there when they were made."""
        self.execute(
            database,
            # Of so few rows quicker than TRUNCATE, which makes a file for each table.
            """DO $$ DECLARE part record; BEGIN
              FOR part IN SELECT relname FROM pg_class
              WHERE relnamespace = 'apppw'::regnamespace AND relkind IN ('r', 'p')
              AND NOT relispartition AND relname <> 'store'
              LOOP EXECUTE format('DELETE FROM apppw.%I', part.relname); END LOOP; END $$""",
        )

    def execute(self, database: str, *statements: LiteralString, role: str = "postgres") -> None:
        with psycopg.connect(self.dsn(role, database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def _run(self, *line: str | Path) -> None:
        done = finished(
            line, user=self.user.uid, group=self.user.gid, extra_groups=[], cwd=Path("/")
        )
        assert done.returncode == 0, (self.folder / "log").read_text() + done.stderr

    def begin_standby(self, primary: "Cluster") -> None:
        """Copies `primary`, and follows it from then on."""
        source = f"host={primary.folder} user=postgres"
        base = ("-X", "stream", "-c", "fast", "-R", "--no-sync", "-d", source)
        self._run(self.programs / "pg_basebackup", "-D", self.folder / "data", *base)
        self.start()

    def configure(self, *lines: str) -> None:
        """Adds lines to what ALTER SYSTEM would write, of which the last one holds."""
        with (self.folder / "data" / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{line}\n" for line in lines)
        self.control("reload")

    def kill(self) -> None:
        """As if the power had failed."""
        self.freeze()  # none of them does anything more, in whatever order they go
        processes = [*children(self.process), self.process]
        for process in processes:
            with suppress(ProcessLookupError):  # one of its helpers may just have ended
                os.kill(process, signal.SIGKILL)

    def wake(self) -> None:
        """Starts it after that; what says that it runs was left behind."""
        for path in (*self.folder.glob("data/postmaster.pid"), *self.folder.glob(".s.PGSQL.*")):
            path.unlink()
        self.start()

    def freeze(self) -> None:
        """Its processes stand still; what is sent to them is taken by the kernel."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    @contextmanager
    def silent(self) -> Iterator[None]:
        self.freeze()
        try:
            yield
        finally:
            self.thaw()

    def _signal(self, number: signal.Signals) -> None:
        # The postmaster first: what stands still begins no other process.
        os.kill(self.process, number)
        for process in children(self.process):
            with suppress(ProcessLookupError):  # one of its helpers may just have ended
                os.kill(process, number)

    @contextmanager
    def without_its_standby(self) -> Iterator[None]:
        """A commit waits for a standby that is not there."""
        try:
            self._wait_for_standby("nobody")
            self._await_waiting_commit()
            yield
        finally:
            self._wait_for_standby("")

    def _wait_for_standby(self, name: str) -> None:
        setting = f"ALTER SYSTEM SET synchronous_standby_names = '{name}'"
        with psycopg.connect(self.dsn("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(setting)
            connection.execute("SELECT pg_reload_conf()")
            # Until it has read its configuration again.
            while connection.execute("SHOW synchronous_standby_names").fetchone() != (name,):
                pass

    def _await_waiting_commit(self) -> None:
        """The checkpointer tells the others that there is one to wait for, when it comes to it."""
        dsn = self.dsn("postgres", "postgres")
        let_go = """SELECT pg_cancel_backend(pid) FROM pg_stat_activity
            WHERE pid = %s AND wait_event = 'SyncRep'"""
        written = "SELECT pg_logical_emit_message(true, '', '')"
        with (
            psycopg.connect(dsn, autocommit=True) as writing,
            psycopg.connect(dsn, autocommit=True) as watching,
            ThreadPoolExecutor() as pool,
        ):
            # Not what the client believes: a test has it be a pooler's.
            process = writing.execute("SELECT pg_backend_pid()").fetchone()
            waited = False
            while not waited:
                commit = pool.submit(writing.execute, written)
                while not commit.done():
                    found = watching.execute(let_go, process).fetchone()
                    waited = waited or found is not None
                commit.result()

    def make(self) -> None:
        initdb = ("-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N")
        self._run(self.programs / "initdb", "-D", self.folder / "data", *initdb)
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.write(_SETTINGS)


def children(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(word) for word in text.split()]


@contextmanager
def place_for_cluster() -> Iterator[Cluster]:
    """A server that is not made yet; whatever runs there ends, and its folder goes."""
    # Not pytest's own folder: the path of a socket may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="apppw-pg-"))
    cluster = Cluster(find_programs(), folder, OrdinaryUser.find())
    try:
        os.chown(folder, cluster.user.uid, cluster.user.gid)
        yield cluster
    finally:
        with suppress(FileNotFoundError, AssertionError):
            cluster.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def private_cluster() -> Iterator[Cluster]:
    """A server with the two roles and an owner; it ends, and its folder goes, with the block."""
    with place_for_cluster() as cluster:
        cluster.make()
        cluster.start()
        roles = (f"CREATE ROLE {role} LOGIN" for role in (OWNER, PORTAL, VERIFIER))
        cluster.execute("postgres", *roles)
        yield cluster


def find_programs() -> Path:
    """The folder of initdb, pg_ctl and postgres."""
    places = [path.parent for path in Path(_PLACES).glob("*/bin/initdb")]
    versions = {int(path.parent.name): path for path in places if path.parent.name.isdecimal()}
    if max(versions, default=0) < _LEAST:
        unavailable(f"PostgreSQL {_LEAST} is not installed (Debian package postgresql)")
    return versions[max(versions)]


def rows(cluster: Cluster, sql: str, role: str = "postgres") -> list[tuple[object, ...]]:
    with psycopg.connect(cluster.dsn(role)) as connection:
        return connection.execute(sql).fetchall()
