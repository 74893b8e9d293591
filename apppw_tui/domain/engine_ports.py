"""The ports of an engine that its daemon, backups, keys and notices need, besides ports.py."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.ports import Accounts, AccountStore, ActivityLog, Sealer, UsageBook
from apppw_tui.domain.scopes import Service
from apppw_tui.domain.secret import Secret

if TYPE_CHECKING:
    from apppw_tui.domain.account import Account
    from apppw_tui.domain.activity import ActivityEntry
    from apppw_tui.domain.app_password import AppPassword
    from apppw_tui.domain.deleted_ids import DeletedIdSet
    from apppw_tui.domain.key_set import KeySet
    from apppw_tui.domain.notice_text import Message


class Keyring(Sealer, Protocol):
    """The keys of a store. Every call may raise StoreError.

    A first one is made when something is sealed for the first time, and never where sealed values
    exist already.
    """

    place: str  # where the keys are kept, as a person is told

    def read(self) -> "KeySet | None":
        """The keys as they are kept now; None if there are none."""

    def require(self) -> "KeySet":
        """As `read`, for whoever has something to open. Raises KeyMissing if there are none."""

    def write(self, ring: "KeySet", /) -> None:
        """Keeps these keys from now on, in one step. Only while `locked`.

        Raises:
            StoreUnusable: nothing was changed.
            SaveUncertain: nobody knows which of the two will stay.
        """

    def require_nothing_encrypted(self) -> None:
        """Raises KeyMissing if the store holds sealed values."""

    def new_key(self) -> Secret:
        """A random key, which is kept nowhere yet."""

    def locked(self) -> AbstractContextManager[None]:
        """Nobody else writes the keys meanwhile. Raises StoreBusy.

        An account's lock may be taken inside. The other way round happens only where there is no
        key yet, and then nobody who holds this lock waits for an account.
        """


class UsageStore(UsageBook, Protocol):
    """The same, as backups need it."""

    def knows(self, uid: str, /) -> bool:
        """True if any use of the account is known. Raises StoreError."""

    def export(self, uid: str, failures: dict[str, StoreError], /) -> Mapping[str, bytes]:
        """The members of a backup that hold the account's uses.

        `failures` gets what cannot be read, by its name.
        """

    def restore(self, uid: str, content: bytes, /) -> None:
        """Takes the member of a backup, unless anything is known. Raises StoreError, OSError."""


class UsageWriter(Protocol):
    """The verifier's: keeps in memory what it hears, until `flush` writes it."""

    on_pending: Callable[[], None]  # called by whoever tells, at once

    def set_trusted(self, networks: Iterable[str], /) -> None:
        """Uses from these are not looked at for being from anywhere new."""

    def used(self, decision: "Use", service: Service | None, address: str | None, /) -> None:
        """An app password was right and good for that service. Reads nothing yet; never raises."""

    def old_password(self, name: str, service: Service | None, address: str | None, /) -> None:
        """A password of `name` was right elsewhere. Reads nothing yet; never raises."""

    def flush(self) -> bool:
        """Writes all that was heard since the last time; False if some could not be."""

    @property
    def trouble(self) -> str | None:
        """The sentence on why the last flush could not write everything; None: it could."""


class Use(Protocol):
    """Of what the verifier decides, as far as it is counted."""

    @property
    def account_name(self) -> str | None: ...

    @property
    def uid(self) -> str | None: ...

    @property
    def app_password(self) -> "AppPassword | None": ...


class CachedAccounts(Accounts, Protocol):
    """Accounts as they were parsed, and as fresh as if each was read anew."""

    most_files: int  # that it holds open

    def close(self) -> None:
        """Lets go of whatever is held."""


@runtime_checkable
class BatchedAccounts(Protocol):
    """Accounts of which many are read at once, as where each question has a long way."""

    def get_all(self, names: Collection[str], /) -> "Mapping[str, Account | StoreError]":
        """The accounts as they stand now, those that there are, or why one cannot be read.

        Raises StoreError if none can.
        """


class Snapshot(Protocol):
    """All that an engine shares, as it was at one instant. Its calls may raise StoreError."""

    def count(self) -> int:
        """The number of accounts."""

    def accounts(
        self, failures: dict[str, StoreError], /
    ) -> Iterator[tuple[str, bytes, Mapping[str, bytes]]]:
        """Every account by name: its document, and the other members of a backup.

        `failures` gets those that cannot be read, by name.
        """

    def deleted(self) -> bytes | None:
        """See DeletedIdList.export."""

    def keys(self) -> "KeySet | None":
        """See Keyring.read."""


@runtime_checkable
class SnapshotEngine(Protocol):
    """An engine that can be read as it was at one instant, while it is changed."""

    def snapshot(self) -> AbstractContextManager[Snapshot]: ...


class ActivityHistory(ActivityLog, Protocol):
    """The activity of all accounts. Its calls may raise StoreError."""

    def read_all(self) -> "list[tuple[str, ActivityEntry]]":
        """The events of everybody, each with its uid; also of accounts that are gone."""

    def knows(self, uid: str, /) -> bool:
        """True if anything was written of that account."""

    def tail(
        self, uids: frozenset[str] | None, /
    ) -> "Callable[[], list[tuple[str, ActivityEntry]]]":
        """Gives, each time it is called, the events since the last time, by time.

        `uids` are the accounts to follow; None is all of them.
        """

    def export(self, uid: str, failures: dict[str, StoreError], /) -> Mapping[str, bytes]:
        """The members of a backup that hold the account's events.

        `failures` gets what cannot be read, by its name.
        """

    def restore(self, uid: str, contents: Iterable[bytes], /) -> None:
        """Takes the members of a backup, unless something is known already."""


class DeletedIdList(Protocol):
    """The app passwords that were ever deleted, so that none is restored.

    The list only grows. Its calls may raise StoreError.
    """

    def read(self, after: int = 0, /) -> "DeletedIdSet":
        """All that was listed `after` that (see DeletedIdSet.until).

        Raises StoreDamaged where nobody knows any more what was deleted.
        """

    def merge(self, ids: Mapping[str, Collection[str]], /) -> None:
        """Adds those of each uid, for good."""

    def export(self) -> bytes | None:
        """The list as a backup has it; None if there is none."""

    def list_known(self, accounts: "Iterable[Account]", /) -> int:
        """Lists what these know as deleted, and the list does not; returns of how many ids."""

    def list_waiting(self) -> None:
        """Lists what could not be listed when accounts were removed. Never raises."""

    def list_all_waiting(self, accounts: AccountStore, /) -> bool:
        """As `list_waiting`, also of accounts that are there; False: some still waits."""


class Aside(Protocol):
    """The documents that a restore replaces."""

    @property
    def place(self) -> str | None:
        """The place that a person is told; None: nothing was replaced."""

    def keep(self, account_name: str, content: bytes, /) -> None:
        """Keeps what that account was. Raises StoreError."""


class NoticeQueue(Protocol):
    """The messages that wait until they are sent. Its methods raise StoreError."""

    def put(self, account: "Account", entry: "ActivityEntry", /) -> str:
        """Puts one message down; its file's name."""

    def due(self, now: datetime, /) -> "Iterator[Message]":
        """The messages to be sent, the oldest first."""

    def read(self, file: str, /) -> "Message | None":
        """The message as it is now; None if it is gone."""

    def keep(self, message: "Message", /) -> None:
        """Writes down what has become of it."""

    def remove(self, message: "Message", /) -> None:
        """It was sent, or never will be."""

    def alone(self) -> AbstractContextManager[bool]:
        """Within it nobody else sends; False if somebody else does."""
