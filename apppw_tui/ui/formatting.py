"""Times and scopes as a person reads them."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from apppw_tui.domain import expiry
from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.names import escaped, name_key
from apppw_tui.domain.phone import PhoneSlot, last_digits
from apppw_tui.domain.recovery_codes import COUNT, FEW
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.ssh_key import MOST, SshKey
from apppw_tui.domain.usage import UNUSED_AFTER, LastUse
from apppw_tui.domain.verification_options import VerificationChoice
from apppw_tui.portal.throttle import TrustedAddresses
from apppw_tui.ui.glyphs import GLYPHS

PAUSED = "paused"
_MONTHS_SHOWN_AS_DAYS = 99  # days; beyond, the day itself says more
_SOON = 7  # days
_MINUTE, _HOUR, _DAY, _MONTH = 60, 3600, 86400, 30 * 86400  # seconds


def since(instant: datetime, now: datetime) -> str:
    """The time that has passed, short enough for a table.

    `now`, `4 min`, `3 h`, `1 d`, or the day.
    """
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
    """The time that has passed, in a sentence: `just now`, `4 min ago`, `on 2 Nov`."""
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


def ending(instant: datetime) -> str:
    """The end of a life: `after 30 Nov 2026 (UTC)` where a day ends then, else the minute.

    The instant itself is the next day's, and not of the one that was chosen.
    """
    last = (instant - timedelta(microseconds=1)).astimezone()
    if expiry.end_of(last.date()) != instant:
        return exactly(instant)
    zone = f" ({last:%Z})" if last.tzname() else ""
    return f"after {last.day} {last:%b %Y}{zone}"


def exactly_and_ago(moment: datetime, now: datetime) -> str:
    when, before = exactly(moment), ago(moment, now)
    return f"{when} ({before})" if before.endswith(("ago", "now")) else when


def last_use(app_password: AppPassword, last: LastUse | None, now: datetime) -> str:
    """The last use and its service, or that it is paused; what lies unused is marked."""
    if app_password.paused:
        return PAUSED
    created = app_password.created
    mark = " !" if now - (last.time if last else created) >= UNUSED_AFTER else ""
    if last is None:
        return f"never{mark}"
    service = f" {GLYPHS.dot} {escaped(last.service)}" if last.service else ""
    return f"{since(last.time, now)}{service}{mark}"


def describe_end(app_password: AppPassword, now: datetime) -> str:
    """The end of its life as one of several that can be chosen: `Never`, `In 61 days`, `31 Jan`."""
    words = describe_expiry(app_password, now).removesuffix(" !")
    return f"In {words}" if words[:1].isdecimal() and " day" in words else words.capitalize()


def describe_expiry(app_password: AppPassword, now: datetime, *, short: bool = False) -> str:
    """The end of its life: `never`, `61 days`, `2 days !`, `today !`, `expired !`.

    In a `short` form `–`, `61 d`, `2 d !`.
    """  # noqa: RUF002 - it is meant
    if app_password.expires is None:
        return GLYPHS.none if short else "never"
    if app_password.is_expired(now):
        return "expired !"
    # It ends with the end of a day: the day before that instant is the last one.
    last = app_password.expires - timedelta(microseconds=1)
    left = (last.astimezone().date() - now.astimezone().date()).days
    if left > _MONTHS_SHOWN_AS_DAYS:
        return day(last, now)
    count = f"{left} d" if short else f"{left} day{'' if left == 1 else 's'}"
    count = count if left else "today"
    return f"{count} !" if left <= _SOON else count


def bars(counts: Sequence[int]) -> str:
    """One bar for each number, the largest as high as a row; the least above nothing is seen."""
    highest, steps = max(counts, default=0), len(GLYPHS.bars) - 1
    return "".join(GLYPHS.bars[-(-count * steps // highest) if highest else 0] for count in counts)


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Orders as a person would: `Device 2` before `Device 10`, `à` with `a`."""
    letters = unicodedata.normalize("NFKD", name_key(text))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    parts = re.split("([0-9]+)", plain)
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p)


