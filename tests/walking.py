"""Walking the command line: which commands there are, and what each takes."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from apppw_tui.arguments import parser


@dataclass(frozen=True)
class Command:
    """Something that can be said, such as `account add`; a group of commands is one as well."""

    words: tuple[str, ...]
    parser: argparse.ArgumentParser
    help: str

    def __str__(self) -> str:
        return " ".join(self.words)

    @property
    def arguments(self) -> list[argparse.Action]:
        return self.parser._actions

    @property
    def acts(self) -> bool:
        """True unless it is only the beginning of others."""
        return not any(isinstance(one, argparse._SubParsersAction) for one in self.arguments)

    def takes(self, option: str) -> bool:
        return any(option in one.option_strings for one in self.arguments)

    @property
    def needs(self) -> list[argparse.Action]:
        """What stands there without a name and may not be left out."""
        return [
            one
            for one in self.arguments
            if not one.option_strings and one.required and one.nargs != "*"
        ]


def commands() -> list[Command]:
    """Every one, in the order of `--help`."""
    return list(_below(parser(), ()))


def _below(top: argparse.ArgumentParser, words: tuple[str, ...]) -> Iterator[Command]:
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {one.dest.split()[0]: one.help or "" for one in action._choices_actions}
            aliases = set(action.choices) - set(helps)
            for name, one in action.choices.items():
                if name in aliases:
                    continue
                yield Command((*words, name), one, helps.get(name, ""))
                yield from _below(one, (*words, name))
