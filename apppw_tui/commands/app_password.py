"""App passwords of other people, made and deleted by the operator."""

import argparse
import sys

from apppw_tui.commands.opening import operator
from apppw_tui.commands.printing import day, say, say_json, say_table, utc, utc_or_none
from apppw_tui.config import Config
from apppw_tui.domain.errors import Refused
from apppw_tui.domain.names import shown
from apppw_tui.exits import OK


def create(options: argparse.Namespace, config: Config) -> int:
    acting = operator(options, config)
    issued = acting.create_app_password(options.account, options.name)
    try:
        if sys.stdout is None:
            raise BrokenPipeError
        print(issued.secret.reveal(), flush=True)
    except OSError:
        # Nobody will ever see it, so it must not stay.
        acting.delete_app_password(options.account, issued.app_password.id)
        raise Refused("The password could not be printed, so it was not kept.") from None
    return OK


def list_(options: argparse.Namespace, config: Config) -> int:
    account = operator(options, config).account(options.account)
    if options.json:
        say_json([
            {
                "id": password.id,
                "name": password.name,
                "scope": list(password.scope),
                "created": utc(password.created),
                "expires": utc_or_none(password.expires),
                "by_operator": password.by_operator,
            }
            for password in account.app_passwords
        ])  # fmt: skip
        return OK
    say_table(
        ("ID", "NAME", "CREATED", "EXPIRES", "BY"),
        [
            (
                password.id,
                shown(password.name),
                day(password.created),
                "never" if password.expires is None else day(password.expires),
                "the operator" if password.by_operator else account.name,
            )
            for password in account.app_passwords
        ],
        f"{account.name} has no app passwords.",
    )
    return OK


def delete(options: argparse.Namespace, config: Config) -> int:
    deleted = operator(options, config).delete_app_password(options.account, options.name_or_id)
    say(f"Deleted {shown(deleted.name)}.")
    return OK


ACTIONS = {"create": create, "list": list_, "delete": delete}
