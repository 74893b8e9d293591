"""The accounts: a row for each, with its document as text, byte for byte."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, LiteralString

from apppw_tui.domain import enforced
from apppw_tui.domain.account import Account, Change, RawAccount, Record, Rename, renaming
from apppw_tui.domain.activity import UNKNOWN_UID
from apppw_tui.domain.enforced import EVER, Enforcement, Everybody, enforcement
from apppw_tui.domain.errors import NotFound, StoreBusy, StoreDamaged, StoreError
from apppw_tui.domain.names import Name, check_account_name, escaped, is_account_name
from apppw_tui.domain.progress import progress
from apppw_tui.store import documents
from apppw_tui.store.documents import assigned_content, dumps
from apppw_tui.store.fields import DocumentError
from apppw_tui.store.postgres.database import ACCOUNT, Database, DatabaseTransaction
from apppw_tui.store.postgres.errors import BUSY
from apppw_tui.store.postgres.held_accounts import parsed, parsed_tables, without_secrets
from apppw_tui.store.postgres.machines import have_settled

if TYPE_CHECKING:
    from apppw_tui.store.folder.enforced import FolderEnforcements

_AT_ONCE = 200  # accounts that are read in one statement
_INSERT = """
    INSERT INTO apppw.account (name, uid, version, sealed, doc, verifying)
    VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
# A lock that did not hold, as some databases that pass for this one have, must not lose a change.
_UPDATE = """
    UPDATE apppw.account SET name = %s, uid = %s, version = %s, sealed = %s, doc = %s,
      verifying = %s WHERE name = %s AND uid = %s AND version = %s"""
_LIST_DELETED = """
    INSERT INTO apppw.deleted (uid, id) SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING"""


