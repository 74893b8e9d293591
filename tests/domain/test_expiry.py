"""SAFETY 22: when an app password stops working, read from what somebody typed."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest

from apppw_tui.domain.errors import Refused
from apppw_tui.domain.expiry import CHOICES, MOST_DAYS, end_of, parse, parse_day
from tests.support import NOW

BERLIN = ZoneInfo("Europe/Berlin")
CAIRO = ZoneInfo("Africa/Cairo")  # its summer time begins at midnight
AUCKLAND = ZoneInfo("Pacific/Auckland")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["never", " Never ", "NEVER"])
def test_never_is_never(text: str) -> None:
    assert parse(text, NOW, UTC) is None


@pytest.mark.parametrize(
    ("text", "expires"),
    [
        ("1", "2026-11-24"),
        (" 30 ", "2026-12-23"),
        ("90", "2027-02-21"),
        ("365", "2027-11-23"),
        ("0007", "2026-11-30"),
        ("3660", "2036-11-30"),
        ("90d", "2027-02-21"),
        ("2w", "2026-12-07"),
        ("1y", "2027-11-23"),
        ("10Y", "2036-11-23"),
        ("tomorrow", "2026-11-24"),
    ],
)
def test_days_last_to_the_end_of_the_last_of_them(text: str, expires: str) -> None:
    assert parse(text, NOW, UTC) == utc(expires)


def test_a_year_from_a_leap_day_ends_with_the_last_of_february() -> None:
    assert parse("1y", utc("2028-02-29"), UTC) == utc("2029-03-01")
    assert parse("4y", utc("2028-02-29"), UTC) == utc("2032-03-01")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2027-01-31", date(2027, 1, 31)),
        ("Tomorrow", date(2026, 11, 23)),
        ("30d", date(2026, 12, 22)),
    ],
)
def test_a_day_is_read_by_the_same_words(text: str, day: date) -> None:
    assert parse_day(text, NOW, UTC) == day


def test_never_is_no_day() -> None:
    with pytest.raises(Refused, match="Use a day such as 2027-01-31, tomorrow, or 30d"):
        parse_day("never", NOW, UTC)


@pytest.mark.parametrize("days", CHOICES)
def test_every_choice_is_one_that_is_read(days: int) -> None:
    assert parse(str(days), NOW, UTC) == NOW.replace(hour=0) + timedelta(days=days + 1)


def test_a_date_means_its_end_in_the_servers_time() -> None:
    assert parse("2027-01-31", NOW, UTC) == utc("2027-02-01")
    assert parse("2027-01-31", NOW, BERLIN) == utc("2027-01-31 23:00")
    assert parse("2027-07-31", NOW, BERLIN) == utc("2027-07-31 22:00")
    assert parse("2027-01-31", NOW, AUCKLAND) == utc("2027-01-31 11:00")


def test_without_a_zone_it_is_the_machines_own() -> None:
    assert parse("2027-01-31", NOW) == utc("2027-02-01")  # the tests' is UTC
    assert end_of(date(2027, 1, 31)).tzinfo is UTC


@pytest.mark.parametrize(
    ("day", "end", "hours"),
    [
        (date(2027, 3, 28), "2027-03-28 22:00", 23),  # the clocks go forward
        (date(2027, 10, 31), "2027-10-31 23:00", 25),  # and back
        (date(2027, 3, 27), "2027-03-27 23:00", 24),
        (date(2027, 10, 30), "2027-10-30 22:00", 24),
    ],
)
def test_the_days_on_which_the_clocks_change_end_at_midnight_too(
    day: date, end: str, hours: int
) -> None:
    assert end_of(day, BERLIN) == utc(end)
    assert end_of(day, BERLIN) - end_of(day - timedelta(days=1), BERLIN) == timedelta(hours=hours)


def test_a_midnight_that_the_clocks_leave_out_ends_the_day_all_the_same() -> None:
    end = end_of(date(2026, 4, 23), CAIRO)  # at midnight it is one o'clock
    assert end == utc("2026-04-23 22:00")
    assert (end - timedelta(seconds=1)).astimezone(CAIRO).date() == date(2026, 4, 23)
    assert end.astimezone(CAIRO).date() == date(2026, 4, 24)


def test_days_are_counted_from_the_servers_day() -> None:
    late = utc("2026-11-22 11:30")
    assert late.astimezone(AUCKLAND).date() == date(2026, 11, 23)
    assert parse("1", late, AUCKLAND) == end_of(date(2026, 11, 24), AUCKLAND)


def test_today_lasts_until_midnight_and_yesterday_has_passed() -> None:
    assert parse("2026-11-22", NOW, UTC) == utc("2026-11-23")
    with pytest.raises(Refused, match=r"That day has passed\."):
        parse("2026-11-21", NOW, UTC)
    with pytest.raises(Refused, match="passed"):
        parse("0001-01-01", NOW, AUCKLAND)


@pytest.mark.parametrize("text", ["0", "0000", "0d", "0w", "0y"])
def test_no_days_at_all_are_refused(text: str) -> None:
    with pytest.raises(Refused, match="at least one day"):
        parse(text, NOW, UTC)


@pytest.mark.parametrize(
    "text",
    ["3661", "9999", "11y", "9999w", "9999y", "2036-12-01", "9999-12-31"],
)
def test_more_than_ten_years_are_refused(text: str) -> None:
    with pytest.raises(Refused, match="more than ten years"):
        parse(text, NOW, UTC)


def test_the_longest_is_the_same_in_days_and_as_a_date() -> None:
    last = NOW.date() + timedelta(days=MOST_DAYS)
    assert parse(last.isoformat(), NOW, UTC) == parse(str(MOST_DAYS), NOW, UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "soon",
        "never again",
        "-1",
        "+5",
        "1.5",
        "30 days",
        "30m",
        "d",
        "1d2w",
        "31.01.2027",
        "2027-1-31",
        "2027-01-31T12:00",
        "99999999999999999999",
        "\u0663\u0660",  # 30 in Arabic-Indic digits
        "\u00b2",
        "\uff13\uff10",
        "\u0662\u0660\u0662\u0667-01-31",
        "\uff12\uff10\uff12\uff17-01-31",
        "2027\u201101\u201131",
        "\0",
    ],
)
def test_what_is_neither_is_refused_and_says_the_forms(text: str) -> None:
    with pytest.raises(Refused, match=r"Use never, tomorrow, 30d, or a date such as 2027-01-31\."):
        parse(text, NOW, UTC)


@pytest.mark.parametrize("read", [parse, parse_day])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2027-02-30", "There is no 30 February 2027."),
        ("2027-02-29", "There is no 29 February 2027."),
        (" 2027-04-31", "There is no 31 April 2027."),
        ("2027-01-00", "There is no 0 January 2027."),
        ("2027-13-01", "There is no month 13."),
        ("2027-00-01", "There is no month 0."),
        ("0000-01-01", "There is no 1 January 0."),
    ],
)
def test_a_date_that_no_calendar_has_is_named(
    read: Callable[[str, datetime, tzinfo], object], text: str, sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        read(text, NOW, UTC)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "zone",
    [
        *("America/Santiago", "Asia/Beirut", "Africa/Cairo", "America/Havana"),
        *("America/Asuncion", "Atlantic/Azores", "Pacific/Apia", "Europe/Berlin"),
    ],
)
def test_a_day_of_the_machines_own_ends_where_the_next_begins(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In some zones summer time begins at midnight, and that midnight does not exist."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for year in (2011, 2027):
            for number in range(365):
                day = date(year, 1, 1) + timedelta(days=number)
                end = end_of(day)
                assert end.astimezone().date() > day
                assert (end - timedelta(seconds=1)).astimezone().date() <= day
                assert end == end_of(day, ZoneInfo(zone))
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_first_day_that_lacks_its_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Santiago")
    time.tzset()
    try:
        assert end_of(date(2027, 9, 4)) == utc("2027-09-05 04:00")
    finally:
        monkeypatch.undo()
        time.tzset()
