"""Times and scopes as a person reads them."""

from datetime import datetime, timedelta

from apppw_tui.domain import services
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.names import shown
from apppw_tui.domain.usage import UNUSED_AFTER, LastUse
from apppw_tui.ui.glyphs import GLYPHS

_MONTHS_SHOWN_AS_DAYS = 99  # days; beyond, the day itself says more
_SOON = 7  # days
_MINUTE, _HOUR, _DAY, _MONTH = 60, 3600, 86400, 30 * 86400  # seconds


def since(instant: datetime, now: datetime) -> str:
    """How long ago, short enough for a table: `now`, `4 min`, `3 h`, `1 d`, or the day."""
    seconds = int((now - instant).total_seconds())
    if seconds < _MINUTE:
        return "now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h"
    if seconds < _MONTH:
        return f"{seconds // _DAY} d"
    return day(instant, now)


def ago(instant: datetime, now: datetime) -> str:
    """How long ago, in a sentence: `just now`, `4 min ago`, `on 2 Nov`."""
    seconds = (now - instant).total_seconds()
    if seconds < _MINUTE:
        return "just now"
    words = since(instant, now)
    return f"{words} ago" if seconds < _MONTH else f"on {words}"


def day(instant: datetime, now: datetime) -> str:
    """The day in the server's time; the year only where it is another."""
    local = instant.astimezone()
    year = "" if local.year == now.astimezone().year else f" {local.year}"
    return f"{local.day} {local:%b}{year}"


def exactly(instant: datetime) -> str:
    """The very minute, in the server's time."""
    local = instant.astimezone()
    return f"{local.day} {local:%b %Y %H:%M} {local:%Z}".rstrip()


def last_use(last: LastUse | None, created: datetime, now: datetime) -> str:
    """When it was last used, and for what; what lies unused is marked."""
    mark = " !" if now - (last.time if last else created) >= UNUSED_AFTER else ""
    if last is None:
        return f"never{mark}"
    service = f" {GLYPHS.dot} {shown(last.service)}" if last.service else ""
    return f"{since(last.time, now)}{service}{mark}"


def scope(password: AppPassword) -> str:
    """What it is good for."""
    return services.label(password.scope)


def expiry(password: AppPassword, now: datetime) -> str:
    """When it stops working: `never`, `61 days`, `2 days !`, `today !`, `expired !`."""
    if password.expires is None:
        return "never"
    if password.expired(now):
        return "expired !"
    # It ends with the end of a day: the day before that instant is the last one.
    last = password.expires - timedelta(microseconds=1)
    left = (last.astimezone().date() - now.astimezone().date()).days
    if left > _MONTHS_SHOWN_AS_DAYS:
        return day(last, now)
    count = {0: "today", 1: "1 day"}.get(left, f"{left} days")
    return f"{count} !" if left <= _SOON else count
