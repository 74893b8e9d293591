"""The ssh key that was verified for this session: recognized, counted, added, removed.

sshd has verified it, and says so to the kiosk; of what it says nothing is believed elsewhere.
"""

from dataclasses import dataclass, replace

from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import EventType
from apppw_tui.domain.errors import (
    MethodUnavailable,
    NotFound,
    Refused,
    StoreError,
)
from apppw_tui.domain.names import app_password_name, escaped
from apppw_tui.domain.ssh_key import ProvenKey, SshKey
from apppw_tui.portal.context import PortalContext
from apppw_tui.portal.sessions import (
    Session,
    account_transaction,
    needs_enrollment,
    require_active,
    require_may_enroll,
    require_recent_verification,
    require_unrestricted,
)
from apppw_tui.portal.throttle import PortalThrottle

NO_KEY = "Connect by ssh with that key: none was shown in this session."
TOO_OLD = "ssh has verified your key too long ago. Sign out, and connect again."
SWITCHED_OFF = "Your administrator lets ssh keys count for nothing here."
_OTHERS = "That key belongs to another account."


@dataclass(frozen=True)
class SeenKey:
    """The key of this session, for whoever has not signed in yet.

    `account_name` and `name` are None unless an account knows it.
    """

    key: ProvenKey
    account_name: str | None = None
    name: str | None = None

    def __str__(self) -> str:
        """The sentence that a person is told."""
        if self.name is None:
            return f"No account knows your key {self.key.fingerprint}."
        return f'Your key "{escaped(self.name)}" was recognized.'


def proven_key(context: PortalContext) -> ProvenKey | None:
    """The key that ssh has verified, if such keys count for anything here."""
    return context.proven_key if context.policy.ssh_keys_count else None


def usable_key(context: PortalContext, account: Account) -> SshKey | None:
    """The key of `account` that ssh has verified so lately that it counts."""
    key = proven_key(context)
    if key is None or not key.is_recent(context.clock.monotonic()):
        return None
    return account.ssh_key(key.fingerprint)


def unusable_reason(context: PortalContext, account: Account) -> str:
    """The reason why no key of `account` counts now."""
    key = proven_key(context)
    if key is not None and account.ssh_key(key.fingerprint) is not None:
        return TOO_OLD
    return NO_KEY if context.policy.ssh_keys_count else SWITCHED_OFF


def owner(context: PortalContext, key: ProvenKey) -> Account | None:
    """The account that knows `key`, as its own document says. Raises StoreError."""
    name = None if context.key_index is None else context.key_index.get(key.fingerprint)
    account = None if name is None else context.store.get(name)
    return account if account is not None and account.ssh_key(key.fingerprint) else None


def throttle_of(context: PortalContext, account_name: str) -> PortalThrottle:
    """The counters for a try at that account: its own key is known as an address would be.

    Whoever holds it is not made to wait for what strangers have tried (SAFETY 15).
    """
    key = proven_key(context)
    if key is None:
        return context.throttle
    try:
        account = owner(context, key)
    except StoreError:
        return context.throttle  # the same error comes again, to be told of
    if account is None or account.name != account_name:
        return context.throttle
    return replace(context.throttle, address=key_place(key.fingerprint))


def key_place(fingerprint: str) -> str:
    """The name under which a key is counted as if it was an address."""
    return f"ssh key {fingerprint}"


def record_use(context: PortalContext, session: Session, key: SshKey) -> Account:
    """Writes down when and from where the key signed in; the account as it is then.

    A disk that is full keeps nobody out. Raises MethodUnavailable if the key was removed meanwhile.
    """
    used = replace(key, last_used=context.clock.now(), last_address=context.address)
    account = None
    try:
        with account_transaction(context.store, session) as change:
            account = change.existing
            if account.ssh_key(key.fingerprint) is None:
                raise MethodUnavailable("That key was removed. Use another option.")
            change.account = account = account.with_ssh_key(used)
    except StoreError as error:
        if account is None:  # nobody has seen that it is still the account's
            raise
        context.error_log.error("use of a key not kept", account=account.name, why=str(error))
    index(context, account)
    return account


