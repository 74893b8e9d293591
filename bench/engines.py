"""Files beside a database: few and many accounts, near and far, asked by sixteen at once."""

import asyncio
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import randrange, shuffle
from statistics import median
from typing import LiteralString

import psycopg
from asking import ADDRESS, Ask, connected, per_second
from far import away
from figures import Figure, Measure, compared, measured, table, timed
from places import REMEMBER, Place
from verify import CLOCK, FEW, add, multiply

from apppw_tui.domain import app_password
from apppw_tui.domain.scopes import IMAP
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.cache import CachedReads
from apppw_tui.store.folder.location import open_store
from apppw_tui.store.postgres.database import Database
from apppw_tui.store.postgres.held_accounts import HeldAccounts
from apppw_tui.store.postgres.schema import PORTAL, VERIFIER
from apppw_tui.verifier.auth_service import AuthService
from apppw_tui.verifier.decision import Attempt

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests are no part of the package

from tests.store.engines import in_postgresql
from tests.store.postgres.cluster import Cluster, private_cluster
from tests.support import FixedClock, cheap_hasher
from tests.verifier.harness import Book

CLIENTS = 16
EACH = 2  # app passwords of each account, so that sixteen ask for as many
HASHES, ANSWERS, QUERIES, PAIRS = 48, 2000, 300, 600
BLOCKS = 10  # of pairs, for the quartiles
NEAR, FAR = 0.0005, 0.002  # seconds, in each direction
AWAY = f"{FAR * 1000:g} ms away"
UNIT = f"files, {FEW} accounts"
_COPIES: LiteralString = """
    INSERT INTO apppw.account (name, uid, version, sealed, doc, verifying)
    SELECT copy.name, copy.uid, version, sealed,
      replace(replace(doc::text, '"user0"', '"' || copy.name || '"'), account.uid, copy.uid)::json,
      replace(replace(verifying::text, '"user0"', '"' || copy.name || '"'), account.uid,
        copy.uid)::json
    FROM apppw.account, generate_series(1, %s - 1) AS number,
      LATERAL (SELECT 'user' || number AS name, lpad(to_hex(number), 32, '0') AS uid) AS copy
    WHERE account.name = 'user0'"""


@dataclass(frozen=True)
class Stored:
    """Accounts in one place; those of a database are there under `dsn`."""

    folder: Path
    accounts: int
    dsn: str | None = None


def engines(place: Place) -> None:
    with ExitStack() as stack:
        stores = stack.enter_context(prepared(place))
        for remember in (0, REMEMBER):
            with ExitStack() as serving:
                cases = at_once(place, stores, remember, serving)
                taken = measured(cases, 2 * place.rounds)  # short ones: see log_ins
            how = "from memory" if remember else "with its hash"
            table(f"answers {how}, {CLIENTS} at once, of those of", compared(taken, UNIT))
            table(f"one answer {how}, among {place.accounts:,} accounts, of 10", by_size(taken))
        version_query(place, stores)
        few = [f"PostgreSQL, {FEW} accounts, {where}" for where in ("on a socket", AWAY)]
        unknown_names(place, {name: stores[name] for name in (UNIT, *few)})


def by_size(taken: Mapping[str, list[float]]) -> dict[str, Figure]:
    """The time of an answer among many accounts, of that among few in the same place."""
    few = {name.replace(f", {FEW} accounts", ""): name for name in taken if f", {FEW} " in name}
    figures = {}
    for name, rates in taken.items():
        kind = re.sub(r", [\d,]+ accounts|, any of them", "", name)
        if name not in few.values():
            ratios = [one / other for one, other in zip(taken[few[kind]], rates, strict=True)]
            figures[re.sub(r", [\d,]+ accounts", "", name)] = Figure.of(ratios)
    return figures


@contextmanager
def prepared(place: Place) -> Iterator[dict[str, Stored]]:
    """Every store: the names of the tables' lines, and what there is."""
    stores: dict[str, Stored] = {}
    with private_cluster() as cluster, ExitStack() as stack:
        near, far = (
            stack.enter_context(away(cluster.folder, place.folder / f"{seconds:g}", seconds))
            for seconds in (NEAR, FAR)
        )
        for count in (FEW, place.accounts):
            accounts = f"{count:,} accounts"
            folder = place.folder / f"files-{count}"
            multiply(open_store(folder, create=True), place.records[:EACH], count)
            stores[f"files, {accounts}"] = Stored(folder, count)
            database = f"bench{count}"
            machine = place.folder / f"machine-{count}"
            fill(cluster, database, machine, place, count)
            ways = {
                "on a socket": cluster.folder,
                f"{NEAR * 1000:g} ms away": near,
            }
            if count == FEW:
                ways[AWAY] = far
            for where, host in ways.items():
                dsn = f"host={host} dbname={database} user={VERIFIER}"
                stores[f"PostgreSQL, {accounts}, {where}"] = Stored(machine, count, dsn)
        yield stores


