"""Accounts, and what the operator decides about their second factors and passwords."""

import argparse

from apppw_tui.commands.asking import new_password
from apppw_tui.commands.opening import opened, operator
from apppw_tui.commands.printing import (
    counted,
    day,
    last_use,
    moment,
    say,
    say_json,
    say_table,
    say_trouble,
    utc,
    utc_or_none,
)
from apppw_tui.config import Config
from apppw_tui.domain import expiry
from apppw_tui.domain.account import Account
from apppw_tui.domain.names import shown
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.usage import LastUse
from apppw_tui.exits import NO_ANSWER, OK
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import must_set_up


def add(options: argparse.Namespace, config: Config) -> int:
    portal = Portal(opened(options, config, create=True).means)
    account = portal.add_account(options.name, new_password(options))
    next_ = " At the first sign-in a second factor is set up."
    say(f"Added {account.name}.{next_ if must_set_up(account, config.policy) else ''}")
    return OK


def list_(options: argparse.Namespace, config: Config) -> int:
    acting = operator(options, config)
    accounts, troubles = acting.accounts()
    now = acting.means.clock.now()
    if options.json:
        say_json([
            {
                "account": account.name,
                "created": utc(account.created),
                "enabled": account.enabled,
                "second_factor": account.has_second_factor,
                "enforced_from": utc_or_none(account.enforced_from),
                "passed_on": last_use(acting.means.usage.read(account.uid).passed_on),
                "app_passwords": len(account.app_passwords),
            }
            for account in accounts
        ])  # fmt: skip
    else:
        say_table(
            ("ACCOUNT", "SECOND FACTOR", "APP PASSWORDS", "SERVICES", "PASSED ON", "CREATED"),
            [
                (
                    account.name,
                    _second_factor(account, config.policy),
                    str(len(account.app_passwords)),
                    "enforced" if account.enforced(now) else "open",
                    _passed_on(acting.means.usage.read(account.uid).passed_on),
                    day(account.created),
                )
                for account in accounts
            ],
            "" if troubles else "No accounts yet. Add one with: apppw-tui account add NAME",
        )
    # One damaged file concerns one person: the others are listed all the same.
    for trouble in troubles:
        say_trouble(trouble)
    return NO_ANSWER if troubles else OK


def show(options: argparse.Namespace, config: Config) -> int:
    from apppw_tui.commands.showing import show_account

    show_account(operator(options, config), options.name, as_json=options.json)
    return OK


def remove(options: argparse.Namespace, config: Config) -> int:
    account = operator(options, config).remove_account(options.name)
    say(f"Removed {account.name} with {counted(len(account.app_passwords), 'app password')}.")
    return OK


def require_verification(options: argparse.Namespace, config: Config) -> int:
    account = operator(options, config).require_verification(options.name)
    say(f"{account.name} must verify with a second factor from now on; open sessions have ended.")
    return OK


def bypass(options: argparse.Namespace, config: Config) -> int:
    acting = operator(options, config)
    given = acting.bypass(options.name, options.minutes)
    until = moment(given.until, acting.means.clock.now())
    if given.told:
        told = "They were told by message."
    elif given.account.phone("authentication") is None:
        told = "Nobody could be told: there is no phone to reach."
    else:
        told = "Nobody could be told: no message could be sent."
    say(f"{given.account.name} may sign in once without a code until {until}. {told}")
    return OK


def enforce(options: argparse.Namespace, config: Config) -> int:
    acting = operator(options, config)
    at = None if options.on is None else expiry.beginning_of(options.on)
    account = acting.enforce(options.name, at)
    when = "now" if at is None else options.on
    say(f"From {when} on, only app passwords open the services of {account.name}.")
    return OK


def open_(options: argparse.Namespace, config: Config) -> int:
    account = operator(options, config).open(options.name)
    say(f"What opened the services of {account.name} before does so again.")
    return OK


def tidy(options: argparse.Namespace, config: Config) -> int:
    count = operator(options, config).tidy(options.name)
    say(f"Removed {counted(count, 'expired app password')} of {options.name}.")
    return OK


def unlock(options: argparse.Namespace, config: Config) -> int:
    say(f"Unlocked {operator(options, config).unlock(options.name).name}.")
    return OK


def set_password(options: argparse.Namespace, config: Config) -> int:
    acting = operator(options, config)
    account = acting.account(options.name)  # before anybody types a password for nobody
    acting.set_password(account.name, new_password(options))
    say(f"Set the password of {account.name}; open sessions have ended.")
    return OK


def _passed_on(last: LastUse | None) -> str:
    """Who has not moved yet: when something was last not an app password, and what asked."""
    if last is None:
        return "never"
    service = f" {shown(last.service)}" if last.service else ""
    place = f" {shown(last.address)}" if last.address else ""
    return f"{day(last.time)}{service}{place}"


def _second_factor(account: Account, policy: Policy) -> str:
    if must_set_up(account, policy):
        return "required, none yet"
    return "yes" if account.has_second_factor else "no"


ACTIONS = {
    "add": add,
    "list": list_,
    "show": show,
    "remove": remove,
    "require-verification": require_verification,
    "bypass": bypass,
    "enforce": enforce,
    "open": open_,
    "tidy": tidy,
    "unlock": unlock,
    "set-password": set_password,
}
