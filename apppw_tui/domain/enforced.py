"""The time from which on an account is enforced, told beside its document.

Dovecot's Lua reads it while the daemon is silent (SAFETY 17): then whoever is enforced or disabled
waits, and the old passwords of all others go on.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import DiskFull, SaveUncertain, StoreError, StoreUnusable

EVER = datetime(1970, 1, 1, tzinfo=UTC)  # of a disabled account


@dataclass(frozen=True)
class Enforcement:
    """The account of `uid` is opened by app passwords alone since then: UTC, whole seconds."""

    since: datetime
    uid: str


def enforcement(account: Account | None) -> Enforcement | None:
    """The enforcement to tell of an account; None if it is open, and is to stay so."""
    if account is None:
        return None
    if not account.enabled:
        return Enforcement(EVER, account.uid)
    if account.enforced_from is None:
        return None
    # Cut, not rounded: never later than the document says.
    return Enforcement(account.enforced_from.astimezone(UTC).replace(microsecond=0), account.uid)


class Enforcements(Protocol):
    """The enforcement of accounts, told by their names. Every call may raise StoreError."""

    def read(self, name: str, /) -> Enforcement | None:
        """The enforcement of that name; None if nothing is told."""

    def write(self, name: str, told: Enforcement, /, *, urgent: bool) -> None:
        """Tells it so that it lasts; `urgent` says that it may take the room kept for deletions."""

    def remove(self, name: str, /) -> None:
        """Nothing is told of that name any more."""


Complain = Callable[[str, StoreError], None]
Everybody = Callable[[], Iterable[tuple[str, Enforcement]]]


@contextmanager
def enforcement_of(
    book: Enforcements,
    name: str,
    before: Account | None,
    after: Account | None,
    complain: Complain,
) -> Iterator[None]:
    """Around the writing of `after` in the place of `before`, under the account's lock.

    What closes is told before the document says so, what opens after it says otherwise: killed at
    any instant, it is told too strictly rather than not. `complain` hears of what could not be
    told where the change goes on all the same.

    Raises:
        StoreUnusable: it would enforce the account, and cannot be told; nothing was changed.
    """
    was, is_ = enforcement(before), enforcement(after)
    if is_ is not None:
        try:
            _tighten(book, name, is_, urgent=before is not None)
        except StoreError as error:
            if is_ != was and not _disables(before, after):
                raise _refusal(error) from None
            # What closes at once goes on, whatever is wrong here (SAFETY 24): an app password of
            # an account that was closed before is deleted, and an account is disabled.
            complain(name, error)
    try:
        yield
    except SaveUncertain:
        raise  # nobody knows which of the two stands
    except BaseException:
        if before is not None:  # of what cannot be read nobody knows what to tell
            settle(book, name, was, complain)
        raise
    settle(book, name, is_, complain)


def settle(book: Enforcements, name: str, wanted: Enforcement | None, complain: Complain) -> bool:
    """Tells exactly what is `wanted`; True if something else was told. Never raises."""
    try:
        if _readable(book, name) == (wanted, True):
            return False
        if wanted is None:
            book.remove(name)
        else:
            book.write(name, wanted, urgent=False)
    except StoreError as error:
        complain(name, error)
        return False
    return True


def _disables(before: Account | None, after: Account | None) -> bool:
    return bool(before and after and before.enabled and not after.enabled)


def _tighten(book: Enforcements, name: str, wanted: Enforcement, *, urgent: bool) -> None:
    """Tells it, unless what is told is stricter. Raises StoreError."""
    there, _ = _readable(book, name)
    if there is None or there.since > wanted.since:
        book.write(name, wanted, urgent=urgent)


def _readable(book: Enforcements, name: str) -> tuple[Enforcement | None, bool]:
    """Returns what is told, and True if it could be read: what could not is written anew."""
    try:
        return book.read(name), True
    except StoreError:
        return None, False


def _refusal(error: StoreError) -> StoreError:
    if isinstance(error, DiskFull):
        return error
    if isinstance(error, SaveUncertain):
        return StoreUnusable("The disk did not confirm that it is told: nothing was changed.")
    why = str(error).removesuffix(".").removesuffix(": nothing was changed")
    return StoreUnusable(f"Nothing was changed: {why}.")
