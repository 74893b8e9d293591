"""The acts of an administrator on other people's app passwords."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from apppw_tui.domain import expiry
from apppw_tui.domain.account import UNLISTED, Account
from apppw_tui.domain.activity import EventType
from apppw_tui.domain.app_password import AppPassword, AppPasswordEdit
from apppw_tui.domain.errors import AlreadySo, NotFound, Refused, StoreError
from apppw_tui.domain.names import app_password_name, escaped, name_key
from apppw_tui.domain.progress import progress
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
        networks: tuple[str, ...] = (),
    ) -> IssuedAppPassword:
        """Not bound by the policy on second factors, and marked as the operator's act."""
        account = self.account(name)
        wish = AppPasswordRequest(app_password, scope, expires, networks)
        issued, noticed = app_passwords.create(self.context, account, wish, by=self.by)
        self._check_noticed(account, noticed=noticed)
        return issued

    def find_app_password(self, name: str, name_or_id: str) -> tuple[Account, AppPassword]:
        """The account, and the one app password that goes by that name or id.

        Raises:
            NotFound: there is none.
            Refused: it is the name of one and the id of another, or of several.
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
        if len({name_key(match.name) for match in matches}) > 1:
            raise Refused(
                f"{escaped(name_or_id)} is the name of one app password and the id of another."
            )
        if len(matches) > 1:  # an older program did not see the one that is paused or limited
            ids = " or ".join(match.id for match in matches)
            raise Refused(
                f"There are several called {escaped(name_or_id)}: say which by its first symbols, "
                f"{ids}."
            )
        return account, matches[0]

    def edit_app_password(self, name: str, name_or_id: str, edit: AppPasswordEdit) -> AppPassword:
        """Raises InvalidName, NameTaken, and what `find_app_password` does.

        AlreadySo: there was nothing to change.
        """
        if edit.name is not None:
            edit = replace(edit, name=app_password_name(edit.name))
        return self._change_app_password(
            name, name_or_id, lambda record: record.edited(edit), "is so already"
        )

    def pause_app_password(self, name: str, name_or_id: str) -> AppPassword:
        """Raises AlreadySo, and what `find_app_password` does."""
        return self._change_app_password(
            *(name, name_or_id), lambda record: replace(record, paused=True), "is paused already"
        )

    def resume_app_password(self, name: str, name_or_id: str) -> AppPassword:
        """Raises AlreadySo, and what `find_app_password` does."""
        return self._change_app_password(
            *(name, name_or_id), lambda record: replace(record, paused=False), "is not paused"
        )

    def _change_app_password(
        self,
        name: str,
        name_or_id: str,
        step: Callable[[AppPassword], AppPassword],
        already: str,
    ) -> AppPassword:
        account, record = self.find_app_password(name, name_or_id)
        transaction = self.context.store.transaction(account.name, account.uid)
        edited = app_passwords.edit(self.context, transaction, record.id, step, by=self.by)
        self._check_noticed(account, noticed=edited.noticed)
        if edited.after == edited.before:
            raise AlreadySo(f"{escaped(record.name)} of {account.name} {already}.")
        return edited.after

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
        ids = None if id_ is None else [id_]
        deletion = app_passwords.delete(self.context, transaction, ids, by=self.by)
        if not deletion.listed:
            self.warn(UNLISTED if id_ else f"{account.name}: {UNLISTED}")
        self._check_noticed(account, noticed=deletion.noticed)
        return deletion

    def tell_of_expiry(
        self, failed: Callable[[str, StoreError], object]
    ) -> Iterator[tuple[Account, AppPassword]]:
        """Tells the owners of what expires soon, each once; whom, and of what.

        Reads every account, and the activity of those alone who have one that does.
        """
        days = timedelta(days=self.context.policy.tell_before_expiry)
        for account in progress(self.context.store.each(failed), "Looking at accounts"):
            until = self.context.clock.now() + days
            if not self._ending(account, until):
                continue
            try:
                told = self._tell_of(account, until)
            except StoreError as error:
                failed(account.name, error)
            except NotFound:
                continue  # it is gone since
            else:
                yield from ((account, app_password) for app_password in told)

    def _ending(self, account: Account, until: datetime) -> list[AppPassword]:
        """Those that let somebody in, and expire by then."""
        now = self.context.clock.now()
        return [
            app_password
            for app_password in account.app_passwords
            if app_password.expires is not None and now < app_password.expires <= until
            if account.enabled and not app_password.paused
        ]

    def _tell_of(self, account: Account, until: datetime) -> list[AppPassword]:
        told = []
        # Under the account's lock: another machine's timer comes at the same minute.
        with self.context.store.transaction(account.name, account.uid) as change:
            before = {
                (entry.details.get("id"), entry.details.get("expiring"))
                for entry in self.context.activity_log.read(account.uid)
                if entry.event == EventType.EXPIRES_SOON
            }
            for app_password in self._ending(change.existing, until):
                day = expiry.last_day(app_password.expires or until)
                facts = {"id": app_password.id, "expiring": f"{app_password.name}, on {day}"}
                if (facts["id"], facts["expiring"]) not in before:
                    self.context.record(change.existing, EventType.EXPIRES_SOON, self.by, **facts)
                    told.append(app_password)
        return told

    def purge_expired(self, name: str) -> int:
        """Removes the app passwords that expired long ago; how many. Forgets old activity."""
        account = self.account(name)
        self.context.activity_log.forget_old(account.uid)
        return len(account.app_passwords) - len(purge_expired(self.context, account).app_passwords)