def fill(cluster: Cluster, database: str, folder: Path, place: Place, count: int) -> None:
    """So many accounts: one that is made in earnest, and copies under other names."""
    cluster.create(database)
    engine, _ = in_postgresql(cluster.dsn(PORTAL, database), folder, CLOCK)
    add(engine.accounts, "user0", place.records[:EACH])
    engine.close()
    with psycopg.connect(cluster.dsn("postgres", database), autocommit=True) as connection:
        connection.execute(_COPIES, (count,))
        connection.execute("VACUUM ANALYZE apppw.account")


def at_once(
    place: Place, stores: dict[str, Stored], remember: int, stack: ExitStack
) -> dict[str, Measure]:
    """A daemon for each store, and sixteen who ask it for sixteen app passwords."""
    cases: dict[str, Measure] = {}
    for name, stored in stores.items():
        daemon = stack.enter_context(place.serving(remember, stored.folder, stored.dsn))
        asks = stack.enter_context(connected(daemon.sockets / "json", "json", CLIENTS))
        same = [
            partial(ask, f"user{number % FEW}", place.passwords[number // FEW])
            for number, ask in enumerate(asks)
        ]
        count = place.times(ANSWERS if remember else HASHES)
        cases[name] = partial(per_second, same, count)
        if not remember and stored.accounts > FEW:
            any_ = [partial(ask_any, ask, stored.accounts, place.passwords[0]) for ask in asks]
            cases[f"{name}, any of them"] = partial(per_second, any_, count)
    return cases


def ask_any(ask: Ask, accounts: int, password: str) -> None:
    """Most of them are asked for the first time."""
    ask(f"user{randrange(accounts)}", password)


def version_query(place: Place, stores: dict[str, Stored]) -> None:
    """What it costs to ask the primary whether an account is still the one that was parsed."""
    times, cases = place.times(QUERIES), dict[str, Measure]()
    with ExitStack() as stack:
        for name, stored in stores.items():
            if stored.dsn is not None and name.endswith("on a socket"):
                held = HeldAccounts(Database(stored.dsn))
                stack.callback(held.close)
                cases[name] = timed(partial(held.get, "user0"), times)
        taken = measured(cases, place.rounds)
    unit = next(iter(cases))
    title = f"whether an account is another by now (1 is {median(taken[unit]) * 1000:.2f} ms here)"
    table(title, compared(taken, unit))


def unknown_names(place: Place, stores: Mapping[str, Stored]) -> None:
    """Whether the time of an answer tells that there is such an account: it must not.

    The decision alone, and with a cheap dummy of a hash, which would hide what is looked for. One
    after the other, in either order, so that whatever else the machine does meets both; and beside
    it two names that are nobody's, which tells how far the measure itself is off.
    """
    lines = {}
    for name, stored in stores.items():
        known = asyncio.run(differences(place, stored, "user0", "nobody"))
        neither = asyncio.run(differences(place, stored, "somebody", "nobody"))
        lines |= {name: known, f"{name}: neither is known": neither}
    title = "a wrong password of a known name, later than of an unknown one, in ms"
    table(title, lines)


async def differences(place: Place, stored: Stored, one: str, other: str) -> Figure:
    secret = app_password.generate("zzz")  # of no account
    accounts = HeldAccounts(Database(stored.dsn)) if stored.dsn else in_files(stored.folder)
    service = AuthService(accounts, cheap_hasher(), FixedClock(), Book(), Book(), threads=1)
    taken, order = list[float](), [one, other]
    for _ in range(place.times(PAIRS)):
        shuffle(order)
        times = dict[str, float]()
        for who in order:
            start = time.perf_counter()
            await service.decide(Attempt.parse(who, secret, IMAP, ADDRESS))
            times[who] = (time.perf_counter() - start) * 1000
        taken.append(times[one] - times[other])
    service.close()
    accounts.close()
    return Figure.of([median(taken[first::BLOCKS]) for first in range(min(BLOCKS, len(taken)))])


def in_files(folder: Path) -> CachedReads:
    return CachedReads(FolderStore(folder))
