"""The ports of an engine and of this machine, as the rooms use them (SAFETY 9).

Each call says what it raises. What only the daemon, backups and keys need: see engine_ports.py; the
ports of integrations: see integration_ports.py.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Literal, Protocol

from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.secret import Secret

if TYPE_CHECKING:
    from apppw_tui.domain.account import Account, Change, RawAccount, Record, Rename
    from apppw_tui.domain.activity import ActivityEntry
    from apppw_tui.domain.names import Name
    from apppw_tui.domain.throttle import Rule, ThrottleState
    from apppw_tui.domain.usage import Used, UsesPerDay


NOT_CONFIRMED = "another machine has not confirmed it yet."
DeliveryMethod = Literal["text", "call", "notify"]
DELIVERY_METHODS: tuple[DeliveryMethod, ...] = ("text", "call", "notify")


class Accounts(Protocol):
    """Accounts that are only read."""

    def get(self, name: str, /) -> "Account | None":
        """The account as it stands now, or None if there is none of that name."""


def fail(_name: str, error: StoreError) -> None:
    """Raises it: for who needs all accounts (see AccountStore.each)."""
    raise error


def each_readable(
    store: "AccountStore", failed: Callable[[str, StoreError], object]
) -> "Iterator[Account]":
    """See AccountStore.each; for an engine that reads them one by one."""
    for name in store.each_name():
        try:
            account = store.get(name)
        except StoreError as error:
            failed(name, error)
        else:
            if account is not None:
                yield account


class AccountStore(Protocol):
    """The accounts. Every call may raise StoreError."""

    def get(self, account_name: str, /) -> "Account | None":
        """The account as it stands now, or None if there is none of that name."""

    def meant(self, names: "Sequence[Name]", /) -> "Name":
        """The first of the names that an account has, else the last; none is opened for that."""

    def transaction(self, account_name: str, uid: str | None) -> "AbstractContextManager[Change]":
        """One change under the account's lock, written whole when the block ends, or not at all.

        `uid` is whose account it must be; None says that it is about to be created. The records
        of the change are written with it, also where nothing else is.

        Raises:
            InvalidName: `account_name` is not an account name.
            NotFound: the account is gone, or belongs to another uid by now; nothing is created.
            NameTaken: `uid` is None and there is already an account of that name.
            StoreBusy: the lock could not be had in time.
        """

    def read_raw(self, account_name: str, /) -> "RawAccount":
        """The whole document of an account, even a damaged one. Raises InvalidName."""

    def raw_transaction(self, account_name: str, /) -> "AbstractContextManager[RawAccount]":
        """As `read_raw`, under the account's lock; writes what is assigned when the block ends.

        Raises:
            StoreDamaged: what was assigned is no account of that name.
        """

    def mend_enforcements(self) -> int:
        """Makes what is told of every account right; of how many it was not."""

    def has_accounts(self) -> bool:
        """True if there is any account; costs the same however many there are."""

    def has_sealed_values(self) -> bool:
        """True if any account holds one; until one does, that costs the same however many are.

        Of a store that an earlier version has made, every account is read for it. Raises StoreError
        if that cannot be told of all.
        """

    def each(self, failed: Callable[[str, StoreError], object]) -> "Iterator[Account]":
        """All accounts, in any order, without holding them all.

        `failed` hears the names of those that cannot be read, and why; it may raise.
        """

    def each_name(self) -> Iterator[str]:
        """The names of all accounts, in any order, without holding them all."""

    def list_names(self) -> list[str]:
        """The names of all accounts, sorted."""

    def rename(
        self, account: "Account", name: str, step: "Rename", records: "Sequence[Record]" = ()
    ) -> "Account":
        """Puts the account under another name, as `step` has it; it is never under both.

        Killed at any instant it is under the old name, the new one or, for a moment, neither: then
        `half_renamed` finds it, and this does the rest.

        Raises:
            NotFound: the account is gone.
            NameTaken: there is another account of that name.
            StoreBusy: a lock could not be had in time.
        """

    def half_renamed(self, account_name: str, name: str, /) -> "Account | None":
        """The account whose rename to `name` was cut short where neither name has it."""

    def remove(self, account_name: str, records: "Sequence[Record]" = ()) -> bool:
        """Removes the account; False if its app passwords could not be listed as deleted.

        Raises NotFound if there is none.
        """


def _nothing() -> None:
    pass


class Confirmation:
    """The standing of the last change: whether another machine has confirmed that it has it, too.

    It is in force everywhere; only with the machine that has it, it could be lost. Files have no
    other machine, and their changes lack nothing. `when_missing` is called for each that does.
    """

    def __init__(self) -> None:
        self.when_missing: Callable[[], None] = _nothing
        self._is_missing = False

    def note(self, *, confirmed: bool) -> None:
        """One that is confirmed confirms all that was saved before."""
        self._is_missing = not confirmed
        if not confirmed:
            self.when_missing()

    def amend(self, sentence: str) -> str:
        """The sentence on the last change, with what it lacks; which is said once."""
        is_missing, self._is_missing = self._is_missing, False
        return f"{sentence.removesuffix('.')}; {NOT_CONFIRMED}" if is_missing else sentence


class KeyIndex(Protocol):
    """The account that each ssh key belongs to, so that one is recognized before a name is typed.

    No more than a hint: whether a key is an account's is read in the account itself. Every call may
    raise StoreError.
    """

    def get(self, fingerprint: str, /) -> str | None:
        """The name of the account, if any is known."""

    def put(self, fingerprint: str, account_name: str, /) -> None:
        """The key belongs to that account from now on."""

    def remove(self, fingerprint: str, account_name: str, /) -> None:
        """It does no longer, if it was that account's."""


