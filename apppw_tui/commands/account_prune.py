"""Accounts of people who have left: removed where Dovecot says that it does not know them."""

import argparse
from functools import partial

from apppw_tui.commands import mail_users
from apppw_tui.commands.account_actions import REMOVE
from apppw_tui.commands.context import actor, open_context
from apppw_tui.commands.facts import Failed
from apppw_tui.commands.output import CommandReport, pluralize, print_error, print_lines
from apppw_tui.commands.password_input import check_meant
from apppw_tui.config import Config
from apppw_tui.domain.errors import PasswordBackendDown, Refused, StoreError
from apppw_tui.domain.progress import progress
from apppw_tui.portal.admin import Admin

_UNSURE = (
    "Dovecot does not say for certain whether it knows {}: it cannot now, or the name has a "
    "character that its auth_username_chars lacks, or ' (in a passwd-file, 2.3 looks for \\'); it "
    "was kept."
)


def prune_accounts(options: argparse.Namespace, config: Config) -> int:
    """Asks about all, then removes; where one answer does not come, nobody is removed.

    Raises:
        PasswordBackendDown: Dovecot cannot be asked.
        Refused: it knows nobody at all, or it was not meant.
    """
    by = actor()
    with mail_users.connected(config) as users:  # both before root becomes the store's owner
        admin = Admin(open_context(options, config).context, by, print_error)
        gone, unsure, users_known = [], [], 0
        for name in progress(admin.context.store.list_names(), "Asking Dovecot"):
            try:
                answer = mail_users.knows_user(users, name, config.default_domain)
            except PasswordBackendDown as error:
                raise PasswordBackendDown(f"{error} Nobody was removed.") from None
            users_known += answer is True
            gone += [name] if answer is False else []
            unsure += [name] if answer is None else []
    if gone and not users_known:
        # As when it has lost its database, or another domain was configured.
        raise Refused(
            f"Dovecot knows none of {pluralize(len(gone), 'account')}, which looks like a fault of "
            "its own. Nobody was removed; apppw-tui account remove does so by name."
        )
    if gone and not options.dry_run:
        if not options.yes:
            print_lines(*(f"Dovecot does not know {name}." for name in gone))
        check_meant(f"Remove {pluralize(len(gone), 'account')} for good?", len(gone), options)
    report = CommandReport(as_json=options.json)
    removed = [
        REMOVE.report(admin, name, options, report) for name in progress(gone, "Removing accounts")
    ]
    for name in unsure:
        report.fail(StoreError(_UNSURE.format(name)), facts=partial(Failed, name))
    report.finish()
    if gone:
        number = sum(result is not None for result in removed)
        verb = "Would remove" if options.dry_run else "Removed"
        report.say(f"{verb} {pluralize(number, 'account')}.")
    else:
        report.say("Dovecot knows every account that it answers for.")
    return report.code
