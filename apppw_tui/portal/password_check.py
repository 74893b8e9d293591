"""Account passwords: checked by the store's own hash, or as another source says.

Every try is charged before it is compared, and taken back if it was right (SAFETY 15).
"""

import contextlib
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from apppw_tui.domain import app_password
from apppw_tui.domain.account import Account, Change
from apppw_tui.domain.account_password import require_good
from apppw_tui.domain.activity import UNKNOWN_UID, EventType
from apppw_tui.domain.errors import (
    InvalidName,
    NameTaken,
    PasswordBackendDown,
    RateLimited,
    StoreDamaged,
    StoreError,
)
from apppw_tui.domain.hashing import Profile, TooManyProfiles, profile
from apppw_tui.domain.integration_ports import ExternalPasswords, PasswordReply
from apppw_tui.domain.names import AccountName, candidates, find
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.context import PortalContext
from apppw_tui.portal.ssh_keys import throttle_of
from apppw_tui.portal.throttle import PortalThrottle

_DECOY_BYTES = 24


class PasswordCheck(Protocol):
    """Checks account passwords. Every method may block, and raise StoreError.

    `external_hint` is None, or the sentence that says where passwords are changed.
    """

    external_hint: str | None

    def authenticate(self, names: Sequence[AccountName], password: Secret) -> Account | None:
        """The account that the right password opens; None says nothing about why not.

        `names` are those that may be meant, as `names.candidates` has them.

        Raises:
            RateLimited: this try was not made, or its outcome is not told.
        """

    def verify(self, account: Account, password: Secret) -> bool:
        """True for the password of an account that is signed in already. Raises RateLimited."""


def password_check(context: PortalContext) -> PasswordCheck:
    """The check of account passwords that the administrator has chosen."""
    return (
        StoredPasswords(context)
        if context.source is None
        else ExternalPasswordCheck(context, context.source)
    )


def _counters(context: PortalContext, account_name: str) -> PortalThrottle:
    """The throttle of a try at that account, from where it comes."""
    return context.throttle if context.proven_key is None else throttle_of(context, account_name)


class StoredPasswords:
    """Passwords whose hashes are in the store; one hash of each profile in use for each try."""

    external_hint: str | None = None

    def __init__(self, context: PortalContext) -> None:
        self._context = context
        self._hashes = context.hasher.account

    def authenticate(self, names: Sequence[AccountName], password: Secret) -> Account | None:
        # Under one name, whichever of them was typed; which that is costs the same for all.
        name = self._context.store.meant(names)
        context = self._context
        throttle = context.throttle if context.proven_key is None else throttle_of(context, name)
        throttle.record_attempt(name, "password")
        account = None
        try:
            account = find(self._context.store, names)
        except StoreDamaged as error:  # which a stranger must not learn
            self._context.error_log.error("account damaged", why=str(error))
        # None for an account without a hash, too: whoever made it knows the password elsewhere.
        stored = account.password_hash if account else None
        compared = self._hashes.compare(stored, password)
        right = compared.right
        if account is None or stored is None or not right or not account.enabled:
            if not right:
                self._note_wrong(account)
            return None
        throttle.undo_attempt(name, "password")
        if compared.renewed is not None:
            # The old hash is still good: a full or busy store keeps nobody out.
            with contextlib.suppress(StoreError):
                self._rehash(account, compared.renewed)
        return account

    def verify(self, account: Account, password: Secret) -> bool:
        _counters(self._context, account.name).record_attempt(account.name, "password")
        right = self._hashes.compare(account.password_hash, password).right
        if right:
            _counters(self._context, account.name).undo_attempt(account.name, "password")
        else:
            self._context.record(account, EventType.WRONG_PASSWORD)
        return right

    def _note_wrong(self, account: Account | None) -> None:
        """A line for whoever is not known, too: how long it takes must not tell who is."""
        means = self._context
        if account is not None:
            means.record(account, EventType.WRONG_PASSWORD)
        else:
            means.activity_log.record(
                UNKNOWN_UID, EventType.WRONG_PASSWORD, "(unknown)", address=means.address
            )

    def _rehash(self, account: Account, fresh: str) -> None:
        with self._context.store.transaction(account.name, account.uid) as change:
            current = change.account
            if current is not None and current.password_hash == account.password_hash:
                change.account = replace(current, password_hash=fresh)