def sign_in_summary(account: Account, numbers: dict[PhoneSlot, Secret]) -> str:
    """The way of signing in, for Settings; `numbers` are those that could be opened."""
    ways = ["your authenticator app"] * (account.authenticator is not None)
    first = next(iter(account.phones), None)
    if first is not None:
        digits = numbers.get(first.which)
        ways.append(
            "your phone" if digits is None else f"your phone that ends in {last_digits(digits)}"
        )
    codes = f"a code from {' or '.join(ways)}" if ways else ""
    keys = ""
    if account.ssh_keys:
        keys = "your ssh key" if len(account.ssh_keys) == 1 else "one of your ssh keys"
    if not codes and not keys:
        return (
            "Signing in here asks for your password alone. Set up a verification method "
            "to protect your account."
        )
    second = " or ".join(filter(None, (keys, codes)))
    asks = f"Signing in here asks for your password and {second}."
    return f"{asks}\n{recovery_summary(account)}"


def ssh_keys_state(account: Account) -> str:
    """The number of ssh keys, for a line about them."""
    count = len(account.ssh_keys)
    return f"{count} of {MOST}" if count else "none yet"


def ssh_key_label(key: SshKey, now: datetime) -> str:
    """A key as a line of a list: its name, its type, and when and from where it was used."""
    used = "never used"
    if key.last_used is not None:
        place = f" from {escaped(key.last_address)}" if key.last_address else ""
        used = f"{ago(key.last_used, now)}{place}"
    return f" {GLYPHS.dot} ".join((escaped(key.name), key.type_label, used))


def enforcement_summary(
    account: Account, before: LastUse | None, now: datetime, *, on_server: bool = True
) -> str:
    """The way in which apps sign in: with app passwords alone, or with the old password too.

    `before` is when that was last right for a service; None: it was not, or nobody tells. Empty
    where there is no server that could have an old password.
    """
    if account.is_enforced(now):
        return "Apps sign in with app passwords alone."
    last = ""
    if before is not None:
        service = f" by {escaped(before.service)}" if before.service else ""
        last = f"last used {ago(before.time, now)}{service}"
    if account.enforced_from is not None:
        starts = day(account.enforced_from, now)
        sentence = f"From {starts} on, apps sign in with app passwords alone."
        return f"{sentence} Your old mail password was {last}." if last else sentence
    if not (last or on_server):
        return ""
    works = "Your old mail password still works in apps"
    return f"{works}{f', {last}' if last else ''}. Your administrator may end that."


def recovery_summary(account: Account) -> str:
    """The number of recovery codes left; a warning when they are few."""
    left = account.recovery_codes_left
    if left > FEW:
        return f"{left} of {COUNT} recovery codes are left."
    count = "No recovery codes are" if not left else f"Only {left} recovery codes are"
    count = "Only 1 recovery code is" if left == 1 else count
    return f"! {count} left: make new ones before you need them."


def recovery_state(account: Account) -> str:
    """The same, for a table."""
    if account.recovery is None:
        return "! none" if account.has_second_factor else ""
    left = account.recovery_codes_left
    return f"{'! ' if left <= FEW else ''}{left} of {COUNT} left"


def unoffered(offered: Sequence[bool], *, on_server: bool = True) -> str:
    """The one line for ways by phone of which not all are `offered`; empty if it is not needed.

    In a store of one's own, not `on_server`, nobody misses what they would have to set up.
    """
    if all(offered) or not on_server:
        return ""
    what = "Not every way by phone is" if any(offered) else "Text or call is not"
    return f"{what} set up on this server."


def phone_ways(choices: Sequence[VerificationChoice]) -> list[bool]:
    """For each of `choices` that is by phone, whether this server has it."""
    return [choice.offered for choice in choices if choice.option.phone is not None]


def trusted_addresses(trusted: TrustedAddresses) -> str:
    """The addresses from which a person may try when strangers have used up their tries."""
    if not trusted.count:
        return "No address is trusted. The next sign-in makes its own address so, for 30 days."
    count = f"{trusted.count} trusted address{'' if trusted.count == 1 else 'es'}"
    here = ", this one among them" if trusted.present else "; this one is not"
    return f"{count}{here}: you can sign in from there even while others guess your password."


def sent_message(kind: str, ending: str) -> str:
    """The sentence about how a telephone was reached."""
    if kind == "call":
        return f"We are calling your phone that ends in {ending}. Listen for a code of six digits."
    if kind == "notify":
        return f"We sent a notification with a code to the app on your phone ending in {ending}."
    return f"We sent a text message with a code to your phone that ends in {ending}."
