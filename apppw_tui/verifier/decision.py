"""The decision: may this password open this service for this account now (SAFETY 5, 6, 17)."""

from dataclasses import dataclass
from enum import Enum

from apppw_tui.domain import app_password
from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword, Presented
from apppw_tui.domain.clock import Clock
from apppw_tui.domain.errors import InvalidName, StoreError
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.names import account_name
from apppw_tui.domain.seam import Store
from apppw_tui.domain.secret import Secret


class Answer(Enum):
    """The four answers that a service can get."""

    YES = "yes"
    NO = "no"
    NOT_MINE = "not mine"
    NOT_NOW = "not now"


@dataclass(frozen=True)
class Attempt:
    """What a service asks."""

    account: str
    password: Secret
    service: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Verdict:
    """The answer; `reason` is for the administrator, never for whoever asked."""

    answer: Answer
    reason: str
    account: str | None = None
    app_password: AppPassword | None = None


class Verifier:
    """Decides attempts over a store that it only reads."""

    def __init__(
        self, store: Store, hasher: Hasher, clock: Clock, default_domain: str | None = None
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self._default_domain = default_domain

    def decide(self, attempt: Attempt) -> Verdict:
        """Exactly one Argon2id for a well-formed password, none for any other. Never raises."""
        presented = app_password.read(attempt.password.reveal())
        if presented is None:
            return Verdict(Answer.NO, "not in the form of an app password")
        try:
            return self._judge(attempt, presented)
        except StoreError as error:
            return Verdict(Answer.NOT_NOW, str(error))

    def _judge(self, attempt: Attempt, presented: Presented) -> Verdict:
        account = self._account(attempt.account)
        record = account.app_password(presented.id) if account is not None else None
        right = self._hasher.app.check(record.hash if record else None, presented.secret)
        if account is None:
            return Verdict(Answer.NOT_MINE, "unknown account")
        if record is None or not right:
            return Verdict(Answer.NO, "wrong or deleted", account.name)
        # Read again: while the hash was computed, the account may have changed.
        current = self._store.read(account.name)
        if current is None or current.uid != account.uid:
            return Verdict(Answer.NO, "the account was removed", account.name)
        hashed, record = record.hash, current.app_password(presented.id)
        if record is not None and record.hash != hashed:
            record = None  # not what was checked a moment ago
        reason = self._objection(current, record, attempt.service)
        answer = Answer.YES if reason is None else Answer.NO
        return Verdict(answer, reason or "right", account.name, record)

    def _objection(
        self, account: Account, record: AppPassword | None, service: str | None
    ) -> str | None:
        """Why a right password is refused all the same, or None."""
        if record is None:
            return "deleted"
        if not account.enabled:
            return "the account is disabled"
        if record.expired(self._clock.now()):
            return "expired"
        if not record.good_for(service):
            return "out of scope"
        return None

    def _account(self, name: str) -> Account | None:
        try:
            return self._store.read(account_name(name, self._default_domain))
        except InvalidName:
            return None
