"""Security Verification, line by line: the preferred option, and the methods."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from apppw_tui.domain.account import Account
from apppw_tui.domain.names import escaped
from apppw_tui.domain.phone import PHONES, PhoneSlot, last_digits
from apppw_tui.domain.ssh_key import SshKey
from apppw_tui.domain.verification_options import NO_DELIVERY, NO_METHOD, SSH_KEY, phone_name
from apppw_tui.ui import formatting
from apppw_tui.ui.plain.conversation import PlainChoice
from apppw_tui.ui.plain.line_input import Back
from apppw_tui.ui.plain.methods import (
    add_ssh_key,
    set_up_authenticator,
    set_up_phone,
    show_new_codes,
)
from apppw_tui.ui.plain.session import PlainSession, PlainVerb, attempt, offer

_Row: TypeAlias = PlainChoice[Callable[[PlainSession, Account], None]]


@dataclass(frozen=True)
class _Method:
    """One verification method of an account: its name in a sentence, and what can be done."""

    name: str
    is_set_up: bool
    set_up: Callable[[PlainSession], None]
    remove: Callable[[PlainSession], object] | None = None
    unavailable_reason: str | None = None


def open_security(plain: PlainSession, _account: Account) -> None:
    """Lists the methods and the preferred option until the person goes back. Raises Back."""
    listed: Account | None = None
    while True:
        account = plain.begin()
        rows = _rows(plain, account)
        slots = plain.portal.enrollment.phone_slots(account)
        verb = plain.talk.choose(
            "Additional security verification",
            rows,
            remark=plain.unoffered([which in slots for which in PHONES]),
            lists=account != listed,
        )
        listed = account
        with suppress(Back):
            attempt(plain, partial(verb, plain, account))


def _rows(plain: PlainSession, account: Account) -> list[_Row]:
    enrollment = plain.portal.enrollment
    numbers = enrollment.numbers(plain.session, account)
    preferred = enrollment.preferred(account)
    nothing_else = SSH_KEY.label if account.ssh_keys else "none yet"
    first = nothing_else if preferred is None else preferred.label
    rows: list[_Row] = [PlainChoice(_prefer, f"Preferred option: {first}", "o")]
    for which in enrollment.phone_slots(account):
        digits = numbers.get(which)
        state = "not set up" if digits is None else f"ends in {last_digits(digits)}"
        reachable = bool(enrollment.delivery_methods(which))
        method = _Method(
            f"the {phone_name(which)}",
            account.phone(which) is not None,
            partial(set_up_phone, which=which),
            partial(_remove_phone, which=which),
            None if reachable else NO_DELIVERY,
        )
        label = phone_name(which)
        rows.append(
            PlainChoice(partial(_open_method, method=method), f"{label.capitalize()}: {state}")
        )
    app = account.authenticator
    since = "" if app is None else f"since {formatting.day(app.since, plain.clock.now())}"
    authenticator = _Method(
        "the authenticator app", app is not None, set_up_authenticator, _remove_authenticator
    )
    keys: list[_Row] = []
    if plain.portal.ssh_keys.is_offered(account):
        keys.append(PlainChoice(_open_keys, f"SSH keys: {formatting.ssh_keys_state(account)}"))
    left = formatting.recovery_state(account).removeprefix("! ") or "none"
    return [
        *rows,
        PlainChoice(
            partial(_open_method, method=authenticator),
            f"Authenticator app: {since or 'not set up'}",
        ),
        *keys,
        PlainChoice(
            _new_codes,
            f"Recovery codes: {left}",
            reason=None if account.has_second_factor else NO_METHOD,
        ),
    ]


def _open_method(plain: PlainSession, _account: Account, method: _Method) -> None:
    offer(plain, method, METHOD_VERBS, f"What about {method.name}?")


def _open_keys(plain: PlainSession, account: Account) -> None:
    """Adds the key of this session, or removes one. Raises Back."""
    now = plain.clock.now()
    reason = plain.portal.ssh_keys.addable_reason(account)
    rows: list[_Row] = [PlainChoice(_add_key, "Add the key of this session", "c", reason=reason)]
    for key in account.ssh_keys:
        label = f"Remove {formatting.ssh_key_label(key, now)}, {key.fingerprint}"
        rows.append(PlainChoice(partial(_remove_key, key=key), label))
    plain.talk.choose("SSH keys", rows)(plain, account)


def _add_key(plain: PlainSession, account: Account) -> None:
    plain.begin()
    add_ssh_key(plain)
    plain.done("Added. With this key, your password is enough to sign in.")
    if account.recovery is None:
        show_new_codes(plain)


def _remove_key(plain: PlainSession, _account: Account, key: SshKey) -> None:
    name = escaped(key.name)
    if not plain.talk.confirm(
        f"Remove the key {name}? It counts for nothing any more. Your other sessions are signed "
        "out."
    ):
        plain.talk.say("Not removed.")
        return
    plain.session = plain.call(lambda: plain.portal.ssh_keys.remove(plain.session, key.fingerprint))
    plain.done(f"Removed the key {name}.")


def _set_up(plain: PlainSession, method: _Method) -> None:
    account = plain.begin()
    method.set_up(plain)
    plain.done("It was verified, and counts from now on.")
    if account.recovery is None:
        show_new_codes(plain)


def _remove(plain: PlainSession, method: _Method) -> None:
    if method.remove is None or not plain.talk.confirm(
        f"Remove {method.name}? You can no longer sign in with it."
    ):
        plain.talk.say("Not removed.")
        return
    remove = method.remove
    plain.call(lambda: remove(plain))
    plain.done(f"Removed {method.name}.")


METHOD_VERBS: tuple[PlainVerb[_Method], ...] = (
    PlainVerb("c", "Set up, or change", _set_up, lambda _plain, method: method.unavailable_reason),
    PlainVerb(
        "d",
        "Remove",
        _remove,
        lambda _plain, method: None if method.is_set_up else "Nothing is set up here.",
    ),
)


def _remove_authenticator(plain: PlainSession) -> Account:
    return plain.portal.enrollment.remove_authenticator(plain.session)


def _remove_phone(plain: PlainSession, which: PhoneSlot) -> Account:
    return plain.portal.enrollment.remove_phone(plain.session, which)


def _prefer(plain: PlainSession, account: Account) -> None:
    enrollment = plain.portal.enrollment
    options, present = enrollment.preferences(account), enrollment.preferred(account)
    chosen = plain.talk.choose(
        "What's your preferred option? You are asked for this first. The others remain available.",
        [
            PlainChoice(
                choice.option.id,
                choice.option.label + (", as it is now" if choice.option == present else ""),
                reason=choice.unavailable_reason,
            )
            for choice in options
            if choice.offered
        ],
        remark=plain.unoffered(formatting.phone_ways(options)),
    )
    plain.call(lambda: enrollment.set_preferred(plain.session, chosen))
    plain.done("You are asked for this first from now on.")


def _new_codes(plain: PlainSession, account: Account) -> None:
    if account.recovery_codes_left and not plain.talk.confirm(
        "Make new recovery codes? The old ones stop working at once."
    ):
        return
    show_new_codes(plain)
