"""The acts of an administrator on other people's app passwords."""

from dataclasses import dataclass
from datetime import datetime

from apppw_tui.domain.account import UNLISTED, Account
from apppw_tui.domain.activity import EventType
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import NotFound, Refused
from apppw_tui.domain.names import escaped, name_key
from apppw_tui.domain.scopes import ANY_APP
from apppw_tui.portal.admin_accounts import AccountAdmin
from apppw_tui.portal.app_passwords import (
    AppPasswordIssuer,
    AppPasswordRequest,
    IssuedAppPassword,
    purge_expired,
)


@dataclass(frozen=True)
class AppPasswordAdmin(AccountAdmin):
    """Acts on the app passwords of any account."""

    def create_app_password(
        self,
        name: str,
        app_password: str,
        scope: tuple[str, ...] = (ANY_APP,),
        expires: datetime | None = None,
    ) -> IssuedAppPassword:
        """Not bound by the policy on second factors, and marked as the operator's act."""
        means = self.context
        account = self.account(name)
        issuer = AppPasswordIssuer(
            means.store, means.hasher, means.clock, means.policy, means.randbelow
        )
        issued = issuer.issue(
            account, AppPasswordRequest(app_password, scope, expires), created_by_admin=True
        )
        self._record(
            account, EventType.CREATED, id=issued.app_password.id, name=issued.app_password.name
        )
        return issued

    def find_app_password(self, name: str, name_or_id: str) -> tuple[Account, AppPassword]:
        """The account, and the one app password that goes by that name or id.

        Raises:
            NotFound: there is none.
            Refused: it is the name of one and the id of another.
        """
        account = self.account(name)
        key = name_key(name_or_id)
        matches = [
            app_password
            for app_password in account.app_passwords
            if app_password.id == name_or_id or name_key(app_password.name) == key
        ]
        if not matches:
            raise NotFound(f"{account.name} has no app password {escaped(name_or_id)}.")
        if len(matches) > 1:
            raise Refused(
                f"{escaped(name_or_id)} is the name of one app password and the id of another."
            )
        return account, matches[0]

    def delete_app_password(self, name: str, name_or_id: str) -> AppPassword:
        """Deletes what `find_app_password` finds, and raises what it does."""
        account, record = self.find_app_password(name, name_or_id)
        with self.context.store.transaction(account.name, account.uid) as change:
            change.account = change.existing.without_app_password(record.id)
            self.context.session_terminator.terminate(account.name)
        if change.unlisted:
            self.warn(UNLISTED)
        self._record(account, EventType.DELETED, id=record.id, name=record.name)
        return record

    def delete_app_passwords(self, name: str) -> tuple[Account, int]:
        """Deletes all app passwords of the account; how many there were."""
        account = self.account(name)
        with self.context.store.transaction(account.name, account.uid) as change:
            count = len(change.existing.app_passwords)
            change.account = change.existing.without_app_passwords()
            if count:
                self.context.session_terminator.terminate(account.name)
        if change.unlisted:
            self.warn(f"{account.name}: {UNLISTED}")
        self._record(account, EventType.ALL_DELETED, count=str(count))
        return account, count

    def purge_expired(self, name: str) -> int:
        """Removes the app passwords that expired long ago; how many. Forgets old activity."""
        account = self.account(name)
        self.context.activity_log.forget_old(account.uid)
        return len(account.app_passwords) - len(purge_expired(self.context, account).app_passwords)
