"""The store in one folder: one TinyDB file per account, one lock file per account."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from apppw_tui.domain import enforced
from apppw_tui.domain.account import Account, Change, RawAccount, Record, Rename, renaming
from apppw_tui.domain.activity import UNKNOWN_UID
from apppw_tui.domain.enforced import EVER, Enforcement, enforcement
from apppw_tui.domain.errors import DiskFull, NotFound, StoreDamaged, StoreError
from apppw_tui.domain.names import Name, check_account_name, escaped, is_account_name
from apppw_tui.domain.ports import each_readable, fail
from apppw_tui.store import documents
from apppw_tui.store.documents import assigned_content, dumps, loads
from apppw_tui.store.fields import DocumentError, Tables
from apppw_tui.store.folder import files
from apppw_tui.store.folder.deleted_ids import Deletions
from apppw_tui.store.folder.disk_reserve import DiskReserve
from apppw_tui.store.folder.enforced import FolderEnforcements
from apppw_tui.store.folder.files import LOCK_TIMEOUT, locked
from apppw_tui.store.folder.location import SUFFIX, UNSEALED, account_names

_SLACK = 64  # bytes; a number that gains a digit is no creation
# What cannot be read waits, as it does while the daemon answers.
_UNREADABLE = Enforcement(EVER, UNKNOWN_UID)


class FolderStore:
    """Accounts in `folder`/accounts, each changed under its own lock (SAFETY 7-11).

    `enforcements` tells who is enforced or disabled; every change keeps it right. `complain`
    hears of what could not be told there while the change went on.
    """

    def __init__(
        self,
        folder: Path,
        lock_timeout: float = LOCK_TIMEOUT,
        enforcements: Callable[[enforced.Everybody], FolderEnforcements] | None = None,
    ) -> None:
        """`enforcements` are this machine's; None: the store is opened without one."""
        self._folder = folder
        self._accounts = folder / "accounts"
        self.folders = (folder, self._accounts)
        self._locks = folder / "locks"
        self._unsealed = self._locks / UNSEALED
        self._reserve = DiskReserve(folder)
        self.deletions = Deletions(folder)
        self._lock_timeout = lock_timeout
        tell = enforcements or partial(FolderEnforcements, folder, lock_timeout=lock_timeout)
        self.enforcements = tell(self._enforced)
        self.complain: enforced.Complain = lambda _name, _error: None

    def check_folders(self) -> None:
        """Raises StoreUnusable: what is read there may be somebody else's, or there is nothing.

        Only a store that is there can say that it does not know a name; and opening a file refuses
        a link in the last step of its path alone.
        """
        for folder in self.folders:
            files.check_folder(folder)

    def get(self, account_name: str) -> Account | None:
        return self._load(account_name)[1]

    def meant(self, names: Sequence[Name]) -> Name:
        there = [os.path.lexists(self.path(name)) for name in names]  # each is looked for
        return names[there.index(True)] if any(there) else names[-1]

    @contextmanager
    def transaction(self, account_name: str, uid: str | None) -> Iterator[Change]:
        check_account_name(account_name)  # the lock and the file are named after it
        with self._lock(account_name):
            tables, before = self._load(account_name)
            change = Change(account_name, before, uid)
            yield change
            after = change.result

            def complain(name: str, error: StoreError) -> None:
                change.untold = True
                self.complain(name, error)

            if after is not None:
                with enforced.enforcement_of(
                    self.enforcements, account_name, before, after, complain
                ):
                    if before is not None and tables is not None:
                        change.unlisted = not self.deletions.record(before, after, tables)
                    self._write(after, dumps(documents.save(tables, after)))
            elif before is not None:  # whoever was killed at it has left it too strict
                self._settle(account_name, enforcement(before))
        for record in change.records:
            record()

    def read_raw(self, account_name: str) -> RawAccount:
        """The whole file of an account, even a damaged one. Raises StoreError, InvalidName.

        A link, or what is no ordinary file, is StoreDamaged as ever.
        """
        check_account_name(account_name)
        content, place = self._content(account_name), str(self.path(account_name))
        if content is None:
            return RawAccount(place, None)
        try:
            return RawAccount(place, content, documents.load(loads(content), account_name))
        except DocumentError as error:
            return RawAccount(place, content, error=error)

    @contextmanager
    def raw_transaction(self, account_name: str) -> Iterator[RawAccount]:
        """As `read_raw`, under the account's lock; writes what is assigned when the block ends.

        Raises:
            StoreDamaged: what was assigned is no account of that name.
        """
        check_account_name(account_name)
        with self._lock(account_name):
            whole = self.read_raw(account_name)
            yield whole
            if not whole.is_assigned:
                return
            content = assigned_content(whole)
            tables, after = self._loaded(account_name, content)  # what can be read again
            before = whole.account
            with enforced.enforcement_of(
                self.enforcements, account_name, before, after, self.complain
            ):
                if before is not None and whole.content is not None:
                    was = loads(whole.content)
                    self.deletions.record(before, after, tables, was)
                    content = dumps(tables)
                self._write(after, content)

    def has_accounts(self) -> bool:
        return next(self.each_name(), None) is not None

    def has_sealed_values(self) -> bool:
        if os.path.lexists(self._unsealed):
            return False
        return any(account.sealed_values() for account in self.each(fail))

    def each(self, failed: Callable[[str, StoreError], object]) -> Iterator[Account]:
        return each_readable(self, failed)

    def each_name(self) -> Iterator[str]:
        return account_names(self._folder)

    def list_names(self) -> list[str]:
        return sorted(self.each_name())

    def remove(self, account_name: str, records: Sequence[Record] = ()) -> bool:
        # Looked for first: a lock file stays for good, so none is made for any word typed.
        if not is_account_name(account_name) or self._content(account_name) is None:
            raise NotFound(f"There is no account {escaped(account_name)}.")
        with self._lock(account_name):
            listed = True
            # One that is damaged may go as well; but one that a disk does not give now may have
            # deletions, which nobody would know of any more.
            with suppress(StoreDamaged):
                present = self.get(account_name)
                listed = present is None or self.deletions.record_removal(
                    present, self.path(account_name)
                )
            if not files.remove(self.path(account_name)) and listed:
                raise NotFound(f"There is no account {account_name}.")
            self._settle(account_name, None)
        for record in records:
            record()
        return listed

    def drop(self, account_name: str) -> None:
        """Removes an account, if there is one, and lists nothing. Raises StoreError."""
        if self._content(account_name) is not None:
            with self._lock(account_name):
                files.remove(self.path(account_name))
                self._settle(account_name, None)

    def rename(
        self, account: Account, name: str, step: Rename, records: Sequence[Record] = ()
    ) -> Account:
        check_account_name(name)
        old = account.name
        again = f"{old} is renamed by half and opens nothing: rename it to {name} once more."
        with ExitStack() as stack:
            for locked_name in sorted(
                {old, name}
            ):  # lest two of these wait for each other (SAFETY 11)
                stack.enter_context(self._lock(locked_name))
            half = self._half(old, name)
            tables, before = half or self._load(old)
            present, left = renaming(account, name, before, None if half else self._load(name)[1])
            after = step(present, left)
            if left is not None:  # all that an older program left there, first under the old name
                merged = replace(after, name=old)
                with enforced.enforcement_of(
                    self.enforcements, old, present, merged, self.complain
                ):
                    content = dumps(documents.save(tables, merged))
                    self._write(merged, content)
            content = dumps(documents.save(tables, after))
            with enforced.enforcement_of(self.enforcements, name, left, after, self.complain):
                files.prepare(self.path(name), self._temporary(name), content)
                # For that moment the file says the old name, which opens nothing.
                files.succeed(self.path(old), self.path(name), self._temporary(name), half=again)
            self._settle(old, None)
        for record in records:
            record()
        return after

    def half_renamed(self, account_name: str, name: str) -> Account | None:
        return (self._half(account_name, name) or (None, None))[1]

    def _half(self, old: str, name: str) -> tuple[Tables, Account] | None:
        """The account of a rename cut short, at `name`, whose document still says the old one."""
        if not is_account_name(old) or self._content(old) is not None:
            return None
        with suppress(StoreDamaged):
            content = self._content(name) if is_account_name(name) else None
            return None if content is None else self._loaded(old, content)
        return None

    def mend_enforcements(self) -> int:
        """Makes what is told of every account right; of how many it was not. Raises StoreError."""
        from apppw_tui.domain.progress import progress  # for a first frame it is of no use

        self.enforcements.ensure_exists()
        names = sorted({*self.list_names(), *self.enforcements.names()})
        return sum(self._mended(name) for name in progress(names, "Looking through accounts"))

    def _mended(self, name: str) -> bool:
        if not self.enforcements.has_leftover(name) and self.tells_rightly(name):
            return False  # as most are: they need no lock
        with self._lock(name):
            self.enforcements.sweep(name)
            return self._settle(name, self.enforcement_wanted(name))

    def tells_rightly(self, name: str) -> bool:
        """True if what is told of that name is what its document says. Raises StoreError."""
        try:
            return self.enforcements.read(name) == self.enforcement_wanted(name)
        except StoreDamaged:
            return False

    def enforcement_wanted(self, name: str) -> Enforcement | None:
        """The enforcement to tell of that name. Raises StoreError, if nobody can tell."""
        try:
            return enforcement(self.get(name))
        except StoreDamaged:
            with suppress(StoreDamaged):
                return self.enforcements.read(name) or _UNREADABLE
            return _UNREADABLE

    def _enforced(self) -> Iterator[tuple[str, Enforcement]]:
        """Of whom something is to be told, as far as accounts can be read."""
        for name in self.list_names():
            try:
                wanted = enforcement(self.get(name))
            except StoreDamaged:
                wanted = _UNREADABLE
            if wanted is not None:
                yield name, wanted

    def _settle(self, name: str, wanted: Enforcement | None) -> bool:
        return enforced.settle(self.enforcements, name, wanted, self.complain)

    def _write(self, account: Account, content: bytes) -> None:
        """A change that takes no more room than before, a deletion above all, fits any disk.

        Any other needs a reserve that is full (SAFETY 24).
        """
        path, temporary = self.path(account.name), self._temporary(account.name)
        # The mark goes first, so that whoever is killed leaves none that is wrong.
        if os.path.lexists(self._unsealed) and account.sealed_values():
            files.remove(self._unsealed)
        if len(content) > _size(path) + _SLACK:
            # What a sign-in took of the reserve may leave a little room, which is not for this.
            self._reserve.require_full()
            files.write(path, temporary, content)
            self.deletions.make()
        else:
            try:
                files.write(path, temporary, content)
            except DiskFull:
                self._reserve.write(lambda: files.write(path, temporary, content), len(content))
            self._reserve.allocate()  # by now there may be room for what was given before
        if os.path.lexists(self._unsealed) and account.sealed_values():  # made in between
            files.remove(self._unsealed)

    def _temporary(self, account_name: str) -> Path:
        return self._accounts / f".tmp-{account_name}"

    def path(self, account_name: str) -> Path:
        """The path of that account, now or later."""
        return self._accounts / f"{account_name}{SUFFIX}"

    def _content(self, account_name: str) -> bytes | None:
        return files.read_within(self.folders, self.path(account_name))

    def _load(self, account_name: str) -> tuple[Tables | None, Account | None]:
        if not is_account_name(account_name):
            return None, None
        content = files.read_within(self.folders, self.path(account_name))
        if content is None:
            return None, None
        try:
            tables = loads(content)
            return tables, documents.load(tables, account_name)
        except DocumentError:
            return self._loaded(account_name, content)  # says why not

    def _loaded(self, account_name: str, content: bytes) -> tuple[Tables, Account]:
        try:
            tables = loads(content)
            return tables, documents.load(tables, account_name)
        except DocumentError as error:
            path = self.path(account_name)
            raise StoreDamaged(f"{path} cannot be read: {error}; it was left alone.") from None

    def _lock(self, account_name: str) -> AbstractContextManager[None]:
        """Holds the account: whoever does so may write its `_temporary`."""
        path, leftover = self._locks / f"{account_name}.lock", self._temporary(account_name)
        files.make_folders(self._accounts, self._locks)
        return locked(path, self._lock_timeout, leftover=leftover)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
