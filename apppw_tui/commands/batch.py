"""One act on one, several or all accounts: a sentence for each, or JSON for programs."""

import argparse
from collections.abc import Callable, Mapping
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

    account: str
    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    already: bool = False  # nothing had to be done


Act = Callable[[Admin, str, argparse.Namespace], CommandResult]
State = Callable[[Account], Mapping[str, Any]]
Command = Callable[[argparse.Namespace, Config], int]


def for_each(act: Act, *, asks: str = "", always: bool = False) -> Command:
    """A command that does it to every account named, or to all.

    `asks` is what it asks before it does so to several, such as "Disable {}"; with `always`, at a
    terminal to a single one, too.

    One that cannot be done is told, and the others are done all the same; the exit code is that
    of the worst, and says so where nothing had to be done to any of them.
    """

    def run(options: argparse.Namespace, config: Config) -> int:
        acting = admin(options, config)
        code, answers, already = OK, [], 0
        names = _names(acting, options)
        if asks and not getattr(options, "dry_run", False):
            _check_meant(asks, names, options, always=always)
        for name in names:
            try:
                done = act(acting, name, options)
            except ApppwError as error:
                print_error(error)
                code = max(code, NO_ANSWER if isinstance(error, StoreError) else REFUSED)
                answers.append({"account": name, "error": str(error)})
            else:
                already += done.already
                answers.append({"account": done.account, **done.facts})
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
        print_json({"account": done.account, **done.facts})
    else:
        print_lines(done.sentence)
    return ALREADY if done.already else OK


def _check_meant(asks: str, names: list[str], options: argparse.Namespace, *, always: bool) -> None:
    """Raises Refused where it was not meant."""
    one = len(names) == 1 and not options.all
    if not names or (one and not (always and at_terminal(options))):
        return
    whom = escaped(names[0]) if one else pluralize(len(names), "account")
    check_meant(f"{asks.format(whom)}?", len(names), options)


def _names(acting: Admin, options: argparse.Namespace) -> list[str]:
    return acting.means.store.list_names() if options.all else list(dict.fromkeys(options.names))
