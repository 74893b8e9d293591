"""The parts that every command's arguments are made of."""

import argparse
import functools
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

Group: TypeAlias = "argparse._SubParsersAction[Any]"

_WORD = "(?a)[A-Za-z0-9][A-Za-z0-9-]{0,39}"
_OPTION = "(?a)--[A-Za-z][A-Za-z-]{0,39}"
_NOUNS = {"command": "command", "action": "command", "shell": "shell"}


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the exit codes as they are laid out; the longest command beside its help."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=20)


class Parser(argparse.ArgumentParser):
    """Says of a mistyped command or option which one may have been meant.

    What has not the form of one is not repeated: it could be a password (SAFETY 29).
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._positionals.title = "arguments"
        # argparse of Python 3.14 colours by the environment and by standard output alone, also what
        # goes elsewhere, as an error does. The help is one text, on every Python.
        self.color = False

    def error(self, message: str) -> NoReturn:
        """Ends with the usage, what is wrong, and where to read on."""
        is_whole = message.endswith(("?", ".", "--help"))
        super().error(message if is_whole else f"{message}. See: {self.prog} --help")

    def format_help(self) -> str:
        """The help, with examples of a command, which nobody else needs."""
        from apppw_tui.arguments.examples import EXAMPLES

        lines = EXAMPLES.get(self.prog.partition(" ")[2])
        if lines is not None:
            self.epilog = "\n".join(["examples:", *(f"  {line}" for line in lines)])
        return super().format_help()

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = [] if action.choices is None else [str(choice) for choice in action.choices]
        if action.choices is None or value in action.choices:
            return
        noun = _NOUNS.get(action.dest, action.dest)
        before = f"{self.prog.partition(' ')[2]} ".lstrip() if noun == "command" else ""
        sentence = f"there is no such {noun}"
        if re.fullmatch(_WORD, str(value)):
            sentence = f"there is no {noun} {before}{value}"
        meant = _nearest(str(value), choices)
        if meant is not None:
            sentence += f". Did you mean {before}{meant}?"
        elif noun != "command":
            sentence += f". There are: {', '.join(choices)}."
        raise argparse.ArgumentError(None, sentence)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Ends with the usage of the very command that does not know what was said."""
        self._check_options(sys.argv[1:] if args is None else args)
        options, left = super().parse_known_args(args, namespace)
        if left:
            count = "one argument is" if len(left) == 1 else f"{len(left)} arguments are"
            self.error(f"{count} too many")
        return options, left

    def _check_options(self, words: Sequence[str]) -> None:
        """Before the rest: a word after an unknown option would be taken for a command."""
        groups = (
            action for action in self._actions if isinstance(action, argparse._SubParsersAction)
        )
        ends = {"--", *(name for group in groups for name in group.choices)}
        for word in words:
            option = word.partition("=")[0]
            if word in ends:
                return
            if re.fullmatch(_OPTION, option) and option not in self._option_string_actions:
                meant = _nearest(option, self._option_string_actions)
                hint = f". Did you mean {meant}?" if meant else ""
                self.error(f"there is no option {option}{hint}")


def _nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that `word` was most likely meant to be; None if it is like none of them."""
    from difflib import get_close_matches

    names = list(choices)
    starts = [name for name in names if len(word) > 1 and name.startswith(word)]
    close = get_close_matches(word, names, n=1)
    return starts[0] if len(starts) == 1 else close[0] if close else None


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
    group: Group,
    name: str,
    help_: str,
    parents: list[argparse.ArgumentParser] | None = None,
    *,
    alias: str | None = None,
) -> argparse.ArgumentParser:
    """One command; without `parents` it takes what `where` has."""
    parser: argparse.ArgumentParser = group.add_parser(
        name,
        aliases=[] if alias is None else [alias],
        parents=[where()] if parents is None else parents,
        help=help_,
        description=help_[0].upper() + help_[1:] + ".",
        allow_abbrev=False,
        formatter_class=Formatter,
    )
    if alias is not None:
        parser.set_defaults(action=name)  # whatever it was called by
    return parser


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
