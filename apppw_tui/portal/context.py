"""The parts that the portal works with, passed in; and what it writes down by them.

Every act is written down, and its account's owner told of those that matter to them.
"""

import contextlib
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import NOTIFIED, ActivityEntry, EventType
from apppw_tui.domain.app_password import RandomBelow
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.integration_ports import CodeSender, ExternalPasswords, Notifier
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.ports import (
    AccountStore,
    ActivityLog,
    Clock,
    Confirmation,
    ErrorLog,
    KeyIndex,
    Sealer,
    SessionTerminator,
    ThrottleStore,
    UsageBook,
)
from apppw_tui.domain.ssh_key import ProvenKey, SshKey
from apppw_tui.domain.switched_off import NoSessionTermination, SilentNotifier
from apppw_tui.domain.usage import NETWORK_MEMORY, network_of
from apppw_tui.portal.throttle import PortalThrottle

if TYPE_CHECKING:
    from apppw_tui.domain.hashing import Hasher


_SIGN_INS = frozenset({EventType.SIGNED_IN, EventType.SIGNED_IN_NEW})


@dataclass(frozen=True)
class PortalContext:
    """One of these serves one person at one terminal: `address` is where they come from."""

    store: AccountStore
    hasher: "Hasher"
    clock: Clock
    policy: Policy
    sealer: Sealer
    throttle_store: ThrottleStore
    code_sender: CodeSender
    activity_log: ActivityLog
    error_log: ErrorLog
    usage: UsageBook
    address: str = "local"
    default_domain: str | None = None
    region: str | None = None
    host_name: str = "this server"
    randbelow: RandomBelow = secrets.randbelow
    token_bytes: Callable[[int], bytes] = secrets.token_bytes
    session_terminator: SessionTerminator = field(default_factory=NoSessionTermination)
    source: ExternalPasswords | None = None  # of account passwords; None is the store
    notifier: Notifier = field(default_factory=SilentNotifier)
    confirmation: Confirmation = field(default_factory=Confirmation)
    key_index: KeyIndex | None = None  # None: no key is recognized by itself
    proven_key: ProvenKey | None = None  # that sshd has verified for this session

    @cached_property
    def throttle(self) -> PortalThrottle:
        """The throttle of whoever comes from `address`."""
        return PortalThrottle(self.throttle_store, self.address)

    def recording(
        self, account: Account, act: EventType, by: str | None = None, **facts: str
    ) -> "Recording":
        """As `record`, for a change that it belongs to."""
        return Recording(lambda: self.record(account, act, by, **facts))

    def record(self, account: Account, act: EventType, by: str | None = None, **facts: str) -> bool:
        """Writes `act` down, by the account itself from `address`, or by whoever `by` is.

        False if somebody was to be told of it and is not. Never raises.
        """
        if by is None:
            by, facts = account.name, {"address": self.address, **facts}
        self.activity_log.record(account.uid, act, by, **facts)
        return act not in NOTIFIED or self.notifier.notify(
            account, ActivityEntry(self.clock.now(), act, by, facts)
        )

    def record_sign_in(self, account: Account, key: SshKey | None = None) -> None:
        """A sign-in is complete; it says so if it comes from where none came from lately.

        `key` is what it was completed with, if it was one: said of that alone, lest there be two
        messages about one act.
        """
        facts = {} if key is None else {"key": key.name, "fingerprint": key.fingerprint}
        act = EventType.SIGNED_IN
        lately = self._lately(account)
        if self._is_new(entry for entry in lately if entry.event in _SIGN_INS):
            act = EventType.SIGNED_IN_NEW
        elif key is not None and self._is_new(
            entry for entry in lately if entry.details.get("fingerprint") == key.fingerprint
        ):
            self.record(account, EventType.KEY_USED_NEW, name=key.name, fingerprint=key.fingerprint)
        self.record(account, act, **facts)

    def _is_new(self, entries: Iterable[ActivityEntry]) -> bool:
        """True if `address` is in no network of theirs, and they have any."""
        network = network_of(self.address)
        if network is None:
            return False
        networks = {network_of(entry.details.get("address", "")) for entry in entries} - {None}
        return bool(networks) and network not in networks

    def _lately(self, account: Account) -> list[ActivityEntry]:
        """The account's events since networks are remembered."""
        if network_of(self.address) is None:
            return []
        since = self.clock.now() - NETWORK_MEMORY
        try:
            return [entry for entry in self.activity_log.read(account.uid) if entry.time >= since]
        except StoreError:
            return []

    @contextlib.contextmanager
    def done_afterwards(self, account: Account, what: str) -> Iterator[None]:
        """Runs what follows a change that stands, and never unsays it.

        The log has what fails (SAFETY 7a).
        """
        try:
            yield
        except StoreError as error:
            self.error_log.error(f"{what} not kept", account=account.name, why=str(error))


class Recording:
    """One act, written down with its change; `noticed`: nobody who was to be told is not."""

    def __init__(self, record: Callable[[], bool]) -> None:
        self._record = record
        self.noticed = True

    def __call__(self) -> None:
        self.noticed = self._record()
