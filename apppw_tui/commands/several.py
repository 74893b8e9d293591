"""One act on one, several or all accounts: a sentence for each, or JSON for programs."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apppw_tui.commands.opening import operator
from apppw_tui.commands.printing import say, say_json, say_trouble
from apppw_tui.config import Config
from apppw_tui.domain.errors import ApppwError, StoreError
from apppw_tui.exits import NO_ANSWER, OK, REFUSED
from apppw_tui.portal.operator import Operator


@dataclass(frozen=True)
class Done:
    """What was done to one account: a sentence for people, facts for programs."""

    account: str
    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)


Act = Callable[[Operator, str, argparse.Namespace], Done]
Command = Callable[[argparse.Namespace, Config], int]


def each(act: Act) -> Command:
    """A command that does it to every account named, or to all.

    One that cannot be done is told, and the others are done all the same; the exit code is that
    of the worst.
    """

    def run(options: argparse.Namespace, config: Config) -> int:
        acting = operator(options, config)
        code, answers = OK, []
        for name in _names(acting, options):
            try:
                done = act(acting, name, options)
            except ApppwError as error:
                say_trouble(error)
                code = max(code, NO_ANSWER if isinstance(error, StoreError) else REFUSED)
                answers.append({"account": name, "error": str(error)})
            else:
                answers.append({"account": done.account, **done.facts})
                if not options.json:
                    say(done.sentence)
        if options.json:
            say_json(answers)
        return code

    return run


def one(done: Done, options: argparse.Namespace) -> int:
    """Says what was done to a single account."""
    if options.json:
        say_json({"account": done.account, **done.facts})
    else:
        say(done.sentence)
    return OK


def _names(acting: Operator, options: argparse.Namespace) -> list[str]:
    return acting.means.store.names() if options.all else list(dict.fromkeys(options.names))
