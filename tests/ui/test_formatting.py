"""When an app password stops working, as a table says it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import tzset

import pytest

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.expiry import parse
from apppw_tui.ui import formatting
from tests.support import NOW

PHONE = AppPassword("abc", "Phone", "$argon2id$", NOW)


@pytest.fixture(params=["UTC", "America/New_York", "Pacific/Auckland"])
def now(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[datetime]:
    """The present, on servers east and west."""
    monkeypatch.setenv("TZ", request.param)
    tzset()
    yield NOW
    monkeypatch.undo()
    tzset()


def after(days: int, now: datetime) -> AppPassword:
    """One whose last day is that many days from now."""
    day = now.astimezone().date() + timedelta(days=days)
    return replace(PHONE, expires=parse(day.isoformat(), now))


def test_without_a_date_it_says_never() -> None:
    assert formatting.describe_expiry(PHONE, NOW) == "never"


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (0, "today !"),
        (1, "1 day !"),
        (2, "2 days !"),
        (7, "7 days !"),
        (8, "8 days"),
        (30, "30 days"),
        (99, "99 days"),
    ],
)
def test_it_says_how_many_days_are_left_and_marks_the_last_ones(
    days: int, sentence: str, now: datetime
) -> None:
    assert formatting.describe_expiry(after(days, now), now) == sentence


def test_what_is_far_away_is_a_day() -> None:
    assert formatting.describe_expiry(after(100, NOW), NOW) == "2 Mar 2027"
    spring = NOW - timedelta(days=200)
    assert formatting.describe_expiry(after(100, spring), spring) == "14 Aug"


def test_an_ending_names_the_last_day_and_not_the_midnight_behind_it(now: datetime) -> None:
    expires = after(3, now).expires
    assert expires is not None
    last = now.astimezone() + timedelta(days=3)
    assert formatting.ending(expires) == f"after {last.day} Nov 2026 ({last:%Z})"
    at_noon = expires + timedelta(hours=12)
    assert formatting.ending(at_noon) == formatting.exactly(at_noon)


def test_what_is_over_says_so_from_the_very_instant_on() -> None:
    each = after(0, NOW)
    assert each.expires == datetime(2026, 11, 23, tzinfo=UTC)
    assert formatting.describe_expiry(each, each.expires - timedelta(microseconds=1)) == "today !"
    assert formatting.describe_expiry(each, each.expires) == "expired !"
    assert formatting.describe_expiry(each, each.expires + timedelta(days=3)) == "expired !"


def test_one_that_ends_within_a_day_ends_today() -> None:
    # Written by hand, or by a server that stood in another zone.
    assert (
        formatting.describe_expiry(replace(PHONE, expires=NOW + timedelta(hours=3)), NOW)
        == "today !"
    )
    assert (
        formatting.describe_expiry(replace(PHONE, expires=NOW + timedelta(hours=15)), NOW)
        == "1 day !"
    )


def test_names_stand_in_the_order_of_a_dictionary() -> None:
    names = ["zebra", "Device 10", "Äpfel", "apfel 2", "device 2", "\u00e0 la carte"]
    assert sorted(names, key=formatting.natural_key) == [
        "\u00e0 la carte",
        "Äpfel",
        "apfel 2",
        "device 2",
        "Device 10",
        "zebra",
    ]
