"""The acts of an administrator on other people's app passwords."""

from dataclasses import dataclass
from datetime import datetime

from apppw_tui.domain.account import UNLISTED, Account
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import NotFound, Refused
from apppw_tui.domain.names import escaped, name_key
from apppw_tui.domain.scopes import ANY_APP
from apppw_tui.portal import app_passwords
from apppw_tui.portal.admin_accounts import AccountAdmin
from apppw_tui.portal.app_passwords import (
    AppPasswordRequest,
    Deletion,
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
        account = self.account(name)
        wish = AppPasswordRequest(app_password, scope, expires)
        issued, noticed = app_passwords.create(self.context, account, wish, by=self.by)
        self._check_noticed(account, noticed=noticed)
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
        self._delete(account, record.id)
        return record

    def delete_app_passwords(self, name: str) -> tuple[Account, int]:
        """Deletes all app passwords of the account; how many there were."""
        account = self.account(name)
        return account, len(self._delete(account).app_passwords)

    def _delete(self, account: Account, id_: str | None = None) -> Deletion:
        transaction = self.context.store.transaction(account.name, account.uid)
        deletion = app_passwords.delete(self.context, transaction, id_, by=self.by)
        if not deletion.listed:
            self.warn(UNLISTED if id_ else f"{account.name}: {UNLISTED}")
        self._check_noticed(account, noticed=deletion.noticed)
        return deletion

    def purge_expired(self, name: str) -> int:
        """Removes the app passwords that expired long ago; how many. Forgets old activity."""
        account = self.account(name)
        self.context.activity_log.forget_old(account.uid)
        return len(account.app_passwords) - len(purge_expired(self.context, account).app_passwords)
