"""The keys of a store in its database, each sealed under the key file of the machines.

The database alone opens nothing, nor does a backup of it. All machines have the same file: an
administrator copies it, once.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from apppw_tui.domain.engine_ports import Keyring
from apppw_tui.domain.errors import DecryptionFailed, KeyMissing
from apppw_tui.domain.key_set import KeptKeys, KeySet
from apppw_tui.domain.secret import Secret
from apppw_tui.store.postgres.connection import RowReader
from apppw_tui.store.postgres.database import RING, Database

_NOBODY, _FIELD = "0" * 32, "key ring"  # no account's, so that no account's value is taken for one


class PostgresKeyring(KeptKeys):
    """See Keyring. `wrapping` are the keys in this machine's file."""

    def __init__(
        self,
        database: Database,
        wrapping: Keyring,
        sealed_exists: Callable[[], bool],
        randbytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        super().__init__(wrapping.place, sealed_exists, randbytes)
        self._database = database
        self._wrapping = wrapping

    def read(self) -> KeySet | None:
        return unwrapped_keys(self._database, self._wrapping)

    def write(self, ring: KeySet) -> None:
        wrapped = [self._wrapping.encrypt(_NOBODY, _FIELD, key).encode() for key in ring.keys]
        with self._database.transaction() as transaction:
            transaction.write("DELETE FROM apppw.ring")
            transaction.write_many(
                "INSERT INTO apppw.ring (position, wrapped) VALUES (%s, %s)", [*enumerate(wrapped)]
            )
            transaction.commit()

    @contextmanager
    def locked(self) -> Iterator[None]:
        with self._database.transaction(RING, [""]):
            yield


def unwrapped_keys(reader: RowReader, wrapping: Keyring) -> KeySet | None:
    """See Keyring.read; `wrapping` are the keys in this machine's file. Raises StoreError."""
    rows = reader.rows("SELECT wrapped FROM apppw.ring ORDER BY position")
    return KeySet(tuple(_unwrapped(wrapping, bytes(row[0])) for row in rows)) if rows else None


def _unwrapped(wrapping: Keyring, wrapped: bytes) -> Secret:
    try:
        return wrapping.decrypt(_NOBODY, _FIELD, wrapped.decode("ascii", "replace"))
    except DecryptionFailed:
        raise KeyMissing(
            f"{wrapping.place} is not the key under which the database keeps its own: "
            "copy that of another machine."
        ) from None


def ring_exists(database: Database) -> bool:
    """True if a key file is needed: then no machine may make one of its own."""
    return bool(database.rows("SELECT 1 FROM apppw.ring LIMIT 1"))
