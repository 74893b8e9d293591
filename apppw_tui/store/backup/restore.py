"""Brings accounts back from a backup, one under its lock after the other, while people work."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from apppw_tui.domain import deleted_ids
from apppw_tui.domain.account import Account, RawAccount
from apppw_tui.domain.app_password import RandomBelow
from apppw_tui.domain.deleted_ids import DeletedIdSet
from apppw_tui.domain.engine_ports import Aside
from apppw_tui.domain.errors import KeyMissing, Refused, StoreDamaged, StoreError
from apppw_tui.domain.key_set import KeySet, parse
from apppw_tui.domain.progress import progress
from apppw_tui.store import documents
from apppw_tui.store.backup.members import DELETED, KEY, import_account
from apppw_tui.store.backup.merge import merge_backup, opens_all, reencrypted, undecryptable
from apppw_tui.store.backup.reader import Archive, read_account
from apppw_tui.store.documents import loads
from apppw_tui.store.engine import Engine
from apppw_tui.store.fields import DocumentError, Tables


@dataclass(frozen=True)
class RestoreRules:
    """The rules of a restore: `overwrite` what is newer in the store; `dry_run` changes nothing.

    `bring_back` has app passwords that were deleted since come back, by an administrator's word.
    """

    overwrite: bool = False
    dry_run: bool = False
    bring_back: bool = False


@dataclass(frozen=True)
class RestoredAccount:
    """The result for one account, or the plan: None for `account` if it is as it was backed up.

    `stay_deleted` and `gone` are ids of app passwords: of the backup, but deleted since; and of the
    store, but not in the backup. `undecryptable` are the sealed fields that no key opens.
    """

    name: str
    account: Account | None = None
    stay_deleted: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    brought_back: frozenset[str] = frozenset()
    codes_void: bool = False
    undecryptable: tuple[str, ...] = ()


@dataclass
class Restore:
    """Restores from `archive` to `engine`.

    What is replaced goes to `aside`; `ended` is told, under the lock, of whom app passwords go.
    """

    archive: Archive
    engine: Engine
    aside: Aside
    randbelow: RandomBelow
    ended: Callable[[str], None]
    rules: RestoreRules = field(default_factory=RestoreRules)
    _deleted: DeletedIdSet = field(default_factory=DeletedIdSet)
    _read_until: int = 0
    _list_is_lost: bool = False
    _ring: KeySet | None = None
    _called: dict[str, str] | None = None

    def __post_init__(self) -> None:
        self._accounts, self._keyring = self.engine.accounts, self.engine.keyring

    def merge_deleted_ids(self) -> int:
        """Adds the backup's list of deleted ids to the store's; how many lines none can read.

        Raises:
            Refused: the backup's is missing or damaged; the store's own still counts.
            StoreError: the store's cannot be read or written.
        """
        self.engine.deleted_ids.list_waiting()
        self._read_on()
        if DELETED not in self.archive:
            return self._deleted.unreadable
        theirs = deleted_ids.parse(self.archive.read(DELETED))
        if not self.rules.dry_run and not self._list_is_lost:
            own = {uid: ids - self._deleted.of(uid) for uid, ids in theirs.ids.items()}
            self.engine.deleted_ids.merge(own)
        self._deleted.add(theirs)
        return self._deleted.unreadable

    def restore_key(self) -> bool:
        """Puts the backup's key where the store has none; True if it does, or would.

        Raises:
            KeyMissing: the store has none, and holds what the backup's does not open.
            Refused: the backup's key is damaged.
            StoreError: the store's cannot be read, or none can be written.
        """
        present = self._keyring.read()
        self._ring = parse(self.archive.read(KEY), KEY) if KEY in self.archive else None
        if self._ring is None or present is not None:
            return False
        if not all(opens_all(self._ring, account) for account in self._readable()):
            raise KeyMissing(
                f"The key of the store is missing, and the backup has another: put the store's own "
                f"back first, at {self._keyring.place}; nothing was changed."
            )
        if not self.rules.dry_run:
            with self._keyring.locked():
                if self._keyring.read() is None:
                    self._keyring.write(self._ring)
        return True

    def account(self, name: str) -> RestoredAccount:
        """Restores one account.

        Raises:
            NotFound: the backup has none of that name.
            Refused: it is damaged there, or what stands in the store is newer or somebody else's.
            StoreError: the store cannot be read or written, or its key; nothing was changed.
        """
        tables, backup = read_account(self.archive, name)
        if self.rules.dry_run:
            return self._plan(tables, backup, self._accounts.read_raw(name))[1]
        with import_account(self.engine, name, backup.uid, self.archive.find) as whole:
            tables, outcome = self._plan(tables, backup, whole)
            if outcome.account is not None:
                if whole.content is not None:
                    self.aside.keep(name, whole.content)
                if outcome.gone:
                    self.ended(name)
                whole.tables = tables
        if outcome.account is not None:
            self._index_keys(outcome.account)
        return outcome

    def _index_keys(self, account: Account) -> None:
        """Has its ssh keys recognized, as far as no other account has them by now."""
        index = self.engine.key_index
        with suppress(StoreError):  # each is found by itself when it is used
            for fingerprint in account.fingerprints:
                if index.get(fingerprint) is None:
                    index.put(fingerprint, account.name)

    def _read_on(self) -> None:
        """Reads what the store's list has more by now."""
        if self._list_is_lost:
            return
        try:
            newer = self.engine.deleted_ids.read(self._read_until)
        except StoreDamaged:
            # Nobody knows what was deleted: only who wants it back goes on.
            if not self.rules.bring_back:
                raise
            self._list_is_lost = True
            return
        self._deleted.add(newer)
        self._read_until = newer.until

    def _plan(
        self, tables: Tables, backup: Account, whole: RawAccount
    ) -> tuple[Tables, RestoredAccount]:
        name, present = backup.name, whole.account
        if present == backup:
            return tables, RestoredAccount(name)
        self._check(backup, whole)
        self._read_on()  # somebody may just have removed it
        if present is not None and present.uid != backup.uid:
            present = None  # it holds nothing
        key = None
        gone = self._deleted.of(backup.uid) | (present.deleted_ids if present else frozenset())
        account = merge_backup(
            backup, present, gone, self.randbelow, bring_back=self.rules.bring_back
        )
        if account.sealed_values():
            # Afresh, inside the lock: a rotation may have begun. On trial, no key was put there.
            key = self._keyring.read() or (self._ring if self.rules.dry_run else None)
            account = reencrypted(account, self._ring, key)
        live = {app_password.id for app_password in account.app_passwords}
        there = {app_password.id for app_password in present.app_passwords} if present else set()
        return documents.save(tables, account), RestoredAccount(
            name,
            account,
            stay_deleted=frozenset(app_password.id for app_password in backup.app_passwords) - live,
            gone=frozenset(there - live),
            brought_back=frozenset(live) & gone,
            codes_void=backup.recovery is not None,
            undecryptable=undecryptable(account, key),
        )

    def _check(self, backup: Account, whole: RawAccount) -> None:
        """Raises Refused if what stands there may not be replaced."""
        name, present = backup.name, whole.account
        if present is None:
            other = self._called_now(backup)
            if other is not None:
                raise Refused(
                    f"{name} is called {other} by now; rename that back first, if it is to come "
                    "back."
                )
            if whole.content is not None and _is_newer(whole.content):
                raise Refused(f"{name} was written by a newer apppw-tui; it was left alone.")
            return
        if present.uid != backup.uid:
            # Where Dovecot knows the passwords, whoever signs in while a lost store is brought back
            # has made a new one. Of an account that was removed here, the store knows something.
            unknown = not self._has_known(backup.uid) and self._called_now(backup) is None
            if unknown and _is_bare(present):
                return
            raise Refused(
                f"{name} is another account by now, made after the first was removed; remove it "
                "first if it is to make room."
            )
        may = self.rules.overwrite or self.rules.bring_back
        if present.version >= backup.version and not may:
            raise Refused(
                f"{name} has changed since the backup; --overwrite brings the older one back."
            )

    def _has_known(self, uid: str) -> bool:
        engine = self.engine
        return bool(self._deleted.of(uid)) or engine.usage.knows(uid) or engine.activity.knows(uid)

    def _called_now(self, backup: Account) -> str | None:
        """The other name under which the account is in the store, if there is one."""
        # Looked up once, and again for those that were there then, but are no more.
        if self._called is None or backup.uid in self._called:
            self._called = {account.uid: account.name for account in self._readable()}
        return self._called.get(backup.uid)

    def _readable(self) -> Iterator[Account]:
        """Every account of the store; of what cannot be read nobody knows."""
        everybody = self._accounts.each(lambda _name, _error: None)
        return progress(everybody, "Looking through accounts")


def _is_bare(account: Account) -> bool:
    """True of one that a sign-in has made, in which nobody has put anything yet."""
    made = Account.new(account.name, None, account.created, lambda _: account.uid)
    return account == replace(
        made, session_generation=account.session_generation, version=account.version
    )


def _is_newer(content: bytes) -> bool:
    try:
        return documents.schema(loads(content))[0] > documents.KEYS_ALONE_MAJOR
    except DocumentError:
        return False
