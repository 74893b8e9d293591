"""The end of an app password: never, after some days, or after a date (SAFETY 22)."""

import contextlib
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from apppw_tui.domain.errors import Refused

CHOICES = (30, 90, 365)  # days
MOST_DAYS = 3660  # ten years; what is meant to last longer never expires
KEEP_EXPIRED_FOR = timedelta(days=30)  # how long an expired one stays to be seen

_LONGEST_GAP = timedelta(hours=26)
_RESOLUTION = timedelta(milliseconds=1)

_FORMS = "Use never, a number of days, or a date such as 2027-01-31."


def parse(text: str, now: datetime, zone: tzinfo | None = None) -> datetime | None:
    """The instant that was meant, in UTC; None for never.

    A number of days and a date both mean the end of that day, in the server's time (`zone`; None
    takes the machine's own).

    Raises:
        Refused: it is neither, has passed, or is more than ten years ahead.
    """
    words = text.strip().lower()
    if words == "never":
        return None
    today = now.astimezone(zone).date()
    if words.isascii() and words.isdecimal() and len(words) <= len(str(MOST_DAYS)):
        days = int(words)
        last = today + timedelta(days=min(days, MOST_DAYS + 1))
        if days == 0:
            raise Refused("That would be over today. Say at least one day.")
    else:
        try:
            last = date.fromisoformat(words)
        except ValueError:
            raise Refused(_FORMS) from None
    if last < today:
        raise Refused("That day has passed.")
    if (last - today).days > MOST_DAYS:
        raise Refused("That is more than ten years ahead: let it never expire.")
    return end_of(last, zone)


def beginning_of(text: str, zone: tzinfo | None = None) -> datetime:
    """The first instant of a day such as 2027-01-31, in the server's time; in UTC.

    Raises:
        Refused: that is not a day.
    """
    try:
        day = date.fromisoformat(text.strip())
        return end_of(day - timedelta(days=1), zone)
    except (ValueError, OverflowError):
        raise Refused("Say a day such as 2027-01-31.") from None


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
