"""Asks all hosts of a database whether they are the primary: there must not be two.

After a failover an old primary may wake, and say yes to what was deleted meanwhile. Fencing is the
business of whoever promotes; this notices where it has failed.
"""

import threading
import time
from collections.abc import Iterator, Mapping

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.store.postgres.connection import TimedConnection, connect
from apppw_tui.store.postgres.errors import SilentDatabase

EVERY = 1.0  # seconds
_ASKED = """
    SELECT CASE WHEN NOT pg_is_in_recovery()
      THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) || pg_postmaster_start_time()::text END"""
_LISTS = ("host", "hostaddr", "port")  # of which a dsn may have one for each host


class HostProbe:
    """The hosts of a dsn, each asked by a thread of its own, so that none waits for a dead one."""

    def __init__(self, dsn: str, timeout: float) -> None:
        self._timeout = timeout
        self._hosts = dict(each_host(dsn))
        self._connections: dict[str, TimedConnection] = {}
        # Of those that are a primary its timeline, and when it was started: several poolers may
        # lead to one and the same.
        self._primaries: dict[str, str] = {}
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def refusal(self) -> StoreUnusable | None:
        """The reason why nobody is to be answered; None: there is one primary, or none."""
        primaries = self._primaries.copy()
        if len({*primaries.values()}) < 2:  # noqa: PLR2004 - two are one too many
            return None
        return StoreUnusable(
            f"Two databases say that they are the primary: {' and '.join(sorted(primaries))}.",
            "Stop the one that is not.",
        )

    @property
    def is_watching(self) -> bool:
        return bool(self._threads)

    def start(self) -> None:
        """Asks from now on, every second, where there is more than one host."""
        if len(self._hosts) > 1 and not self._threads:
            for host in self._hosts:
                thread = threading.Thread(target=self._go_on, args=(host,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def look(self) -> None:
        """Asks every host once."""
        for host in self._hosts:
            self._ask(host)

    def look_at_once(self) -> None:
        """Asks all hosts at the same time, and waits no longer than an answer may take."""
        if len(self._hosts) > 1:
            asking = [
                threading.Thread(target=self._ask, args=(host,), daemon=True)
                for host in self._hosts
            ]
            until = time.monotonic() + self._timeout
            for thread in asking:
                thread.start()
            for thread in asking:
                thread.join(max(0.0, until - time.monotonic()))

    def _go_on(self, host: str) -> None:
        while not self._stopped.is_set():
            self._ask(host)
            self._stopped.wait(EVERY)
        connection = self._connections.pop(host, None)
        if connection is not None:
            connection.close()

    def _ask(self, host: str) -> None:
        """Notes which primary it is; a host that cannot be asked is none."""
        primary: str | None = None
        try:
            primary = self._primary(host)
        except psycopg.Error:
            self._connections.pop(host, None)
        if primary is None:
            self._primaries.pop(host, None)
        else:
            self._primaries[host] = primary

    def _primary(self, host: str) -> str | None:
        """Raises psycopg.Error."""
        connection = self._connections.get(host)
        if connection is not None:
            try:
                return _asked(connection)
            except SilentDatabase:
                raise
            except psycopg.OperationalError:
                if not connection.closed:
                    raise
        # A host that came back since is not to wait for the next round.
        connection = self._connections[host] = connect(self._hosts[host], self._timeout)
        return _asked(connection)


def _asked(connection: TimedConnection) -> str | None:
    ((primary,),) = connection.execute(_ASKED).fetchall()
    return None if primary is None else str(primary)


def each_host(dsn: str) -> Iterator[tuple[str, str]]:
    """The hosts, each with a dsn of its own that takes a standby as well."""
    words: Mapping[str, str] = {key: str(value) for key, value in conninfo_to_dict(dsn).items()}
    lists = {key: words[key].split(",") for key in _LISTS if key in words}
    count = max(map(len, lists.values()), default=1)
    for number in range(count):
        own = {
            key: values[number] if len(values) > 1 else values[0] for key, values in lists.items()
        }
        name = own.get("host") or own.get("hostaddr") or "localhost"
        port = own.get("port")
        label = f"{name}:{port}" if port else name
        yield label, make_conninfo(dsn, **{**own, "target_session_attrs": "any"})
