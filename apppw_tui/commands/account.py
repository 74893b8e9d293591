"""Accounts: added, renamed, given a password, and what an act leaves elsewhere seen to."""

import argparse

from apppw_tui.commands import mail_users
from apppw_tui.commands.account_actions import PURGE_EXPIRED, REMOVE
from apppw_tui.commands.account_facts import AccountAdded, KeyRemoved, PasswordSet, Renamed
from apppw_tui.commands.context import actor, open_admin, open_context
from apppw_tui.commands.output import CommandResult, print_error, print_lines, print_result
from apppw_tui.commands.password_input import new_password
from apppw_tui.config import Config
from apppw_tui.domain.errors import NotFound, Refused
from apppw_tui.domain.names import candidates, escaped
from apppw_tui.domain.ports import SystemClock
from apppw_tui.exit_codes import OK
from apppw_tui.portal.admin import Admin
from apppw_tui.portal.context import PortalContext
from apppw_tui.portal.password_check import settle_profiles
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import needs_enrollment


def add(options: argparse.Namespace, config: Config) -> int:
    by = actor()  # before root becomes the store's owner
    with mail_users.user_lookup(config) as is_user:
        context = open_context(options, config, create=True).context
        if options.if_missing and (present := _present(context, options.name)) is not None:
            return print_result(present, as_json=options.json)
        portal = Portal(context)
        elsewhere = portal.external_passwords_hint
        if elsewhere is not None and options.password_stdin:
            raise Refused(f"{elsewhere} Leave out --password-stdin.")
        account = portal.add_account(
            options.name,
            new_password(options, options.name) if elsewhere is None else None,
            by,
        )
        answer = is_user(account.name)
    next_ = " At the first sign-in a second factor is set up."
    sentence = f"Added {account.name}.{next_ if needs_enrollment(account, config.policy) else ''}"
    facts = AccountAdded(account.name, added=True, dovecot_knows=answer)
    result = CommandResult(account.name, sentence, facts)
    code = print_result(result, as_json=options.json)
    if answer is False:
        so = "" if context.source is None else ", so nobody can sign in as it yet"
        print_error(
            f"Dovecot does not know {account.name}{so}. If it is mistyped: "
            f"apppw-tui account remove {account.name}"
        )
    return code


def _present(context: PortalContext, name: str) -> CommandResult | None:
    """The sentence for an account that is there, and not to be added once more."""
    try:
        account = Admin(context).account(name)
    except NotFound:
        return None
    sentence = f"There is an account {account.name} already."
    facts = AccountAdded(account.name, added=False, dovecot_knows=None)
    return CommandResult(account.name, sentence, facts, already=True)


def rename(options: argparse.Namespace, config: Config) -> int:
    by = actor()  # both before root becomes the store's owner
    with mail_users.user_lookup(config) as is_user:
        admin = Admin(open_context(options, config).context, by, print_error)
        before = admin.account(options.name).name
        account = admin.rename(before, options.new)
        # Who types it is still meant where it leads to the new one.
        leads = account.name in candidates(before, config.default_domain)
        still = not leads and is_user(before)
    state = "" if account.enabled else " It is disabled."
    facts = Renamed(account.name, before, account.enabled)
    result = CommandResult(account.name, f"Renamed {before} to {account.name}.{state}", facts)
    code = print_result(result, as_json=options.json)
    if still:
        print_error(_still_known(before, _left_behind(config, "Rename it there, too.")))
    return code


def remove_key(options: argparse.Namespace, config: Config) -> int:
    admin = open_admin(options, config)
    account, key = admin.remove_key(options.name, options.key)
    sentence = (
        f"Removed the ssh key {escaped(key.name)} of {account.name}; active sessions have ended."
    )
    has_another = account.has_second_factor
    facts = KeyRemoved(account.name, key.name, key.fingerprint, second_factor=has_another)
    code = print_result(CommandResult(account.name, sentence, facts), as_json=options.json)
    if not has_another:
        print_error(
            f"{account.name} has no verification method any more: whoever signs in next with its "
            "password sets one up."
        )
    return code


def remove(options: argparse.Namespace, config: Config) -> int:
    why = _left_behind(config, "Remove it there, too.")
    with mail_users.user_lookup(config) as is_user:  # before root becomes the store's owner

        def warn_if_user(name: str) -> None:
            if is_user(name):
                print_error(_still_known(name, why))

        return REMOVE.run(options, config, announce=warn_if_user)


def _still_known(name: str, why: str) -> str:
    return f"Dovecot still knows {name}: {why}"


def _left_behind(config: Config, remedy: str) -> str:
    """The sentence for a name that is no account's any more, and still a user's of Dovecot."""
    # So apppw-tui says "not mine", and Dovecot goes on to the next passdb.
    again = "" if config.accounts.source != "dovecot" else ", and the portal as a new account"
    return f"its old password opens its mail{again}. {remedy}"


def set_password(options: argparse.Namespace, config: Config) -> int:
    admin = open_admin(options, config)
    # Before anybody types a password for nobody.
    admin.check_passwords_kept()
    account = admin.account(options.name)
    admin.set_password(account.name, new_password(options, account.name))
    sentence = f"Set the password of {account.name}; active sessions have ended."
    result = CommandResult(account.name, sentence, PasswordSet(account.name, password_set=True))
    return print_result(result, as_json=options.json)


def purge_expired(options: argparse.Namespace, config: Config) -> int:
    begun = SystemClock().now()
    code = PURGE_EXPIRED.run(options, config)
    if options.all and code == OK:  # what an account costs that cannot be read nobody knows
        for profile in settle_profiles(open_admin(options, config).context, begun):
            if not options.json:
                print_lines(f"No account password has a hash of the cost {profile} any more.")
    return code
