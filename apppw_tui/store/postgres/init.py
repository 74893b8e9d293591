"""Makes the tables of a database, lets the two roles at them, and brings them to a new version."""

import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import LiteralString

import psycopg
from psycopg import sql

from apppw_tui.domain.activity import RETENTION
from apppw_tui.domain.errors import Refused, StoreUnusable
from apppw_tui.domain.names import escaped
from apppw_tui.store.postgres.connection import PROGRAM, agree
from apppw_tui.store.postgres.database import LOCK_TIMEOUT, SCHEMA
from apppw_tui.store.postgres.dsn import read_dsn
from apppw_tui.store.postgres.errors import UNREAD, store_error
from apppw_tui.store.postgres.schema import (
    GRANTS,
    MAJOR,
    MINOR,
    STEPS,
    TABLES,
    exist,
    lacking,
    major_in,
    require_major,
    require_whole,
)

_MONTHS_AHEAD = 2
_KEY_BYTES = 32
_MONTH = "activity_"  # and the month, as in activity_2026_11
_LEAST_VERSION = 150000  # as libpq counts: 15.0


def initialise(dsn: str, now: datetime | None = None) -> bool:
    """Makes what lacks, as the owner of the tables, who is in `dsn`; False if nothing did.

    Two at once do no harm: the second waits for the first. Raises Refused, StoreError.
    """
    dsn = read_dsn(dsn)
    today = (now or datetime.now(UTC)).date()
    try:
        with psycopg.connect(dsn, prepare_threshold=None, application_name=PROGRAM) as connection:
            agree(connection)
            if connection.info.server_version < _LEAST_VERSION:
                raise StoreUnusable("The database is older than PostgreSQL 15.")
            if connection.info.parameter_status("server_encoding") != "UTF8":
                raise StoreUnusable(
                    "The database is not in UTF-8.",
                    "Make it with: createdb --encoding UTF8 --template template0",
                )
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('', %s))", (SCHEMA,))
            names = lacking(lambda query, values: connection.execute(query, [values]).fetchall())
            made = not exist(names)
            if made:
                for statement in TABLES:
                    connection.execute(statement)
                connection.execute(
                    "INSERT INTO apppw.store (major, minor, throttle_key) VALUES (%s, %s, %s)",
                    (MAJOR, MINOR, secrets.token_bytes(_KEY_BYTES)),
                )
            else:
                # Of another version, it may have others.
                require_major(_major(connection, names))
                require_whole(names)
            made_months = [_make_month(connection, month) for month in _months(today)]
            made |= any(made_months)
            made |= _drop_months(connection, today)
            _grant(connection)
            return made
    except UNREAD as error:
        raise store_error(error) from None


def migrate(
    dsn: str,
    *,
    dry_run: bool = False,
    steps: Mapping[int, tuple[LiteralString, ...]] = STEPS,
    target: int = MAJOR,
) -> int:
    """Brings the tables to the major `target`, as their owner; the one that they were of.

    Raises:
        Refused: another version of the program is connected; nothing was changed.
        StoreError: the database is of a newer major, or cannot be used.
    """
    dsn = read_dsn(dsn)
    try:
        with psycopg.connect(dsn, prepare_threshold=None, application_name=PROGRAM) as connection:
            agree(connection)
            connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT:g}s'")
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('', %s))", (SCHEMA,))
            major = major_in(connection.execute("SELECT major FROM apppw.store").fetchall())
            if major == target:
                return target
            if major > target or not steps.keys() >= {*range(major, target)}:
                require_major(major, target)
            # Whoever connects from here on learns the version when this is done.
            connection.execute("LOCK TABLE apppw.store")
            _require_alone(connection)
            if not dry_run:
                for number in range(major, target):
                    for statement in steps[number]:
                        connection.execute(statement)
                connection.execute("UPDATE apppw.store SET major = %s, minor = %s", (target, MINOR))
                _grant(connection)
            return major
    except UNREAD as error:
        raise store_error(error) from None


def _require_alone(connection: psycopg.Connection) -> None:
    """Raises Refused while a program is connected that does not know what comes now."""
    rows = connection.execute(
        "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name LIKE 'apppw-tui%%' AND application_name <> %s ORDER BY 1",
        (PROGRAM,),
    ).fetchall()
    if rows:
        programs = ", ".join(escaped(name) for (name,) in rows)
        raise Refused(
            f"Another version is connected: {programs}. Stop it on every machine first; nothing "
            "was changed."
        )


def _major(connection: psycopg.Connection, names: list[str]) -> int:
    if "store" in names:
        require_whole(names)
    return major_in(connection.execute("SELECT major FROM apppw.store").fetchall())


def _months(today: date) -> Iterator[tuple[date, date]]:
    """The first days of this month and those ahead, each with that of the next."""
    first = today.replace(day=1)
    for _ in range(_MONTHS_AHEAD + 1):
        following = (first + timedelta(days=32)).replace(day=1)
        yield first, following
        first = following


def _make_month(connection: psycopg.Connection, month: tuple[date, date]) -> bool:
    """A partition of the activity, with what was laid in the common one; False if it is there."""
    first, following = month
    name = f"{_MONTH}{first:%Y_%m}"
    if connection.execute("SELECT to_regclass(%s)", (f"apppw.{name}",)).fetchone() != (None,):
        return False
    begin, end = f"{first} 00:00Z", f"{following} 00:00Z"
    table = sql.Identifier("apppw", name)
    connection.execute("LOCK TABLE apppw.activity")
    connection.execute(
        sql.SQL("CREATE TABLE {} (LIKE apppw.activity INCLUDING DEFAULTS)").format(table)
    )
    connection.execute(
        sql.SQL(
            "WITH moved AS (DELETE FROM apppw.activity_other WHERE time >= {} AND time < {}"
            " RETURNING *) INSERT INTO {} SELECT * FROM moved"
        ).format(begin, end, table)
    )
    connection.execute(
        sql.SQL(
            "ALTER TABLE apppw.activity ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})"
        ).format(table, begin, end)
    )
    return True


def _drop_months(connection: psycopg.Connection, today: date) -> bool:
    """Drops the partitions of which nothing is kept any longer; False if there are none."""
    last = f"{_MONTH}{today - RETENTION - timedelta(days=31):%Y_%m}"
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'apppw'::regnamespace"
        " AND relkind = 'r' AND relname ~ %s AND relname <= %s",
        (rf"^{_MONTH}\d{{4}}_\d\d$", last),
    ).fetchall()
    for (name,) in rows:
        connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("apppw", name)))
    return bool(rows)


def _grant(connection: psycopg.Connection) -> None:
    roles = connection.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", ([*GRANTS],)
    ).fetchall()
    for (role,) in roles:
        for what in GRANTS[role]:
            connection.execute(sql.SQL("GRANT " + what + " TO {}").format(sql.Identifier(role)))