class ActivityLog(Protocol):
    """The record of what happened to accounts."""

    def record(self, uid: str, what: str, by: str, **facts: str) -> None:
        """One event of the account of `uid`. Never raises: a full disk stops nothing."""

    def read(self, uid: str, /) -> "list[ActivityEntry]":
        """The account's entries of the last RETENTION, the oldest first. Raises StoreError."""

    def forget_old(self, uid: str, /) -> None:
        """Nothing that is older than that is kept any longer. Raises StoreError."""


class ErrorLog(Protocol):
    """The failures, in detail, for the administrator. Never raises."""

    def error(self, event: str, **facts: str) -> None:
        """One failure."""


class Sealer(Protocol):
    """Seals and opens single values. Both calls may raise StoreError.

    The uid of the account and the name of the field are inside what is sealed: a value that was
    moved to another account or another field does not open.
    """

    def encrypt(self, uid: str, field: str, secret: Secret) -> str:
        """`secret` under the present key, as ASCII text.

        Call it inside the account's change: only then can no rotation of the key come between
        the reading of the key and the write.

        Raises:
            KeyMissing: the store holds sealed values, and the key they need is gone.
        """

    def decrypt(self, uid: str, field: str, sealed: str) -> Secret:
        """The value that was sealed for that account and field.

        Raises:
            KeyMissing: there is no key.
            DecryptionFailed: no key of the ring opens it, or it was sealed for something else.
        """


class SessionTerminator(Protocol):
    """The sessions that are to end, told to those that can end them."""

    @property
    def enabled(self) -> bool:
        """True if somebody is to end them on this server."""

    def terminate(self, account_name: str, /) -> None:
        """Told while the deletion is being made, before it is saved. Never raises.

        `account_name` is a canonical name. All of its sessions end: a service does not know which
        app password has opened one.
        """


class Clock(Protocol):
    """Time, as the rooms know it."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class UsageBook(Protocol):
    """The verifier's record of uses; the portal reads it."""

    def read(self, uid: str, /) -> "Used":
        """The uses of the account of `uid`. Raises StoreError."""

    def per_day(self, uid: str, today: date, /) -> "UsesPerDay":
        """The uses of its app passwords on the last days, up to `today`. Raises StoreError."""

    def old_passwords_since(self) -> datetime | None:
        """Since when it is told where old passwords are right; None: nobody tells, or no longer.

        Raises StoreError.
        """

    def forget(self, uid: str, /) -> None:
        """The account of `uid` is gone, and so is this. Raises StoreError."""


class Door(Protocol):
    """A place at the kiosk's door, for one process among all on this machine."""

    def acquire(self, address: str, *, known: bool = False) -> int:
        """Takes a place for somebody who comes from `address`, until `release`.

        The open file that is the place: whoever has it has the place, another process, too.

        Raises:
            StoreBusy: all places are taken, all that are not kept for who is `known`, or as many
                as one address may have.
            StoreUnusable: nobody can tell.
        """

    def release(self) -> None:
        """Somebody else may have the place: this one has signed in, or has gone."""


class ThrottleStore(Protocol):
    """The throttle's states, under subjects like `account:ada` and `number:+493012345`."""

    def change(self, rules: Mapping[str, "Rule"], *, keep: bool) -> Mapping[str, "ThrottleState"]:
        """The next states of these subjects, each by its rule, in one transaction and this order.

        Where a rule refuses, those before it stand, and those after it are left alone. Nothing else
        comes between: a rule is quick, and hashes nothing. If it raises anything but RateLimited,
        nothing was changed.

        `keep` says that the subjects belong to an account, from now on; the others are bounded
        in number.

        Raises:
            RateLimited: a rule refused.
            StoreError: it cannot be counted, so it must not be tried.
        """


class TmuxDelivery(Enum):
    """The fate of a secret that tmux was to send to the terminal outside."""

    SENT = auto()
    LEFT = auto()  # sent, but its buffer could not be deleted
    DEAF = auto()  # tmux knows no way to that terminal's clipboard
    SWALLOWED = auto()  # tmux cannot send it, and lets no program do so


class ClipboardHelpers(Protocol):
    """Programs of this machine. Both block, and neither raises."""

    def by_tmux(self, secret: Secret, /) -> TmuxDelivery | None:
        """None: it is not around this program, or lets pass what a program writes."""

    def hidden(self, secret: Secret, /) -> bool:
        """True if the desktop's clipboard has it, and its managers are told to keep nothing."""
