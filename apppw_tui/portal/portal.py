"""What a person can do: sign in, and look after one's own account."""

import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from apppw_tui.domain import account_password
from apppw_tui.domain.account import Account
from apppw_tui.domain.clock import Clock
from apppw_tui.domain.errors import NotFound, Refused, SessionEnded, SignInRefused, StoreError
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.names import account_name, app_password_name
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.seam import Store
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.symbols import RandomBelow
from apppw_tui.portal.issuing import Issued, Issuer

_GONE = "You were signed out: the account is gone."


@dataclass(frozen=True)
class Session:
    """A signed-in person: good for as long as account, uid and epoch are still the same."""

    account: str
    uid: str
    epoch: int


class Portal:
    """Every method may block (hashes, files): never call it on the event loop.

    All of them may raise StoreError; those that take a session may raise SessionEnded.
    """

    def __init__(
        self,
        store: Store,
        hasher: Hasher,
        clock: Clock,
        policy: Policy,
        *,
        default_domain: str | None = None,
        randbelow: RandomBelow = secrets.randbelow,
    ) -> None:
        self.policy = policy
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self._default_domain = default_domain
        self._issuer = Issuer(store, hasher, clock, policy, randbelow)

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
        return self._session(self.add_account(name, password))

    def add_account(self, name: str, password: str) -> Account:
        """A new account. Raises InvalidName, WeakPassword or NameTaken."""
        name = account_name(name, self._default_domain)
        secret = account_password.normalized(password)
        account_password.check(secret, name)
        account = Account.new(name, self._hasher.account.make(secret), self._clock.now())
        with self._store.change(name, None) as change:
            change.account = account
        return account

    def sign_in(self, name: str, password: str) -> Session:
        """A session, for the right account password. Exactly one hash, whether or not it is known.

        Raises:
            InvalidName: `name` cannot be an account at all.
            SignInRefused: account and password do not match.
        """
        name = account_name(name, self._default_domain)
        secret = account_password.normalized(password)
        account = self._store.read(name)
        right = self._hasher.account.check(account.password_hash if account else None, secret)
        if account is None or not right or not account.enabled:
            raise SignInRefused("That account and password do not match.")
        if self._hasher.account.outdated(account.password_hash):
            # The old hash is still good: a full or busy store keeps nobody out.
            with contextlib.suppress(StoreError):
                self._hash_anew(account, secret)
        return self._session(account)

    def account(self, session: Session) -> Account:
        """The account as it stands now."""
        return self._checked(session, self._store.read(session.account))

    def create_app_password(self, session: Session, name: str) -> Issued:
        """Raises InvalidName, NameTaken or LimitReached; then nothing was made."""
        try:
            return self._issuer.issue(
                self.account(session), name, lambda account: _check(session, account)
            )
        except NotFound:
            raise SessionEnded(_GONE) from None

    def delete_app_password(self, session: Session, id_: str) -> None:
        """Raises NotFound if it was deleted already."""
        self._change(session, lambda account: account.without_app_password(id_))

    def rename_app_password(self, session: Session, id_: str, name: str) -> None:
        """Raises InvalidName, NameTaken or NotFound."""
        name = app_password_name(name)
        self._change(session, lambda account: account.with_app_password_renamed(id_, name))

    def set_appearance(self, session: Session, appearance: str) -> None:
        self._change(session, lambda account: replace(account, appearance=appearance))

    def change_password(self, session: Session, current: str, new: str) -> Session:
        """Ends every other session of the account; the one returned goes on.

        Raises:
            SignInRefused: `current` is wrong.
            WeakPassword: `new` will not do; says why.
        """
        account = self.account(session)
        if not self._hasher.account.check(
            account.password_hash, account_password.normalized(current)
        ):
            raise SignInRefused("That is not your present password.")
        secret = account_password.normalized(new)
        account_password.check(secret, account.name)
        fresh = self._hasher.account.make(secret)
        now = self._clock.now()
        changed = self._change(session, lambda current: current.with_password(fresh, now))
        return self._session(changed)

    def _hash_anew(self, account: Account, password: Secret) -> None:
        fresh = self._hasher.account.make(password)
        with self._store.change(account.name, account.uid) as change:
            current = change.account
            if current is not None and current.password_hash == account.password_hash:
                change.account = replace(current, password_hash=fresh)

    def _change(self, session: Session, step: Callable[[Account], Account]) -> Account:
        # The account may be gone altogether; then the session is what has ended.
        self.account(session)
        with self._store.change(session.account, session.uid) as change:
            change.account = step(self._checked(session, change.account))
            return change.account

    @staticmethod
    def _session(account: Account) -> Session:
        return Session(account.name, account.uid, account.epoch)

    @staticmethod
    def _checked(session: Session, account: Account | None) -> Account:
        if account is None:
            raise SessionEnded(_GONE)
        _check(session, account)
        return account


def _check(session: Session, account: Account) -> None:
    """Raises SessionEnded unless `session` may still act on `account` (SAFETY 12)."""
    if account.uid != session.uid or not account.enabled:
        raise SessionEnded("You were signed out: the account is closed.")
    if account.epoch != session.epoch:
        raise SessionEnded("You were signed out: the password was changed elsewhere.")
