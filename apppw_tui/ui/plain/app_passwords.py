"""App passwords, line by line: the list, a new one, and what is done with one of them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from apppw_tui.domain import connection_settings
from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword, grouped
from apppw_tui.domain.errors import InvalidName, NameTaken
from apppw_tui.domain.names import app_password_name, escaped
from apppw_tui.domain.usage import SHOWN_DAYS, UNUSED_AFTER, LastUse
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
from apppw_tui.ui.plain.wishes import ask_edit, ask_expiry, ask_scope, networks_label

_PURPOSE = "One password per device or program. Lost it? Delete its password."
_EMPTY = "No app passwords yet. Create one for your phone or mail program."


def list_app_passwords(plain: PlainSession, _account: Account) -> None:
    """Lists them until the person goes back. Raises Back."""
    listed: list[str] = []
    while True:
        account = plain.account()
        used = plain.portal.usage(plain.session, account)
        count = len(account.app_passwords)
        if not count:
            plain.talk.say("Everything is deleted." if listed else _EMPTY)
            return
        limit = plain.portal.policy.app_passwords_per_account
        now = plain.clock.now()
        ordered = sorted(account.app_passwords, key=lambda own: formatting.natural_key(own.name))
        choices: list[PlainChoice[AppPassword | None]] = [
            PlainChoice(
                password,
                escaped(password.name),
                detail=_summary(plain, password, used.by_id.get(password.id), now),
            )
            for password in ordered
        ]
        reason = plain.portal.policy.creation_unavailable_reason(account)
        choices.append(PlainChoice(None, "Create an app password", "c", reason))
        head = f"App passwords: {count} of {limit}."
        numbered = [password.id for password in ordered]
        # All is read out again only where the numbers are others by now.
        chosen = plain.talk.choose(
            head if listed else f"{head} {_PURPOSE}", choices, lists=numbered != listed
        )
        listed = numbered
        with suppress(Back):
            if chosen is None:
                attempt(plain, partial(create, plain, account))
            else:
                attempt(plain, partial(open_app_password, plain, chosen))


def open_app_password(plain: PlainSession, app_password: AppPassword) -> None:
    """Shows its details, and does what is chosen with it. Raises Back."""
    account = plain.account()
    last = plain.portal.usage(plain.session, account).services.get(app_password.id, ())
    per_day = plain.portal.uses_per_day(plain.session, account).get(app_password.id, ())
    plain.talk.head("App password")
    _say_all(plain, _details(plain, app_password, last, sum(per_day)))
    offer(plain, app_password, [*VERBS, RESUME if app_password.paused else PAUSE])


def _say_all(plain: PlainSession, facts: Iterable[tuple[str, str]]) -> None:
    """Each on a line, and an empty one before whatever is asked then."""
    for label, value in facts:
        plain.talk.say(f"{label}: {value}", indent=2)
    plain.talk.say()


def create(plain: PlainSession, account: Account) -> None:
    """Asks for the wishes, creates it and shows it this once. Raises Back."""
    reason = plain.portal.policy.creation_unavailable_reason(account)
    if reason is not None:
        plain.talk.say(reason)
        return
    account = plain.begin()
    plain.talk.head("Create an app password")
    name = _ask_name(plain, account)
    scope, expires = ask_scope(plain), ask_expiry(plain)
    while True:
        try:
            issued = plain.call(partial(_create, plain, name, scope, expires))
            break
        except (InvalidName, NameTaken) as error:
            plain.talk.say(str(error))
            name = plain.talk.ask("Another name")
    _reveal(plain, issued)


def _ask_name(plain: PlainSession, account: Account) -> str:
    """Asks until it is a name, and free; another session may still be faster. Raises Back."""
    question = "Name, such as where you will use it"
    while True:
        try:
            name = app_password_name(plain.talk.ask(question))
            account.check_name_is_free(name)
        except (InvalidName, NameTaken) as error:
            plain.talk.say(str(error))
            question = "Another name"
        else:
            return name


def _create(
    plain: PlainSession, name: str, scope: tuple[str, ...], expires: datetime | None
) -> IssuedAppPassword:
    return plain.portal.create_app_password(plain.session, name, scope, expires)


def _reveal(plain: PlainSession, issued: IssuedAppPassword) -> None:
    record = issued.app_password
    end = record.expires
    ends = "never expires" if end is None else f"expires {formatting.ending(end)}"
    plain.talk.head("Your app password")
    plain.talk.say(f"{escaped(record.name)}, {plain.portal.policy.label(record.scope)}, {ends}.")
    plain.talk.show(f"\n{grouped(issued.secret)}\n")
    plain.talk.say(f"Blanks do not count. {SCROLL_BACK}\n")
    _say_all(plain, _settings(plain, record))
    verbs = [SPELL] if plain.options.connecting.test is None else [SPELL, TEST]
    offer_repeatedly(plain, issued, verbs, "when you have it")
    plain.done(f"Created {escaped(record.name)}.")


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


def _show_settings(plain: PlainSession, app_password: AppPassword) -> None:
    plain.talk.head("What to type into the app, besides the password")
    _say_all(plain, _settings(plain, app_password))


def _rename(plain: PlainSession, app_password: AppPassword) -> None:
    name = plain.talk.ask("New name")
    plain.portal.rename_app_password(plain.session, app_password.id, name)
    plain.done("Renamed.")


def _edit(plain: PlainSession, app_password: AppPassword) -> None:
    plain.talk.head("Edit this app password")
    edit = ask_edit(plain, app_password)
    plain.call(lambda: plain.portal.edit_app_password(plain.session, app_password.id, edit))
    plain.done("Saved.")


def _pause(plain: PlainSession, app_password: AppPassword) -> None:
    plain.portal.pause_app_password(plain.session, app_password.id)
    plain.done(f"Paused {escaped(app_password.name)}: it is refused until you resume it.")


def _resume(plain: PlainSession, app_password: AppPassword) -> None:
    plain.call(lambda: plain.portal.resume_app_password(plain.session, app_password.id))
    plain.done(f"Resumed {escaped(app_password.name)}.")


def _delete(plain: PlainSession, app_password: AppPassword) -> None:
    plain.talk.say("Whatever uses it stops working at once. This cannot be undone.")
    if plain.portal.ends_sessions:
        plain.talk.say("All your mail sessions end; your other devices reconnect.")
    name = escaped(app_password.name)
    if not plain.talk.confirm(f"Delete {name}?"):
        plain.talk.say("Not deleted.")
        return
    plain.portal.delete_app_password(plain.session, app_password.id)
    plain.done(f"Deleted {name}.{plain.portal.besides}")


VERBS = (
    PlainVerb("r", "Rename", _rename),
    PlainVerb("d", "Delete", _delete),
    PlainVerb("e", "Edit: name, for, expires, networks", _edit),
    PlainVerb("i", "What to type into the app", _show_settings),
)
PAUSE = PlainVerb("x", "Pause", _pause)
RESUME = PlainVerb("x", "Resume", _resume)
SPELL = PlainVerb("s", "Spell it, symbol by symbol", _spell)
TEST = PlainVerb("t", "Test it", _test)  # where something answers


def _details(
    plain: PlainSession, app_password: AppPassword, last: Sequence[LastUse], count: int
) -> Iterator[tuple[str, str]]:
    """All that is known of an app password: its last uses, and how many there were lately."""
    created = formatting.exactly(app_password.created)
    by_admin = ", by the administrator" if app_password.created_by_admin else ""
    end = app_password.expires
    yield "Name", escaped(app_password.name)
    yield "For", plain.portal.policy.label(app_password.scope)
    if app_password.paused:
        yield "Paused", "it is refused until you resume it"
    yield from _uses(last, count)
    yield "Created", f"{created}{by_admin}"
    yield "Expires", "never" if end is None else formatting.ending(end)
    yield "Good from", networks_label(app_password)
    yield "Begins with", app_password.id


def _uses(last: Sequence[LastUse], count: int) -> Iterator[tuple[str, str]]:
    if not last:
        yield "Last used", "never"
    elif count:
        yield "Used", f"{count} time{'' if count == 1 else 's'} in {SHOWN_DAYS} days"
    else:
        yield "Used", f"not in the last {SHOWN_DAYS} days"
    for use in last:
        by = f" by {escaped(use.service)}" if use.service else ""
        place = f" from {escaped(use.address)}" if use.address else ""
        yield f"Last used{by}", f"{formatting.exactly(use.time)}{place}"


def _summary(
    plain: PlainSession, app_password: AppPassword, last: LastUse | None, now: datetime
) -> str:
    """The words behind its name in the list."""
    scope = plain.portal.policy.label(app_password.scope)
    used = "never used"
    if now - app_password.created >= UNUSED_AFTER:
        used = f"never used in {UNUSED_AFTER.days} days"
    if last is not None:
        by = f" by {escaped(last.service)}" if last.service else ""
        used = f"used {formatting.ago(last.time, now)}{by}"
    ends = formatting.describe_expiry(app_password, now).removesuffix(" !")
    ends = {"never": "", "expired": ", expired"}.get(ends, f", expires: {ends}")
    paused = ", paused" if app_password.paused else ""
    return f", {scope}{paused}, {used}{ends}"
