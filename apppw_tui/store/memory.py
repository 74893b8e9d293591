"""Accounts that nobody can find afterwards: for `--demo`, and for tests that need no disk."""

import copy
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from apppw_tui.domain import enforced, throttle
from apppw_tui.domain.account import Account, Change, RawAccount, Record, Rename, renaming
from apppw_tui.domain.enforced import Enforcement, enforcement
from apppw_tui.domain.errors import NotFound, StoreDamaged, StoreError
from apppw_tui.domain.names import Name, check_account_name
from apppw_tui.domain.ports import Clock, each_readable, fail
from apppw_tui.domain.throttle import ThrottleState
from apppw_tui.store import documents
from apppw_tui.store.documents import assigned_content, dumps, loads
from apppw_tui.store.fields import DocumentError, Tables

OnDeletion = Callable[[str, Collection[str]], None]


class MemoryEnforcements:
    """The same lines as in a folder's files."""

    def __init__(self) -> None:
        self._told: dict[str, Enforcement] = {}

    def read(self, name: str) -> Enforcement | None:
        return self._told.get(name)

    def write(self, name: str, told: Enforcement, *, urgent: bool) -> None:  # noqa: ARG002
        self._told[name] = told

    def remove(self, name: str) -> None:
        self._told.pop(name, None)


class MemoryStore:
    """The same documents as in a folder, in this process alone."""

    def __init__(
        self,
        on_deletion: OnDeletion = lambda _uid, _ids: None,
        enforcements: enforced.Enforcements | None = None,
    ) -> None:
        """`on_deletion` hears which ids of a uid are deleted from now on."""
        self._on_deletion = on_deletion
        self.enforcements = enforcements or MemoryEnforcements()
        self.complain: enforced.Complain = lambda _name, _error: None
        self._tables: dict[str, Tables] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def get(self, account_name: str) -> Account | None:
        tables = self._tables.get(account_name)
        try:
            return None if tables is None else documents.load(tables, account_name)
        except DocumentError as error:
            raise StoreDamaged(f"{account_name} cannot be read: {error}.") from None

    def meant(self, names: Sequence[Name]) -> Name:
        return next((name for name in names if name in self._tables), names[-1])

    @contextmanager
    def transaction(self, account_name: str, uid: str | None) -> Iterator[Change]:
        check_account_name(account_name)
        with self._locks[account_name]:
            before = self.get(account_name)
            change = Change(account_name, before, uid)
            yield change
            after = change.result
            if after is not None:
                # A copy, so that whoever reads meanwhile sees the old tables or the new ones.
                tables = documents.save(copy.deepcopy(self._tables.get(account_name)), after)
                with self._writing(account_name, before, after):
                    self._tables[account_name] = tables
            elif before is not None:
                wanted = enforcement(before)
                enforced.settle(self.enforcements, account_name, wanted, self.complain)
        for record in change.records:
            record()

    def read_raw(self, account_name: str) -> RawAccount:
        check_account_name(account_name)
        tables = self._tables.get(account_name)
        raw = RawAccount(account_name, None if tables is None else dumps(tables))
        if tables is not None:
            try:
                raw.account = documents.load(tables, account_name)
            except DocumentError as error:
                raw.error = error
        return raw

    @contextmanager
    def raw_transaction(self, account_name: str) -> Iterator[RawAccount]:
        check_account_name(account_name)
        with self._locks[account_name]:
            raw = self.read_raw(account_name)
            yield raw
            if not raw.is_assigned:
                return
            try:
                tables = loads(assigned_content(raw))
                after = documents.load(tables, account_name)
            except DocumentError as error:
                raise StoreDamaged(f"{account_name} cannot be read: {error}.") from None
            with self._writing(account_name, raw.account, after):
                self._tables[account_name] = tables

    def mend_enforcements(self) -> int:
        """Nothing can come between the two here."""
        return 0

    def has_accounts(self) -> bool:
        return bool(self._tables)

    def has_sealed_values(self) -> bool:
        return any(account.sealed_values() for account in self.each(fail))

    def each(self, failed: Callable[[str, StoreError], object]) -> Iterator[Account]:
        return each_readable(self, failed)

    def each_name(self) -> Iterator[str]:
        return iter(list(self._tables))

    def list_names(self) -> list[str]:
        return sorted(self._tables)

    def rename(
        self, account: Account, name: str, step: Rename, records: Sequence[Record] = ()
    ) -> Account:
        check_account_name(name)
        with ExitStack() as stack:
            for locked_name in sorted({account.name, name}):
                stack.enter_context(self._locks[locked_name])
            present, left = renaming(account, name, self.get(account.name), self.get(name))
            after = step(present, left)
            tables = documents.save(copy.deepcopy(self._tables[account.name]), after)
            with self._writing(name, left, after):
                del self._tables[account.name]
                self._tables[name] = tables
            enforced.settle(self.enforcements, account.name, None, self.complain)
        for record in records:
            record()
        return after

    def half_renamed(self, account_name: str, name: str) -> None:
        """Never: here it is one step."""

    def drop(self, account_name: str) -> None:
        """Removes an account, if there is one, and lists nothing."""
        with self._locks[account_name]:
            self._tables.pop(account_name, None)
            enforced.settle(self.enforcements, account_name, None, self.complain)

    def remove(self, account_name: str, records: Sequence[Record] = ()) -> bool:
        with self._locks[account_name]:
            if account_name not in self._tables:
                raise NotFound(f"There is no account {account_name}.")
            account = self.read_raw(account_name).account
            if account is not None:  # one that cannot be read may go as well
                self._on_deletion(account.uid, account.used_ids)
            del self._tables[account_name]
            enforced.settle(self.enforcements, account_name, None, self.complain)
        for record in records:
            record()
        return True

    @contextmanager
    def _writing(self, account_name: str, before: Account | None, after: Account) -> Iterator[None]:
        """Around the writing of `after`: what goes with it is told."""
        told = enforced.enforcement_of(
            self.enforcements, account_name, before, after, self.complain
        )
        with told:
            if before is not None:
                self._on_deletion(after.uid, after.deleted_ids - before.deleted_ids)
            yield


class MemoryThrottleStore:
    """Counters of this process alone."""

    def __init__(self, clock: Clock, most_unkept: int = throttle.MAX_UNKNOWN) -> None:
        self._clock = clock
        self._most_unkept = most_unkept
        self._states: dict[str, tuple[ThrottleState, bool]] = {}  # and if it is an account's
        self._lock = threading.Lock()

    def change(
        self, rules: Mapping[str, throttle.Rule], *, keep: bool
    ) -> Mapping[str, ThrottleState]:
        states = {}
        with self._lock:
            now = self._clock.now()
            for subject, rule in rules.items():
                before, was_kept = self._states.get(subject, (ThrottleState(), keep))
                states[subject], refusal = throttle.applied(rule, before, now)
                if (states[subject], keep) != (before, was_kept):
                    self._states[subject] = (states[subject], keep or was_kept)
                    self._bound(subject)
                if refusal is not None:
                    raise refusal
        return states

    def _bound(self, subject: str) -> None:
        """Drops names that nobody has, never the one that is being charged."""
        unkept = [name for name, (_, is_kept) in self._states.items() if not is_kept]
        others = sorted(
            (name for name in unkept if name != subject),
            key=lambda name: self._states[name][0].rank,
        )
        for name in others[: max(0, len(unkept) - self._most_unkept)]:
            del self._states[name]
