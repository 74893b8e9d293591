"""Every engine with its machine, for what all of them promise (SAFETY 9)."""

from collections.abc import Callable
from pathlib import Path

from apppw_tui.domain.ports import Clock
from apppw_tui.store.engine import Engine, Machine
from apppw_tui.store.folder.engine import open_folder
from apppw_tui.store.memory_engine import MemoryEngine
from apppw_tui.store.postgres.connection import TIMEOUT
from apppw_tui.store.postgres.database import Database
from apppw_tui.store.postgres.engine import PostgresEngine, open_database


def in_folder(folder: Path, clock: Clock) -> tuple[Engine, Machine]:
    return open_folder(folder, folder / "key", clock, create=True, new_key=False)


def in_memory(_folder: Path, clock: Clock) -> tuple[Engine, Machine]:
    engine = MemoryEngine(clock)
    return engine, engine.machine


def in_postgresql(
    dsn: str, folder: Path, clock: Clock, *, by_daemon: bool = False, timeout: float | None = None
) -> tuple[PostgresEngine, Machine]:
    """One machine of several on the database; what is its own lies in `folder`."""
    database = Database(dsn, timeout or TIMEOUT)
    return open_database(
        *(database, folder, folder / "key", clock),
        machine_name=folder.name,
        create=True,
        new_key=False,
        by_daemon=by_daemon,
    )


ENGINES: dict[str, Callable[[Path, Clock], tuple[Engine, Machine]]] = {
    "folder": in_folder,
    "memory": in_memory,
}
