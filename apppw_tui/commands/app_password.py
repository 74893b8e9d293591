"""App passwords of other people, made, changed and deleted by the administrator."""

import argparse
import contextlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from apppw_tui.commands.account_facts import (
    AppPasswordDeleted,
    AppPasswordListed,
    ChangedAppPassword,
    Created,
    Ensured,
)
from apppw_tui.commands.context import open_admin
from apppw_tui.commands.facts import last_use
from apppw_tui.commands.output import (
    CommandResult,
    day,
    print_error,
    print_json,
    print_result,
    print_table,
    to_json,
    utc,
    utc_or_none,
)
from apppw_tui.config import Config
from apppw_tui.domain import addresses, expiry, scopes
from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword, AppPasswordEdit
from apppw_tui.domain.errors import AlreadySo, NameTaken, Refused
from apppw_tui.domain.names import app_password_name, escaped, name_key
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.usage import LastUse
from apppw_tui.exit_codes import ALREADY, OK
from apppw_tui.portal.admin import Admin
from apppw_tui.portal.app_passwords import describe

if TYPE_CHECKING:
    from apppw_tui.domain.apple_profile import AppleProfile


def create(options: argparse.Namespace, config: Config) -> int:
    """Raises Refused: among others, a profile is wanted that would set up nothing."""
    if options.profile is None:
        return _create(open_admin(options, config), options)
    if options.json:
        raise Refused("A profile is no JSON: leave out one of --profile and --json.")
    from apppw_tui.domain.apple_profile import AppleProfile

    admin = open_admin(options, config)
    scope = _scope(options, admin.context.policy) or (scopes.ANY_APP,)
    account_name = admin.account(options.account).name
    profile = AppleProfile(config.host_name, account_name, config.setup, scope)
    if not profile.services:
        raise Refused(
            "The profile would set up nothing: [[setup]] names no servers for it, with both imap "
            "and smtp for mail; see apppw-tui recipes show config.toml."
        )
    return _create(admin, options, profile)


def ensure(options: argparse.Namespace, config: Config) -> int:
    """As `create`, where there is none of that name; else nothing is made, and no secret printed.

    Raises:
        Refused: there is one, but it has expired, or is for something else.
    """
    admin = open_admin(options, config)
    present = _called(admin.account(options.account), options.name)
    if present is None:
        with contextlib.suppress(NameTaken):  # another has made it meanwhile
            return _create(admin, options)
        present = admin.find_app_password(options.account, options.name)[1]
    _check_good(present, options, admin)
    if options.json:
        print_json(_ensured(present, None))
    else:
        # Standard output would be taken for the password.
        print_error(f"{options.account} has an app password {escaped(present.name)} already.")
    return ALREADY


def _called(account: Account, name: str) -> AppPassword | None:
    key = name_key(app_password_name(name))
    return next(
        (
            app_password
            for app_password in account.app_passwords
            if name_key(app_password.name) == key
        ),
        None,
    )


def _check_good(present: AppPassword, options: argparse.Namespace, admin: Admin) -> None:
    """Raises Refused where it does not do what was asked for."""
    policy = admin.context.policy
    scope, networks = _scope(options, policy), _networks(options)
    if present.is_expired(admin.context.clock.now()):
        why = "has expired"
    elif present.paused:
        why = "is paused"
    elif scope is not None and set(scope) != set(present.scope):
        why = f"is there, but for {policy.label(present.scope)}"
    elif networks is not None and set(networks) != set(present.networks):
        why = f"is there, but good from {_from(present)}"
    else:
        return
    raise Refused(
        f"{escaped(present.name)} of {options.account} {why}; change it, or delete it to have "
        "another."
    )


def _scope(options: argparse.Namespace, policy: Policy) -> tuple[str, ...] | None:
    """The scope that was typed; None: none was. Raises Refused."""
    if options.scope is None:
        return None
    return scopes.parse_scope(options.scope, policy.own_services)


def _networks(options: argparse.Namespace) -> tuple[str, ...] | None:
    return None if options.networks is None else addresses.read_networks(options.networks)


def _from(app_password: AppPassword) -> str:
    return ", ".join(app_password.networks) or "anywhere"


def _create(
    admin: Admin, options: argparse.Namespace, profile: "AppleProfile | None" = None
) -> int:
    scope = _scope(options, admin.context.policy) or (scopes.ANY_APP,)
    expires = expiry.parse(options.expires, admin.context.clock.now())
    networks = _networks(options) or ()
    issued = admin.create_app_password(options.account, options.name, scope, expires, networks)
    try:
        if sys.stdout is None:
            raise BrokenPipeError
        secret = issued.secret.reveal()
        if profile is not None:
            secret = profile.write(issued.secret, issued.app_password.id).reveal().rstrip("\n")
        facts = _ensured if options.action == "ensure" else _created
        made = issued.app_password
        print(to_json(facts(made, secret)) if options.json else secret, flush=True)
    except OSError:
        # Nobody will ever see it, so it must not stay.
        admin.delete_app_password(options.account, issued.app_password.id)
        raise Refused("The password could not be printed, so it was not kept.") from None
    return OK


