"""An account, and what may become of it. Every change gives a new value."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import LimitReached, NameTaken, NotFound
from apppw_tui.domain.names import same_name_key


@dataclass(frozen=True)
class Account:
    """A person's identity here, with everything that is kept about it."""

    name: str
    uid: str
    password_hash: str
    password_changed: datetime
    created: datetime
    version: int
    epoch: int = 0
    enabled: bool = True
    appearance: str | None = None
    app_passwords: tuple[AppPassword, ...] = ()
    deleted_ids: frozenset[str] = frozenset()

    @classmethod
    def new(
        cls,
        name: str,
        password_hash: str,
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
        return self.deleted_ids | {password.id for password in self.app_passwords}

    def app_password(self, id_: str) -> AppPassword | None:
        return next((password for password in self.app_passwords if password.id == id_), None)

    def check_name_is_free(self, name: str, besides: str | None = None) -> None:
        """Raises NameTaken if another app password than `besides` (an id) has that name."""
        key = same_name_key(name)
        for password in self.app_passwords:
            if password.id != besides and same_name_key(password.name) == key:
                raise NameTaken(f"You already have one called {password.name}.")

    def check_room(self, limit: int) -> None:
        """Raises LimitReached if one more app password would be too many."""
        if len(self.app_passwords) >= limit:
            raise LimitReached(f"You have {len(self.app_passwords)} of {limit}. Delete one first.")

    def with_app_password(self, password: AppPassword, limit: int) -> "Account":
        self.check_name_is_free(password.name)
        self.check_room(limit)
        return replace(self, app_passwords=(*self.app_passwords, password))

    def without_app_password(self, id_: str) -> "Account":
        self._must_have(id_)
        return replace(
            self,
            app_passwords=tuple(password for password in self.app_passwords if password.id != id_),
            deleted_ids=self.deleted_ids | {id_},
        )

    def with_app_password_renamed(self, id_: str, name: str) -> "Account":
        self._must_have(id_)
        self.check_name_is_free(name, besides=id_)
        return replace(
            self,
            app_passwords=tuple(
                replace(password, name=name) if password.id == id_ else password
                for password in self.app_passwords
            ),
        )

    def with_password(self, password_hash: str, now: datetime) -> "Account":
        """A changed password ends every session that began before it (SAFETY 12)."""
        return replace(
            self, password_hash=password_hash, password_changed=now, epoch=self.epoch + 1
        )

    def _must_have(self, id_: str) -> None:
        if self.app_password(id_) is None:
            raise NotFound("That app password was already deleted.")
