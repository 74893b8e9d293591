"""App passwords made, edited and deleted, for a person in the portal or for the administrator."""

import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime

from apppw_tui.domain import app_password, expiry
from apppw_tui.domain.account import Account, Change, Record
from apppw_tui.domain.activity import THE_SERVER, EventType
from apppw_tui.domain.app_password import AppPassword, RandomBelow
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.names import app_password_name
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.ports import AccountStore, Clock
from apppw_tui.domain.scopes import ANY_APP
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.context import PortalContext, Recording


@dataclass(frozen=True)
class AppPasswordRequest:
    """The wishes for a new app password."""

    name: str
    scope: tuple[str, ...] = (ANY_APP,)
    expires: datetime | None = None
    networks: tuple[str, ...] = ()


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
        still_allowed: Callable[[Account], object] | None = None,
        *,
        created_by_admin: bool = False,
        recording: Callable[[AppPassword], Record] | None = None,
    ) -> IssuedAppPassword:
        """One more app password for `account`.

        `still_allowed` is asked again about the account as it stands under the lock. `recording`
        gives what is written down with it.

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
                *(id_, name, hash_, self.clock.now(), wish.scope, wish.expires, created_by_admin),
                networks=wish.networks,
            )
            with self.store.transaction(account.name, account.uid) as change:
                current = change.existing
                if still_allowed is not None:
                    still_allowed(current)
                if id_ in current.used_ids:
                    account = current  # another window took the id meanwhile: draw again
                    continue
                change.account = current.with_app_password(record, limit)
                if recording is not None:
                    change.records.append(recording(record))
            return IssuedAppPassword(record, secret)


def create(
    context: PortalContext,
    account: Account,
    wish: AppPasswordRequest,
    still_allowed: Callable[[Account], object] | None = None,
    *,
    by: str | None = None,
) -> tuple[IssuedAppPassword, bool]:
    """One more app password, and the line of it; False if a notice of it is left out.

    `by` is who makes it, if that is not the account's own owner. Raises as `issue` does.
    """
    issuer = AppPasswordIssuer(
        context.store, context.hasher, context.clock, context.policy, context.randbelow
    )
    recordings: list[Recording] = []

    def recording(made: AppPassword) -> Recording:
        facts = {"id": made.id, "name": made.name}
        recordings.append(context.recording(account, EventType.CREATED, by, **facts))
        return recordings[-1]

    issued = issuer.issue(
        account, wish, still_allowed, created_by_admin=by is not None, recording=recording
    )
    return issued, recordings[-1].noticed


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
    ids: Collection[str] | None = None,
    *,
    by: str | None = None,
) -> Deletion:
    """Deletes these app passwords, or, without ids, all, as one change; live sessions end.

    Those of them that were deleted already are no matter, as long as there is one that was not.
    `transaction` requires what whoever does it needs; `by` is as in `create`.

    Raises NotFound: all were deleted already. Raises as the transaction does.
    """
    with transaction as change:
        before = change.existing
        gone = tuple(each for each in before.app_passwords if ids is None or each.id in ids)
        if ids is None:
            change.account = before.without_app_passwords()
            count = str(len(gone))
            recordings = [context.recording(before, EventType.ALL_DELETED, by, count=count)]
        else:
            change.account = before.without_app_passwords([each.id for each in gone] or ids)
            recordings = [
                context.recording(before, EventType.DELETED, by, id=each.id, name=each.name)
                for each in gone
            ]
        if gone:
            context.session_terminator.terminate(before.name)
        change.records += recordings
    return Deletion(gone, not change.unlisted, all(each.noticed for each in recordings))


@dataclass(frozen=True)
class Edited:
    """An app password before and after; `noticed`: no notice of it is left out."""

    before: AppPassword
    after: AppPassword
    noticed: bool


def edit(
    context: PortalContext,
    transaction: AbstractContextManager[Change],
    id_: str,
    step: Callable[[AppPassword], AppPassword],
    allowed: Callable[[AppPassword, AppPassword], None] = lambda _after, _before: None,
    *,
    by: str | None = None,
) -> Edited:
    """Edits, pauses or resumes an app password.

    What may open more than before has to be `allowed`, which raises what forbids it, given the one
    after and the one before. What opens less ends the account's live sessions, as deleting does.
    `transaction` and `by` are as in `delete`.

    Raises NotFound, NameTaken. Raises as the transaction does.
    """
    own = context.policy.own_services
    with transaction as change:
        account = change.existing
        before = account.existing_app_password(id_)
        after = step(before)
        change.account = account.with_app_password_changed(after)
        if after.widens(before, own):
            allowed(after, before)
        if before.widens(after, own):
            context.session_terminator.terminate(account.name)
        recordings = [
            context.recording(account, event, by, **facts)
            for event, facts in _events(before, after, context.policy)
        ]
        change.records += recordings
    return Edited(before, after, all(recording.noticed for recording in recordings))


def _events(
    before: AppPassword, after: AppPassword, policy: Policy
) -> Iterator[tuple[EventType, dict[str, str]]]:
    """The lines for the activity; none where nothing was changed."""
    facts = {"id": after.id, "name": after.name}
    if after.name != before.name:
        yield EventType.RENAMED, {**facts, "before": before.name}
    if after.paused != before.paused:
        yield EventType.PAUSED if after.paused else EventType.RESUMED, facts
    if replace(after, name=before.name, paused=before.paused) != before:
        yield EventType.CHANGED, {**facts, "now": describe(after, policy)}


def describe(app_password: AppPassword, policy: Policy) -> str:
    """An app password and what it is good for, in one line."""
    parts = [policy.label(app_password.scope), "never expires"]
    if app_password.expires is not None:
        parts[1] = f"until {expiry.last_day(app_password.expires)}"
    if app_password.networks:
        parts.append(f"from {' '.join(app_password.networks)} alone")
    return f"{app_password.name}: {', '.join(parts)}"


def purge_expired(context: PortalContext, account: Account) -> Account:
    """The account without what expired long ago, with a line in the activity (SAFETY 21).

    Raises StoreError, NotFound.
    """
    now = context.clock.now()
    with context.store.transaction(account.name, account.uid) as change:
        gone = change.existing.purgeable(now)
        for password in gone:
            change.account = change.existing.without_app_password(password.id)
            facts = {"id": password.id, "name": password.name}
            change.records.append(
                context.recording(account, EventType.EXPIRED, THE_SERVER, **facts)
            )
    return change.existing