class PostgresAccounts:
    """See AccountStore. `complain` hears of what could not be told of who is enforced."""

    def __init__(
        self,
        database: Database,
        enforcements: "Callable[[Everybody], FolderEnforcements]",
        *,
        by_daemon: bool = False,
    ) -> None:
        """`by_daemon`: reads what the daemon's role may read."""
        self._database = database
        self._one, self._batch = (_ONE_VERIFYING, _BATCH_VERIFYING) if by_daemon else (_ONE, _BATCH)
        self.enforcements = enforcements(self._enforced)
        self.complain: enforced.Complain = lambda _name, _error: None

    def get(self, account_name: str) -> Account | None:
        if not is_account_name(account_name):
            return None
        rows = self._database.rows(self._one, account_name)
        return parsed(account_name, rows[0][0]) if rows else None

    def meant(self, names: Sequence[Name]) -> Name:
        rows = self._database.rows(
            "SELECT name FROM apppw.account WHERE name = ANY (%s)", [str(name) for name in names]
        )
        there = {name for (name,) in rows}
        return next((name for name in names if name in there), names[-1])

    @contextmanager
    def transaction(self, account_name: str, uid: str | None) -> Iterator[Change]:
        check_account_name(account_name)
        with self._locked(account_name) as transaction:
            content = _content(transaction, account_name)
            before = None if content is None else parsed(account_name, content)
            change = Change(account_name, before, uid)
            with self._database.joinable(transaction):
                yield change
            after = change.result
            if after is None:
                self._commit(transaction, change.records)
                if before is not None:  # whoever was killed at it has left it too strict
                    self._settle(account_name, before)
                return

            def complain(name: str, error: StoreError) -> None:
                change.untold = True
                self.complain(name, error)

            tables = documents.save(None if content is None else parsed_tables(content), after)
            written = dumps(tables).decode()
            with enforced.enforcement_of(self.enforcements, account_name, before, after, complain):
                _write(transaction, before, after, written)
                self._commit(transaction, change.records)

    def read_raw(self, account_name: str) -> RawAccount:
        check_account_name(account_name)
        rows = self._database.rows(_ONE, account_name)
        return _raw(account_name, rows[0][0] if rows else None)

    @contextmanager
    def raw_transaction(self, account_name: str) -> Iterator[RawAccount]:
        check_account_name(account_name)
        with self._locked(account_name) as transaction:
            raw = _raw(account_name, _content(transaction, account_name))
            with self._database.joinable(transaction):
                yield raw
            if not raw.is_assigned:
                return
            content = _text(account_name, assigned_content(raw))
            before, after = raw.account, parsed(account_name, content)
            with enforced.enforcement_of(
                self.enforcements, account_name, before, after, self.complain
            ):
                if before is None or before.uid != after.uid:  # there may be a damaged one
                    transaction.write("DELETE FROM apppw.account WHERE name = %s", account_name)
                    if before is not None or raw.content is not None:
                        have_settled(transaction, account_name)
                    before = None
                _write(transaction, before, after, content)
                transaction.commit()

    def mend_enforcements(self) -> int:
        self.enforcements.ensure_exists()
        # What another machine has changed is not told here yet.
        wrong = self.enforcements.names()
        everybody = self.each(lambda name, _error: wrong.add(name))
        for account in progress(everybody, "Looking through accounts"):
            if self._tells_rightly(account):
                wrong.discard(account.name)
            else:
                wrong.add(account.name)
        return sum(map(self.mend_enforcement, sorted(wrong)))

    def _tells_rightly(self, account: Account) -> bool:
        with suppress(StoreDamaged):
            present = self.enforcements.read(account.name)
            leftover = self.enforcements.has_leftover(account.name)
            return present == enforcement(account) and not leftover
        return False

    def mend_enforcement(self, name: str, complain: enforced.Complain | None = None) -> bool:
        """Makes what is told of that name right; False if it was. Raises StoreError.

        `complain` hears of what could not be told, and may raise; None: as of any other change.
        """
        with self._locked(name) as transaction:
            self.enforcements.sweep(name)
            raw = _raw(name, _content(transaction, name, self._one))
            wanted = enforcement(raw.account)
            if raw.error is not None:  # what cannot be read waits, as while the daemon answers
                wanted = Enforcement(EVER, UNKNOWN_UID)
            return enforced.settle(self.enforcements, name, wanted, complain or self.complain)

    def has_accounts(self) -> bool:
        return bool(self._database.rows("SELECT 1 FROM apppw.account LIMIT 1"))

    def has_sealed_values(self) -> bool:
        return bool(self._database.rows("SELECT 1 FROM apppw.account WHERE sealed LIMIT 1"))

    def each(self, failed: Callable[[str, StoreError], object]) -> Iterator[Account]:
        for rows in self._batches(self._batch):
            for name, content in rows:
                try:
                    account = parsed(name, content)
                except StoreError as error:
                    failed(name, error)
                else:
                    yield account

    def each_name(self) -> Iterator[str]:
        for rows in self._batches(
            "SELECT name FROM apppw.account WHERE name > %s ORDER BY name LIMIT %s"
        ):
            for (name,) in rows:
                yield name

    def list_names(self) -> list[str]:
        return [
            name
            for (name,) in self._database.many_rows("SELECT name FROM apppw.account ORDER BY name")
        ]

    def rename(
        self, account: Account, name: str, step: Rename, records: Sequence[Record] = ()
    ) -> Account:
        check_account_name(name)
        old = account.name
        with self._locked(old, name) as transaction:
            contents = [_content(transaction, each) for each in (old, name)]
            before, there = (
                None if content is None else parsed(each, content)
                for each, content in zip((old, name), contents, strict=True)
            )
            present, left = renaming(account, name, before, there)
            after = step(present, left)
            content = dumps(documents.save(parsed_tables(contents[0] or ""), after)).decode()
            with enforced.enforcement_of(self.enforcements, name, left, after, self.complain):
                _write(transaction, present, after, content)
                if enforcement(present) or enforcement(after):
                    have_settled(transaction, old, name)
                self._commit(transaction, records)
            self._settle(old, None)
        return after

    def half_renamed(self, account_name: str, name: str) -> None:
        """Never: here it is one statement."""

    def remove(self, account_name: str, records: Sequence[Record] = ()) -> bool:
        if not is_account_name(account_name):
            raise NotFound(f"There is no account {escaped(account_name)}.")
        with self._locked(account_name) as transaction:
            content = _content(transaction, account_name)
            if content is None:
                raise NotFound(f"There is no account {account_name}.")
            account = _raw(account_name, content).account
            if account is not None:  # one that cannot be read may go as well
                _list_deleted(transaction, account.uid, account.used_ids)
            transaction.write("DELETE FROM apppw.account WHERE name = %s", account_name)
            if account is None or enforcement(account):
                have_settled(transaction, account_name)
            self._commit(transaction, records)
            self._settle(account_name, None)
        return True

    def drop(self, account_name: str, uid: str | None) -> None:
        """Removes an account, if there is one, and all of `uid`; lists nothing."""
        with self._locked(account_name) as transaction:
            transaction.write("DELETE FROM apppw.account WHERE name = %s", account_name)
            transaction.write("DELETE FROM apppw.activity WHERE uid = %s", uid)
            have_settled(transaction, account_name)
            transaction.commit()
            self._settle(account_name, None)

    @contextmanager
    def _locked(self, *names: str) -> Iterator[DatabaseTransaction]:
        """A transaction on these accounts, which nobody on any machine changes meanwhile.

        The machine's own lock outlasts the commit: until what is enforced is told.
        """
        with (
            self.enforcements.locked(*names),
            self._database.transaction(ACCOUNT, names) as transaction,
        ):
            yield transaction

    def _commit(self, transaction: DatabaseTransaction, records: Sequence[Record]) -> None:
        with self._database.joinable(transaction):
            for record in records:
                record()
        transaction.commit()

    def _settle(self, name: str, account: Account | None) -> None:
        enforced.settle(self.enforcements, name, enforcement(account), self.complain)

    def _enforced(self) -> Iterator[tuple[str, Enforcement]]:
        """Of whom something is to be told, as far as accounts can be read."""
        for account in self.each(self.complain):
            wanted = enforcement(account)
            if wanted is not None:
                yield account.name, wanted

    def _batches(self, sql: LiteralString) -> Iterator[list[tuple[Any, ...]]]:
        """Rows by name, each batch by a statement of its own: nothing is held between them."""
        last = ""
        while rows := self._database.rows(sql, last, _AT_ONCE):
            yield rows
            last = rows[-1][0]


