"""What can happen to an account, and the words for it: one vocabulary for all who write or show."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from apppw_tui.domain.names import shown

KEPT_FOR = timedelta(days=400)
NOBODY = "0" * 32  # the uid of all who are no account
THE_SERVER = "the server"  # who acts where nobody does


class Act(StrEnum):
    """One kind of act, as it is written down: these words never change."""

    SIGNED_IN = "signed in"
    SIGNED_IN_NEW = "signed in from a new address"
    WRONG_PASSWORD = "wrong password"  # noqa: S105 - an act's name
    WRONG_CODE = "wrong code"
    BYPASS_USED = "bypass used"
    RECOVERY_USED = "recovery code used"
    CREATED = "app password created"
    DELETED = "app password deleted"
    RENAMED = "app password renamed"
    EXPIRED = "app password expired"
    ALL_DELETED = "all app passwords deleted"
    USED_NEW = "used from a new address"
    METHOD_SET_UP = "method set up"
    METHOD_REMOVED = "method removed"
    RECOVERY_MADE = "recovery codes made"
    PASSWORD_CHANGED = "password changed"  # noqa: S105 - an act's name
    PASSWORD_SET = "password set"  # noqa: S105 - an act's name
    ACCOUNT_CREATED = "account created"
    ACCOUNT_REMOVED = "account removed"
    ACCOUNT_RENAMED = "renamed"
    ACCOUNT_RESTORED = "account restored"
    ENABLED = "enabled"
    DISABLED = "disabled"
    UNLOCKED = "unlocked"
    REQUIRED = "verification required"
    BYPASS_GIVEN = "bypass given"
    ENFORCED = "enforced"
    SCHEDULED = "enforcement scheduled"
    OPENED = "opened"


# What an account's owner is told of at once.
NOTICED = frozenset({
    Act.SIGNED_IN_NEW, Act.BYPASS_USED, Act.RECOVERY_USED,
    Act.CREATED, Act.DELETED, Act.ALL_DELETED, Act.USED_NEW,
    Act.METHOD_SET_UP, Act.METHOD_REMOVED, Act.RECOVERY_MADE,
    Act.PASSWORD_CHANGED, Act.PASSWORD_SET,
    Act.ACCOUNT_RENAMED, Act.ACCOUNT_RESTORED, Act.ENABLED, Act.DISABLED, Act.BYPASS_GIVEN,
    Act.ENFORCED, Act.SCHEDULED, Act.OPENED,
})  # fmt: skip

# What may be somebody else's doing, and is marked in a list.
REMARKABLE = frozenset({
    Act.WRONG_PASSWORD, Act.WRONG_CODE, Act.SIGNED_IN_NEW, Act.USED_NEW, Act.BYPASS_USED,
    Act.BYPASS_GIVEN,
})  # fmt: skip

# `{…}` is one fact of the line; where it is missing, what stands before the colon is said alone.
_WORDS: dict[str, str] = {
    Act.WRONG_CODE: "Wrong code: {method}",
    Act.BYPASS_USED: "Signed in by the administrator's permission, without a code",
    Act.RECOVERY_USED: "Recovery code used, left: {left}",
    Act.CREATED: "App password created: {name}",
    Act.DELETED: "App password deleted: {name}",
    Act.RENAMED: "App password renamed: {name}",
    Act.EXPIRED: "Expired app password removed: {name}",
    Act.USED_NEW: "First use from a new address: {name}",
    Act.METHOD_SET_UP: "Verification method set up: {method}",
    Act.METHOD_REMOVED: "Verification method removed: {method}",
    Act.RECOVERY_MADE: "New recovery codes made",
    Act.PASSWORD_SET: "Password set by the administrator",
    Act.ACCOUNT_RENAMED: "Account renamed; before: {before}",
    Act.ENABLED: "Account enabled",
    Act.DISABLED: "Account disabled",
    Act.UNLOCKED: "Failed sign-ins forgotten",
    Act.REQUIRED: "Second factor required from now on",
    Act.BYPASS_GIVEN: "Permission given to sign in once without a code",
    Act.ENFORCED: "Services closed to all but app passwords",
    Act.SCHEDULED: "Services to be closed to all but app passwords, from: {day}",
    Act.OPENED: "Services opened to other passwords again",
}


@dataclass(frozen=True)
class Entry:
    """One line of an account's activity: when (UTC), what, who, and what else was written down.

    `what` is an Act, or what another version of the program has written.
    """

    time: datetime
    what: str
    by: str
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def remarkable(self) -> bool:
        return self.what in REMARKABLE

    @property
    def address(self) -> str | None:
        """Where it came from, if from anywhere but the server itself."""
        found = self.facts.get("address")
        return None if found in (None, "", "local") else found


class Activity(Protocol):
    """What was written down about accounts, to be read."""

    def read(self, uid: str, /) -> list[Entry]:
        """The account's lines of the last KEPT_FOR, the oldest first. Raises StoreError."""

    def forget_old(self, uid: str, /) -> None:
        """Nothing that is older than that is kept any longer. Raises StoreError."""


class NoActivity:
    """Nothing was written down."""

    def read(self, _uid: str, /) -> list[Entry]:
        return []

    def forget_old(self, _uid: str, /) -> None:
        """There is nothing."""


def in_words(entry: Entry) -> str:
    """What happened, as people read it: one line, and nothing in it acts on a terminal."""
    words = _WORDS.get(entry.what)
    if words is None:
        words = entry.what[:1].upper() + entry.what[1:]
        return shown(words)
    head, brace, rest = words.partition("{")
    if not brace:
        return words
    value = entry.facts.get(rest[:-1])
    return f"{head}{shown(value)}" if value else re.split("[;,:]", head)[0]


def who(entry: Entry, account: str | None) -> str:
    """Who did it: `you` for the account itself, else as it was written down."""
    return "you" if account is not None and entry.by == account else shown(entry.by)


def instant(text: str) -> datetime:
    """The time of a line, such as `2026-11-22T12:00:00Z`. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
