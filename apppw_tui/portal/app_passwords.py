"""App passwords made and deleted, for a person in the portal or for the operator."""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from apppw_tui.domain import app_password
from apppw_tui.domain.account import Account, Change
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


def create(
    context: PortalContext,
    account: Account,
    wish: AppPasswordRequest,
    still_allowed: Callable[[Account], None] | None = None,
    *,
    by: str | None = None,
) -> tuple[IssuedAppPassword, bool]:
    """One more app password, and the line of it; False if a notice of it is left out.

    `by` is who makes it, if that is not the account's own owner. Raises as `issue` does.
    """
    issuer = AppPasswordIssuer(
        context.store, context.hasher, context.clock, context.policy, context.randbelow
    )
    issued = issuer.issue(account, wish, still_allowed, created_by_admin=by is not None)
    made = issued.app_password
    noticed = context.record(account, EventType.CREATED, by, id=made.id, name=made.name)
    return issued, noticed


@dataclass(frozen=True)
class Deletion:
    """App passwords that are gone.

    `listed`: no backup brings them back; `noticed`: no notice of it is left out.
    """

    app_passwords: tuple[AppPassword, ...]
    listed: bool
    noticed: bool


def delete(
    context: PortalContext,
    transaction: AbstractContextManager[Change],
    id_: str | None = None,
    *,
    by: str | None = None,
) -> Deletion:
    """Deletes one app password, or, without an id, all; live sessions at services end.

    `transaction` requires what whoever does it needs; `by` is as in `create`.

    Raises NotFound: it was deleted already. Raises as the transaction does.
    """
    with transaction as change:
        before = change.existing
        if id_ is None:
            change.account = before.without_app_passwords()
        else:
            change.account = before.without_app_password(id_)
        gone = tuple(
            password for password in before.app_passwords if id_ is None or password.id == id_
        )
        if gone:
            context.session_terminator.terminate(before.name)
    if id_ is None:
        noticed = context.record(before, EventType.ALL_DELETED, by, count=str(len(gone)))
    else:
        noticed = context.record(before, EventType.DELETED, by, id=id_, name=gone[0].name)
    return Deletion(gone, not change.unlisted, noticed)


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
