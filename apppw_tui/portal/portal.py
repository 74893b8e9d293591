"""The portal: sign in, and look after one's own account."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from apppw_tui.domain.account import ALREADY_DELETED, UNLISTED, Account
from apppw_tui.domain.activity import ActivityEntry, EventType
from apppw_tui.domain.app_password import AppPassword, AppPasswordEdit
from apppw_tui.domain.errors import (
    NameTaken,
    NotFound,
    Refused,
    SessionEnded,
    SignInRefused,
    StoreError,
)
from apppw_tui.domain.names import account_name, app_password_name, candidates, find
from apppw_tui.domain.policy import BY_ADMINISTRATOR
from apppw_tui.domain.scopes import ANY_APP
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.usage import Used, UsesPerDay
from apppw_tui.portal import app_passwords
from apppw_tui.portal.app_passwords import (
    AppPasswordRequest,
    IssuedAppPassword,
    purge_expired,
)
from apppw_tui.portal.context import PortalContext
from apppw_tui.portal.enrollment import Enrollment
from apppw_tui.portal.password_check import change_password, new_hash, password_check
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.portal.sessions import (
    GONE,
    Session,
    account_transaction,
    needs_enrollment,
    new_session,
    require_active,
    require_enrolled,
    require_recent_verification,
    require_unrestricted,
)
from apppw_tui.portal.ssh_keys import SshKeys, key_place
from apppw_tui.portal.throttle import TrustedAddresses, fault_for_a_stranger

RECENT = 100  # lines of activity
_NO_MATCH = "That account and password do not match."


class Portal:
    """Every method may block (hashes, files): never call it on the event loop.

    All of them may raise StoreError; those that take a session may raise SessionEnded, those that
    matter ReverificationRequired (SAFETY 14), and all but looking EnrollmentRequired.
    """

    def __init__(self, context: PortalContext) -> None:
        self.policy = context.policy
        self.enrollment = Enrollment(context)
        self.ssh_keys = SshKeys(context)
        self.ends_sessions = context.session_terminator.enabled
        self._passwords = password_check(context)
        # None, or the sentence that says where they are changed.
        self.external_passwords_hint = self._passwords.external_hint
        self.besides = ""  # what is to be said of the last change besides that it was made
        self._context = context
        self._store = context.store
        self._hasher = context.hasher
        self._clock = context.clock
        self._throttle = context.throttle

    @property
    def creates_accounts(self) -> bool:
        """True if accounts are made here: no other source keeps their passwords."""
        return self.external_passwords_hint is None

    def has_accounts(self) -> bool:
        """True if there is anybody who could sign in."""
        source = self._context.source
        return self._store.has_accounts() or (source is not None and not source.require_add)

    def create_first_account(self, name: str, password: str) -> Session:
        """The first account of a store, and a session for it.

        Raises:
            InvalidName, WeakPassword: with the reason.
            Refused: there is an account by now, or accounts are not made here.
        """
        if self.external_passwords_hint is not None:
            raise Refused(self.external_passwords_hint)
        if self.has_accounts():
            raise Refused("There is an account by now. Sign in with it.")
        return self._begun(self.add_account(name, password))

    def add_account(self, name: str, password: str | None, by: str | None = None) -> Account:
        """A new account; `password` is None exactly where passwords are kept elsewhere.

        `by` is who makes it, for the record, if it is not made by its own owner.

        Raises:
            InvalidName, WeakPassword, NameTaken: with the reason.
        """
        means = self._context
        there = find(self._store, candidates(name, means.default_domain))
        if there is not None:
            raise NameTaken(f"There is already an account {there.name}.")
        name = account_name(name, means.default_domain)
        account = Account.new(name, self._first_hash(name, password), self._clock.now())
        with self._store.transaction(name, None) as change:
            change.account = account
            change.records.append(means.recording(account, EventType.ACCOUNT_CREATED, by))
        return account

    def sign_in(self, name: str, password: str) -> Session | Challenge:
        """For the right account password: a session, or the second question that comes before it.

        It costs the same whether or not the account is known (see password_check.py).

        Raises:
            InvalidName: `name` cannot be an account at all.
            SignInRefused: account and password do not match.
            RateLimited: this try was not made; says how long to wait.
            StoreUnusable: nobody can sign in now; the error log says why.
        """
        names = candidates(name, self._context.default_domain)
        try:
            account = self._passwords.authenticate(names, Secret(password))
        except StoreError as error:
            raise fault_for_a_stranger(error, self._context.error_log) from None
        if account is None:
            raise SignInRefused(_NO_MATCH)
        if not account.has_second_factor:
            return self._begun(account)
        challenge = Challenge(self._context, account)
        return challenge if challenge.key is None else challenge.answer_with_key()

    def verify_again(self, session: Session) -> Challenge:
        """The second question, asked once more; its answer is the same session, fresh again."""
        require_unrestricted(session)
        return Challenge(self._context, self.account(session), session)

    def amended(self, sentence: str) -> str:
        """The sentence on the last change, with what is still lacking. Does not block."""
        return self._context.confirmation.amend(sentence)

    def is_fresh(self, session: Session) -> bool:
        """True if the last verification is recent enough for what matters. Does not block."""
        return session.recently_verified(self._clock, self.policy.verify_again_after)

    def check_fresh(self, session: Session) -> None:
        """Raises ReverificationRequired if the last verification is too old for what matters."""
        require_unrestricted(session)
        require_recent_verification(session, self._clock, self.policy)

    def account(self, session: Session) -> Account:
        """The account as it stands now."""
        return require_active(session, self._store.get(session.account_name))

    def activity(self, session: Session) -> list[ActivityEntry]:
        """The account's events, the newest first: as many as anybody reads."""
        uid = self.account(session).uid
        return self._context.activity_log.read(uid)[: -RECENT - 1 : -1]

    def usage(self, session: Session, account: Account) -> Used:
        """The last uses of the account's app passwords."""
        return self._context.usage.read(require_active(session, account).uid)

    def uses_per_day(self, session: Session, account: Account) -> UsesPerDay:
        """The uses of each of the account's app passwords on the last days."""
        uid = require_active(session, account).uid
        return self._context.usage.per_day(uid, self._clock.now().date())

    def after_sign_in(self, session: Session) -> Account:
        """The account of somebody who has just signed in, tidied: what expired long ago is gone."""
        self._context.confirmation.note(confirmed=True)  # nobody is told of what signing in wrote
        account = self.account(session)
        if session.restriction is None and account.purgeable(self._clock.now()):
            # Whether it can be tidied now is no concern of theirs.
            with contextlib.suppress(StoreError, NotFound):
                account = purge_expired(self._context, account)
        return account

    def create_app_password(
        self,
        session: Session,
        name: str,
        scope: tuple[str, ...] = (ANY_APP,),
        expires: datetime | None = None,
        networks: tuple[str, ...] = (),
    ) -> IssuedAppPassword:
        """Raises InvalidName, NameTaken, LimitReached or Refused; then nothing was made."""
        self.check_fresh(session)
        if not self.policy.people_create:
            raise Refused(BY_ADMINISTRATOR)
        self.policy.check_scope(scope)
        self.policy.check_expiry(expires, self._clock.now())
        still_allowed = partial(require_enrolled, session, policy=self.policy)
        account = still_allowed(self._store.get(session.account_name))
        wish = AppPasswordRequest(name, scope, expires, networks)
        try:
            return app_passwords.create(self._context, account, wish, still_allowed)[0]
        except NotFound:
            raise SessionEnded(GONE) from None

    def delete_app_password(self, session: Session, id_: str) -> None:
        """Raises NotFound if it was deleted already."""
        self._delete(session, [id_])

    def delete_app_passwords(self, session: Session, ids: Sequence[str]) -> list[str]:
        """Deletes them as one change: all or, where something fails, none.

        Several need a fresh verification, lest who finds a session open does it.
        Returns a sentence about each that had been deleted already.
        """
        if len(ids) > 1:
            self.check_fresh(session)
        try:
            gone = self._delete(session, ids)
        except NotFound as error:
            return [str(error)] * len(ids)
        return [ALREADY_DELETED] * (len(ids) - len(gone))

    def _delete(self, session: Session, ids: Sequence[str]) -> tuple[AppPassword, ...]:
        require_unrestricted(session)
        self.besides = ""
        transaction = account_transaction(self._store, session)
        deletion = app_passwords.delete(self._context, transaction, ids)
        self.besides = "" if deletion.listed else f" {UNLISTED}"
        return deletion.app_passwords

    def edit_app_password(self, session: Session, id_: str, edit: AppPasswordEdit) -> AppPassword:
        """As it is from now on; what opens more than before needs a fresh verification.

        Raises InvalidName, NameTaken, NotFound or Refused.
        """
        if edit.name is not None:
            edit = replace(edit, name=app_password_name(edit.name))
        return self._change_app_password(session, id_, lambda record: record.edited(edit))

    def rename_app_password(self, session: Session, id_: str, name: str) -> None:
        """Raises InvalidName, NameTaken or NotFound."""
        self.edit_app_password(session, id_, AppPasswordEdit(name))

    def pause_app_password(self, session: Session, id_: str) -> AppPassword:
        """Refused from the next attempt on, until it is resumed. Raises NotFound."""
        return self._change_app_password(session, id_, lambda record: replace(record, paused=True))

    def resume_app_password(self, session: Session, id_: str) -> AppPassword:
        """Good again for what it was; needs a fresh verification. Raises NotFound."""
        return self._change_app_password(session, id_, lambda record: replace(record, paused=False))

    def _change_app_password(
        self, session: Session, id_: str, step: Callable[[AppPassword], AppPassword]
    ) -> AppPassword:
        require_unrestricted(session)

        def allowed(after: AppPassword, before: AppPassword) -> None:
            self.check_fresh(session)
            self.policy.check_widened(after, before, self._clock.now())

        transaction = account_transaction(self._store, session)
        edited = app_passwords.edit(self._context, transaction, id_, step, allowed)
        self.besides = ""
        return edited.after

    def set_appearance(self, session: Session, appearance: str) -> None:
        self._change(session, lambda account: replace(account, appearance=appearance))

    def trusted_addresses(self, session: Session) -> TrustedAddresses:
        """The addresses from which the account completed a sign-in in the last 30 days."""
        account = self.account(session)
        return self._throttle.trusted(account.name, map(key_place, account.fingerprints))

    def forget_trusted_addresses(self, session: Session) -> None:
        """From now on, every address is a stranger's; the present session goes on."""
        require_unrestricted(session)
        account = self.account(session)
        self._throttle.forget_known(account.name)
        self._context.record(account, EventType.ADDRESSES_FORGOTTEN)

    def sign_out_elsewhere(self, session: Session) -> Session:
        """Ends every other session of the account; the one returned goes on."""
        require_unrestricted(session)
        changed = self._change(session, Account.with_sessions_ended, EventType.SIGNED_OUT_ELSEWHERE)
        return replace(session, session_generation=changed.session_generation)

    def change_password(
        self, session: Session, current: str, new: str, *, delete_app_passwords: bool = False
    ) -> Session:
        """Ends every other session of the account; the one returned goes on.

        Raises:
            SignInRefused: `current` is wrong.
            RateLimited: this try was not made.
            WeakPassword: `new` will not do; says why.
            Refused: passwords are kept elsewhere; says where they are changed.
        """
        self.check_fresh(session)
        if self.external_passwords_hint is not None:
            raise Refused(self.external_passwords_hint)
        account = self.account(session)
        if not self._passwords.verify(account, Secret(current)):
            raise SignInRefused("That is not your current password.")
        changed, _ = change_password(
            self._context,
            account_transaction(self._store, session),
            account.name,
            Secret(new),
            delete_app_passwords=delete_app_passwords,
        )
        self.besides = f" {UNLISTED}" if changed.unlisted else ""
        return replace(session, session_generation=changed.existing.session_generation)

    def _first_hash(self, name: str, password: str | None) -> str | None:
        if password is None and self.external_passwords_hint is not None:
            return None
        if self.external_passwords_hint is not None:
            raise Refused(self.external_passwords_hint)
        return new_hash(self._context, name, Secret(password or ""))

    def _change(
        self, session: Session, step: Callable[[Account], Account], act: EventType | None = None
    ) -> Account:
        with account_transaction(self._store, session) as change:
            change.account = step(change.existing)
            if act is not None:
                change.records.append(self._context.recording(change.existing, act))
        self.besides = f" {UNLISTED}" if change.unlisted else ""
        return change.existing

    def _begun(self, account: Account) -> Session:
        """A session for somebody whose password was right, and who has no second factor."""
        session = new_session(account)
        self._context.record_sign_in(account)
        if needs_enrollment(account, self.policy):
            return replace(session, restriction="none yet")
        with self._context.done_afterwards(account, "throttle"):
            self._throttle.record_success(account.name)
        return session.reverified(self._clock)
