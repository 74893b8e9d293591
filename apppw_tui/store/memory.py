"""A store that nobody can find afterwards: for `--demo`, and for tests that need no disk."""

import copy
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import NotFound, StoreDamaged
from apppw_tui.domain.names import account_name
from apppw_tui.domain.seam import Change
from apppw_tui.store import documents
from apppw_tui.store.fields import DocumentError
from apppw_tui.store.tables import Tables


class MemoryStore:
    """The same documents as in a folder, in this process alone."""

    def __init__(self) -> None:
        self._tables: dict[str, Tables] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def read(self, account: str) -> Account | None:
        tables = self._tables.get(account)
        try:
            return None if tables is None else documents.load(tables, account)
        except DocumentError as error:
            raise StoreDamaged(f"{account} cannot be read: {error}.") from None

    @contextmanager
    def change(self, account: str, uid: str | None) -> Iterator[Change]:
        account_name(account)
        with self._locks[account]:
            change = Change(account, self.read(account), uid)
            yield change
            after = change.outcome
            if after is None:
                return
            # A copy, so that whoever reads meanwhile sees the old tables or the new ones.
            tables = copy.deepcopy(self._tables.get(account))
            self._tables[account] = documents.save(tables, after)

    def version(self, account: str) -> int | None:
        found = self.read(account)
        return None if found is None else found.version

    def names(self) -> list[str]:
        return sorted(self._tables)

    def remove(self, account: str) -> None:
        with self._locks[account]:
            if self._tables.pop(account, None) is None:
                raise NotFound(f"There is no account {account}.")
