"""The wishes for an app password, asked line by line: what it is for, how long, from where."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal, TypeVar

from apppw_tui.domain import addresses, expiry, scopes
from apppw_tui.domain.app_password import AppPassword, AppPasswordEdit
from apppw_tui.domain.errors import Refused
from apppw_tui.ui import formatting
from apppw_tui.ui.plain.conversation import PlainChoice
from apppw_tui.ui.plain.session import PlainSession

Wish = TypeVar("Wish")

_SINGLE, _DATE, _AS_IT_IS = "certain services", "a date", "as it is"  # no service is called so
_LEAVE = "to leave it so"


def ask_scope(plain: PlainSession) -> tuple[str, ...]:
    """Asks what a new one is for. Raises Back."""
    first = plain.portal.policy.scope_choices[0]
    label = plain.portal.policy.label([first])
    return _ask_scope(plain, "For", f"for {label}", first) or (first,)


def ask_expiry(plain: PlainSession) -> datetime | None:
    """Asks how long a new one is good. Raises Back."""
    longest = plain.portal.policy.expiry_choices[0]
    first = _days_word(longest)
    expires = _ask_expiry(plain, "Expires", f"for {_days_label(longest)}", first)
    return None if expires == "never" else expires


def ask_edit(plain: PlainSession, app_password: AppPassword) -> AppPasswordEdit:
    """Asks what is to be otherwise; whatever Enter alone answers stays as it is. Raises Back."""
    name = plain.talk.ask(f"Name, or Enter {_LEAVE}", app_password.name)
    scope = _ask_scope(
        plain, f"For: now {plain.portal.policy.label(app_password.scope)}", _LEAVE, _AS_IT_IS
    )
    end = app_password.expires
    ends = "never" if end is None else formatting.ending(end)
    expires = _ask_expiry(plain, f"Expires: now {ends}", _LEAVE, _AS_IT_IS)
    return AppPasswordEdit(
        None if name == app_password.name else name,
        scope,
        expires,
        _ask_networks(plain, app_password),
    )


def networks_label(app_password: AppPassword) -> str:
    """The networks that an app password is good from."""
    return ", ".join(app_password.networks) or "anywhere"


def _ask_scope(
    plain: PlainSession, question: str, enter: str, default: str
) -> tuple[str, ...] | None:
    """The scope; None to leave it as it is."""
    policy = plain.portal.policy
    choices = [PlainChoice(word, policy.label([word])) for word in policy.scope_choices]
    choices.append(PlainChoice(_SINGLE, "Only certain services"))
    chosen = plain.talk.choose(question, choices, enter, default)
    if chosen != _SINGLE:
        return None if chosen == _AS_IT_IS else (chosen,)
    offered = ", ".join(policy.service_choices)

    def read(text: str) -> tuple[str, ...]:
        scope = scopes.read_scope(text.replace(",", " ").split(), policy.own_services)
        policy.check_scope(scope)
        return scope

    return _ask_until_read(plain, f"Services, of {offered}", read)


def _ask_expiry(
    plain: PlainSession, question: str, enter: str, default: str
) -> datetime | Literal["never"] | None:
    """The end; None to leave it as it is."""
    policy = plain.portal.policy
    choices = [PlainChoice(_days_word(days), _days_label(days)) for days in policy.expiry_choices]
    choices.append(PlainChoice(_DATE, "Until a date"))
    chosen = plain.talk.choose(question, choices, enter, default)
    if chosen == _AS_IT_IS:
        return None

    def read(text: str) -> datetime | Literal["never"]:
        now = plain.clock.now()
        expires = expiry.parse(text, now)
        policy.check_expiry(expires, now)
        return "never" if expires is None else expires

    if chosen == _DATE:
        return _ask_until_read(plain, "Last day, such as 2027-01-31", read)
    return read(chosen)


def _ask_networks(plain: PlainSession, app_password: AppPassword) -> tuple[str, ...] | None:
    """The networks; None to leave them as they are."""
    plain.talk.head(f"Good from: now {networks_label(app_password)}")
    question = f"Networks such as 192.0.2.0/24, any, or Enter {_LEAVE}"
    return _ask_until_read(
        plain, question, lambda text: addresses.read_networks(text) if text else None, ""
    )


def _ask_until_read(
    plain: PlainSession, question: str, read: Callable[[str], Wish], default: str | None = None
) -> Wish:
    while True:
        try:
            return read(plain.talk.ask(question, default))
        except Refused as error:
            plain.talk.say(str(error))


def _days_word(days: int | None) -> str:
    return "never" if days is None else str(days)


def _days_label(days: int | None) -> str:
    return "Never" if days is None else f"In {days} days"
