"""Account passwords that something else keeps: what it is asked, and what it may answer."""

from dataclasses import dataclass
from typing import Protocol

from apppw_tui.domain.secret import Secret


@dataclass(frozen=True)
class Said:
    """Whether a password is `right`, and whom the source takes the name for, if it said so."""

    right: bool
    name: str | None = None  # as it came: perhaps no account name at all


class PasswordSource(Protocol):
    """Knows the account passwords."""

    def ask(self, name: str, password: Secret, address: str, /) -> Said:
        """Whether `password` is that of `name`, who comes from `address`. May block.

        It is asked with the password as it was typed: what its hash was made of is not ours to say.

        Raises:
            PasswordSourceDown: it cannot be told now; says nothing about the password.
        """


@dataclass(frozen=True)
class AccountSource:
    """Where account passwords are kept, if not in the store.

    `change_at` ends the sentence "Change it ...". With `require_add`, nobody gets an account by
    the right password alone.
    """

    passwords: PasswordSource
    change_at: str
    require_add: bool = False

    @property
    def sentence(self) -> str:
        """Said wherever a password would be changed."""
        return f"The account password is not kept here. Change it {self.change_at}."
