"""The decision: may this password open this service for this account now (SAFETY 5, 6, 17).

Nothing here reads a store or computes a hash on a server's path: `decide` is told what was found.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from apppw_tui.domain import app_password, scopes
from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword, ParsedAppPassword
from apppw_tui.domain.errors import InvalidName, StoreError
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.names import AccountName, candidates, find
from apppw_tui.domain.ports import Accounts, Clock
from apppw_tui.domain.scopes import OwnService, Service
from apppw_tui.domain.secret import Secret

PAUSED = "paused"  # a reason, and a result in the figures: told from what is wrong


class Answer(Enum):
    """The four answers that a service can get."""

    YES = "yes"
    NO = "no"
    NOT_MINE = "not mine"
    NOT_NOW = "not now"


@dataclass(frozen=True)
class Attempt:
    """The question of a service, parsed once."""

    account_name: str  # as it was typed
    names: tuple[AccountName, ...]  # those that may be meant, the likeliest first; none: no name
    password: ParsedAppPassword | None  # None: it has not the form of an app password
    service: Service | None
    address: str | None
    in_any: bool = True  # `Any app` opens the service; False: it has to be named

    @classmethod
    def parse(
        cls,
        account_name: str,
        password: Secret,
        service: Service | None = None,
        address: str | None = None,
        default_domain: str | None = None,
        *,
        in_any: bool = True,
    ) -> "Attempt":
        """Never raises. `service` and `address` are in their normal forms."""
        try:
            names = candidates(account_name, default_domain)
        except InvalidName:
            names = ()
        parsed = app_password.parse(password.reveal())
        return cls(account_name, names, parsed, service, address, in_any)

    @property
    def counted_name(self) -> str:
        """The name that is counted where it is nobody's."""
        return self.names[-1] if self.names else self.account_name

    def record_in(self, account: Account | None) -> AppPassword | None:
        """The app password of `account` that the presented one names."""
        if account is None or self.password is None:
            return None
        return account.app_passwords_by_id.get(self.password.id)


@dataclass(frozen=True)
class Decision:
    """The answer; `reason` is for the administrator, never for whoever asked.

    `retry_after` is how many seconds "not now" is to last; `uid` is the account's, where it is yes.
    """

    answer: Answer
    reason: str
    account_name: str | None = None
    app_password: AppPassword | None = None
    retry_after: float | None = field(default=None, compare=False)
    uid: str | None = field(default=None, compare=False)


# The portal asks elsewhere for account passwords, and we may stand before that: neither an app
# password, which never opens the portal, nor that the account is enforced concerns us there.
PORTALS = Decision(Answer.NOT_MINE, "it is the portal's own sign-in")


def decide(
    attempt: Attempt, before: Account | None, current: Account | None, now: datetime, *, right: bool
) -> Decision:
    """The answer to an app password, from what was found `before` it was checked, and after.

    `right` is the result of the hash that `attempt.record_in(before)` has, and `current` the
    account as it was read when the hash was known: it may have changed meanwhile.
    """
    if before is None:
        return Decision(Answer.NOT_MINE, "unknown account")
    if current is None or current.uid != before.uid:
        return Decision(Answer.NO, "the account was removed", before.name)
    checked, record = attempt.record_in(before), attempt.record_in(current)
    reason: str | None
    if checked is None or not right:
        reason, record = "wrong or deleted", None
    elif record is None or record.hash != checked.hash:  # not what was checked a moment ago
        reason, record = "deleted", None
    else:
        reason = _denial_reason(current, record, attempt, now)
    if reason is not None or record is None:
        return _refused(current, reason or "deleted", now, record)
    return Decision(Answer.YES, "right", current.name, record, uid=current.uid)


def _denial_reason(
    account: Account, record: AppPassword, attempt: Attempt, now: datetime
) -> str | None:
    """The reason why a right password is refused all the same, or None."""
    if not account.enabled:
        return "the account is disabled"
    if record.paused:
        return PAUSED
    if record.is_expired(now):
        return "expired"
    if not record.allows(attempt.service, in_any=attempt.in_any):
        return "out of scope"
    if record.networks and not record.allows_from(attempt.address):
        return "outside its networks"
    return None


def decide_malformed(account: Account | None, now: datetime) -> Decision:
    """The answer to what cannot be an app password: perhaps the old password of an open account."""
    if account is None:
        return Decision(Answer.NOT_MINE, "unknown account")
    return _refused(account, "not in the form of an app password", now)


def _refused(
    account: Account, reason: str, now: datetime, record: AppPassword | None = None
) -> Decision:
    """No, or not mine: the next password source may know it, while the account is open."""
    passes_on = account.enabled and not account.is_enforced(now)
    answer = Answer.NOT_MINE if passes_on else Answer.NO
    return Decision(answer, reason, account.name, record)


class Verifier:
    """Decides one attempt after the other, where no server does: for a command, and to try one."""

    def __init__(
        self,
        accounts: Accounts,
        hasher: Hasher,
        clock: Clock,
        default_domain: str | None = None,
        own_services: tuple[OwnService, ...] = (),
    ) -> None:
        self._accounts = accounts
        self._hasher = hasher
        self._clock = clock
        self._default_domain = default_domain
        self._own_services = own_services

    def decide(
        self,
        account_name: str,
        password: Secret,
        service: Service | None = None,
        address: str | None = None,
    ) -> Decision:
        """Exactly one Argon2id for a well-formed password, none for any other. Never raises."""
        attempt = Attempt.parse(
            *(account_name, password, service, address, self._default_domain),
            in_any=scopes.is_in_any(service, self._own_services),
        )
        try:
            return self._decide(attempt)
        except StoreError as error:
            return Decision(Answer.NOT_NOW, str(error))

    def _decide(self, attempt: Attempt) -> Decision:
        """Raises StoreError: there is no answer now."""
        if attempt.service == scopes.PORTAL:
            return PORTALS
        before = find(self._accounts, attempt.names)
        if attempt.password is None:
            return decide_malformed(before, self._clock.now())
        record = attempt.record_in(before)
        stored = None if record is None else record.hash
        right = self._hasher.app.check(stored, attempt.password)
        # Read again: while the hash was computed, the account may have changed; for a name that is
        # nobody's as well, so that the time tells nothing.
        current = self._accounts.get(attempt.counted_name if before is None else before.name)
        return decide(attempt, before, current, self._clock.now(), right=right)