def _created(made: AppPassword, secret: str) -> Created:
    return Created(
        *(made.id, made.name, list(made.scope), utc_or_none(made.expires), list(made.networks)),
        password=secret,
    )


def _ensured(made: AppPassword, secret: str | None) -> Ensured:
    return Ensured(
        *(made.id, made.name, list(made.scope), utc_or_none(made.expires), list(made.networks)),
        password=secret,
        created=secret is not None,
    )


def list_(options: argparse.Namespace, config: Config) -> int:
    admin = open_admin(options, config)
    account = admin.account(options.account)
    used = admin.used(account)
    if options.json:
        print_json([
            AppPasswordListed(
                id=app_password.id,
                name=app_password.name,
                scope=list(app_password.scope),
                created=utc(app_password.created),
                expires=utc_or_none(app_password.expires),
                networks=list(app_password.networks),
                paused=app_password.paused,
                last_used=last_use(used.by_id.get(app_password.id)),
                by_operator=app_password.created_by_admin,
            )
            for app_password in account.app_passwords
        ])  # fmt: skip
        return OK
    print_table(
        ("ID", "NAME", "FOR", "LAST USED", "CREATED", "EXPIRES", "BY"),
        [
            (
                app_password.id,
                escaped(app_password.name),
                _good_for(app_password, admin.context.policy),
                "paused" if app_password.paused else _last_used(used.by_id.get(app_password.id)),
                day(app_password.created),
                "never" if app_password.expires is None else expiry.last_day(app_password.expires),
                "administrator" if app_password.created_by_admin else account.name,
            )
            for app_password in account.app_passwords
        ],
        f"{account.name} has no app passwords.",
    )
    return OK


def _last_used(last: LastUse | None) -> str:
    if last is None:
        return "never"
    return f"{day(last.time)} {escaped(last.service)}" if last.service else day(last.time)


def _good_for(app_password: AppPassword, policy: Policy) -> str:
    services = policy.label(app_password.scope)
    return f"{services}, from {_from(app_password)}" if app_password.networks else services


def edit(options: argparse.Namespace, config: Config) -> int:
    """Raises Refused: nothing was said that is to be changed."""
    admin = open_admin(options, config)
    now = admin.context.clock.now()
    wish = AppPasswordEdit(
        options.new_name,
        _scope(options, admin.context.policy),
        None if options.expires is None else expiry.parse(options.expires, now) or "never",
        _networks(options),
    )
    if wish == AppPasswordEdit():
        raise Refused("Say what to change: --name, --scope, --expires or --networks.")
    return _changed(
        *(admin, options),
        lambda name, name_or_id: admin.edit_app_password(name, name_or_id, wish),
        lambda after: f"Changed {escaped(describe(after, admin.context.policy))}.",
    )


def pause(options: argparse.Namespace, config: Config) -> int:
    admin = open_admin(options, config)
    return _changed(
        *(admin, options),
        admin.pause_app_password,
        lambda after: f"Paused {escaped(after.name)}; to undo it: apppw-tui app-password resume.",
    )


def resume(options: argparse.Namespace, config: Config) -> int:
    admin = open_admin(options, config)
    return _changed(
        *(admin, options),
        admin.resume_app_password,
        lambda after: f"Resumed {escaped(after.name)}.",
    )


def _changed(
    admin: Admin,
    options: argparse.Namespace,
    act: Callable[[str, str], AppPassword],
    sentence: Callable[[AppPassword], str],
) -> int:
    """The exit code of a change, which has been said; or that it was so already."""
    account, record = admin.find_app_password(options.account, options.name_or_id)
    message = None
    try:
        record = act(options.account, record.id)
    except AlreadySo as error:
        message = str(error)
    facts = ChangedAppPassword(
        *(account.name, record.id, record.name, list(record.scope), utc_or_none(record.expires)),
        networks=list(record.networks),
        paused=record.paused,
    )
    already = message is not None
    result = CommandResult(account.name, message or sentence(record), facts, already=already)
    return print_result(result, as_json=options.json)


def delete(options: argparse.Namespace, config: Config) -> int:
    admin = open_admin(options, config)
    account, record = admin.find_app_password(options.account, options.name_or_id)
    if not options.dry_run:
        admin.delete_app_password(options.account, options.name_or_id)
    verb = "Would delete" if options.dry_run else "Deleted"
    facts = AppPasswordDeleted(account.name, record.id, record.name, not options.dry_run)
    result = CommandResult(account.name, f"{verb} {escaped(record.name)}.", facts)
    return print_result(result, as_json=options.json)