def index(context: PortalContext, account: Account) -> None:
    """Makes the keys of `account` found by themselves. Never raises."""
    key_index = context.key_index
    if key_index is None:
        return
    with context.done_afterwards(account, "index of keys"):
        for key in account.ssh_keys:
            if key_index.get(key.fingerprint) != account.name:
                key_index.put(key.fingerprint, account.name)


def drop(context: PortalContext, account: Account, *fingerprints: str) -> None:
    """Makes these keys of `account` found no longer. Never raises."""
    if context.key_index is None:
        return
    with context.done_afterwards(account, "index of keys"):
        for fingerprint in fingerprints:
            context.key_index.remove(fingerprint, account.name)


class SshKeys:
    """A person's own keys. Every method may block, and may raise StoreError or SessionEnded."""

    def __init__(self, context: PortalContext) -> None:
        self._context = context

    def seen(self) -> SeenKey | None:
        """The key of this session, and the account that knows it; None if none counts."""
        key = proven_key(self._context)
        if key is None:
            return None
        try:
            account = owner(self._context, key)
        except StoreError:
            return None  # nobody can sign in either, and is told so then
        own = None if account is None else account.ssh_key(key.fingerprint)
        if account is None or own is None:
            return SeenKey(key)
        return SeenKey(key, account.name, own.name)

    @property
    def present(self) -> ProvenKey | None:
        """The key of this session, be it known or not. Does not block."""
        return proven_key(self._context)

    def is_offered(self, account: Account) -> bool:
        """True if there is anything to see or to do about keys."""
        return bool(account.ssh_keys) or self.present is not None

    def addable_reason(self, account: Account) -> str | None:
        """The reason why the key of this session cannot be added; None if it can."""
        key = self.present
        if key is None:
            return NO_KEY if self._context.policy.ssh_keys_count else SWITCHED_OFF
        if account.ssh_key(key.fingerprint) is not None:
            return "The key of this session is there already."
        if not key.is_recent(self._context.clock.monotonic()):
            return TOO_OLD
        there = owner(self._context, key)
        return None if there is None or there.uid == account.uid else _OTHERS

    def add(self, session: Session, name: str) -> Session:
        """Makes the key of this session one of the account's; it counts as verified just now.

        Raises:
            InvalidName, NameTaken, LimitReached, MethodUnavailable, Refused: with the reason.
        """
        means = self._context
        name = app_password_name(name)
        account = require_active(session, means.store.get(session.account_name))
        require_may_enroll(means, session, account)
        reason, proof = self.addable_reason(account), self.present
        if reason is not None or proof is None:
            raise MethodUnavailable(reason or NO_KEY)
        key = SshKey(proof.fingerprint, proof.type, name, means.clock.now())
        with account_transaction(means.store, session) as change:
            require_may_enroll(means, session, change.existing)
            # What a bypass was for is done.
            change.account = account = replace(change.existing.with_ssh_key(key), bypass_until=None)
            change.records.append(means.recording(account, EventType.KEY_ADDED, **key_facts(key)))
        index(means, account)
        return session.reverified(means.clock)

    def remove(self, session: Session, fingerprint: str) -> Session:
        """Ends every other session of the account, since that key may have opened one.

        The session that is returned goes on. Raises Refused if the key is the last method, and one
        is needed; NotFound if it was removed already.
        """
        means = self._context
        require_unrestricted(session)
        require_recent_verification(session, means.clock, means.policy)
        with account_transaction(means.store, session) as change:
            key = change.existing.ssh_key(fingerprint)
            account = change.existing.without_ssh_key(fingerprint)
            if needs_enrollment(account, means.policy):
                raise Refused("Your account needs one method. Add another first.")
            change.account = account
            if key is not None:
                recording = means.recording(account, EventType.KEY_REMOVED, **key_facts(key))
                change.records.append(recording)
        drop(means, account, fingerprint)
        return replace(session, session_generation=account.session_generation)


def key_facts(key: SshKey) -> dict[str, str]:
    """The facts of a line of activity about a key."""
    return {"name": key.name, "fingerprint": key.fingerprint}


def find(account: Account, text: str) -> SshKey:
    """The key of that name, or fingerprint. Raises NotFound."""
    for key in account.ssh_keys:
        if text in (key.fingerprint, key.fingerprint.removeprefix("SHA256:"), key.name):
            return key
    raise NotFound(f"{account.name} has no such ssh key.")
