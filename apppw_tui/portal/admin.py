"""The acts of an administrator on other people's accounts, from the command line."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from apppw_tui.domain.account import LONGEST_BYPASS, UNLISTED, UNTOLD, Account
from apppw_tui.domain.activity import EventType
from apppw_tui.domain.errors import DeliveryFailed, NotFound, Refused, StoreError
from apppw_tui.domain.names import AccountName, account_name, candidates, find
from apppw_tui.domain.ports import DELIVERY_METHODS
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.ssh_key import SshKey
from apppw_tui.portal import rename_account, ssh_keys
from apppw_tui.portal.admin_app_passwords import AppPasswordAdmin
from apppw_tui.portal.password_check import change_password

_BYPASS_NOTICE = (
    "your administrator lets you sign in once without a security code. "
    "If you did not ask for that, tell them now."
)


@dataclass(frozen=True)
class BypassGrant:
    """A bypass that was given: whose, until when, and whether they could be told."""

    account: Account
    until: datetime
    delivered: bool


@dataclass(frozen=True)
class ThrottleStatus:
    """The state of trying.

    Unknown addresses are `locked` out, or somebody has to `wait` seconds.
    """

    locked: bool
    wait: float


@dataclass(frozen=True)
class Admin(AppPasswordAdmin):
    """Acts on accounts as a whole, and on their app passwords.

    What puts an account into a state raises AlreadySo where it is in it; nothing was done then.
    """

    def remove_account(self, name: str) -> Account:
        account, end_sessions = self.account(name), self.context.session_terminator.terminate
        # Before, lest a kill between the two forget it; after, since this is not told under the
        # lock, and sessions that were ended before the account was gone may have begun again.
        end_sessions(account.name)
        recording = self.context.recording(account, EventType.ACCOUNT_REMOVED, self.by)
        records = (lambda: end_sessions(account.name), recording)
        if not self.context.store.remove(account.name, records):
            self.warn(f"{account.name}: {UNLISTED}")
        self._check_noticed(account, noticed=recording.noticed)
        ssh_keys.drop(self.context, account, *account.fingerprints)
        with self.context.done_afterwards(account, "forgetting of its use"):
            self.context.usage.forget(account.uid)
        return account

    def disable(self, name: str) -> Account:
        """Neither signs in nor opens any service from now on; active sessions end."""
        return self._change(
            name,
            Account.with_disabled,
            EventType.DISABLED,
            lambda _: "is disabled",
            lambda account: not account.enabled,
            ending=True,
        )

    def enable(self, name: str) -> Account:
        """Signs in and opens services again, as before."""
        return self._change(
            name,
            lambda account: replace(account, enabled=True),
            EventType.ENABLED,
            lambda _: "is enabled",
            lambda account: account.enabled,
        )

    def rename(self, name: str, new: str) -> Account:
        """Gives the account another name. Raises NameTaken, and what `rename_account` does."""
        context, end_sessions = self.context, self.context.session_terminator.terminate
        account, wanted = self._to_rename(name, new)
        end_sessions(account.name)  # before and after, as when one is removed
        recording = context.recording(
            *(replace(account, name=wanted), EventType.ACCOUNT_RENAMED, self.by),
            before=account.name,
        )
        records = (lambda: end_sessions(account.name), recording)
        renamed = rename_account.rename(context.store, account, wanted, records)
        self._check_noticed(renamed, noticed=recording.noticed)
        ssh_keys.index(context, renamed)
        return renamed

    def _to_rename(self, name: str, new: str) -> tuple[Account, AccountName]:
        """The account, and the name that it gets."""
        store, domain = self.context.store, self.context.default_domain
        names, wanted = candidates(name, domain), candidates(new, domain)
        account = find(store, names)
        if account is None:
            try:
                return rename_account.half_renamed(store, names, wanted)
            except NotFound:
                raise NotFound(f"There is no account {names[-1]}.") from None
        there = find(store, wanted)
        return account, account_name(new, domain) if there is None else AccountName(there.name)

    def remove_key(self, name: str, key: str) -> tuple[Account, SshKey]:
        """Removes the ssh key of that name or fingerprint; active sessions end.

        Raises NotFound if the account has none such.
        """
        gone = ssh_keys.find(self.account(name), key)
        account = self._change(
            name,
            lambda account: account.without_ssh_key(gone.fingerprint),
            EventType.KEY_REMOVED,
            facts=ssh_keys.key_facts(gone),
        )
        ssh_keys.drop(self.context, account, gone.fingerprint)
        return account, gone

    def require_verification(self, name: str) -> Account:
        """From now on a second factor is asked, whatever the policy; sessions end."""
        return self._change(
            name,
            Account.with_verification_required,
            EventType.REQUIRED,
            lambda _: "must verify with a second factor",
            lambda account: account.verification_required,
        )

    def enforce(self, name: str, at: datetime | None = None) -> Account:
        """From `at` on, or from now, only app passwords open the account's services.

        Raises:
            AlreadySo: it is enforced, which a later instant does not undo: `stop_enforcing` does.
        """
        now = self.context.clock.now()
        since = at or now
        facts = {"since": since.isoformat(timespec="minutes")}
        if since > now:
            facts["day"] = since.astimezone().strftime("%Y-%m-%d")  # as it was said: the server's
        return self._change(
            name,
            lambda account: replace(account, enforced_from=since),
            EventType.SCHEDULED if since > now else EventType.ENFORCED,
            lambda account: (
                "is enforced" if account.is_enforced(now) else "is to be enforced from then on"
            ),
            lambda account: account.is_enforced(now) or account.enforced_from == since,
            facts=facts,
        )

    def stop_enforcing(self, name: str) -> Account:
        """The account's old passwords go on to the server's other password source again."""
        return self._change(
            name,
            lambda account: replace(account, enforced_from=None),
            EventType.OPENED,
            lambda _: "is open",
            lambda account: account.enforced_from is None,
        )

    def bypass(self, name: str, minutes: int) -> BypassGrant:
        """Lets the person in once, with the password alone, to set up a method; tells them.

        Raises:
            Refused: for no time at all, or for more than a day.
        """
        if not 1 <= minutes <= LONGEST_BYPASS:
            raise Refused(f"A bypass is good for 1 to {LONGEST_BYPASS} minutes.")
        until = self.context.clock.now() + timedelta(minutes=minutes)
        account = self._change(
            name,
            lambda account: replace(account, bypass_until=until),
            EventType.BYPASS_GIVEN,
            facts={"minutes": str(minutes)},
        )
        return BypassGrant(account, until, self._tell(account, _BYPASS_NOTICE))

    def throttle_status(self, name: str) -> ThrottleStatus:
        """The state of signing in; `wait` is the longest, of whatever address. Counts nothing."""
        account, means = self.account(name), self.context
        ledger = means.throttle.state(account.name)
        now = means.clock.now()
        waits = (
            ledger.unknown_addresses.locked_for(now),
            *(count.wait(now) for count in ledger.counts),
        )
        return ThrottleStatus(ledger.unknown_addresses.locked, max(waits))

    def unlock(self, name: str) -> Account:
        """Forgets the failures that were counted, so that strangers may try again."""
        account = self.account(name)
        means = self.context
        means.throttle.unlocked(account.name)
        self._record(account, EventType.UNLOCKED)
        return account

    def check_passwords_kept(self) -> None:
        """Raises Refused if they are kept elsewhere; it says where they are changed."""
        if self.context.source is not None:
            raise Refused(self.context.source.sentence)

    def set_password(self, name: str, password: str) -> Account:
        """A new account password; every session ends.

        Raises:
            WeakPassword: with the reason.
            Refused: passwords are kept elsewhere.
        """
        self.check_passwords_kept()
        means = self.context
        account = self.account(name)
        transaction = means.store.transaction(account.name, account.uid)
        change, noticed = change_password(
            means, transaction, account.name, Secret(password), by=self.by
        )
        if change.untold:
            self.warn(f"{account.name}: {UNTOLD}")
        self._check_noticed(account, noticed=noticed)
        return change.existing

    def _tell(self, account: Account, message: str) -> bool:
        """True if a message reached the account's authentication phone."""
        phone, means = account.phone("authentication"), self.context
        kind = next((kind for kind in DELIVERY_METHODS if kind in means.code_sender.kinds), None)
        if phone is None or kind is None:
            return False
        try:
            number = means.sealer.decrypt(account.uid, phone.secret_name, phone.sealed)
            text = f"{account.name} at {means.host_name}: {message}"
            means.code_sender.send(kind, number.reveal(), Secret(text))
        except (DeliveryFailed, StoreError):
            return False
        return True
