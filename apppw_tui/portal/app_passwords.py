"""Making an app password, for a person in the portal or for the operator."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from apppw_tui.domain import app_password
from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import THE_SERVER, EventType
from apppw_tui.domain.app_password import AppPassword, RandomBelow
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.names import app_password_name
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.ports import AccountStore, Clock
from apppw_tui.domain.scopes import ANY_APP
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.context import PortalContext


@dataclass(frozen=True)
class AppPasswordRequest:
    """The wishes for a new app password."""

    name: str
    scope: tuple[str, ...] = (ANY_APP,)
    expires: datetime | None = None


@dataclass(frozen=True)
class IssuedAppPassword:
    """A new app password and, this once, its plaintext."""

    app_password: AppPassword
    secret: Secret


@dataclass(frozen=True)
class AppPasswordIssuer:
    """Makes app passwords: what it needs, passed in."""

    store: AccountStore
    hasher: Hasher
    clock: Clock
    policy: Policy
    randbelow: RandomBelow = secrets.randbelow

    def issue(
        self,
        account: Account,
        wish: AppPasswordRequest,
        still_allowed: Callable[[Account], None] | None = None,
        *,
        created_by_admin: bool = False,
    ) -> IssuedAppPassword:
        """One more app password for `account`.

        `still_allowed` is asked again about the account as it stands under the lock.

        Raises:
            InvalidName, NameTaken, LimitReached, NotFound, StoreError: nothing was made.
        """
        name = app_password_name(wish.name)
        limit = self.policy.app_passwords_per_account
        # Refused before a hash is spent; decided under the lock, where the answer holds.
        account.check_name_is_free(name)
        account.check_limit(limit)
        while True:
            id_ = app_password.unused_id(account.used_ids, self.randbelow)
            secret = app_password.generate(id_, self.randbelow)
            hash_ = self.hasher.app.make(secret)
            record = AppPassword(
                id_, name, hash_, self.clock.now(), wish.scope, wish.expires, created_by_admin
            )
            with self.store.transaction(account.name, account.uid) as change:
                current = change.existing
                if still_allowed is not None:
                    still_allowed(current)
                if id_ in current.used_ids:
                    account = current  # another window took the id meanwhile: draw again
                    continue
                change.account = current.with_app_password(record, limit)
            return IssuedAppPassword(record, secret)


def purge_expired(context: PortalContext, account: Account) -> Account:
    """The account without what expired long ago, with a line in the activity (SAFETY 21).

    Raises StoreError, NotFound.
    """
    now = context.clock.now()
    with context.store.transaction(account.name, account.uid) as change:
        gone = change.existing.purgeable(now)
        for password in gone:
            change.account = change.existing.without_app_password(password.id)
    for password in gone:
        context.record(account, EventType.EXPIRED, THE_SERVER, id=password.id, name=password.name)
    return change.existing
