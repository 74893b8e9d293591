"""Times and scopes as a person reads them."""

from datetime import datetime

from apppw_tui.domain.app_password import ANY_APP, AppPassword
from apppw_tui.domain.names import shown

_SCOPES = {ANY_APP: "Any app"}
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


def scope(password: AppPassword) -> str:
    """What it is good for."""
    return ", ".join(_SCOPES.get(word, shown(word)) for word in password.scope)


def expiry(password: AppPassword, now: datetime) -> str:
    """When it stops working."""
    return "never" if password.expires is None else day(password.expires, now)
