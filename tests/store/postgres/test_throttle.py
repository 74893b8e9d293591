"""Counters that several portals share: bounded, swept, and without anybody's name."""

import secrets
from datetime import timedelta

import pytest

from apppw_tui.domain.hashing import Profile, TooManyProfiles
from apppw_tui.store.postgres.database import Database
from apppw_tui.store.postgres.throttle import PostgresProfiles, PostgresThrottleStore
from tests.store.counting import ADA, charge, failures
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster, rows
from tests.support import NOW, FixedClock

pytestmark = ONE_CLUSTER


@pytest.fixture
def opened(database: Cluster, monkeypatch: pytest.MonkeyPatch) -> Database:
    """With all that is done now and then done each time."""
    monkeypatch.setattr(secrets, "randbelow", lambda _: 0)
    return Database(database.dsn())


def test_names_that_nobody_has_are_bounded_and_the_fewest_failures_go_first(
    opened: Database, database: Cluster, clock: FixedClock
) -> None:
    store = PostgresThrottleStore(opened, clock, most_unkept=3)
    charge(store)
    for number in range(5):
        for _ in range(2 if number == 0 else 1):
            charge(store, f"account:{number}", keep=False)
        clock.advance(1)
    assert failures(store) == 1
    assert rows(database, "SELECT count(*) FROM apppw.throttle WHERE NOT keep") == [(3,)]
    counts = [failures(store, f"account:{number}", keep=False) for number in range(5)]
    assert counts[0] == 2
    assert counts[1] == 0
    opened.close()


def test_what_counts_no_more_is_swept_and_no_name_is_kept(
    opened: Database, database: Cluster, clock: FixedClock
) -> None:
    store = PostgresThrottleStore(opened, clock)
    for _ in range(90):
        charge(store, address="198.51.100.7")
        clock.advance(timedelta(hours=1).total_seconds())
    ((text,),) = rows(database, "SELECT string_agg(t::text, '') FROM apppw.throttle AS t")
    assert "ada@" not in str(text)  # a digest may well have "ada" in it
    assert "198.51" not in str(text)
    clock.advance(timedelta(days=40).total_seconds())
    charge(store, "account:grace")
    assert rows(database, "SELECT count(*) FROM apppw.throttle") == [(1,)]
    assert failures(store, ADA) == 0
    opened.close()


def test_costs_of_hashes_are_claimed_bounded_and_settled(
    opened: Database, clock: FixedClock
) -> None:
    profiles = PostgresProfiles(opened, clock)
    first, second, third = (Profile(memory, 1, 1) for memory in (1024, 2048, 4096))
    for profile in (second, first, second):
        profiles.claim(profile)
    assert profiles.in_use() == [first, second]
    with pytest.raises(TooManyProfiles):
        profiles.claim(third)
    assert profiles.settle([first], NOW) == []
    assert profiles.settle([first], NOW + timedelta(seconds=1)) == [second]
    assert profiles.in_use() == [first]
    opened.close()
