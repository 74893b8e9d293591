"""App passwords of other people, made and deleted by the operator."""

import argparse
import contextlib
import json
import sys
from datetime import datetime, timedelta

from apppw_tui.commands.opening import operator
from apppw_tui.commands.printing import day, last_use, say_json, say_table, utc, utc_or_none
from apppw_tui.commands.several import Done, one
from apppw_tui.config import Config
from apppw_tui.domain import expiry, services
from apppw_tui.domain.errors import Refused
from apppw_tui.domain.names import shown
from apppw_tui.domain.usage import LastUse
from apppw_tui.exits import OK
from apppw_tui.portal.issuing import Issued


def create(options: argparse.Namespace, config: Config) -> int:
    acting = operator(options, config)
    scope = services.read_scope(options.scope.split(","))
    expires = expiry.read(options.expires, acting.means.clock.now())
    issued = acting.create_app_password(options.account, options.name, scope, expires)
    try:
        if sys.stdout is None:
            raise BrokenPipeError
        print(_issued(issued) if options.json else issued.secret.reveal(), flush=True)
    except OSError:
        # Nobody will ever see it, so it must not stay.
        acting.delete_app_password(options.account, issued.app_password.id)
        raise Refused("The password could not be printed, so it was not kept.") from None
    return OK


def _issued(issued: Issued) -> str:
    made = issued.app_password
    return json.dumps(
        {
            "id": made.id,
            "name": made.name,
            "scope": list(made.scope),
            "expires": utc_or_none(made.expires),
            "password": issued.secret.reveal(),
        },
        indent=2,
    )


def list_(options: argparse.Namespace, config: Config) -> int:
    acting = operator(options, config)
    account = acting.account(options.account)
    used = acting.means.usage.read(account.uid)
    if options.json:
        say_json([
            {
                "id": password.id,
                "name": password.name,
                "scope": list(password.scope),
                "created": utc(password.created),
                "expires": utc_or_none(password.expires),
                "last_used": last_use(used.by_id.get(password.id)),
                "by_operator": password.by_operator,
            }
            for password in account.app_passwords
        ])  # fmt: skip
        return OK
    say_table(
        ("ID", "NAME", "FOR", "LAST USED", "CREATED", "EXPIRES", "BY"),
        [
            (
                password.id,
                shown(password.name),
                services.label(password.scope),
                _last_used(used.by_id.get(password.id)),
                day(password.created),
                _last_day(password.expires),
                "the operator" if password.by_operator else account.name,
            )
            for password in account.app_passwords
        ],
        f"{account.name} has no app passwords.",
    )
    return OK


def _last_used(last: LastUse | None) -> str:
    if last is None:
        return "never"
    return f"{day(last.time)} {shown(last.service)}" if last.service else day(last.time)


def _last_day(expires: datetime | None) -> str:
    if expires is None:
        return "never"
    # It ends with the end of a day: the day before that instant is the last one.
    with contextlib.suppress(OverflowError):  # there is none before the year 1
        return day(expires - timedelta(seconds=1))
    return day(expires)


def delete(options: argparse.Namespace, config: Config) -> int:
    acting = operator(options, config)
    account, found = acting.find_app_password(options.account, options.name_or_id)
    if not options.dry_run:
        acting.delete_app_password(options.account, options.name_or_id)
    verb = "Would delete" if options.dry_run else "Deleted"
    facts = {"id": found.id, "name": found.name, "deleted": not options.dry_run}
    return one(Done(account.name, f"{verb} {shown(found.name)}.", facts), options)


ACTIONS = {"create": create, "list": list_, "delete": delete}
