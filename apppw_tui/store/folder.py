"""The store in one folder: one TinyDB file per account, one lock file per account."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import DiskFull, NotFound, StoreDamaged
from apppw_tui.domain.names import account_name, is_account_name, shown
from apppw_tui.domain.seam import Change
from apppw_tui.store import documents, files
from apppw_tui.store.fields import DocumentError
from apppw_tui.store.locking import LOCK_TIMEOUT, locked
from apppw_tui.store.reserve import Reserve
from apppw_tui.store.tables import Tables

_SUFFIX = ".json"
_SLACK = 64  # bytes; a number that gains a digit is no creation


class FolderStore:
    """Accounts in `folder`/accounts, each changed under its own lock (SAFETY 7-11)."""

    def __init__(self, folder: Path, lock_timeout: float = LOCK_TIMEOUT) -> None:
        self._accounts = folder / "accounts"
        self._locks = folder / "locks"
        self._reserve = Reserve(folder)
        self._lock_timeout = lock_timeout

    def read(self, account: str) -> Account | None:
        return self._load(account)[1]

    @contextmanager
    def change(self, account: str, uid: str | None) -> Iterator[Change]:
        account_name(account)  # the lock and the file are named after it
        with self._lock(account):
            temporary = self._accounts / f".tmp-{account}"
            files.remove_leftover(temporary)
            tables, before = self._load(account)
            change = Change(account, before, uid)
            yield change
            after = change.outcome
            if after is None:
                return
            self._write(account, temporary, _encoded(documents.save(tables, after)))

    def version(self, account: str) -> int | None:
        found = self.read(account)
        return None if found is None else found.version

    def names(self) -> list[str]:
        files.check_folder(self._accounts)
        try:
            found = [path.name.removesuffix(_SUFFIX) for path in self._accounts.glob(f"*{_SUFFIX}")]
        except OSError as error:
            raise files.unusable(self._accounts, error) from None
        return sorted(name for name in found if is_account_name(name))

    def remove(self, account: str) -> None:
        # Looked for first: a lock file stays for good, so none is made for any word typed.
        if not is_account_name(account) or self._content(account) is None:
            raise NotFound(f"There is no account {shown(account)}.")
        with self._lock(account):
            files.remove_leftover(self._accounts / f".tmp-{account}")
            if not files.remove(self.path(account)):
                raise NotFound(f"There is no account {account}.")

    def _write(self, account: str, temporary: Path, content: bytes) -> None:
        """A change that takes no more room than before, a deletion above all, fits any disk."""
        path = self.path(account)
        grows = len(content) > _size(path) + _SLACK
        try:
            files.write(path, temporary, content)
        except DiskFull:
            if grows or not self._reserve.release():
                raise
            files.write(path, temporary, content)
        else:
            if grows:
                self._reserve.keep()

    def path(self, account: str) -> Path:
        """Where that account is, or would be."""
        return self._accounts / f"{account}{_SUFFIX}"

    def _content(self, account: str) -> bytes | None:
        # Only a store that is there can say that it does not know a name; and opening the file
        # refuses a link in the last step of its path alone.
        files.check_folder(self._accounts)
        return files.read(self.path(account))

    def _load(self, account: str) -> tuple[Tables | None, Account | None]:
        if not is_account_name(account):
            return None, None
        path = self.path(account)
        content = self._content(account)
        if content is None:
            return None, None
        try:
            tables: Any = json.loads(content) if content.strip() else None
            if tables is None:
                raise DocumentError("it is empty")
            return tables, documents.load(tables, account)
        except (ValueError, RecursionError) as error:
            known = isinstance(error, DocumentError)
            reason = str(error) if known else "it is not JSON"
            raise StoreDamaged(f"{path} cannot be read: {reason}; it was left alone.") from None

    @contextmanager
    def _lock(self, account: str) -> Iterator[None]:
        for folder in (self._accounts, self._locks):
            files.make_folder(folder)
        with locked(self._locks / f"{account}.lock", self._lock_timeout):
            yield


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _encoded(tables: Tables) -> bytes:
    try:
        return json.dumps(tables, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        # What a newer schema keeps may hold half a surrogate pair, which only JSON can spell.
        return json.dumps(tables).encode()
