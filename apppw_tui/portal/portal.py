"""What a person can do: sign in, and look after one's own account."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from apppw_tui.domain import account_password
from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import (
    NotFound,
    Refused,
    SessionEnded,
    SetUpFirst,
    SignInRefused,
    StoreDamaged,
    StoreError,
)
from apppw_tui.domain.names import account_name, app_password_name
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.services import ANY_APP
from apppw_tui.domain.usage import Used
from apppw_tui.portal.challenge import Challenge
from apppw_tui.portal.issuing import Issued, Issuer, Wish
from apppw_tui.portal.means import Means
from apppw_tui.portal.methods import Methods
from apppw_tui.portal.sessions import (
    GONE,
    Session,
    begun,
    changing,
    check_fresh,
    check_full,
    checked,
    must_set_up,
)
from apppw_tui.portal.throttling import Throttle
from apppw_tui.portal.tidying import remove_overdue

_NO_MATCH = "That account and password do not match."


class Portal:
    """Every method may block (hashes, files): never call it on the event loop.

    All of them may raise StoreError; those that take a session may raise SessionEnded, those that
    matter VerificationNeeded (SAFETY 14), and all but looking SetUpFirst.
    """

    def __init__(self, means: Means) -> None:
        self.policy = means.policy
        self.methods = Methods(means)
        self._means = means
        self._store = means.store
        self._hasher = means.hasher
        self._clock = means.clock
        self._throttle = Throttle(means.counters, means.clock, means.address)
        self._issuer = Issuer(means.store, means.hasher, means.clock, means.policy, means.randbelow)

    def has_accounts(self) -> bool:
        return bool(self._store.names())

    def create_first_account(self, name: str, password: str) -> Session:
        """The first account of a store, and a session for it.

        Raises:
            InvalidName, WeakPassword: with the reason.
            Refused: there is an account by now.
        """
        if self.has_accounts():
            raise Refused("There is an account by now. Sign in with it.")
        return self._begun(self.add_account(name, password))

    def add_account(self, name: str, password: str) -> Account:
        """A new account. Raises InvalidName, WeakPassword or NameTaken."""
        name = account_name(name, self._means.default_domain)
        secret = account_password.normalized(password)
        account_password.check(secret, name)
        account = Account.new(name, self._hasher.account.make(secret), self._clock.now())
        with self._store.change(name, None) as change:
            change.account = account
        return account

    def sign_in(self, name: str, password: str) -> Session | Challenge:
        """For the right account password: a session, or the second question that comes before it.

        Exactly one hash, whether or not the account is known.

        Raises:
            InvalidName: `name` cannot be an account at all.
            SignInRefused: account and password do not match.
            TooMany: this try was not made; says how long to wait.
        """
        name = account_name(name, self._means.default_domain)
        secret = account_password.normalized(password)
        self._throttle.charge(name, "password")
        account = self._readable(name)
        right = self._hasher.account.check(account.password_hash if account else None, secret)
        if account is None or not right or not account.enabled:
            raise SignInRefused(_NO_MATCH)
        self._throttle.refund(name, "password")
        if self._hasher.account.outdated(account.password_hash):
            # The old hash is still good: a full or busy store keeps nobody out.
            with contextlib.suppress(StoreError):
                self._hash_anew(account, secret)
        if account.has_second_factor:
            return Challenge(self._means, account)
        return self._begun(account)

    def verify_again(self, session: Session) -> Challenge:
        """The second question, asked once more; its answer is the same session, fresh again."""
        check_full(session)
        return Challenge(self._means, self.account(session), session)

    def check_fresh(self, session: Session) -> None:
        """Raises VerificationNeeded if the last verification is too old for what matters."""
        check_full(session)
        check_fresh(session, self._clock)

    def account(self, session: Session) -> Account:
        """The account as it stands now."""
        return checked(session, self._store.read(session.account))

    def used(self, session: Session, account: Account) -> Used:
        """When the account's app passwords were last used."""
        return self._means.usage.read(checked(session, account).uid)

    def entered(self, session: Session) -> Account:
        """The account of somebody who has just signed in, tidied: what expired long ago is gone."""
        account = self.account(session)
        if session.limited is None and account.overdue(self._clock.now()):
            # Whether it can be tidied now is no concern of theirs.
            with contextlib.suppress(StoreError, NotFound):
                account = remove_overdue(self._means, account)
        return account

    def create_app_password(
        self,
        session: Session,
        name: str,
        scope: tuple[str, ...] = (ANY_APP,),
        expires: datetime | None = None,
    ) -> Issued:
        """Raises InvalidName, NameTaken or LimitReached; then nothing was made."""
        self.check_fresh(session)

        def still_allowed(account: Account) -> None:
            checked(session, account)
            if must_set_up(account, self.policy):
                raise SetUpFirst("Set up a verification method first.")

        account = self.account(session)
        still_allowed(account)
        try:
            return self._issuer.issue(account, Wish(name, scope, expires), still_allowed)
        except NotFound:
            raise SessionEnded(GONE) from None

    def delete_app_password(self, session: Session, id_: str) -> None:
        """Raises NotFound if it was deleted already."""
        check_full(session)
        self._change(session, lambda account: account.without_app_password(id_))

    def rename_app_password(self, session: Session, id_: str, name: str) -> None:
        """Raises InvalidName, NameTaken or NotFound."""
        check_full(session)
        name = app_password_name(name)
        self._change(session, lambda account: account.with_app_password_renamed(id_, name))

    def set_appearance(self, session: Session, appearance: str) -> None:
        self._change(session, lambda account: replace(account, appearance=appearance))

    def change_password(
        self, session: Session, current: str, new: str, *, delete_app_passwords: bool = False
    ) -> Session:
        """Ends every other session of the account; the one returned goes on.

        Raises:
            SignInRefused: `current` is wrong.
            TooMany: this try was not made.
            WeakPassword: `new` will not do; says why.
        """
        self.check_fresh(session)
        account = self.account(session)
        self._throttle.charge(account.name, "password")
        if not self._hasher.account.check(
            account.password_hash, account_password.normalized(current)
        ):
            raise SignInRefused("That is not your present password.")
        self._throttle.refund(account.name, "password")
        secret = account_password.normalized(new)
        account_password.check(secret, account.name)
        fresh = self._hasher.account.make(secret)
        now, deleted = self._clock.now(), 0

        def step(present: Account) -> Account:
            nonlocal deleted
            kept = present.without_app_passwords() if delete_app_passwords else present
            deleted = len(present.app_passwords) - len(kept.app_passwords)
            return kept.with_password(fresh, now)

        changed = self._change(session, step)
        self._means.journal.record(
            account.uid, "password changed", account.name, app_passwords_deleted=str(deleted)
        )
        self._throttle.password_changed(account.name)
        return replace(session, epoch=changed.epoch)

    def _hash_anew(self, account: Account, password: Secret) -> None:
        fresh = self._hasher.account.make(password)
        with self._store.change(account.name, account.uid) as change:
            current = change.account
            if current is not None and current.password_hash == account.password_hash:
                change.account = replace(current, password_hash=fresh)

    def _change(self, session: Session, step: Callable[[Account], Account]) -> Account:
        with changing(self._store, session) as change:
            change.account = step(change.present)
        return change.present

    def _readable(self, name: str) -> Account | None:
        """The account; None too where its file is damaged, which a stranger must not learn."""
        try:
            return self._store.read(name)
        except StoreDamaged as error:
            self._means.journal.fault("account damaged", why=str(error))
            return None

    def _begun(self, account: Account) -> Session:
        """A session for somebody whose password was right, and who has no second factor."""
        session = begun(account)
        if must_set_up(account, self.policy):
            return replace(session, limited="none yet")
        self._throttle.completed(account.name)
        return session.proven(self._clock)
