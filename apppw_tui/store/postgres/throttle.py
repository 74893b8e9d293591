"""Counters of tries and sends, and the costs of hashes: shared by the portals of all machines."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial
from typing import LiteralString

from apppw_tui.domain import throttle
from apppw_tui.domain.hashing import (
    MOST_BESIDES,
    MOST_OF_ACCOUNTS,
    Profile,
    TooManyProfiles,
    parse,
)
from apppw_tui.domain.ports import Clock
from apppw_tui.domain.throttle import MAX_UNKNOWN, ThrottleState
from apppw_tui.store.digests import address_digest, digest_of
from apppw_tui.store.postgres.database import SUBJECT, Database, DatabaseTransaction

_SWEPT = 256  # rows at a time, at most
_BOUNDED_EVERY = 16  # changes
_COSTS = "costs of hashes"  # a lock's name; no digest is one
_GET: LiteralString = """
    SELECT digest, keep, ledger::text FROM apppw.throttle WHERE digest = ANY (%s)"""
_PUT: LiteralString = """
    INSERT INTO apppw.throttle (digest, keep, failures, last, until, ledger)
    VALUES (%s, %s, %s, to_timestamp(%s), to_timestamp(%s), %s)
    ON CONFLICT (digest) DO UPDATE SET keep = excluded.keep, failures = excluded.failures,
      last = excluded.last, until = excluded.until, ledger = excluded.ledger"""
_DELETE: LiteralString = "DELETE FROM apppw.throttle WHERE digest = %s"
# Rows that somebody else holds are left to him: who sweeps waits for nobody.
_SWEEP: LiteralString = """
    DELETE FROM apppw.throttle WHERE digest IN (
      SELECT digest FROM apppw.throttle WHERE until < to_timestamp(%s) ORDER BY until LIMIT %s
      FOR UPDATE SKIP LOCKED)"""
_BOUND: LiteralString = """
    DELETE FROM apppw.throttle WHERE digest IN (
      SELECT digest FROM apppw.throttle WHERE NOT keep AND digest <> ALL (%s)
      ORDER BY failures DESC, last DESC OFFSET %s FOR UPDATE SKIP LOCKED)"""


class PostgresThrottleStore:
    """See ThrottleStore: a row for each subject, in which nobody's name can be read."""

    def __init__(self, database: Database, clock: Clock, most_unkept: int = MAX_UNKNOWN) -> None:
        self._database = database
        self._clock = clock
        self._most_unkept = most_unkept

    def change(
        self, rules: Mapping[str, throttle.Rule], *, keep: bool
    ) -> Mapping[str, ThrottleState]:
        digests = {subject: digest_of(self._key, subject) for subject in rules}
        states: dict[str, ThrottleState] = {}
        refusal = None
        with self._database.transaction(SUBJECT, [*digests.values()], lasting=False) as transaction:
            now = self._clock.now()
            present = {row[0]: row[1:] for row in transaction.rows(_GET, [*digests.values()])}
            for subject, digest in digests.items():
                was_kept, content = present.get(digest, (keep, "{}"))
                mark = partial(address_digest, self._key, digest)
                before = replace(throttle.parse(content), hash_address=mark)
                states[subject], refusal = throttle.applied(rules[subject], before, now)
                # An account's stays one: whoever charges does not say, since that takes time.
                keeps = keep or was_kept
                if (states[subject], keeps) != (before, was_kept):
                    row = throttle.row(states[subject])
                    if row is None:
                        transaction.write(_DELETE, digest)
                    else:
                        transaction.write(_PUT, digest, keeps, *row)
                if refusal is not None:
                    break
            self._sweep(transaction, [*digests.values()], now)
            transaction.commit()
        if refusal is not None:
            raise refusal
        return states

    def _sweep(self, transaction: DatabaseTransaction, present: list[str], now: datetime) -> None:
        """To look takes its time: so it is done now and then, whoever comes."""
        if secrets.randbelow(_BOUNDED_EVERY) == 0:
            transaction.write(_SWEEP, now.timestamp(), _SWEPT)
            transaction.write(_BOUND, present, self._most_unkept)

    @cached_property
    def _key(self) -> bytes:
        ((key,),) = self._database.rows("SELECT throttle_key FROM apppw.store")
        return bytes(key)


class PostgresProfiles:
    """See Profiles."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def in_use(self) -> Collection[Profile]:
        rows = self._database.rows("SELECT cost FROM apppw.profile")
        costs = filter(None, (parse(text) for (text,) in rows))
        bounded = [cost for cost in costs if not cost.exceeds(MOST_OF_ACCOUNTS)]
        order = sorted(bounded, key=lambda cost: (cost.memory, cost.time_cost, cost.parallelism))
        return order[:MOST_BESIDES]

    def claim(self, profile: Profile) -> None:
        with self._database.transaction(SUBJECT, [_COSTS]) as transaction:
            rows = transaction.rows("SELECT cost FROM apppw.profile")
            if (str(profile),) not in rows and len(rows) >= MOST_BESIDES:
                raise TooManyProfiles(profile)
            # Again, too: an account is about to have it, which no search has found yet.
            transaction.write(
                """INSERT INTO apppw.profile (cost, claimed) VALUES (%s, %s)
                ON CONFLICT (cost) DO UPDATE SET claimed = excluded.claimed""",
                str(profile),
                self._clock.now(),
            )
            transaction.commit()

    def settle(self, in_use: Collection[Profile], since: datetime) -> Collection[Profile]:
        with self._database.transaction(SUBJECT, [_COSTS]) as transaction:
            rows = transaction.rows(
                "DELETE FROM apppw.profile WHERE cost <> ALL (%s) AND claimed < %s RETURNING cost",
                [str(profile) for profile in in_use],
                since,
            )
            transaction.commit()
        return [profile for (text,) in rows if (profile := parse(text)) is not None]


class PostgresKeyIndex:
    """See KeyIndex."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, fingerprint: str) -> str | None:
        rows = self._database.rows(
            "SELECT account FROM apppw.ssh_key WHERE fingerprint = %s", fingerprint
        )
        return rows[0][0] if rows else None

    def put(self, fingerprint: str, account_name: str) -> None:
        self._write(
            """INSERT INTO apppw.ssh_key (fingerprint, account) VALUES (%s, %s)
            ON CONFLICT (fingerprint) DO UPDATE SET account = excluded.account""",
            fingerprint,
            account_name,
        )

    def remove(self, fingerprint: str, account_name: str) -> None:
        self._write(
            "DELETE FROM apppw.ssh_key WHERE fingerprint = %s AND account = %s",
            fingerprint,
            account_name,
        )

    def _write(self, sql: LiteralString, fingerprint: str, account_name: str) -> None:
        with self._database.transaction(SUBJECT, [fingerprint]) as transaction:
            transaction.write(sql, fingerprint, account_name)
            transaction.commit()
