"""The parts that every command's arguments are made of."""

import argparse
import functools
import re
from pathlib import Path
from typing import TypeAlias

Group: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the exit codes as they are laid out; the longest command beside its help."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=20)


def some(text: str) -> str:
    """A name, or whatever else is not read before the command runs; not empty."""
    # What a script with an unset variable never means: no scope would be Any app, Path("") the
    # present folder.
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def path(text: str) -> Path:
    """A path that is not empty."""
    return Path(some(text))


def whole(text: str) -> int:
    """A whole number, in few digits."""
    # int() would take 1_0 and other alphabets' digits; more than nine are not meant.
    if re.fullmatch("-?[0-9]{1,9}", text) is None:
        raise argparse.ArgumentTypeError("must be a whole number")
    return int(text)


@functools.cache
def where() -> argparse.ArgumentParser:
    """The options that may stand before a command and after it."""
    parser = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    parser.add_argument(
        "--store", type=path, metavar="PATH", help="the folder of the store (or APPPW_STORE)"
    )
    parser.add_argument("--config", type=path, metavar="FILE", help="the configuration file")
    parser.add_argument(
        "--key-file",
        type=path,
        metavar="FILE",
        help="the file with the store's key (default: key, in the store)",
    )
    return parser


def command(
    group: Group, name: str, help_: str, parents: list[argparse.ArgumentParser] | None = None
) -> argparse.ArgumentParser:
    """One command; without `parents` it takes what `where` has."""
    return group.add_parser(
        name,
        parents=[where()] if parents is None else parents,
        help=help_,
        description=help_[0].upper() + help_[1:] + ".",
        allow_abbrev=False,
        formatter_class=Formatter,
    )


def actions(parser: argparse.ArgumentParser) -> Group:
    """The acts of a command, one of which has to be said."""
    return parser.add_subparsers(dest="action", metavar="ACTION", required=True)


def asking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--yes", action="store_true", help="do not ask; needed where there is no terminal to ask at"
    )


def for_programs(*parsers: argparse.ArgumentParser) -> None:
    for parser in parsers:
        parser.add_argument("--json", action="store_true", help="print JSON, for programs")
