"""One act on one, several or all accounts: a sentence for each, or JSON for programs."""

import argparse
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from apppw_tui.commands.context import admin
from apppw_tui.commands.output import pluralize, print_error, print_json, print_lines
from apppw_tui.commands.password_input import at_terminal, check_meant
from apppw_tui.config import Config
from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import AlreadySo, ApppwError, StoreError
from apppw_tui.domain.names import escaped
from apppw_tui.exit_codes import ALREADY, NO_ANSWER, OK, REFUSED
from apppw_tui.portal.admin import Admin


@dataclass(frozen=True)
class CommandResult:
    """The result of an act on one account: a sentence for people, facts for programs."""

    account_name: str
    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    already: bool = False  # nothing had to be done


Act = Callable[[Admin, str, argparse.Namespace], CommandResult]
State = Callable[[Account], Mapping[str, Any]]
Command = Callable[[argparse.Namespace, Config], int]
Count = Callable[[Admin, str], int]


def for_each(act: Act, *, asks: str = "", alone: Count | None = None) -> Command:
    """A command that does it to every account named, or to all.

    `asks` is what it asks before it does so to several, such as "Disable {}"; at a terminal it asks
    of a single one, too, where `alone` counts something that would go.

    One that cannot be done is told, and the others are done all the same; the exit code is that
    of the worst, and says so where nothing had to be done to any of them.
    """

    def run(options: argparse.Namespace, config: Config) -> int:
        acting = admin(options, config)
        code, answers, already = OK, [], 0
        names = _names(acting, options)
        if asks and not getattr(options, "dry_run", False):
            _check_meant(asks, _number(acting, names, options, alone), names, options)
        for name in names:
            try:
                done = act(acting, name, options)
            except ApppwError as error:
                print_error(error)
                code = max(code, NO_ANSWER if isinstance(error, StoreError) else REFUSED)
                answers.append({"account": name, "error": str(error)})
            else:
                already += done.already
                answers.append({"account": done.account_name, **done.facts})
                if not options.json:
                    print_lines(done.sentence)
        if options.json:
            print_json(answers)
        return ALREADY if code == OK and 0 < already == len(answers) else code

    return run


def into(state: State, act: Act) -> Act:
    """An act that puts an account into a state, which is no error where the account is in it.

    `state` has the facts about it.
    """

    def run(acting: Admin, name: str, options: argparse.Namespace) -> CommandResult:
        try:
            done = act(acting, name, options)
        except AlreadySo as so:
            account = acting.account(name)
            facts = {"changed": False, **state(account)}
            return CommandResult(account.name, str(so), facts, already=True)
        return replace(done, facts={"changed": True, **done.facts})

    return run


def report(done: CommandResult, options: argparse.Namespace) -> int:
    """Says what was done to a single account."""
    if options.json:
        print_json({"account": done.account_name, **done.facts})
    else:
        print_lines(done.sentence)
    return ALREADY if done.already else OK


def _number(
    acting: Admin, names: list[str], options: argparse.Namespace, alone: Count | None
) -> int:
    """The number that confirms it; 0 where nobody is asked."""
    if len(names) != 1 or options.all:
        return len(names)
    if alone is None or options.yes or not at_terminal(options):
        return 0
    with suppress(ApppwError):  # which the act itself will tell
        return alone(acting, names[0])
    return 0


def _check_meant(asks: str, number: int, names: list[str], options: argparse.Namespace) -> None:
    """Raises Refused where it was not meant."""
    one = len(names) == 1 and not options.all
    whom = escaped(names[0]) if one else pluralize(len(names), "account")
    if number:
        check_meant(f"{asks.format(whom)}?", number, options)


def _names(acting: Admin, options: argparse.Namespace) -> list[str]:
    return acting.context.store.list_names() if options.all else list(dict.fromkeys(options.names))
