"""An account, and what may become of it. Every change gives a new value."""

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import LimitReached, NameTaken, NotFound
from apppw_tui.domain.names import name_key
from apppw_tui.domain.phone import Phone, PhoneSlot
from apppw_tui.domain.recovery_codes import RecoveryCodes
from apppw_tui.domain.ssh_key import MOST, SshKey
from apppw_tui.domain.totp import Authenticator

LONGEST_BYPASS = 24 * 60  # minutes
AUTHENTICATOR = "authenticator"  # the name under which its secret is sealed


UNTOLD = (
    "It is done, but the store's folder enforced, which Dovecot reads while the daemon is silent, "
    "could not be made to say so; see: apppw-tui doctor"
)
ALREADY_DELETED = "That app password was already deleted."
# Short, since a screen says it in one line after what was deleted.
UNLISTED = "Until the next change a restored backup could bring it back."


@dataclass(frozen=True)
class Account:
    """A person's identity here, with everything that is kept about it."""

    name: str
    uid: str
    password_hash: str | None  # None where another source knows the password
    password_changed: datetime
    created: datetime
    version: int
    session_generation: int = 0
    enabled: bool = True
    appearance: str | None = None
    app_passwords: tuple[AppPassword, ...] = ()
    deleted_ids: frozenset[str] = frozenset()
    authenticator: Authenticator | None = None
    phones: tuple[Phone, ...] = ()
    ssh_keys: tuple[SshKey, ...] = ()
    recovery: RecoveryCodes | None = None
    preferred: str | None = None
    verification_required: bool = False
    bypass_until: datetime | None = None
    enforced_from: datetime | None = None

    @classmethod
    def new(
        cls,
        name: str,
        password_hash: str | None,
        now: datetime,
        token_hex: Callable[[int], str] = secrets.token_hex,
    ) -> "Account":
        """A new account with a random 128-bit uid.

        Its version starts at a number drawn from the uid, so that an account which was removed
        and made again under the same name never shows an old version number.
        """
        uid = token_hex(16)
        return cls(name, uid, password_hash, now, now, version=int(uid[:10], 16))

    @property
    def used_ids(self) -> frozenset[str]:
        return self.deleted_ids | {app_password.id for app_password in self.app_passwords}

    @cached_property
    def app_passwords_by_id(self) -> Mapping[str, AppPassword]:
        return {app_password.id: app_password for app_password in self.app_passwords}

    def app_password(self, id_: str) -> AppPassword | None:
        return self.app_passwords_by_id.get(id_)

    def existing_app_password(self, id_: str) -> AppPassword:
        """Raises NotFound."""
        app_password = self.app_password(id_)
        if app_password is None:
            raise NotFound(ALREADY_DELETED)
        return app_password

    def check_name_is_free(self, name: str, besides: str | None = None) -> None:
        """Raises NameTaken if another app password than `besides` (an id) has that name."""
        key = name_key(name)
        for app_password in self.app_passwords:
            if app_password.id != besides and name_key(app_password.name) == key:
                raise NameTaken(f"You already have one called {app_password.name}.")

    def check_limit(self, limit: int) -> None:
        """Raises LimitReached if one more app password would be too many."""
        if len(self.app_passwords) >= limit:
            raise LimitReached(f"You have {len(self.app_passwords)} of {limit}. Delete one first.")

    def with_app_password(self, app_password: AppPassword, limit: int) -> "Account":
        self.check_name_is_free(app_password.name)
        self.check_limit(limit)
        return replace(self, app_passwords=(*self.app_passwords, app_password))

    def without_app_password(self, id_: str) -> "Account":
        return self.without_app_passwords([id_])

    def without_app_passwords(self, ids: Collection[str] | None = None) -> "Account":
        """With these deleted, or every one of them. Raises NotFound."""
        if ids is None:
            ids = self.app_passwords_by_id
        for id_ in ids:
            self.existing_app_password(id_)
        return replace(
            self,
            app_passwords=tuple(each for each in self.app_passwords if each.id not in ids),
            deleted_ids=self.deleted_ids.union(ids),
        )

    def with_app_password_changed(self, changed: AppPassword) -> "Account":
        """With `changed` instead of the one that has its id. Raises NotFound, NameTaken."""
        before = self.existing_app_password(changed.id)
        if changed.name != before.name:
            self.check_name_is_free(changed.name, besides=changed.id)
        return replace(
            self,
            app_passwords=tuple(
                changed if app_password.id == changed.id else app_password
                for app_password in self.app_passwords
            ),
        )

    def purgeable(self, now: datetime) -> tuple[AppPassword, ...]:
        """The app passwords that expired so long ago that they need not be shown any more."""
        return tuple(
            app_password for app_password in self.app_passwords if app_password.is_purgeable(now)
        )

    # --- verification methods ---------------------------------------------------------------

    @property
    def has_second_factor(self) -> bool:
        """True if there is a method that signing in must ask for."""
        return self.authenticator is not None or bool(self.phones) or bool(self.ssh_keys)

    @property
    def recovery_codes_left(self) -> int:
        return self.recovery.remaining if self.recovery else 0

    def phone(self, which: PhoneSlot) -> Phone | None:
        return next((phone for phone in self.phones if phone.which == which), None)

    def with_phone(self, phone: Phone) -> "Account":
        """`phone` instead of the one that was there."""
        others = (other for other in self.phones if other.which != phone.which)
        return replace(self, phones=(*others, phone))

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Those of its ssh keys."""
        return tuple(key.fingerprint for key in self.ssh_keys)

    def ssh_key(self, fingerprint: str) -> SshKey | None:
        return next((key for key in self.ssh_keys if key.fingerprint == fingerprint), None)

    def with_ssh_key(self, key: SshKey) -> "Account":
        """With one more, or with `key` instead of itself as it was.

        Raises:
            NameTaken, LimitReached: with the reason.
        """
        if self.ssh_key(key.fingerprint) is not None:
            keys = (key if each.fingerprint == key.fingerprint else each for each in self.ssh_keys)
            return replace(self, ssh_keys=tuple(keys))
        for other in self.ssh_keys:
            if name_key(other.name) == name_key(key.name):
                raise NameTaken(f"You already have a key called {other.name}.")
        if len(self.ssh_keys) >= MOST:
            raise LimitReached(f"You have {MOST} ssh keys. Remove one first.")
        return replace(self, ssh_keys=(*self.ssh_keys, key))

    def without_ssh_key(self, fingerprint: str) -> "Account":
        """Every session ends: one of them may have been opened by that key (SAFETY 12).

        Raises NotFound if it is not the account's.
        """
        others = tuple(key for key in self.ssh_keys if key.fingerprint != fingerprint)
        if len(others) == len(self.ssh_keys):
            raise NotFound("That key was already removed.")
        ended = self.with_sessions_ended()
        return replace(ended, ssh_keys=others)._drop_orphaned_recovery()

    def without_authenticator(self) -> "Account":
        return replace(self, authenticator=None)._drop_orphaned_recovery()

    def without_phone(self, which: PhoneSlot) -> "Account":
        phones = tuple(phone for phone in self.phones if phone.which != which)
        return replace(self, phones=phones)._drop_orphaned_recovery()

    def _drop_orphaned_recovery(self) -> "Account":
        """Recovery codes stand in for a method; where none is left they stand in for nothing."""
        return self if self.has_second_factor else replace(self, recovery=None, preferred=None)

    def sealed_values(self) -> dict[str, str]:
        """The sealed values: the name of each field, and the token."""
        values = {phone.secret_name: phone.sealed for phone in self.phones}
        if self.authenticator is not None:
            values[AUTHENTICATOR] = self.authenticator.sealed
        return values

    def with_sealed_values(self, values: Mapping[str, str]) -> "Account":
        """The same values, sealed anew."""
        app = self.authenticator
        return replace(
            self,
            authenticator=app and replace(app, sealed=values[AUTHENTICATOR]),
            phones=tuple(replace(phone, sealed=values[phone.secret_name]) for phone in self.phones),
        )

    # --- the change-over --------------------------------------------------------------------

    def is_enforced(self, now: datetime) -> bool:
        """True if only app passwords open its services; else its old ones go on to the next source.

        SAFETY 17: an account begins as `open`.
        """
        return self.enforced_from is not None and now >= self.enforced_from

    # --- what ends sessions -----------------------------------------------------------------

    def with_verification_required(self) -> "Account":
        """From now on a second factor is asked, whatever the policy; sessions end (SAFETY 12)."""
        return replace(
            self,
            verification_required=True,
            session_generation=self.session_generation + 1,
        )

    def with_sessions_ended(self) -> "Account":
        """Ends every session: all have to sign in again."""
        return replace(self, session_generation=self.session_generation + 1)

    def with_disabled(self) -> "Account":
        """Neither signs in nor opens any service, from the next attempt on; sessions end."""
        return replace(self, enabled=False, session_generation=self.session_generation + 1)

    def has_bypass(self, now: datetime) -> bool:
        """True while the administrator lets the person in, once, to set up a method.

        A clock that is set back must not make it last for longer than any does.
        """
        longest = timedelta(minutes=LONGEST_BYPASS)
        return self.bypass_until is not None and now < self.bypass_until <= now + longest

    def with_password(self, password_hash: str, now: datetime) -> "Account":
        """A changed password ends every session that began before it (SAFETY 12)."""
        return replace(
            self,
            password_hash=password_hash,
            password_changed=now,
            session_generation=self.session_generation + 1,
        )


# Of the account that is renamed, and of what an earlier rename of it may have left at the name.
Rename = Callable[[Account, Account | None], Account]


# Writes down what belongs to a change: in the same transaction of a database, right after the
# change was saved in files. It never raises.
Record = Callable[[], object]


class Change:
    """The account being changed: assign `account` its next value; leave it, and nothing is written.

    `account` is None while an account is being created.
    """

    def __init__(self, name: str, before: Account | None, uid: str | None) -> None:
        """Begins the change of `before`, which must be the account of `uid` (see Store.change).

        Raises:
            NameTaken, NotFound: it is not.
        """
        if uid is None and before is not None:
            raise NameTaken(f"There is already an account {name}.")
        if uid is not None and (before is None or before.uid != uid):
            raise NotFound(f"The account {name} is gone.")
        self._before = before
        self.account = before
        self.records: list[Record] = []
        self.unlisted = False  # once written: what was deleted could not be listed as such
        self.untold = False  # once written: Dovecot's Lua could not be told of who is enforced

    @property
    def existing(self) -> Account:
        """The account of a change that began with one. Raises NotFound otherwise."""
        if self.account is None:
            raise NotFound("The account is gone.")
        return self.account

    @property
    def result(self) -> Account | None:
        """The account to be written, its version raised; None if nothing was changed."""
        if self.account is None or self.account == self._before:
            return None
        if self._before is None:
            return self.account
        return replace(self.account, version=self._before.version + 1)


def renaming(
    account: Account, name: str, before: Account | None, there: Account | None
) -> tuple[Account, Account | None]:
    """Of a rename to `name`: `before`, which has the old one now, and what is `there`, if it may.

    Raises:
        NotFound, NameTaken: see Store.rename.
    """
    if before is None or before.uid != account.uid:
        raise NotFound(f"The account {account.name} is gone.")
    if account.name == name or (there is not None and there.uid != account.uid):
        raise NameTaken(f"There is already an account {name}.")
    return before, there


@dataclass
class RawAccount:
    """An account's whole document: as it is, and, once `tables` are assigned, as it is to be.

    Whoever assigns `new_content` instead puts the very same bytes where no account was.
    `account` is None if there is none, or if what it holds cannot be read: then `error` says why.
    `place` is where it is kept, as an administrator is told.
    """

    place: str
    content: bytes | None
    account: Account | None = None
    error: Exception | None = None
    tables: dict[str, Any] | None = None
    new_content: bytes | None = None

    @property
    def is_assigned(self) -> bool:
        return self.tables is not None or self.new_content is not None
