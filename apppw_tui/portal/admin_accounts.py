"""The common part of an administrator's acts: an account is found, changed, and it is noted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from apppw_tui.domain.account import UNTOLD, Account
from apppw_tui.domain.activity import EventType
from apppw_tui.domain.errors import AlreadySo, NotFound, StoreError
from apppw_tui.domain.names import candidates, find
from apppw_tui.domain.progress import progress
from apppw_tui.domain.usage import Used
from apppw_tui.portal.context import PortalContext


@dataclass(frozen=True)
class AccountAdmin:
    """Acts on any account, without a session; `by` is who, for the record.

    Every method may raise StoreError, and those that take a name InvalidName or NotFound.
    """

    context: PortalContext
    by: str = "operator"
    warn: Callable[[str], None] = lambda _sentence: None  # what is to be said besides

    def account(self, name: str) -> Account:
        """Raises InvalidName or NotFound."""
        names = candidates(name, self.context.default_domain)
        account = find(self.context.store, names)
        if account is None:
            raise NotFound(f"There is no account {names[-1]}.")
        return account

    def accounts(self) -> tuple[list[Account], list[StoreError]]:
        """All accounts, by name, and what is wrong with those that cannot be read.

        One that is removed while the list is made is left out.
        """
        accounts, troubles = [], []
        for name in progress(self.context.store.list_names(), "Reading accounts"):
            try:
                account = self.context.store.get(name)
            except StoreError as error:
                troubles.append(error)
            else:
                accounts += [account] if account else []
        return accounts, troubles

    def used(self, account: Account) -> Used:
        """Its uses; what cannot be read is said, and the rest is known all the same."""
        try:
            return self.context.usage.read(account.uid)
        except StoreError as error:
            self.warn(str(error))
            return Used()

    def _change(
        self,
        name: str,
        step: Callable[[Account], Account],
        act: EventType,
        state: Callable[[Account], str] = lambda _: "",
        there: Callable[[Account], bool] = lambda _: False,
        *,
        ending: bool = False,
        facts: Mapping[str, str] = MappingProxyType({}),
    ) -> Account:
        """One change, and its line; with `ending`, the account's live sessions end with it.

        Raises:
            AlreadySo: the account is `there`, in what `state` says.
        """
        account = self.account(name)
        with self.context.store.transaction(account.name, account.uid) as change:
            if ending:
                self.context.session_terminator.terminate(account.name)
            already = there(change.existing)
            if not already:
                change.account = step(change.existing)
                recording = self.context.recording(change.existing, act, self.by, **facts)
                change.records.append(recording)
        # Not within: a change of nothing, too, sets right who is told to be enforced.
        if change.untold:
            self.warn(f"{account.name}: {UNTOLD}")
        if already:
            raise AlreadySo(f"{account.name} {state(change.existing)} already.")
        self._check_noticed(account, noticed=recording.noticed)
        return change.existing

    def _record(self, account: Account, act: EventType, **facts: str) -> None:
        noticed = self.context.record(account, act, self.by, **facts)
        self._check_noticed(account, noticed=noticed)

    def _check_noticed(self, account: Account, *, noticed: bool) -> None:
        if not noticed:
            self.warn(
                f"{account.name}: it is done, but no notice of it goes out; the log says why."
            )
