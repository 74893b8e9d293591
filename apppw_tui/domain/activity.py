"""The events of an account, and the words for them: one vocabulary for all who write or show."""

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from apppw_tui.domain.lines import utc_seconds
from apppw_tui.domain.names import escaped

RETENTION = timedelta(days=400)
UNKNOWN_UID = "0" * 32  # the uid of all who are no account
THE_SERVER = "the server"  # who acts where nobody does


class EventType(StrEnum):
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
    CHANGED = "app password changed"
    PAUSED = "app password paused"
    RESUMED = "app password resumed"
    EXPIRED = "app password expired"
    EXPIRES_SOON = "app password expires soon"
    ALL_DELETED = "all app passwords deleted"
    USED_NEW = "used from a new address"
    METHOD_SET_UP = "method set up"
    METHOD_REMOVED = "method removed"
    RECOVERY_MADE = "recovery codes made"
    KEY_ADDED = "ssh key added"
    KEY_REMOVED = "ssh key removed"
    KEY_USED_NEW = "ssh key used from a new address"
    PASSWORD_CHANGED = "password changed"  # noqa: S105 - an act's name
    PASSWORD_SET = "password set"  # noqa: S105 - an act's name
    SIGNED_OUT_ELSEWHERE = "other sessions ended"
    ADDRESSES_FORGOTTEN = "trusted addresses forgotten"
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
NOTIFIED = frozenset({
    EventType.SIGNED_IN_NEW, EventType.BYPASS_USED, EventType.RECOVERY_USED,
    EventType.CREATED, EventType.DELETED, EventType.ALL_DELETED, EventType.USED_NEW,
    EventType.CHANGED, EventType.PAUSED, EventType.RESUMED, EventType.EXPIRES_SOON,
    EventType.METHOD_SET_UP, EventType.METHOD_REMOVED, EventType.RECOVERY_MADE,
    EventType.KEY_ADDED, EventType.KEY_REMOVED, EventType.KEY_USED_NEW,
    EventType.PASSWORD_CHANGED, EventType.PASSWORD_SET,
    EventType.ACCOUNT_RENAMED, EventType.ACCOUNT_RESTORED, EventType.ENABLED,
    EventType.DISABLED, EventType.BYPASS_GIVEN,
    EventType.ENFORCED, EventType.SCHEDULED, EventType.OPENED,
})  # fmt: skip

# What may be somebody else's doing, and is marked in a list.
SUSPICIOUS = frozenset({
    EventType.WRONG_PASSWORD, EventType.WRONG_CODE, EventType.SIGNED_IN_NEW, EventType.USED_NEW,
    EventType.BYPASS_USED,
    EventType.BYPASS_GIVEN, EventType.KEY_USED_NEW,
})  # fmt: skip

# `{…}` is one fact of the line; where it is missing, what stands before the colon is said alone.
_WORDS: dict[str, str] = {
    EventType.SIGNED_IN: "Signed in, by the ssh key: {key}",
    EventType.SIGNED_IN_NEW: "Signed in from a new address, by the ssh key: {key}",
    EventType.WRONG_CODE: "Wrong code: {method}",
    EventType.BYPASS_USED: "Signed in by the administrator's permission, without a code",
    EventType.RECOVERY_USED: "Recovery code used, left: {left}",
    EventType.CREATED: "App password created: {name}",
    EventType.DELETED: "App password deleted: {name}",
    EventType.RENAMED: "App password renamed: {name}",
    EventType.CHANGED: "App password changed: {now}",
    EventType.PAUSED: "App password paused: {name}",
    EventType.RESUMED: "App password resumed: {name}",
    EventType.EXPIRES_SOON: "App password expires soon: {expiring}",
    EventType.EXPIRED: "Expired app password removed: {name}",
    EventType.USED_NEW: "First use from a new address: {name}",
    EventType.METHOD_SET_UP: "Verification method set up: {method}",
    EventType.METHOD_REMOVED: "Verification method removed: {method}",
    EventType.RECOVERY_MADE: "New recovery codes made",
    EventType.KEY_ADDED: "SSH key added: {name}",
    EventType.KEY_REMOVED: "SSH key removed: {name}",
    EventType.KEY_USED_NEW: "First use of an ssh key from a new address: {name}",
    EventType.SIGNED_OUT_ELSEWHERE: "Signed out everywhere else",
    EventType.PASSWORD_SET: "Password set by the administrator",
    EventType.ACCOUNT_RENAMED: "Account renamed; before: {before}",
    EventType.ENABLED: "Account enabled",
    EventType.DISABLED: "Account disabled",
    EventType.UNLOCKED: "Failed sign-ins forgotten",
    EventType.REQUIRED: "Second factor required from now on",
    EventType.BYPASS_GIVEN: "Permission given to sign in once without a code",
    EventType.ENFORCED: "Apps sign in with app passwords alone",
    EventType.SCHEDULED: "Apps to sign in with app passwords alone, from: {day}",
    EventType.OPENED: "Old passwords of apps work again",
}


