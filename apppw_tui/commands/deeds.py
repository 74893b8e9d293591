"""The acts of an administrator on an account, one function for each."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from apppw_tui.commands.batch import Act, CommandResult
from apppw_tui.commands.output import moment, pluralize, print_error, utc, utc_or_none
from apppw_tui.domain import expiry
from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import Refused
from apppw_tui.portal.admin import Admin


def remove(acting: Admin, name: str, options: argparse.Namespace) -> CommandResult:
    account = acting.account(name) if options.dry_run else acting.remove_account(name)
    count = len(account.app_passwords)
    verb = "Would remove" if options.dry_run else "Removed"
    return CommandResult(
        account.name,
        f"{verb} {account.name} with {pluralize(count, 'app password')}.",
        {"removed": not options.dry_run, "app_passwords": count},
    )


def disable(acting: Admin, name: str, _: argparse.Namespace) -> CommandResult:
    account = acting.disable(name)
    return CommandResult(
        account.name,
        f"Disabled {account.name}: it neither signs in nor opens any service.",
        enabled(account),
    )


def enable(acting: Admin, name: str, _: argparse.Namespace) -> CommandResult:
    account = acting.enable(name)
    return CommandResult(
        account.name,
        f"Enabled {account.name}: it signs in and opens services as before.",
        enabled(account),
    )


def delete_app_passwords(acting: Admin, name: str, options: argparse.Namespace) -> CommandResult:
    if options.dry_run:
        account = acting.account(name)
        count = len(account.app_passwords)
    else:
        account, count = acting.delete_app_passwords(name)
    verb = "Would delete" if options.dry_run else "Deleted"
    return CommandResult(
        account.name,
        f"{verb} {pluralize(count, 'app password')} of {account.name}.",
        {"deleted": not options.dry_run, "app_passwords": count},
    )


def count_if_several(acting: Admin, name: str) -> int:
    """The number of the account's app passwords; 0 for one, which goes without a question."""
    count = len(acting.account(name).app_passwords)
    return count if count > 1 else 0


def require_verification(acting: Admin, name: str, _: argparse.Namespace) -> CommandResult:
    account = acting.require_verification(name)
    return CommandResult(
        account.name,
        f"{account.name} must verify with a second factor from now on; active sessions have ended.",
        required(account),
    )


def bypass(acting: Admin, name: str, options: argparse.Namespace) -> CommandResult:
    given = acting.bypass(name, options.minutes)
    until = moment(given.until, acting.context.clock.now())
    if given.delivered:
        besides = "They were told by message."
    elif given.account.phone("authentication") is None:
        besides = "Nobody could be told: there is no phone to reach."
    else:
        besides = "Nobody could be told: no message could be sent."
    return CommandResult(
        given.account.name,
        f"{given.account.name} may sign in once without a code until {until}. {besides}",
        {"bypass_until": utc(given.until), "told": given.delivered},
    )


def enforce(acting: Admin, name: str, options: argparse.Namespace) -> CommandResult:
    at = None if options.on is None else expiry.beginning_of(options.on)
    now = acting.context.clock.now()
    # Who is enforced since then is so already, and is told so.
    has_passed = at is not None and at.astimezone().date() < now.astimezone().date()
    if has_passed and not acting.account(name).is_enforced(now):
        raise Refused("That day has passed. Without --on, it is from now on.")
    account = acting.enforce(name, at)
    when = "now" if at is None else options.on
    return CommandResult(
        account.name,
        f"From {when} on, only app passwords open the services of {account.name}.",
        enforced(account),
    )


def open_(acting: Admin, name: str, _: argparse.Namespace) -> CommandResult:
    account = acting.stop_enforcing(name)
    return CommandResult(
        account.name,
        f"What opened the services of {account.name} before does so again.",
        enforced(account),
    )


def tidy(acting: Admin, name: str, _: argparse.Namespace) -> CommandResult:
    account = acting.account(name)
    count = acting.purge_expired(account.name)
    return CommandResult(
        account.name,
        f"Removed {pluralize(count, 'expired app password')} of {account.name}.",
        {"removed_app_passwords": count},
    )


def unlock(acting: Admin, name: str, _: argparse.Namespace) -> CommandResult:
    account = acting.unlock(name)
    return CommandResult(account.name, f"Unlocked {account.name}.", {"locked": False})


def while_known(known: Callable[[str], bool | None], act: Act, why: str) -> Act:
    """An act after which a name is no account's, with a warning if Dovecot still knows it."""

    def run(acting: Admin, name: str, options: argparse.Namespace) -> CommandResult:
        done = act(acting, name, options)
        if not options.dry_run and known(done.account_name):
            print_error(still_known(done.account_name, why))
        return done

    return run


def still_known(name: str, why: str) -> str:
    return f"Dovecot still knows {name}: {why}"


# What programs are told of a state, whether the account was put into it or was in it already.


def enabled(account: Account) -> Mapping[str, Any]:
    return {"enabled": account.enabled}


def enforced(account: Account) -> Mapping[str, Any]:
    return {"enforced_from": utc_or_none(account.enforced_from)}


def required(account: Account) -> Mapping[str, Any]:
    return {"second_factor_required_for_account": account.verification_required}
