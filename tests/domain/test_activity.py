"""The words for what happened: the same everywhere, and nothing in them acts."""

from datetime import datetime, timedelta, timezone

import pytest

from apppw_tui.domain.activity import (
    NOTIFIED,
    SUSPICIOUS,
    ActivityEntry,
    EventType,
    actor_label,
    describe,
    parse_time,
)
from tests.support import NOW


def entry(what: str, **facts: str) -> ActivityEntry:
    return ActivityEntry(NOW, what, "ada", facts)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (entry("signed in"), "Signed in"),
        (entry("app password created", name="Laptop"), "App password created: Laptop"),
        (entry("app password created", id="abc"), "App password created"),
        (entry("recovery code used", left="9"), "Recovery code used, left: 9"),
        (entry("recovery code used"), "Recovery code used"),
        (entry("renamed", before="ida"), "Account renamed; before: ida"),
        (entry("renamed"), "Account renamed"),
        (
            entry("app password deleted", name="a\x1b[2J\u202eb"),
            r"App password deleted: a\x1b[2J\u202eb",
        ),
        (entry("from\ntomorrow"), r"From\ntomorrow"),
        (entry(""), ""),
    ],
)
def test_each_is_one_line_in_which_nothing_acts(one: ActivityEntry, words: str) -> None:
    assert describe(one) == words


@pytest.mark.parametrize("act", EventType)
def test_no_act_shows_its_braces(act: EventType) -> None:
    for facts in ({}, {"name": "x", "method": "x", "left": "x", "before": "x"}):
        words = describe(entry(act, **facts))
        assert words[0].isupper()
        assert not set("{}") & set(words)
        assert words == words.strip().rstrip(":;,")


def test_failures_are_marked_and_not_told() -> None:
    assert {EventType.WRONG_PASSWORD, EventType.WRONG_CODE} <= SUSPICIOUS - NOTIFIED


@pytest.mark.parametrize(
    ("account", "by", "said"),
    [
        ("ada", "ada", "you"),
        ("ida", "ada", "ada"),
        (None, "ada", "ada"),
        ("ada", "operator (uid 7)\x1b", r"administrator (uid 7)\x1b"),
        (None, "operator", "operator"),  # the name of an account, as any other
    ],
)
def test_who_it_was(account: str | None, by: str, said: str) -> None:
    assert actor_label(ActivityEntry(NOW, EventType.SIGNED_IN, by), account) == said


@pytest.mark.parametrize("address", ["", "local"])
def test_the_server_itself_is_no_address(address: str) -> None:
    assert entry("signed in", address=address).address is None
    assert entry("signed in", address="192.0.2.7").address == "192.0.2.7"


def test_times_are_utc() -> None:
    assert parse_time("2026-11-22T12:00:00Z") == NOW
    assert parse_time("2026-11-22T12:00:00") == NOW
    assert parse_time("2026-11-22T14:00:00+02:00") == NOW
    assert parse_time("2026-11-22T14:00:00+02:00").utcoffset() == timedelta(0)
    with pytest.raises(ValueError, match="isoformat"):
        parse_time("yesterday")
    assert datetime(2026, 11, 22, 14, tzinfo=timezone(timedelta(hours=2))) == NOW
