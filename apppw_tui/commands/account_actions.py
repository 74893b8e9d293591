"""The acts of an administrator on one, several or all accounts: a row of the table for each."""

import argparse
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from apppw_tui.commands import account_facts as facts_of
from apppw_tui.commands.context import open_admin
from apppw_tui.commands.facts import Facts, Failed
from apppw_tui.commands.output import (
    CommandReport,
    CommandResult,
    moment,
    pluralize,
    utc,
    utc_or_none,
)
from apppw_tui.commands.password_input import at_terminal, check_meant
from apppw_tui.config import Config
from apppw_tui.domain import expiry
from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import AlreadySo, ApppwError, Refused
from apppw_tui.domain.names import escaped
from apppw_tui.domain.progress import progress
from apppw_tui.exit_codes import ALREADY, OK
from apppw_tui.portal.admin import Admin


@dataclass(frozen=True)
class Effect:
    """An account as an act left it, what programs are told, and the other words of the sentence."""

    account: Account
    facts: Facts
    words: Mapping[str, str] = field(default_factory=dict)


class State(Protocol):
    """The facts about an account that an act has `changed`, or that was so already."""

    def __call__(self, account: Account, *, changed: bool) -> Facts: ...


Perform = Callable[[Admin, str, argparse.Namespace], Effect]
Announce = Callable[[str], None]


@dataclass(frozen=True)
class AccountAction:
    """A row of the table: how an act is done, what is said of it, and what is asked before."""

    command: str  # as it is typed after `account`
    perform: Perform
    sentence: str  # {name} and the effect's words stand in it
    dry_run: Perform | None = None  # the effect that it would have
    would: str = ""  # the sentence of a dry run
    question: str = ""  # asked before it is done to several, such as "Disable {}"
    # The number of things that would go with a single account: at a terminal, it is asked for.
    count_alone: Callable[[Admin, str], int] = lambda *_: 0
    # The facts about the state that it puts an account into, which may be in it already.
    state: State | None = None

    def apply(self, admin: Admin, name: str, options: argparse.Namespace) -> CommandResult:
        """Does it to one account, or says what it would do. Raises ApppwError."""
        if self.dry_run is not None and options.dry_run:
            return self._result(self.would, self.dry_run(admin, name, options))
        try:
            effect = self.perform(admin, name, options)
        except AlreadySo as error:
            if self.state is None:
                raise
            account = admin.account(name)
            facts = self.state(account, changed=False)
            return CommandResult(account.name, str(error), facts, already=True)
        return self._result(self.sentence, effect)

    def report(
        self, admin: Admin, name: str, options: argparse.Namespace, report: CommandReport
    ) -> CommandResult | None:
        """As `apply`, told to `report`; None if it could not be done."""
        try:
            result = self.apply(admin, name, options)
        except ApppwError as error:
            report.fail(error, facts=partial(Failed, name))
            return None
        report.add(result)
        return result

    def run(
        self, options: argparse.Namespace, config: Config, announce: Announce = lambda _: None
    ) -> int:
        """Does it to every account named, or to all; `announce` is told each name it was done to.

        The exit code is the report's, and says so where nothing had to be done to any of them.
        """
        admin, report, already = open_admin(options, config), CommandReport(as_json=options.json), 0
        names = list(dict.fromkeys(options.names))
        if options.all:
            names = admin.context.store.list_names()
        is_trial = getattr(options, "dry_run", False)
        if self.question and not is_trial:
            self._check_meant(admin, names, options)
        for name in progress(names, f"account {self.command}"):
            result = self.report(admin, name, options, report)
            if result is not None:
                already += result.already
                if not is_trial:
                    announce(result.account_name)
        report.finish()
        all_already = 0 < already == len(report.answers)
        return ALREADY if report.code == OK and all_already else report.code

    def _result(self, sentence: str, effect: Effect) -> CommandResult:
        name = effect.account.name
        return CommandResult(name, sentence.format(name=name, **effect.words), effect.facts)

    def _check_meant(self, admin: Admin, names: list[str], options: argparse.Namespace) -> None:
        """Asks for the number that confirms it. Raises Refused where it was not meant."""
        number, whom = len(names), pluralize(len(names), "account")
        if number == 1 and not options.all:
            number, whom = 0, escaped(names[0])
            if not options.yes and at_terminal(options):
                with suppress(ApppwError):  # which the act itself will tell
                    number = self.count_alone(admin, names[0])
        if number:
            check_meant(f"{self.question.format(whom)}?", number, options)


def _changed(account: Account, state: State, **words: str) -> Effect:
    return Effect(account, state(account, changed=True), words)


def _removed(account: Account, *, removed: bool) -> Effect:
    count = len(account.app_passwords)
    facts = facts_of.Removed(account.name, removed, count)
    return Effect(account, facts, {"app_passwords": pluralize(count, "app password")})


def _deleted(account: Account, count: int, *, deleted: bool) -> Effect:
    facts = facts_of.AppPasswordsDeleted(account.name, deleted, count)
    return Effect(account, facts, {"app_passwords": pluralize(count, "app password")})


def _delete_app_passwords(admin: Admin, name: str, _: argparse.Namespace) -> Effect:
    return _deleted(*admin.delete_app_passwords(name), deleted=True)


