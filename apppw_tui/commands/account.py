"""Accounts: added, listed, shown, given a password; `deeds` has the rest."""

import argparse

from apppw_tui.commands import deeds, mail_users
from apppw_tui.commands.batch import Command, CommandResult, for_each, into, report
from apppw_tui.commands.context import actor, admin, open_context
from apppw_tui.commands.output import print_error, print_lines
from apppw_tui.commands.password_input import new_password
from apppw_tui.config import Config
from apppw_tui.domain.errors import NotFound, Refused
from apppw_tui.domain.names import candidates
from apppw_tui.domain.ports import SystemClock
from apppw_tui.exit_codes import OK
from apppw_tui.portal.admin import Admin
from apppw_tui.portal.context import PortalContext
from apppw_tui.portal.password_check import settle_profiles
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import needs_enrollment


def add(options: argparse.Namespace, config: Config) -> int:
    by = actor()  # before root becomes the store's owner
    with mail_users.glanced_at(config) as is_user:
        means = open_context(options, config, create=True).context
        if options.if_missing and (there := _there(means, options.name)) is not None:
            return report(there, options)
        portal = Portal(means)
        elsewhere = portal.passwords_elsewhere
        if elsewhere is not None and options.password_stdin:
            raise Refused(f"{elsewhere} Leave out --password-stdin.")
        account = portal.add_account(
            options.name, new_password(options) if elsewhere is None else None, by
        )
        answer = is_user(account.name)
    next_ = " At the first sign-in a second factor is set up."
    sentence = f"Added {account.name}.{next_ if needs_enrollment(account, config.policy) else ''}"
    code = report(
        CommandResult(account.name, sentence, {"added": True, "dovecot_knows": answer}), options
    )
    if answer is False:
        so = "" if means.source is None else ", so nobody can sign in as it yet"
        print_error(
            f"Dovecot does not know {account.name}{so}. If it is mistyped: "
            f"apppw-tui account remove {account.name}"
        )
    return code


def _there(context: PortalContext, name: str) -> CommandResult | None:
    """The sentence for an account that is there, and not to be added once more."""
    try:
        account = Admin(context).account(name)
    except NotFound:
        return None
    sentence = f"There is an account {account.name} already."
    return CommandResult(
        account.name, sentence, {"added": False, "dovecot_knows": None}, already=True
    )


def list_(options: argparse.Namespace, config: Config) -> int:
    from apppw_tui.commands.account_list import list_accounts

    return list_accounts(options, config)


def import_(options: argparse.Namespace, config: Config) -> int:
    from apppw_tui.commands.account_import import import_file

    return import_file(options, config)


def prune(options: argparse.Namespace, config: Config) -> int:
    from apppw_tui.commands.account_prune import prune_accounts

    return prune_accounts(options, config)


def show(options: argparse.Namespace, config: Config) -> int:
    from apppw_tui.commands.account_show import show_account

    show_account(admin(options, config), options.name, as_json=options.json)
    return OK


def rename(options: argparse.Namespace, config: Config) -> int:
    by = actor()  # both before root becomes the store's owner
    with mail_users.glanced_at(config) as is_user:
        operator_ = Admin(open_context(options, config).context, by, print_error)
        before = operator_.account(options.name).name
        account = operator_.rename(before, options.new)
        # Who types it is still meant where it leads to the new one.
        leads = account.name in candidates(before, config.default_domain)
        still = not leads and is_user(before)
    state = "" if account.enabled else " It is disabled."
    facts = {"before": before, "enabled": account.enabled}
    code = report(
        CommandResult(account.name, f"Renamed {before} to {account.name}.{state}", facts), options
    )
    if still:
        print_error(deeds.still_known(before, _left_behind(config, "Rename it there, too.")))
    return code


def remove(options: argparse.Namespace, config: Config) -> int:
    why = _left_behind(config, "Remove it there, too.")
    with mail_users.glanced_at(config) as is_user:  # before root becomes the store's owner
        act = deeds.while_known(is_user, deeds.remove, why)
        return for_each(act, asks="Remove {} for good", alone=lambda *_: 1)(options, config)


def _left_behind(config: Config, remedy: str) -> str:
    """The sentence for a name that is no account's any more, and still a user's of Dovecot."""
    # So apppw-tui says "not mine", and Dovecot goes on to the next passdb.
    again = "" if config.accounts.source != "dovecot" else ", and the portal as a new account"
    return f"its old password opens its mail{again}. {remedy}"


def set_password(options: argparse.Namespace, config: Config) -> int:
    acting = admin(options, config)
    # Before anybody types a password for nobody.
    acting.check_passwords_kept()
    account = acting.account(options.name)
    acting.set_password(account.name, new_password(options))
    sentence = f"Set the password of {account.name}; active sessions have ended."
    return report(CommandResult(account.name, sentence, {"password_set": True}), options)


def tidy(options: argparse.Namespace, config: Config) -> int:
    begun = SystemClock().now()
    code = for_each(deeds.tidy)(options, config)
    if options.all and code == OK:  # what an account costs that cannot be read nobody knows
        for profile in settle_profiles(admin(options, config).context, begun):
            if not options.json:
                print_lines(f"No account password has a hash of the cost {profile} any more.")
    return code


ACTIONS: dict[str, Command] = {
    "add": add,
    "list": list_,
    "import": import_,
    "prune": prune,
    "show": show,
    "rename": rename,
    "set-password": set_password,
    "disable": for_each(into(deeds.enabled, deeds.disable), asks="Disable {}"),
    "enable": for_each(into(deeds.enabled, deeds.enable)),
    "delete-app-passwords": for_each(
        deeds.delete_app_passwords,
        asks="Delete all app passwords of {}",
        alone=deeds.count_if_several,
    ),
    "remove": remove,
    "require-verification": for_each(into(deeds.required, deeds.require_verification)),
    "bypass": for_each(deeds.bypass),
    "enforce": for_each(into(deeds.enforced, deeds.enforce)),
    "open": for_each(into(deeds.enforced, deeds.open_)),
    "tidy": tidy,
    "unlock": for_each(deeds.unlock),
}
