"""The accounts of ssh keys in one folder: a row for each key (see KeyIndex)."""

from collections.abc import Callable
from pathlib import Path

from apppw_tui.domain.errors import StoreError
from apppw_tui.store.folder.ledger import LEDGERS, Ledger
from apppw_tui.store.folder.sqlite_file import Schema

_SCHEMA = Schema(
    1,
    """CREATE TABLE key (fingerprint TEXT PRIMARY KEY, account TEXT NOT NULL)
    WITHOUT ROWID, STRICT""",
)


class FolderKeyIndex:
    """Keeps it in `folder`/ledger; where it is damaged it is begun anew, and fills by itself."""

    def __init__(self, folder: Path, complain: Callable[[StoreError], None]) -> None:
        path = folder / LEDGERS / "ssh-keys.sqlite"
        self._ledger = Ledger(path, _SCHEMA, has_reserve=False, complain=complain)

    def get(self, fingerprint: str) -> str | None:
        rows = self._ledger.rows("SELECT account FROM key WHERE fingerprint = ?", fingerprint)
        return rows[0][0] if rows else None

    def put(self, fingerprint: str, account_name: str) -> None:
        with self._ledger.transaction() as transaction:
            transaction.write("INSERT OR REPLACE INTO key VALUES (?, ?)", fingerprint, account_name)

    def remove(self, fingerprint: str, account_name: str) -> None:
        if self.get(fingerprint) != account_name:
            return
        with self._ledger.transaction() as transaction:
            transaction.write(
                "DELETE FROM key WHERE fingerprint = ? AND account = ?", fingerprint, account_name
            )