def _try_delete_app_passwords(admin: Admin, name: str, _: argparse.Namespace) -> Effect:
    account = admin.account(name)
    return _deleted(account, len(account.app_passwords), deleted=False)


def _count_if_several(admin: Admin, name: str) -> int:
    """The number of the account's app passwords; 0 for one, which goes without a question."""
    count = len(admin.account(name).app_passwords)
    return count if count > 1 else 0


def _purge_expired(admin: Admin, name: str, _: argparse.Namespace) -> Effect:
    account = admin.account(name)
    count = admin.purge_expired(account.name)
    return Effect(
        account,
        facts_of.Tidied(account.name, count),
        {"app_passwords": pluralize(count, "expired app password")},
    )


def _bypass(admin: Admin, name: str, options: argparse.Namespace) -> Effect:
    grant = admin.bypass(name, options.minutes)
    if grant.delivered:
        notice = f"{grant.account.name} was notified."
    elif grant.account.phone("authentication") is None:
        notice = f"{grant.account.name} was not notified: no phone on file."
    else:
        notice = f"{grant.account.name} was not notified: the message could not be sent."
    return Effect(
        grant.account,
        facts_of.Bypassed(grant.account.name, utc(grant.until), grant.delivered),
        {"until": moment(grant.until, admin.context.clock.now()), "notice": notice},
    )


def _enforce(admin: Admin, name: str, options: argparse.Namespace) -> Effect:
    now = admin.context.clock.now()
    day = None if options.on is None else expiry.parse_day(options.on, now)
    at = None if day is None else expiry.beginning_of(day)
    # Who is enforced since then is so already, and is told so.
    has_passed = day is not None and day < now.astimezone().date()
    if has_passed and not admin.account(name).is_enforced(now):
        raise Refused("That day has passed. Without --on, it is from now on.")
    when = "now" if day is None else day.isoformat()
    return _changed(admin.enforce(name, at), _enforced, when=when)


def _disabled(account: Account, *, changed: bool) -> Facts:
    return facts_of.Disabled(account.name, changed, account.enabled)


def _enabled(account: Account, *, changed: bool) -> Facts:
    return facts_of.Enabled(account.name, changed, account.enabled)


def _enforced(account: Account, *, changed: bool) -> Facts:
    return facts_of.Enforced(account.name, changed, utc_or_none(account.enforced_from))


def _opened(account: Account, *, changed: bool) -> Facts:
    return facts_of.NotEnforced(account.name, changed, utc_or_none(account.enforced_from))


def _required(account: Account, *, changed: bool) -> Facts:
    return facts_of.VerificationRequired(account.name, changed, account.verification_required)


def _unlocked(account: Account) -> Effect:
    return Effect(account, facts_of.Unlocked(account.name, locked=False))


REMOVE = AccountAction(
    "remove",
    lambda admin, name, _: _removed(admin.remove_account(name), removed=True),
    "Removed {name} with {app_passwords}.",
    dry_run=lambda admin, name, _: _removed(admin.account(name), removed=False),
    would="Would remove {name} with {app_passwords}.",
    question="Remove {} for good",
    count_alone=lambda *_: 1,
)
PURGE_EXPIRED = AccountAction("tidy", _purge_expired, "Removed {app_passwords} of {name}.")

ACCOUNT_ACTIONS = (
    AccountAction(
        "disable",
        lambda admin, name, _: _changed(admin.disable(name), _disabled),
        "Disabled {name}: it neither signs in nor opens any service.",
        question="Disable {}",
        state=_disabled,
    ),
    AccountAction(
        "enable",
        lambda admin, name, _: _changed(admin.enable(name), _enabled),
        "Enabled {name}: it signs in and opens services as before.",
        state=_enabled,
    ),
    AccountAction(
        "delete-app-passwords",
        _delete_app_passwords,
        "Deleted {app_passwords} of {name}.",
        dry_run=_try_delete_app_passwords,
        would="Would delete {app_passwords} of {name}.",
        question="Delete all app passwords of {}",
        count_alone=_count_if_several,
    ),
    REMOVE,
    AccountAction(
        "require-verification",
        lambda admin, name, _: _changed(admin.require_verification(name), _required),
        "{name} must verify with a second factor from now on; active sessions have ended.",
        state=_required,
    ),
    AccountAction(
        "bypass", _bypass, "{name} may sign in once without a code until {until}. {notice}"
    ),
    AccountAction(
        "enforce",
        _enforce,
        "From {when} on, only app passwords open the services of {name}.",
        state=_enforced,
    ),
    AccountAction(
        "open",
        lambda admin, name, _: _changed(admin.stop_enforcing(name), _opened),
        "Old passwords of {name} work again.",
        state=_opened,
    ),
    PURGE_EXPIRED,
    AccountAction(
        "unlock",
        lambda admin, name, _: _unlocked(admin.unlock(name)),
        "Unlocked {name}.",
    ),
)


def run(options: argparse.Namespace, config: Config) -> int:
    """The action of the table that was typed, on every account named."""
    action = next(action for action in ACCOUNT_ACTIONS if action.command == options.action)
    return action.run(options, config)
