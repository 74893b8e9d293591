"""The tables of a database, as data: made once by whoever owns them, for two roles (SAFETY 9).

Whatever is followed by several machines has `xact`, the transaction that wrote the row: numbers of
a sequence are committed in any order, so that "all after this number" would miss some for ever.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, LiteralString

from apppw_tui.domain.errors import StoreUnusable

PORTAL, VERIFIER = "apppw_portal", "apppw_verifier"  # the roles, where they exist
# A newer minor is worked with, as one of a document is; nobody works with another major.
MAJOR, MINOR = 1, 0

# The text of documents is kept byte for byte: json, never jsonb, which refuses some of it.
TABLES: tuple[LiteralString, ...] = (
    "CREATE SCHEMA apppw",
    """CREATE TABLE apppw.store (
      one boolean PRIMARY KEY DEFAULT true CHECK (one), major int NOT NULL, minor int NOT NULL,
      throttle_key bytea NOT NULL)""",
    # `verifying` is the document without all that the daemon has no use for: see held_accounts.py.
    """CREATE TABLE apppw.account (
      name text COLLATE "C" PRIMARY KEY,
      uid text COLLATE "C" NOT NULL UNIQUE CHECK (uid ~ '^[0-9a-f]{32}$'),
      version bigint NOT NULL, sealed boolean NOT NULL, doc json NOT NULL,
      verifying json NOT NULL)""",
    "CREATE INDEX account_sealed ON apppw.account (name) WHERE sealed",
    """CREATE TABLE apppw.deleted (
      uid text COLLATE "C", id text COLLATE "C", at timestamptz NOT NULL DEFAULT now(),
      xact xid8 NOT NULL DEFAULT pg_current_xact_id(), PRIMARY KEY (uid, id))""",
    "CREATE INDEX deleted_xact ON apppw.deleted (xact)",
    # An id of '' is the old password; a service that was not told is ''.
    """CREATE TABLE apppw.used (
      uid text COLLATE "C" REFERENCES apppw.account (uid) ON DELETE CASCADE
        DEFERRABLE INITIALLY DEFERRED, id text COLLATE "C",
      time timestamptz NOT NULL, service text COLLATE "C", address text,
      PRIMARY KEY (uid, id, service)) WITH (fillfactor = 70)""",
    """CREATE TABLE apppw.uses (
      uid text COLLATE "C" REFERENCES apppw.account (uid) ON DELETE CASCADE
        DEFERRABLE INITIALLY DEFERRED, id text COLLATE "C",
      day date, service text COLLATE "C", n int NOT NULL,
      PRIMARY KEY (uid, id, day, service)) WITH (fillfactor = 70)""",
    """CREATE TABLE apppw.network (
      uid text COLLATE "C" REFERENCES apppw.account (uid) ON DELETE CASCADE
        DEFERRABLE INITIALLY DEFERRED, network text,
      time timestamptz NOT NULL, PRIMARY KEY (uid, network)) WITH (fillfactor = 70)""",
    "CREATE TABLE apppw.mark (name text PRIMARY KEY, time timestamptz NOT NULL)",
    # Since when a copy into these tables is not finished. No daemon's to write, as marks are: while
    # there is a row, nobody works with them.
    "CREATE TABLE apppw.copy (began timestamptz NOT NULL)",
    # A sequence of its own: an identity cannot stand in a partitioned table before version 17.
    "CREATE SEQUENCE apppw.event",
    """CREATE TABLE apppw.activity (
      seq bigint NOT NULL DEFAULT nextval('apppw.event'), uid text COLLATE "C" NOT NULL,
      time timestamptz NOT NULL, what text NOT NULL, by text NOT NULL, facts json NOT NULL,
      xact xid8 NOT NULL DEFAULT pg_current_xact_id()) PARTITION BY RANGE (time)""",
    "CREATE TABLE apppw.activity_other PARTITION OF apppw.activity DEFAULT",
    "CREATE INDEX activity_uid ON apppw.activity (uid, time)",
    "CREATE INDEX activity_xact ON apppw.activity (xact)",
    """CREATE TABLE apppw.throttle (
      digest text COLLATE "C" PRIMARY KEY, keep boolean NOT NULL, failures int NOT NULL,
      last timestamptz NOT NULL, until timestamptz, ledger json NOT NULL)
      WITH (fillfactor = 70)""",
    "CREATE INDEX throttle_unkept ON apppw.throttle (failures, last) WHERE NOT keep",
    "CREATE INDEX throttle_until ON apppw.throttle (until) WHERE until IS NOT NULL",
    # A hint, and no part of an account: see KeyIndex.
    """CREATE TABLE apppw.ssh_key (
      fingerprint text COLLATE "C" PRIMARY KEY, account text COLLATE "C" NOT NULL)""",
    "CREATE TABLE apppw.profile (cost text PRIMARY KEY, claimed timestamptz NOT NULL)",
    """CREATE TABLE apppw.machine (
      name text PRIMARY KEY, seen timestamptz NOT NULL, program text NOT NULL,
      kicks boolean NOT NULL, instance text)""",
    """CREATE TABLE apppw.ending (
      machine text REFERENCES apppw.machine ON DELETE CASCADE, account text,
      at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (machine, account))""",
    # Of whom a machine is to tell anew what is enforced; `xact` is that of the last change.
    """CREATE TABLE apppw.settling (
      machine text REFERENCES apppw.machine ON DELETE CASCADE, account text,
      xact xid8 NOT NULL DEFAULT pg_current_xact_id(), PRIMARY KEY (machine, account))""",
    """CREATE TABLE apppw.notice (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, uid text NOT NULL,
      account text NOT NULL, entry json NOT NULL)""",
    "CREATE INDEX notice_uid ON apppw.notice (uid)",
    """CREATE TABLE apppw.ring (
      position int PRIMARY KEY, wrapped bytea NOT NULL, made timestamptz NOT NULL DEFAULT now())""",
)

_NAMES = [match[1] for text in TABLES if (match := re.match(r"CREATE TABLE apppw\.(\w+)", text))]
# A partition that lacks is another matter, and so is what somebody else has put there.
_LACKING: LiteralString = """
    SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass('apppw.' || name) IS NULL"""

# From a major to the next one; there has been no second yet.
STEPS: Mapping[int, tuple[LiteralString, ...]] = {}

# Neither role owns a table: what is listed as deleted stays listed, whoever takes over a portal.
GRANTS: dict[str, tuple[LiteralString, ...]] = {
    PORTAL: (
        "USAGE ON SCHEMA apppw",
        "USAGE ON SEQUENCE apppw.event",
        "SELECT ON apppw.store",
        "SELECT, INSERT ON apppw.deleted",
        "SELECT, INSERT, DELETE ON apppw.copy",
        "SELECT, INSERT, DELETE ON apppw.activity",
        """SELECT, INSERT, UPDATE, DELETE ON apppw.account, apppw.used, apppw.uses, apppw.network,
        apppw.mark, apppw.throttle, apppw.ssh_key, apppw.profile, apppw.machine, apppw.ending,
        apppw.settling, apppw.notice, apppw.ring""",
    ),
    # The daemon knows no account password and opens nothing that is sealed.
    VERIFIER: (
        "USAGE ON SCHEMA apppw",
        "USAGE ON SEQUENCE apppw.event",
        "SELECT (one, major, minor) ON apppw.store",
        "SELECT ON apppw.copy",
        "SELECT (name, uid, version, verifying) ON apppw.account",
        """SELECT, INSERT, UPDATE, DELETE ON apppw.used, apppw.uses, apppw.network, apppw.mark,
        apppw.machine, apppw.ending, apppw.settling""",
        "SELECT, INSERT ON apppw.activity",
        "INSERT, SELECT (seq, uid) ON apppw.notice",
    ),
}


def lacking(rows: Callable[..., list[Any]]) -> list[str]:
    """The tables that are not there; `rows` reads by a statement and its values."""
    return [name for (name,) in rows(_LACKING, _NAMES)]


def require_whole(names: list[str]) -> None:
    """Raises StoreUnusable if tables of these names lack: nobody can tell what stood there."""
    if names:
        be = "is" if len(names) == 1 else "are"
        raise StoreUnusable(
            f"The tables are not whole: {', '.join(names)} {be} missing.",
            "Restore the database from a backup, or bring back the name of what was renamed.",
        )


def exist(names: list[str]) -> bool:
    """True if there is any table, `names` being those that lack."""
    return len(names) < len(_NAMES)


def major_in(rows: list[Any]) -> int:
    """The major that `apppw.store` tells. Raises StoreUnusable, if it tells none."""
    if not rows:
        raise StoreUnusable(
            "The tables are not whole: store is empty.", "Restore the database from a backup."
        )
    return int(rows[0][0])


def require_major(major: int, wanted: int = MAJOR) -> None:
    """Raises StoreUnusable if the tables are not of the major that is `wanted`."""
    if major > wanted:
        raise StoreUnusable(
            f"The database is of schema {major}, of a newer apppw-tui; this one reads {wanted}.",
            "Install the newer one on this machine, too.",
        )
    if major < wanted:
        raise StoreUnusable(
            f"The database is of schema {major}; this program reads {wanted}.",
            "Migrate it, as the owner of the tables: apppw-tui store migrate --dsn DSN",
        )