class ExternalPasswordCheck:
    """Passwords that a source knows; the store's hashes, if there are any, are not looked at."""

    def __init__(self, context: PortalContext, source: ExternalPasswords) -> None:
        self.external_hint: str | None = source.sentence
        self._context = context
        self._source = source

    def authenticate(self, names: Sequence[AccountName], password: Secret) -> Account | None:
        name = self._context.store.meant(names)
        _counters(self._context, name).record_attempt(name, "password")
        reply = self._ask(name, password)
        canonical = self._canonical(name, reply)
        account = None
        try:
            # The same person under another name: with as many names as they like, people could
            # try as often as they like.
            if canonical is not None and canonical != name:
                _counters(self._context, canonical).record_attempt(canonical, "password")
            if reply.valid and canonical is not None:
                account = self._account(canonical)
        except RateLimited:
            self._equalize_timing(name, reply)
            raise
        if account is None or canonical is None:
            # In no activity: whether there is such an account was not looked up, and the source
            # writes down who was refused.
            self._equalize_timing(name, reply)
            return None
        _counters(self._context, name).undo_attempt(name, "password", keep=canonical == name)
        if canonical != name:
            _counters(self._context, canonical).undo_attempt(canonical, "password")
        return account

    def verify(self, account: Account, password: Secret) -> bool:
        _counters(self._context, account.name).record_attempt(account.name, "password")
        reply = self._ask(account.name, password)
        right = reply.valid and self._canonical(AccountName(account.name), reply) == account.name
        if right:
            _counters(self._context, account.name).undo_attempt(account.name, "password")
        else:
            self._context.record(account, EventType.WRONG_PASSWORD)
        return right

    def _canonical(self, name: AccountName, answer: PasswordReply) -> AccountName | None:
        """The name that the source takes it for; None if that can be no account's.

        A source that gives it the default domain means the account that has none, where there was
        one before: else a new one would be made beside it.
        """
        if not answer.name:
            return name
        try:
            canonical = candidates(answer.name)[0]
        except InvalidName:
            return None
        if canonical in candidates(name, self._context.default_domain)[1:]:
            return self._context.store.meant((canonical, name))
        return canonical

    def _ask(self, name: str, password: Secret) -> PasswordReply:
        """Asks the source; nothing is counted if it cannot say."""
        if app_password.parse(password.reveal()) is not None:
            return PasswordReply(valid=False)  # whatever the source would say to it
        try:
            return self._source.passwords.check(name, password, self._context.address)
        except PasswordBackendDown:
            # Not kept: whether it is an account's was not found out.
            _counters(self._context, name).undo_attempt(name, "password", keep=False)
            raise

    def _equalize_timing(self, name: str, answer: PasswordReply) -> None:
        """A right password that opens nothing here must not be told from a wrong one by the clock.

        A source holds its refusals back: so it is asked for one.
        """
        if answer.valid:
            decoy = Secret(self._context.token_bytes(_DECOY_BYTES).hex())
            with contextlib.suppress(PasswordBackendDown):
                self._source.passwords.check(name, decoy, self._context.address)

    def _account(self, name: AccountName) -> Account | None:
        """The account that may sign in; where there is none it is made, if that may be."""
        means = self._context
        try:
            account = means.store.get(name)
        except StoreDamaged as error:
            means.error_log.error("account damaged", why=str(error))
            return None
        if account is None and not self._source.require_add:
            account = self._provision(name)
        return account if account is not None and account.enabled else None

    def _provision(self, name: AccountName) -> Account | None:
        means = self._context
        account = Account.new(
            name, None, means.clock.now(), lambda size: means.token_bytes(size).hex()
        )
        try:
            with means.store.transaction(name, None) as change:
                change.account = account
                change.records.append(means.recording(account, EventType.ACCOUNT_CREATED))
        except NameTaken:  # at another terminal, a moment ago
            return means.store.get(name)
        return account


def new_hash(context: PortalContext, account_name: str, password: Secret) -> str:
    """The hash of a password that somebody chose. Raises WeakPassword, with the reason."""
    secret = password.normalized()
    require_good(secret, account_name)
    return context.hasher.account.make(secret)


def change_password(
    context: PortalContext,
    transaction: AbstractContextManager[Change],
    account_name: str,
    password: Secret,
    *,
    by: str | None = None,
    delete_app_passwords: bool = False,
) -> tuple[Change, bool]:
    """Gives the account a new password: every session that began before it ends.

    `transaction` requires what whoever does it needs; `by` is who does, if not the owner. False if
    a notice of it is left out.

    Raises WeakPassword, and as the transaction does.
    """
    hash_ = new_hash(context, account_name, password)
    with transaction as change:
        before = change.existing
        after = before.without_app_passwords() if delete_app_passwords else before
        deleted = len(before.app_passwords) - len(after.app_passwords)
        if deleted:
            context.session_terminator.terminate(before.name)
        change.account = after.with_password(hash_, context.clock.now())
        if by is None:
            facts = {"app_passwords_deleted": str(deleted)}
            recording = context.recording(before, EventType.PASSWORD_CHANGED, **facts)
        else:
            recording = context.recording(before, EventType.PASSWORD_SET, by)
        change.records.append(recording)
    with context.done_afterwards(before, "throttle"):
        context.throttle.password_changed(account_name)
    return change, recording.noticed


def settle_profiles(context: PortalContext, since: datetime) -> Collection[Profile]:
    """Drops the profiles of hashes that no account has, unless claimed after `since`; which.

    Those that were not listed are. Reads every account. Raises StoreError.
    """
    from apppw_tui.domain.progress import progress  # for a first frame it is of no use

    hashes, profiles = context.hasher.account, set()
    for name in progress(context.store.list_names(), "Reading accounts"):
        account = context.store.get(name)
        if account is not None and account.password_hash is not None:
            profiles.add(profile(account.password_hash))
    costs = {cost for cost in profiles if cost is not None and cost != hashes.profile}
    dropped = hashes.profiles.settle(costs, since)
    for cost in costs - {*hashes.profiles.in_use()}:
        with contextlib.suppress(TooManyProfiles):
            hashes.profiles.claim(cost)
    return dropped
