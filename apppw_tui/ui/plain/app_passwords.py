"""App passwords, line by line: the list, a new one, and what is done with one of them."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial

from apppw_tui.domain import connection_settings, expiry, scopes
from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword, grouped
from apppw_tui.domain.errors import InvalidName, NameTaken, Refused
from apppw_tui.domain.names import escaped, name_key
from apppw_tui.domain.usage import LastUse
from apppw_tui.portal.app_passwords import IssuedAppPassword
from apppw_tui.ui import formatting
from apppw_tui.ui.plain.conversation import PlainChoice
from apppw_tui.ui.plain.line_input import Back
from apppw_tui.ui.plain.session import (
    SCROLL_BACK,
    PlainSession,
    PlainVerb,
    attempt,
    offer,
    offer_repeatedly,
)

_PURPOSE = "One password per device or program. Lost it? Delete its password."
_EMPTY = "No app passwords yet. Create one for your phone or mail program."
_SINGLE, _DATE = "single", "date"


def list_app_passwords(plain: PlainSession, _account: Account) -> None:
    """Lists them until the person goes back. Raises Back."""
    listed: Account | None = None
    while True:
        account = plain.account()
        used = plain.portal.usage(plain.session, account)
        count = len(account.app_passwords)
        if not count:
            plain.talk.say(_EMPTY if listed is None else "Everything is deleted.")
            return
        limit = plain.portal.policy.app_passwords_per_account
        now = plain.clock.now()
        choices: list[PlainChoice[AppPassword | None]] = [
            PlainChoice(password, _summary(password, used.by_id.get(password.id), now))
            for password in sorted(account.app_passwords, key=lambda each: name_key(each.name))
        ]
        reason = plain.portal.policy.creation_unavailable_reason(account)
        choices.append(PlainChoice(None, "Create an app password", "c", reason))
        chosen = plain.talk.choose(
            f"App passwords: {count} of {limit}. {_PURPOSE}", choices, lists=account != listed
        )
        listed = account
        with suppress(Back):
            if chosen is None:
                attempt(plain, partial(create, plain, account))
            else:
                attempt(plain, partial(open_app_password, plain, chosen))


def open_app_password(plain: PlainSession, app_password: AppPassword) -> None:
    """Shows its details, and does what is chosen with it. Raises Back."""
    account = plain.account()
    last = plain.portal.usage(plain.session, account).by_id.get(app_password.id)
    plain.talk.head("App password")
    for label, value in _details(app_password, last):
        plain.talk.say(f"{label}: {value}", indent=2)
    offer(plain, app_password, VERBS)


def create(plain: PlainSession, account: Account) -> None:
    """Asks for the wishes, creates it and shows it this once. Raises Back."""
    reason = plain.portal.policy.creation_unavailable_reason(account)
    if reason is not None:
        plain.talk.say(reason)
        return
    plain.begin()
    plain.talk.head("Create an app password")
    name = plain.talk.ask("Name, such as where you will use it")
    scope, expires = _ask_scope(plain), _ask_expiry(plain)
    while True:
        try:
            issued = plain.call(partial(_create, plain, name, scope, expires))
            break
        except (InvalidName, NameTaken) as error:
            plain.talk.say(str(error))
            name = plain.talk.ask("Another name")
    _reveal(plain, issued)


def _create(
    plain: PlainSession, name: str, scope: tuple[str, ...], expires: datetime | None
) -> IssuedAppPassword:
    return plain.portal.create_app_password(plain.session, name, scope, expires)


def _reveal(plain: PlainSession, issued: IssuedAppPassword) -> None:
    record = issued.app_password
    end = record.expires
    ends = "never expires" if end is None else f"expires {formatting.exactly(end)}"
    plain.talk.head("Your app password")
    plain.talk.say(f"{escaped(record.name)}, {formatting.describe_scope(record)}, {ends}.")
    plain.talk.show(f"\n{grouped(issued.secret)}\n")
    plain.talk.say(f"Blanks do not count. {SCROLL_BACK}\n")
    for label, value in _settings(plain, record):
        plain.talk.say(f"{label}: {value}", indent=2)
    offer_repeatedly(plain, issued, REVEAL_VERBS, "when you have it")
    plain.talk.say(f"Created {escaped(record.name)}.")


def _settings(plain: PlainSession, record: AppPassword) -> Iterator[tuple[str, str]]:
    """The text to type into an app besides, and what it is called there."""
    yield "Account", plain.session.account_name
    for row in connection_settings.rows_for(plain.options.connecting.settings, record.scope):
        where = f"{row.host}, port {row.port}, {row.security}"
        yield connection_settings.name(row.service), escaped(row.url or where)


def _spell(plain: PlainSession, issued: IssuedAppPassword) -> None:
    plain.spell(issued.secret)


def _test(plain: PlainSession, issued: IssuedAppPassword) -> None:
    connecting, scope = plain.options.connecting, issued.app_password.scope
    if connecting.test is not None:
        service = connection_settings.first_service(connecting.settings, scope)
        plain.talk.say("Testing.")
        result = connecting.test(plain.session.account_name, issued.secret, service)
        plain.talk.say(result.message)


def _no_test_reason(plain: PlainSession, _issued: IssuedAppPassword) -> str | None:
    return "It cannot be tested here." if plain.options.connecting.test is None else None


def _rename(plain: PlainSession, app_password: AppPassword) -> None:
    name = plain.talk.ask("New name")
    plain.portal.rename_app_password(plain.session, app_password.id, name)
    plain.talk.say("Renamed.")


def _delete(plain: PlainSession, app_password: AppPassword) -> None:
    plain.talk.say("Whatever uses it stops working at once. This cannot be undone.")
    if plain.portal.ends_sessions:
        plain.talk.say("All your mail sessions end; your other devices reconnect.")
    name = escaped(app_password.name)
    if not plain.talk.confirm(f"Delete {name}?"):
        plain.talk.say("Not deleted.")
        return
    plain.portal.delete_app_password(plain.session, app_password.id)
    plain.talk.say(f"Deleted {name}.{plain.portal.besides}")


VERBS = (
    PlainVerb("r", "Rename", _rename),
    PlainVerb("d", "Delete", _delete),
)
REVEAL_VERBS = (
    PlainVerb("s", "Spell it, symbol by symbol", _spell),
    PlainVerb("t", "Test it", _test, _no_test_reason),
)


def _details(app_password: AppPassword, last: LastUse | None) -> Iterator[tuple[str, str]]:
    """All that is known of an app password."""
    created = formatting.exactly(app_password.created)
    by = ", by the administrator" if app_password.created_by_admin else ""
    end = app_password.expires
    yield "Name", escaped(app_password.name)
    yield "For", formatting.describe_scope(app_password)
    yield "Last used", "never" if last is None else _last_use(last)
    yield "Created", f"{created}{by}"
    yield "Expires", "never" if end is None else formatting.exactly(end)
    yield "Begins with", app_password.id


def _last_use(last: LastUse) -> str:
    by = f" by {escaped(last.service)}" if last.service else ""
    place = f" from {escaped(last.address)}" if last.address else ""
    return f"{formatting.exactly(last.time)}{by}{place}"


def _summary(app_password: AppPassword, last: LastUse | None, now: datetime) -> str:
    used = "never used"
    if last is not None:
        by = f" by {escaped(last.service)}" if last.service else ""
        used = f"used {formatting.ago(last.time, now)}{by}"
    ends = formatting.describe_expiry(app_password, now).removesuffix(" !")
    ends = {"never": "", "expired": ", expired"}.get(ends, f", expires: {ends}")
    return f"{escaped(app_password.name)}, {formatting.describe_scope(app_password)}, {used}{ends}"


def _ask_scope(plain: PlainSession) -> tuple[str, ...]:
    policy = plain.portal.policy
    groups = [PlainChoice(word, scopes.label([word])) for word in policy.scope_choices]
    choices = [*groups, PlainChoice(_SINGLE, "Only certain services")]
    chosen = plain.talk.choose("For", choices, f"for {groups[0].label}", groups[0].value)
    while chosen == _SINGLE:
        offered = ", ".join(policy.service_choices)
        try:
            words = plain.talk.ask(f"Services, of {offered}").replace(",", " ").split()
            scope = scopes.read_scope(words)
            policy.check_scope(scope)
            return scope
        except Refused as error:
            plain.talk.say(str(error))
    return (chosen,)


def _ask_expiry(plain: PlainSession) -> datetime | None:
    policy = plain.portal.policy
    days = [
        PlainChoice(
            "never" if count is None else str(count),
            "Never" if count is None else f"In {count} days",
        )
        for count in policy.expiry_choices
    ]
    choices = [*days, PlainChoice(_DATE, "Until a date")]
    chosen = plain.talk.choose("Expires", choices, f"for {days[0].label}", days[0].value)
    while True:
        try:
            text = plain.talk.ask("Last day, such as 2027-01-31") if chosen == _DATE else chosen
            expires = expiry.parse(text, plain.clock.now())
            policy.check_expiry(expires, plain.clock.now())
            return expires
        except Refused as error:
            plain.talk.say(str(error))
            chosen = _DATE