@dataclass(frozen=True)
class ActivityEntry:
    """One line of an account's activity: when (UTC), what, who, and what else was written down.

    `event` is an EventType, or what another version of the program has written.
    """

    time: datetime
    event: str
    actor: str
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_suspicious(self) -> bool:
        return self.event in SUSPICIOUS

    @property
    def address(self) -> str | None:
        """The address that it came from, if from anywhere but the server itself."""
        address = self.details.get("address")
        return None if address in (None, "", "local") else address


def describe(entry: ActivityEntry) -> str:
    """The event as people read it: one line, and nothing in it acts on a terminal."""
    words = _WORDS.get(entry.event)
    if words is None:
        words = entry.event[:1].upper() + entry.event[1:]
        return escaped(words)
    head, brace, rest = words.partition("{")
    if not brace:
        return words
    value = entry.details.get(rest[:-1])
    return f"{head}{escaped(value)}" if value else re.split("[;,:]", head)[0]


def actor_label(entry: ActivityEntry, account_name: str | None) -> str:
    """The name of the one who did it: `you` for the account itself."""
    if account_name is not None and entry.actor == account_name:
        return "you"
    # It is written down in the word that programs read; an account's name has no blank.
    recorded = entry.actor.removeprefix("operator ")
    return f"administrator {escaped(recorded)}" if recorded != entry.actor else escaped(recorded)


def parse_time(text: str) -> datetime:
    """The time of a line, such as `2026-11-22T12:00:00Z`. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    try:
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None


def entries(lines: Iterable[bytes]) -> Iterator[ActivityEntry]:
    """The entries that can be understood of these lines; keys that are not known are details."""
    for line in lines:
        with contextlib.suppress(ValueError, RecursionError):
            event = entry(json.loads(line))
            if event is not None:
                yield event


def entry(document: Any) -> ActivityEntry | None:
    """The entry that a line's document holds; None if it is none. Raises ValueError."""
    if not isinstance(document, dict):
        return None
    facts = {key: value for key, value in document.items() if isinstance(value, str)}
    time, what, by = (facts.pop(key, None) for key in ("time", "what", "by"))
    if time is None or what is None or by is None:
        return None
    return ActivityEntry(parse_time(time), what, by, facts)


def as_line(event: ActivityEntry) -> Mapping[str, str]:
    """The line that an entry is written down as."""
    time = utc_seconds(event.time)
    return {**event.details, "time": time, "what": event.event, "by": event.actor}


def columns(event: ActivityEntry) -> tuple[str, str, str]:
    """Event, actor and details (as JSON) of an entry, all of them UTF-8."""
    what, by = (
        text.encode(errors="backslashreplace").decode() for text in (event.event, event.actor)
    )
    return what, by, json.dumps(dict(event.details))


def of_rows(
    rows: Iterable[tuple[Any, ...]], leave_out: Callable[[str], object] = lambda _uid: None
) -> list[tuple[str, ActivityEntry]]:
    """The entries by time, each with its uid; `rows` have a number, uid, time and `columns`.

    `leave_out` hears of each row that is none, by its uid.
    """
    events = []
    for _, uid, time, what, by, details in rows:
        event = None
        with contextlib.suppress(ValueError, RecursionError, TypeError):
            event = entry({**json.loads(details), "time": time, "what": what, "by": by})
        if event is None:
            leave_out(uid)
        else:
            events.append((uid, event))
    return sorted(events, key=lambda event: event[1].time)
