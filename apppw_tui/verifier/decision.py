"""The decision: may this password open this service for this account now (SAFETY 5, 6, 17)."""

from dataclasses import dataclass, field
from enum import Enum

from apppw_tui.domain import app_password, scopes
from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword, ParsedAppPassword
from apppw_tui.domain.errors import InvalidName, StoreError
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.names import candidates
from apppw_tui.domain.ports import Accounts, Clock, find
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.password_cache import VerifiedCache


class Answer(Enum):
    """The four answers that a service can get."""

    YES = "yes"
    NO = "no"
    NOT_MINE = "not mine"
    NOT_NOW = "not now"


@dataclass(frozen=True)
class Attempt:
    """The question of a service."""

    account_name: str
    password: Secret
    service: str | None = None
    address: str | None = None


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


@dataclass(frozen=True)
class LookedUp:
    """The findings of an attempt in the store: the account, and the record that the password names.

    `name` is the account's, or the one that was looked for last where there is none.
    """

    name: str
    account: Account | None = None
    record: AppPassword | None = None

    @property
    def stored(self) -> str | None:
        """The hash to be checked; None: a dummy takes its place."""
        return None if self.record is None else self.record.hash


# The portal asks elsewhere for account passwords, and we may stand before that: neither an app
# password, which never opens the portal, nor that the account is enforced concerns us there.
_PORTALS = Decision(Answer.NOT_MINE, "it is the portal's own sign-in")


class Verifier:
    """Decides attempts over accounts that it only reads."""

    def __init__(
        self, accounts: Accounts, hasher: Hasher, clock: Clock, default_domain: str | None = None
    ) -> None:
        self._accounts = accounts
        self._hasher = hasher
        self._clock = clock
        self.default_domain = default_domain  # may change between two attempts

    def decide(self, attempt: Attempt) -> Decision:
        """Exactly one Argon2id for a well-formed password, none for any other. Never raises."""
        presented = app_password.parse(attempt.password.reveal())
        if presented is None:
            return self.malformed(attempt)
        looked = self.look(attempt, presented)
        if isinstance(looked, Decision):
            return looked
        try:
            right = self.check(looked, presented)
        except StoreError as error:
            return Decision(Answer.NOT_NOW, str(error))
        return self.judge(attempt, looked, right=right)

    def malformed(self, attempt: Attempt) -> Decision:
        """The answer to what cannot be an app password.

        It may be the old password of an open account.

        Costs no hash. Never raises.
        """
        if scopes.normalize_service(attempt.service) == scopes.PORTAL:
            return _PORTALS
        try:
            account = self._found(attempt.account_name)[1]
        except StoreError as error:
            return Decision(Answer.NOT_NOW, str(error))
        if account is None:
            return Decision(Answer.NOT_MINE, "unknown account")
        return self._refused(account, "not in the form of an app password")

    def look(self, attempt: Attempt, presented: ParsedAppPassword) -> LookedUp | Decision:
        """Looks into the store; or gives the answer at once, where no hash has a say in it."""
        if scopes.normalize_service(attempt.service) == scopes.PORTAL:
            return _PORTALS
        try:
            name, account = self._found(attempt.account_name)
        except StoreError as error:
            return Decision(Answer.NOT_NOW, str(error))
        if account is None:
            return LookedUp(name)
        return LookedUp(account.name, account, account.app_password(presented.id))

    def remembered(
        self,
        attempt: Attempt,
        looked: LookedUp,
        presented: ParsedAppPassword,
        memory: VerifiedCache,
    ) -> Decision | None:
        """The answer without a hash; None if that secret is not known to be right.

        Only the hash's result is remembered: everything else is taken from the present document.
        """
        account, record = looked.account, looked.record
        if account is None or record is None:
            return None
        if not memory.contains(account.uid, presented.secret, record.hash):
            return None
        return self._authorize(account, record, attempt)

    def check(self, looked: LookedUp, presented: ParsedAppPassword) -> bool:
        """Exactly one Argon2id, whatever was found. Raises HashingFailed."""
        return self._hasher.app.check(looked.stored, presented.secret)

    def judge(self, attempt: Attempt, looked: LookedUp, *, right: bool) -> Decision:
        """The answer, where the hash that was found is `right` or not. Never raises."""
        account, record = looked.account, looked.record
        try:
            # Read again: while the hash was computed, the account may have changed; for a name that
            # is none as well, so that the time tells nothing.
            current = self._accounts.get(looked.name)
        except StoreError as error:
            return Decision(Answer.NOT_NOW, str(error))
        if account is None:
            return Decision(Answer.NOT_MINE, "unknown account")
        if current is None or current.uid != account.uid:
            return Decision(Answer.NO, "the account was removed", account.name)
        if record is None or not right:
            return self._refused(current, "wrong or deleted")
        now = current.app_password(record.id)
        if now is None or now.hash != record.hash:  # not what was checked a moment ago
            return self._refused(current, "deleted")
        return self._authorize(current, now, attempt)

    def _authorize(self, account: Account, record: AppPassword, attempt: Attempt) -> Decision:
        """The answer to a right password now."""
        reason = self._denial_reason(account, record, attempt.service)
        if reason is not None:
            return self._refused(account, reason, record)
        return Decision(Answer.YES, "right", account.name, record, uid=account.uid)

    def _refused(
        self, account: Account, reason: str, record: AppPassword | None = None
    ) -> Decision:
        """No, or not mine: the next password source may know it, while the account is open."""
        passes_on = account.enabled and not account.is_enforced(self._clock.now())
        answer = Answer.NOT_MINE if passes_on else Answer.NO
        return Decision(answer, reason, account.name, record)

    def _denial_reason(
        self, account: Account, record: AppPassword, service: str | None
    ) -> str | None:
        """The reason why a right password is refused all the same, or None."""
        if not account.enabled:
            return "the account is disabled"
        if record.is_expired(self._clock.now()):
            return "expired"
        if not record.allows(scopes.normalize_service(service)):
            return "out of scope"
        return None

    def _found(self, typed: str) -> tuple[str, Account | None]:
        """The account that is meant, if there is one, and the name it is counted under.

        Raises StoreError.
        """
        try:
            names = candidates(typed, self.default_domain)
        except InvalidName:
            return typed, None
        return names[-1], find(self._accounts, names)
