"""The ports of integrations: account passwords kept elsewhere, codes, notices.

Each call says what it raises. The parts of a configuration that are off: see switched_off.py.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from apppw_tui.domain.ports import DeliveryMethod
from apppw_tui.domain.secret import Secret

if TYPE_CHECKING:
    from apppw_tui.domain.account import Account
    from apppw_tui.domain.activity import ActivityEntry


@dataclass(frozen=True)
class PasswordReply:
    """The answer of a source.

    Is the password `valid`, and whom it takes the name for, if it said so.
    """

    valid: bool
    name: str | None = None  # as it came: perhaps no account name at all


class PasswordBackend(Protocol):
    """Knows the account passwords."""

    def check(self, name: str, password: Secret, address: str, /) -> PasswordReply:
        """Asks for the password of `name`, who comes from `address`. May block.

        It is asked with the password as it was typed: what its hash was made of is not ours to say.

        Raises:
            PasswordBackendDown: it cannot be told now; says nothing about the password.
        """


@dataclass(frozen=True)
class ExternalPasswords:
    """The keeper of account passwords, if that is not the store.

    `change_at` ends the sentence "Change it ...". With `require_add`, nobody gets an account by
    the right password alone.
    """

    passwords: PasswordBackend
    change_at: str
    require_add: bool = False

    @property
    def sentence(self) -> str:
        """Said wherever a password would be changed."""
        return f"The account password is not kept here. Change it {self.change_at}."


class CodeSender(Protocol):
    """Sends messages to telephone numbers."""

    @property
    def kinds(self) -> frozenset[DeliveryMethod]:
        """The ways that work here; empty where nothing is configured."""

    @property
    def extensions(self) -> bool:
        """True if it is told which extension of a number is meant."""

    def send(self, kind: DeliveryMethod, number: str, message: Secret, /) -> None:
        """Hands over one message for `number`, as `phone.read` has it; returns when it was taken.

        May block.

        Raises:
            DeliveryFailed: it was not taken; the detail has gone to the log.
        """


class Notifier(Protocol):
    """Has people told what happened to their account. Never raises, runs no program."""

    def notify(self, account: "Account", entry: "ActivityEntry", /) -> bool:
        """A message about `entry` goes to whoever owns `account`, in its own time.

        False if it is left out, which the log says.
        """
