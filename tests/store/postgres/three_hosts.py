"""Three hosts of one database: a primary, and two standbys of which either may confirm a commit."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import LiteralString

import psycopg

from tests.store.postgres.cluster import Cluster, place_for_cluster, private_cluster

_FOLLOWING: LiteralString = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
_RECEIVING: LiteralString = "SELECT count(*) FROM pg_stat_wal_receiver"
_RECEIVED: LiteralString = "SELECT pg_last_wal_receive_lsn() - '0/0'::pg_lsn"


@dataclass
class ThreeHosts:
    primary: Cluster
    standbys: tuple[Cluster, Cluster]

    def dsn(self, role: str) -> str:
        """Names all three, as each machine is told them; the first primary is the first."""
        hosts = ",".join(str(each.folder) for each in self._all)
        return f"host={hosts} dbname=apppw user={role}"

    def begin_standbys(self) -> None:
        """From then on nothing is acknowledged that one of them does not have."""
        for standby in self.standbys:
            standby.begin_standby(self.primary)
        wait_for(self.primary, _FOLLOWING, 2)
        for each in self._all:
            each.configure("synchronous_standby_names = 'ANY 1 (*)'")

    def take_over(self) -> Cluster:
        """Has the standby that received most become the primary, and the other one follow it.

        So do those whose business this is, as Patroni; no standby follows the old one any longer.
        """
        for standby in self.standbys:
            standby.configure("primary_conninfo = ''")
            wait_for(standby, _RECEIVING, 0)
        other, best = sorted(self.standbys, key=lambda each: value(each, _RECEIVED))
        best.control("promote")
        other.configure(f"primary_conninfo = 'host={best.folder} user=postgres'")
        wait_for(best, _FOLLOWING, 1)
        return best

    @property
    def _all(self) -> tuple[Cluster, Cluster, Cluster]:
        return self.primary, *self.standbys


@contextmanager
def three_hosts() -> Iterator[ThreeHosts]:
    """A primary with the tables, and two places beside it; see begin_standbys."""
    with ExitStack() as stack:
        primary = stack.enter_context(private_cluster())
        primary.configure("wal_retrieve_retry_interval = '100ms'")
        primary.create("apppw")
        first, second = (stack.enter_context(place_for_cluster()) for _ in range(2))
        yield ThreeHosts(primary, (first, second))


def wait_for(cluster: Cluster, sql: LiteralString, wanted: int) -> None:
    while value(cluster, sql) != wanted:
        pass


def value(cluster: Cluster, sql: LiteralString) -> int:
    with psycopg.connect(cluster.dsn("postgres", "postgres")) as connection:
        ((number,),) = connection.execute(sql).fetchall()
    return int(number)
