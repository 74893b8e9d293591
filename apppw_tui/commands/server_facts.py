"""The facts that commands print of the store and of the server, with --json."""

from typing import Annotated, Any, Literal

from msgspec import Meta, UnsetType

from apppw_tui.commands.facts import (
    ABSENT,
    Count,
    Facts,
    Id,
    Name,
    No,
    Seconds,
    Time,
    Yes,
    one_of,
)


class Activity(Facts, frozen=True):
    """One line each; account is null once it is removed.

    What else there is depends on what happened.
    """

    time: Time
    account: Name | None
    uid: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    what: str
    by: Annotated[
        str,
        Meta(
            description="The account's own name; the server; or operator (uid N, by sudo from "
            "USER, logged in as USER): the user's number, SUDO_USER and the kernel's loginuid, as "
            "far as they are known."
        ),
    ]


class BackedUp(Facts, frozen=True):
    file: str
    time: Time
    accounts: Count
    with_key: bool
    left_out: Annotated[
        dict[str, str],
        Meta(
            description="Accounts, and databases of usage and activity, and why each is not in "
            "it; then no older backup is removed."
        ),
    ]
    pruned: Annotated[
        list[str], Meta(description="Older backups that were removed from the folder.")
    ]


class Restored(Facts, frozen=True):
    account: Name
    restored: bool
    app_passwords: list[Id]
    stay_deleted: list[Id]
    brought_back: list[Id]
    gone: list[Id]
    recovery_codes_void: bool
    unopened: list[str]


class Unchanged(Facts, frozen=True):
    account: Name
    restored: No
    unchanged: Yes


class NotRestored(Facts, frozen=True):
    account: str
    restored: No
    error: str


class StoreRestored(Facts, frozen=True):
    made: Time
    host: str
    dry_run: bool
    key: bool
    accounts: list[Annotated[Any, one_of(Restored, Unchanged, NotRestored)]]
    kept: str | None


class Migrated(Facts, frozen=True):
    schema: Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]+$")]
    older: list[Name]
    older_minor: Count
    migrated: list[Name]
    unreadable: Annotated[
        dict[str, str], Meta(description="Accounts, and why each cannot be read.")
    ]
    kept: str | None
    tables_before: (
        Annotated[
            int, Meta(description="The schema of a database's tables, where that was another one.")
        ]
        | UnsetType
    ) = ABSENT


class StoreCopied(Facts, frozen=True):
    copied: Count
    failed: Annotated[
        dict[str, str], Meta(description="Accounts that are not the same in both, and why.")
    ]


class StoreMade(Facts, frozen=True):
    made: Annotated[bool, Meta(description="False: there was nothing to be made.")]


class MachineListed(Facts, frozen=True):
    machine: str
    last_seen: Time
    version: str
    ends_sessions: bool


class MachineForgotten(Facts, frozen=True):
    machine: str
    forgotten: bool


class StoreTidied(Facts, frozen=True):
    mended: Count
    listed: Count


class ByResult(Facts, frozen=True):
    yes: Count
    no: Count
    not_mine: Count
    not_now: Count
    paused: Count


class Hashes(Facts, frozen=True):
    computed: Count
    seconds: Annotated[Seconds, Meta(description="Spent in computing them.")]
    waiting: Annotated[Count, Meta(description="For their turn, now.")]
    at_once: Annotated[int, Meta(ge=1)]
    waited: Annotated[Count, Meta(description="How many had to be given a turn.")]
    waited_seconds: Annotated[Seconds, Meta(description="Until their turn, all together.")]


class Remembered(Facts, frozen=True):
    now: Count
    hits: Annotated[Count, Meta(description="Attempts that needed no hash.")]


class Throttled(Facts, frozen=True):
    places: Annotated[Count, Meta(description="As throttle list has them.")]
    waiting: Annotated[Count, Meta(description="Of these, how many have to wait.")]
    refused: Annotated[Count, Meta(description="Attempts, since it began.")]


class Status(Facts, frozen=True):
    since: Time
    uptime_seconds: Count
    version: str
    python: str
    answers: Annotated[ByResult, Meta(description="Since it began.")]
    last_minute: ByResult
    hashes: Hashes
    remembered: Remembered
    connections: Annotated[
        dict[str, Count], Meta(description="Open ones, by the name of the socket.")
    ]
    last_flush_seconds: Annotated[
        Count | None,
        Meta(description="Since all uses were written down; null: never since it began."),
    ]
    flush_trouble: Annotated[
        str | None, Meta(description="Why the last time some of them could not be.")
    ]
    throttle: Throttled


class ThrottledPlace(Facts, frozen=True):
    """Wrong app passwords of an address or, where none was told, for an account.

    Both are null for names that no account has.
    """

    address: str | None
    account: Name | None
    failures: Count
    wait_seconds: Count


class Cleared(Facts, frozen=True):
    cleared: Count


class Recipe(Facts, frozen=True):
    """A file for a program that asks; `about` is the first sentence of its head."""

    file: str
    about: str


class RecipesInstalled(Facts, frozen=True):
    folder: str
    files: Count


class FindingTold(Facts, frozen=True):
    """Something that was looked at."""

    level: Literal["ok", "notice", "warning", "danger"]
    where: str
    what: str
    remedy: Annotated[str, Meta(description="What to do; empty if nothing.")]


class ConfigChecked(Facts, frozen=True):
    file: str | None
    absent: list[str]
    passed_over: list[str]
    problem: Annotated[
        str | None,
        Meta(
            description="Why it cannot be used, in a line for each fault: file, line, key and "
            "reason; then there are no findings."
        ),
    ]
    findings: list[FindingTold]
