"""All accounts, or those whose owners still rely on their old passwords."""

import argparse
from datetime import datetime

from apppw_tui.commands.context import open_admin
from apppw_tui.commands.output import (
    day,
    print_error,
    print_json,
    print_table,
    utc,
    utc_or_none,
)
from apppw_tui.config import Config
from apppw_tui.domain.account import Account
from apppw_tui.domain.names import escaped
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.usage import Used, has_not_moved
from apppw_tui.exit_codes import NO_ANSWER, OK
from apppw_tui.portal.sessions import needs_enrollment

_HEAD = ("ACCOUNT", "SECOND FACTOR", "APP PASSWORDS", "OLD PASSWORDS", "LAST OLD USE", "CREATED")
_NONE = "No accounts yet. Add one with: apppw-tui account add NAME"
_ALL_MOVED = "Everybody has moved, as far as is known."
NOT_TOLD = (
    "Where old passwords are still used is not known: it is told by Dovecot, with "
    "recipes/dovecot/apppw-old-password.lua."
)


def list_accounts(options: argparse.Namespace, config: Config) -> int:
    """Prints them; the exit code."""
    admin = open_admin(options, config)
    accounts, troubles = admin.accounts()
    now = admin.context.clock.now()
    since = admin.context.usage.old_passwords_since()
    listed = [(account, admin.used(account)) for account in accounts]
    if options.not_moved:
        listed = [(account, used) for account, used in listed if has_not_moved(account, used, now)]
        if since is None:
            print_error(NOT_TOLD)
    if options.json:
        from apppw_tui.commands.account_facts import AccountListed  # msgspec: 7 ms
        from apppw_tui.commands.facts import last_use

        print_json([
            AccountListed(
                account=account.name,
                created=utc(account.created),
                enabled=account.enabled,
                second_factor=account.has_second_factor,
                enforced_from=utc_or_none(account.enforced_from),
                passed_on=last_use(used.last_legacy_login),
                passed_on_since=utc_or_none(since),
                app_passwords=len(account.app_passwords),
            )
            for account, used in listed
        ])  # fmt: skip
    else:
        print_table(
            _HEAD,
            [
                (
                    account.name,
                    _second_factor(account, config.policy),
                    str(len(account.app_passwords)),
                    _old_passwords(account, now),
                    last_old_use(used, since),
                    day(account.created),
                )
                for account, used in listed
            ],
            "" if troubles else _ALL_MOVED if accounts else _NONE,
        )
    # One damaged file concerns one person: the others are listed all the same.
    for trouble in troubles:
        print_error(trouble)
    return NO_ANSWER if troubles else OK


def _old_passwords(account: Account, now: datetime) -> str:
    """The fate of the account's old passwords in apps, now and later."""
    if not account.enabled:
        return "account disabled"
    if account.enforced_from is None:
        return "allowed"
    if account.is_enforced(now):
        return "refused"
    return f"refused from {day(account.enforced_from)}"


def last_old_use(used: Used, since: datetime | None) -> str:
    """The last use of the old password; `since` is from when on such uses are told."""
    last = used.last_legacy_login
    if last is None:
        return "not known" if since is None else f"not since {day(since)}"
    service = f" {escaped(last.service)}" if last.service else ""
    place = f" {escaped(last.address)}" if last.address else ""
    return f"{day(last.time)}{service}{place}"


def _second_factor(account: Account, policy: Policy) -> str:
    if needs_enrollment(account, policy):
        return "required, none yet"
    return "yes" if account.has_second_factor else "no"
