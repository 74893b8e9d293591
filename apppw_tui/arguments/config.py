"""The arguments of `config`."""

import argparse

from apppw_tui.arguments.words import actions, command, for_programs, path


def config(parser: argparse.ArgumentParser) -> None:
    check = command(
        actions(parser), "check", "say whether the configuration can be used, and has what it names"
    )
    check.add_argument(
        "file", type=path, metavar="FILE", nargs="?", help="which (default: the one in force)"
    )
    check.add_argument(
        "--file-alone",
        action="store_true",
        help="look at the file alone: not at what it names, nor at the server",
    )
    for_programs(check)
