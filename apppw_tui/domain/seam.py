"""The narrow interface behind which accounts are kept (SAFETY 9).

Another engine, shared by many machines, implements these calls and nothing else.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import NameTaken, NotFound, StoreError

UNLISTED = (
    "It could not be put on the list of what was deleted: until the next change, a restored backup "
    "could bring it back."
)


class Change:
    """What is being changed: assign `account` its next value; leave it, and nothing is written.

    `account` is None while an account is being created.
    """

    def __init__(self, name: str, before: Account | None, uid: str | None) -> None:
        """Begins the change of `before`, which must be the account of `uid` (see Store.change).

        Raises:
            NameTaken, NotFound: it is not.
        """
        if uid is None and before is not None:
            raise NameTaken(f"There is already an account {name}.")
        if uid is not None and (before is None or before.uid != uid):
            raise NotFound(f"The account {name} is gone.")
        self._before = before
        self.account = before
        self.unlisted = False  # once written: what was deleted could not be listed as such

    @property
    def present(self) -> Account:
        """The account of a change that began with one. Raises NotFound otherwise."""
        if self.account is None:
            raise NotFound("The account is gone.")
        return self.account

    @property
    def outcome(self) -> Account | None:
        """What is to be written, its version raised; None if nothing was changed."""
        if self.account is None or self.account == self._before:
            return None
        if self._before is None:
            return self.account
        return replace(self.account, version=self._before.version + 1)


def renaming(
    account: Account, name: str, before: Account | None, there: Account | None
) -> tuple[Account, Account | None]:
    """Of a rename to `name`: `before`, which has the old one now, and what is `there`, if it may.

    Raises:
        NotFound, NameTaken: see Store.rename.
    """
    if before is None or before.uid != account.uid:
        raise NotFound(f"The account {account.name} is gone.")
    if account.name == name or (there is not None and there.uid != account.uid):
        raise NameTaken(f"There is already an account {name}.")
    return before, there


class Accounts(Protocol):
    """Accounts that are only read."""

    def read(self, name: str, /) -> Account | None:
        """The account as it stands now, or None if there is none of that name."""


def find(accounts: Accounts, names: Iterable[str]) -> Account | None:
    """The account of the first name that has one; all are read, whichever that is (SAFETY 1).

    Raises:
        StoreError: one cannot be read, and none before it is an account's.
    """
    read: list[Account | StoreError | None] = []
    for name in names:
        try:
            read.append(accounts.read(name))
        except StoreError as error:
            read.append(error)
    for one in read:
        if isinstance(one, StoreError):
            raise one
        if one is not None:
            return one
    return None


# Of the account that is renamed, and of what an earlier rename of it may have left at the name.
Rename = Callable[[Account, Account | None], Account]


class Store(Protocol):
    """Where accounts are kept. Every call may raise StoreError."""

    def read(self, account: str, /) -> Account | None:
        """The account as it stands now, or None if there is none of that name."""

    def meant(self, names: Sequence[str], /) -> str:
        """The first of the names that an account has, else the last; none is opened for that."""

    def change(self, account: str, uid: str | None) -> AbstractContextManager[Change]:
        """One change under the account's lock, written whole when the block ends, or not at all.

        `uid` is whose account it must be; None says that it is about to be created.

        Raises:
            InvalidName: `account` is not an account name.
            NotFound: the account is gone, or belongs to another uid by now; nothing is created.
            NameTaken: `uid` is None and there is already an account of that name.
            StoreBusy: the lock could not be had in time.
        """

    def version(self, account: str) -> int | None:
        """A number that every change of the account raises; None if there is no such account."""

    def names(self) -> list[str]:
        """The names of all accounts, sorted."""

    def rename(self, account: Account, name: str, step: Rename) -> Account:
        """Puts the account under another name, as `step` has it; it is never under both.

        Killed at any instant it is under the old name, the new one or, for a moment, neither: then
        `half_renamed` finds it, and this does the rest.

        Raises:
            NotFound: the account is gone.
            NameTaken: there is another account of that name.
            StoreBusy: a lock could not be had in time.
        """

    def half_renamed(self, account: str, name: str, /) -> Account | None:
        """The account whose rename to `name` was cut short where neither name has it."""

    def remove(self, account: str) -> bool:
        """Removes the account; False if its app passwords could not be listed as deleted.

        Raises NotFound if there is none.
        """
