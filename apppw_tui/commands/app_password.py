"""App passwords of other people, made and deleted by the operator."""

import argparse
import contextlib
import json
import sys
from datetime import datetime, timedelta
from typing import Any

from apppw_tui.commands.context import open_admin
from apppw_tui.commands.output import (
    CommandResult,
    day,
    last_use,
    print_error,
    print_json,
    print_result,
    print_table,
    utc,
    utc_or_none,
)
from apppw_tui.config import Config
from apppw_tui.domain import expiry, scopes
from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import NameTaken, Refused
from apppw_tui.domain.names import app_password_name, escaped, name_key
from apppw_tui.domain.usage import LastUse
from apppw_tui.exit_codes import ALREADY, OK
from apppw_tui.portal.admin import Admin


def create(options: argparse.Namespace, config: Config) -> int:
    admin = open_admin(options, config)
    return _create(admin, options)


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
    _check_good(present, options, admin.context.clock.now())
    if options.json:
        print_json(_facts(present, password=None, created=False))
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


def _check_good(present: AppPassword, options: argparse.Namespace, now: datetime) -> None:
    """Raises Refused where it does not do what was asked for."""
    scope = None if options.scope is None else scopes.read_scope(options.scope.split(","))
    if present.is_expired(now):
        why = "has expired"
    elif scope is not None and set(scope) != set(present.scope):
        why = f"is there, but for {scopes.label(present.scope)}"
    else:
        return
    raise Refused(
        f"{escaped(present.name)} of {options.account} {why}; delete it, to have another."
    )


def _create(admin: Admin, options: argparse.Namespace) -> int:
    scope = scopes.read_scope((options.scope or scopes.ANY_APP).split(","))
    expires = expiry.parse(options.expires, admin.context.clock.now())
    issued = admin.create_app_password(options.account, options.name, scope, expires)
    try:
        if sys.stdout is None:
            raise BrokenPipeError
        secret = issued.secret.reveal()
        extra = {"created": True} if options.action == "ensure" else {}
        facts = _facts(issued.app_password, password=secret, **extra)
        print(json.dumps(facts, indent=2) if options.json else secret, flush=True)
    except OSError:
        # Nobody will ever see it, so it must not stay.
        admin.delete_app_password(options.account, issued.app_password.id)
        raise Refused("The password could not be printed, so it was not kept.") from None
    return OK


def _facts(made: AppPassword, **extra: Any) -> dict[str, Any]:
    """For programs."""
    return {
        "id": made.id,
        "name": made.name,
        "scope": list(made.scope),
        "expires": utc_or_none(made.expires),
        **extra,
    }


def list_(options: argparse.Namespace, config: Config) -> int:
    admin = open_admin(options, config)
    account = admin.account(options.account)
    used = admin.used(account)
    if options.json:
        print_json([
            {
                "id": app_password.id,
                "name": app_password.name,
                "scope": list(app_password.scope),
                "created": utc(app_password.created),
                "expires": utc_or_none(app_password.expires),
                "last_used": last_use(used.by_id.get(app_password.id)),
                "by_operator": app_password.created_by_admin,
            }
            for app_password in account.app_passwords
        ])  # fmt: skip
        return OK
    print_table(
        ("ID", "NAME", "FOR", "LAST USED", "CREATED", "EXPIRES", "BY"),
        [
            (
                app_password.id,
                escaped(app_password.name),
                scopes.label(app_password.scope),
                _last_used(used.by_id.get(app_password.id)),
                day(app_password.created),
                _last_day(app_password.expires),
                "the operator" if app_password.created_by_admin else account.name,
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


def _last_day(expires: datetime | None) -> str:
    if expires is None:
        return "never"
    # It ends with the end of a day: the day before that instant is the last one.
    with contextlib.suppress(OverflowError):  # there is none before the year 1
        return day(expires - timedelta(seconds=1))
    return day(expires)


def delete(options: argparse.Namespace, config: Config) -> int:
    admin = open_admin(options, config)
    account, record = admin.find_app_password(options.account, options.name_or_id)
    if not options.dry_run:
        admin.delete_app_password(options.account, options.name_or_id)
    verb = "Would delete" if options.dry_run else "Deleted"
    facts = {"id": record.id, "name": record.name, "deleted": not options.dry_run}
    result = CommandResult(account.name, f"{verb} {escaped(record.name)}.", facts)
    return print_result(result, as_json=options.json)
