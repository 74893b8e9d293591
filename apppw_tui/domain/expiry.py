"""The end of an app password: never, after some days, or after a date (SAFETY 22)."""

import contextlib
import re
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta, tzinfo

from apppw_tui.domain.errors import Refused

CHOICES = (30, 90, 365)  # days
MOST_DAYS = 3660  # ten years; what is meant to last longer never expires
KEEP_EXPIRED_FOR = timedelta(days=30)  # how long an expired one stays to be seen

_LONGEST_GAP = timedelta(hours=26)
_RESOLUTION = timedelta(milliseconds=1)

_FORMS = "Use never, tomorrow, 30d, or a date such as 2027-01-31."
_RELATIVE = "(?a)([0-9]{1,4})([dwy]?)"
_DATE = "(?a)([0-9]{4})-([0-9]{2})-([0-9]{2})"
_MONTHS = 12
_DAYS = {"": 1, "d": 1, "w": 7}


def parse(text: str, now: datetime, zone: tzinfo | None = None) -> datetime | None:
    """The instant that was meant, in UTC; None for never.

    Days, weeks or years from now (`90`, `90d`, `2w`, `1y`), `tomorrow` and a date all mean the end
    of that day, in the server's time (`zone`; None takes the machine's own).

    Raises:
        Refused: it is none of these, has passed, or is more than ten years ahead.
    """
    words = text.strip().lower()
    if words == "never":
        return None
    today = now.astimezone(zone).date()
    last = _day(words, today)
    if last is None:
        raise Refused(_FORMS)
    if last == today and re.fullmatch(_RELATIVE, words):
        raise Refused("That would be over today. Use at least one day.")
    if last < today:
        raise Refused("That day has passed.")
    if (last - today).days > MOST_DAYS:
        raise Refused("That is more than ten years ahead: let it never expire.")
    return end_of(last, zone)


def parse_day(text: str, now: datetime, zone: tzinfo | None = None) -> date:
    """A day in the server's time, as `parse` reads one. Raises Refused."""
    day = _day(text.strip().lower(), now.astimezone(zone).date())
    if day is None:
        raise Refused("Use a day such as 2027-01-31, tomorrow, or 30d.")
    return day


def beginning_of(day: date, zone: tzinfo | None = None) -> datetime:
    """The first instant of `day`, in the server's time; in UTC. Raises Refused: it has none."""
    try:
        return end_of(day - timedelta(days=1), zone)
    except (ValueError, OverflowError):
        raise Refused("Use a day such as 2027-01-31, tomorrow, or 30d.") from None


def _day(words: str, today: date) -> date | None:
    """The day that is meant, at most a little more than ten years ahead; None if none is.

    Raises:
        Refused: it is a date, and no calendar has it.
    """
    if words == "tomorrow":
        return today + timedelta(days=1)
    match = re.fullmatch(_RELATIVE, words)
    if match is None:
        try:
            return date.fromisoformat(words)
        except ValueError:
            _refuse_missing_date(words)
            return None
    count = int(match[1])
    if match[2] == "y":
        year = min(today.year + count, MAXYEAR)
        try:
            return today.replace(year=year)
        except ValueError:  # it has no 29 February
            return today.replace(year=year, day=28)
    return today + timedelta(days=min(count * _DAYS[match[2]], MOST_DAYS + 1))


def _refuse_missing_date(words: str) -> None:
    """Raises Refused if `words` have the form of a date."""
    match = re.fullmatch(_DATE, words)
    if match is not None:
        year, month, day = map(int, match.groups())
        if not 1 <= month <= _MONTHS:
            raise Refused(f"There is no month {month}.")
        raise Refused(f"There is no {day} {date(MAXYEAR, month, 1):%B} {year}.")


def last_day(expires: datetime, zone: tzinfo | None = None) -> str:
    """The day with whose end it ends, such as 2027-01-31."""
    # It is the day before that instant; before the year 1 there is none.
    with contextlib.suppress(OverflowError):
        expires -= timedelta(seconds=1)
    with contextlib.suppress(OverflowError):  # nor is there one after 9999, seen from the east
        expires = expires.astimezone(zone)
    return expires.strftime("%Y-%m-%d")


def end_of(day: date, zone: tzinfo | None = None) -> datetime:
    """The first instant after `day`, in UTC."""
    midnight = datetime.combine(day + timedelta(days=1), time(0), tzinfo=zone)
    # Without a zone, astimezone() takes it for the machine's own, summer time and all.
    instant = midnight.astimezone(UTC)
    if instant.astimezone(zone).date() > day:
        return instant
    # That midnight does not exist, since summer time begins with it (Santiago, Beirut, Cairo), and
    # the C library names an instant an hour before. A whole day has been left out, too (Apia).
    before, after = instant, instant + _LONGEST_GAP
    while after - before > _RESOLUTION:
        middle = before + (after - before) // 2
        if middle.astimezone(zone).date() > day:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)
