"""A signed-in person, and what the session may still do (SAFETY 12, 14)."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Literal

from apppw_tui.domain.account import Account, Change
from apppw_tui.domain.errors import (
    EnrollmentRequired,
    NotFound,
    ReverificationRequired,
    SaveUncertain,
    SessionEnded,
    StoreError,
)
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.ports import AccountStore, Clock
from apppw_tui.domain.verification_options import NO_METHOD
from apppw_tui.portal.context import PortalContext

VERIFIED_FOR = Policy().verify_again_after  # seconds; then what matters asks again
GONE = "You were signed out: the account is gone."


@dataclass(frozen=True)
class Session:
    """Good for as long as account, uid and epoch are still the same.

    `verified_at` is when this session last proved who it is, in the clock's monotonic seconds: it
    lives here and nowhere else. `restriction` says why it may do nothing but set up a verification
    method: the account has none, or the administrator let the person in to set one up.
    """

    account_name: str
    uid: str
    session_generation: int
    verified_at: float | None = None
    restriction: Literal["none yet", "bypass"] | None = None

    def reverified(self, clock: Clock) -> "Session":
        """The same session, verified just now."""
        return replace(self, verified_at=clock.monotonic())

    def recently_verified(self, clock: Clock, within: float = VERIFIED_FOR) -> bool:
        """True if the last verification was `within` so many seconds: enough for what matters."""
        return self.verified_at is not None and clock.monotonic() - self.verified_at < within


def new_session(account: Account) -> Session:
    return Session(account.name, account.uid, account.session_generation)


def require_active(session: Session, account: Account | None) -> Account:
    """The account, if `session` may still act on it. Raises SessionEnded otherwise."""
    if account is None or account.uid != session.uid:
        raise SessionEnded(GONE)
    if not account.enabled:
        raise SessionEnded("You were signed out: the account is disabled.")
    if account.session_generation != session.session_generation:
        raise SessionEnded("You were signed out: the account's security was changed elsewhere.")
    return account


@contextmanager
def account_transaction(store: AccountStore, session: Session) -> Iterator[Change]:
    """One change of the session's own account. Raises SessionEnded if it may not be made."""
    with ExitStack() as stack:
        try:
            change = stack.enter_context(store.transaction(session.account_name, session.uid))
        except NotFound:
            raise SessionEnded(GONE) from None
        require_active(session, change.account)
        yield change


@contextmanager
def consuming_transaction(context: PortalContext, session: Session) -> Iterator[Change]:
    """As `account_transaction`, for a code: it is used up where everybody reads so (SAFETY 13).

    Raises SaveUncertain only if not even that can be found out.
    """
    try:
        with account_transaction(context.store, session) as change:
            yield change
    except SaveUncertain as error:
        after = change.result
        if after is None or not _stands(context.store, after):
            raise
        context.error_log.error("code used up, not confirmed", account=after.name, why=str(error))


def _stands(store: AccountStore, written: Account) -> bool:
    try:
        now = store.get(written.name)
    except StoreError:
        return False
    return now is not None and now.uid == written.uid and now.version >= written.version


def require_unrestricted(session: Session) -> None:
    """Raises EnrollmentRequired for a session that may only set up a verification method."""
    if session.restriction is not None:
        raise EnrollmentRequired(NO_METHOD)


def require_recent_verification(session: Session, clock: Clock, policy: Policy) -> None:
    """Raises ReverificationRequired if the last verification is too old for what matters."""
    if not session.recently_verified(clock, policy.verify_again_after):
        raise ReverificationRequired("Nothing was changed. Verify first that it is you.")


def require_enrolled(session: Session, account: Account | None, policy: Policy) -> Account:
    """As `require_active`; raises EnrollmentRequired if `account` lacks a second factor."""
    account = require_active(session, account)
    if needs_enrollment(account, policy):
        raise EnrollmentRequired(NO_METHOD)
    return account


def require_may_enroll(context: PortalContext, session: Session, account: Account) -> None:
    """Raises unless `session` may set up a method of `account` now.

    A session that began with no method, and has proved none, may not outrun one that has: whoever
    holds the password alone would be in.
    """
    if session.restriction is None:
        require_recent_verification(session, context.clock, context.policy)
    elif (
        session.restriction == "none yet"
        and session.verified_at is None
        and account.has_second_factor
    ):
        raise SessionEnded("A verification method was set up elsewhere. Sign in with it.")


def needs_enrollment(account: Account, policy: Policy) -> bool:
    """True if `account` needs a second factor and has none."""
    required = policy.second_factor_required or account.verification_required
    return required and not account.has_second_factor