_ONE: LiteralString = "SELECT doc::text FROM apppw.account WHERE name = %s"
_ONE_VERIFYING: LiteralString = "SELECT verifying::text FROM apppw.account WHERE name = %s"
_BATCH: LiteralString = (
    "SELECT name, doc::text FROM apppw.account WHERE name > %s ORDER BY name LIMIT %s"
)
_BATCH_VERIFYING: LiteralString = (
    "SELECT name, verifying::text FROM apppw.account WHERE name > %s ORDER BY name LIMIT %s"
)


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise StoreDamaged(f"{name} cannot be read: it is not UTF-8; it was left alone.") from None


def _raw(name: str, content: str | None) -> RawAccount:
    if content is None:
        return RawAccount(name, None)
    raw = RawAccount(name, content.encode())
    try:
        raw.account = documents.load(parsed_tables(content), name)
    except DocumentError as error:
        raw.error = error
    return raw


def _content(transaction: DatabaseTransaction, name: str, sql: LiteralString = _ONE) -> str | None:
    if not is_account_name(name):
        return None
    rows = transaction.rows(sql, name)
    return None if not rows else str(rows[0][0])


def _write(
    transaction: DatabaseTransaction, before: Account | None, after: Account, content: str
) -> None:
    """Puts `after` in the place of `before`, and lists what is deleted by that."""
    row = (
        *(after.name, after.uid, after.version, bool(after.sealed_values())),
        *(content, dumps(without_secrets(parsed_tables(content))).decode()),
    )
    if before is None:
        written = transaction.write(_INSERT, *row)
    else:
        _list_deleted(transaction, after.uid, after.deleted_ids - before.deleted_ids)
        written = transaction.write(_UPDATE, *row, before.name, before.uid, before.version)
    if written != 1:
        raise StoreBusy(BUSY)
    if enforcement(before) != enforcement(after):
        have_settled(transaction, after.name)


def _list_deleted(transaction: DatabaseTransaction, uid: str, ids: Collection[str]) -> None:
    if ids:
        transaction.write(_LIST_DELETED, uid, sorted(ids))
