"""One change of an account, as every engine makes it: its next value, and what goes with it."""

from collections.abc import Callable
from dataclasses import replace

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import NameTaken, NotFound

UNTOLD = (
    "It is done, but the store's folder enforced, which Dovecot reads while the daemon is silent, "
    "could not be made to say so; see: apppw-tui doctor"
)
# Short, since a screen says it in one line after what was deleted.
UNLISTED = "Until the next change a restored backup could bring it back."
# Of the account that is renamed, and of what an earlier rename of it may have left at the name.
Rename = Callable[[Account, Account | None], Account]


class Change:
    """The account being changed: assign `account` its next value; leave it, and nothing is written.

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
        self.untold = False  # once written: Dovecot's Lua could not be told of who is enforced

    @property
    def existing(self) -> Account:
        """The account of a change that began with one. Raises NotFound otherwise."""
        if self.account is None:
            raise NotFound("The account is gone.")
        return self.account

    @property
    def result(self) -> Account | None:
        """The account to be written, its version raised; None if nothing was changed."""
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
