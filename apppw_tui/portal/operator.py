"""What the operator of the server does to other people's accounts, from the command line."""

from dataclasses import dataclass

from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import NotFound, Refused, StoreError
from apppw_tui.domain.names import account_name, same_name_key, shown
from apppw_tui.domain.seam import Store
from apppw_tui.portal.issuing import Issued, Issuer


@dataclass(frozen=True)
class Operator:
    """Acts on any account, without a session. Every method may raise StoreError."""

    store: Store
    issuer: Issuer
    default_domain: str | None = None

    def account(self, name: str) -> Account:
        """Raises InvalidName or NotFound."""
        canonical = account_name(name, self.default_domain)
        found = self.store.read(canonical)
        if found is None:
            raise NotFound(f"There is no account {canonical}.")
        return found

    def accounts(self) -> tuple[list[Account], list[StoreError]]:
        """All accounts, by name, and what is wrong with those that cannot be read.

        One that is removed while the list is made is left out.
        """
        accounts, troubles = [], []
        for name in self.store.names():
            try:
                account = self.store.read(name)
            except StoreError as error:
                troubles.append(error)
            else:
                accounts += [account] if account else []
        return accounts, troubles

    def remove_account(self, name: str) -> Account:
        account = self.account(name)
        self.store.remove(account.name)
        return account

    def create_app_password(self, name: str, app_password: str) -> Issued:
        return self.issuer.issue(self.account(name), app_password)

    def delete_app_password(self, name: str, name_or_id: str) -> AppPassword:
        """Deletes the one app password that goes by that name or id.

        Raises:
            NotFound: there is none.
            Refused: it is the name of one and the id of another.
        """
        account = self.account(name)
        key = same_name_key(name_or_id)
        found = [
            password
            for password in account.app_passwords
            if password.id == name_or_id or same_name_key(password.name) == key
        ]
        if not found:
            raise NotFound(f"{account.name} has no app password {shown(name_or_id)}.")
        if len(found) > 1:
            raise Refused(
                f"{shown(name_or_id)} is the name of one app password and the id of another."
            )
        with self.store.change(account.name, account.uid) as change:
            change.account = change.present.without_app_password(found[0].id)
        return found[0]
