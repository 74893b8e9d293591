"""Stages: the same furnished world again and again, over files or over a database."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import psycopg

from apppw_tui.store.folder.engine import open_folder
from apppw_tui.store.postgres.engine import PostgresEngine
from tests.folders import copy_closed
from tests.store.engines import in_postgresql
from tests.store.postgres.cluster import Cluster
from tests.store.struck.points import DISK, TRIPS, Counter
from tests.store.struck.world import World
from tests.support import FixedClock

_SEED = 2  # of whoever acts, who must not draw what was drawn before
_SAVE = """
    DROP SCHEMA IF EXISTS furnished CASCADE;
    CREATE SCHEMA furnished;
    DO $$ DECLARE part record; BEGIN
      FOR part IN SELECT relname FROM pg_class
      WHERE relnamespace = 'apppw'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
      LOOP EXECUTE format('CREATE TABLE furnished.%1$I AS SELECT * FROM apppw.%1$I', part.relname);
      END LOOP; END $$"""
_RESTORE = """
    SET session_replication_role = replica;
    DO $$ DECLARE part record; BEGIN
      FOR part IN SELECT relname FROM pg_class WHERE relnamespace = 'furnished'::regnamespace
      LOOP EXECUTE format(
        'DELETE FROM apppw.%1$I;
         INSERT INTO apppw.%1$I OVERRIDING SYSTEM VALUE SELECT * FROM furnished.%1$I',
        part.relname); END LOOP; END $$"""


class Stage(Protocol):
    """A place where acts are struck, by these faults."""

    folder: Path

    @property
    def name(self) -> str: ...

    def faults(self, counter: Counter) -> list[tuple[int, str]]:
        """Every point of an act that was counted: the number of the call, and the fault."""

    def reset(self) -> None:
        """Has the world as it was furnished."""

    def open(self) -> World:
        """The rooms over what there is now; each time they draw the same."""

    def let_go(self, world: World) -> None:
        """Closes what is kept open between two acts."""

    def terminate(self, process: int) -> None:
        """Ends a process of the database server."""


class FolderStage:
    """A store in a folder, with its key in it."""

    name = "folder"

    def __init__(self, place: Path) -> None:
        self._furnished = self.folder = place / "furnished"
        self._old = b""
        world = self.open(seed=1)
        world.furnish()
        self._old = world.old
        del world
        self.folder = place / "store"
        copy_closed(self._furnished, self.folder)
        assert not list(self._furnished.rglob("*-wal")), "what is copied is still open"

    def faults(self, counter: Counter) -> list[tuple[int, str]]:
        return _points(counter.disk, DISK)

    def reset(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self._furnished, self.folder)

    def open(self, seed: int = _SEED) -> World:
        clock = FixedClock()
        engine, machine = open_folder(
            self.folder, self.folder / "key", clock, create=True, new_key=False
        )
        world = World(engine, machine, clock, seed)
        world.old = self._old
        return world

    def let_go(self, world: World) -> None:
        """Files are closed when nobody has them any more."""

    def terminate(self, process: int) -> None:
        raise AssertionError(process)


class DatabaseStage:
    """A machine on a database of its own."""

    name = "postgresql"

    def __init__(self, cluster: Cluster, place: Path) -> None:
        self._cluster = cluster
        self._furnished = self.folder = place / "machine"
        self._old = b""
        world = self.open(seed=1)
        world.furnish()
        self._old = world.old
        self.let_go(world)
        self._execute(_SAVE)
        self._furnished = place / "furnished"
        self.folder.rename(self._furnished)

    def faults(self, counter: Counter) -> list[tuple[int, str]]:
        return _points(counter.trips, TRIPS) + _points(counter.disk, DISK)

    def reset(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self._furnished, self.folder)
        self._execute(_RESTORE)

    def open(self, seed: int = _SEED) -> World:
        clock = FixedClock()
        engine, machine = in_postgresql(self._cluster.dsn(), self.folder, clock)
        world = World(engine, machine, clock, seed)
        world.old = self._old
        return world

    def let_go(self, world: World) -> None:
        assert isinstance(world.engine, PostgresEngine)
        world.engine.close()

    def terminate(self, process: int) -> None:
        with psycopg.connect(self._cluster.dsn("postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 10000)", (process,))

    def _execute(self, sql: str) -> None:
        with psycopg.connect(self._cluster.dsn("postgres"), autocommit=True) as connection:
            connection.pgconn.exec_(sql.encode())


def _points(calls: Sequence[int], faults: Sequence[str]) -> list[tuple[int, str]]:
    return [(at, fault) for at in calls for fault in faults]
