"""Prints what a shell needs to complete the command line."""

import argparse

from apppw_tui.arguments import parser
from apppw_tui.arguments.words import path
from apppw_tui.commands.output import print_lines
from apppw_tui.exit_codes import OK

_FOLDERS = ("DIR", "PATH")


def completion(options: argparse.Namespace) -> int:
    """Nothing of the store is in it: account names are its owner's alone."""
    import shtab

    top = parser()
    for action in _actions(top):
        if action.type is path or action.metavar == "FILE":
            kind = shtab.DIRECTORY if action.metavar in _FOLDERS else shtab.FILE
            action.complete = kind  # type: ignore[attr-defined]  # where shtab looks for it
    print_lines(shtab.complete(top, shell=options.shell).rstrip())
    return OK


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Those of the parser and of every command below it; argparse has no public way to ask."""
    actions = []
    for action in parser._actions:
        actions.append(action)
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                actions += _actions(below)
    return actions
