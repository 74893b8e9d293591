"""The whole command line: what may be said, and what `--help` says about it."""

import argparse
from collections.abc import Collection
from importlib import import_module
from typing import Any, cast

from apppw_tui.arguments.words import Formatter, Parser, command, where

EXIT_CODES = """\
exit codes:
  0    done; for verify and pam: the app password is right
  1    refused: it breaks a rule, does not exist, or is wrong; for doctor and config check:
       something is to be put right
  2    wrong usage
  3    the store or the configuration cannot be used now
  4    doctor alone: something lets in, keeps out or loses what it should not
  5    it was so already, of all that was named, and nothing was done: account enforce, open,
       enable, disable, require-verification, and add --if-missing; app-password ensure, edit,
       pause, resume; key rotate --finish
  64   the portal needs a terminal, and there is none
  70   a fault in the program itself
  130  interrupted (129, 142, 143: the terminal hung up, took nothing more; terminated)
"""


class _Version(argparse.Action):
    """Prints the version, which is looked up for nobody else."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import apppw_tui

        print(f"apppw-tui {apppw_tui.__version__}")  # noqa: T201
        parser.exit()


# What each command is for, and which function of which module gives it its arguments.
COMMANDS = {
    "account": ("look after accounts and their second factors", "accounts:account"),
    "app-password": ("create, list and delete app passwords", "accounts:app_password"),
    "key": ("replace the key that authenticator secrets are sealed with", "server:key"),
    "backup": ("copy the accounts into a file, while people work", "store:backup"),
    "restore": ("bring accounts back from a backup", "store:restore"),
    "store": ("look after the store as a whole", "store:store"),
    "verify": (
        "check the app password on standard input; prints its name if it is right",
        "server:verify",
    ),
    "serve": ("answer services on Unix sockets", "server:serve"),
    "status": ("show how the daemon does: answers, queue, last write", "server:status"),
    "throttle": ("show or clear what slows down wrong app passwords", "server:throttle"),
    "pam": ("ask the daemon, for pam_exec; exits with 0 for yes alone", "server:pam"),
    "activity": ("print what happened to accounts", "server:activity"),
    "notices": ("send the notices that wait to be sent", "server:notices"),
    "doctor": ("find what is wrong with the store and the server", "server:doctor"),
    "config": ("look at the configuration", "server:config"),
    "recipes": ("list, show or copy the files for each program that asks", "server:recipes"),
    "completion": ("print the completion script of a shell", "server:completion"),
    "help": ("explain a command, as --help does", "server:help_"),
}
_WITHOUT_STORE = frozenset({"pam", "recipes", "completion", "status", "help"})


class _Makes:
    """Makes the parser of a command; all that were not named share one, which nothing reaches.

    To make one takes a quarter of a millisecond, which the first frame would wait for.
    """

    def __init__(self) -> None:
        self._nobodys = Parser(add_help=False)

    def __call__(self, *, is_named: bool = True, **settings: Any) -> Parser:
        return Parser(**settings) if is_named else self._nobodys


def parser(words: Collection[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """Understands everything that the program can be asked to do.

    Of a command that is not among `words` it knows the name alone: the portal is opened often,
    and needs the arguments of none.
    """
    top = Parser(
        prog="apppw-tui",
        parents=[where()],
        description="App passwords for your own server. Without a command, opens the portal.",
        epilog=EXIT_CODES,
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    top.add_argument("-V", "--version", action=_Version, nargs=0, help="print the version")
    top.add_argument(
        "--demo", action="store_true", help="look around in made-up accounts; nothing is kept"
    )
    top.add_argument(
        "--kiosk", action="store_true", help="for an SSH kiosk: sign-in only, with time limits"
    )
    top.add_argument(
        "--plain", action="store_true",
        help="line by line, for screen readers and terminals without screens",
    )  # fmt: skip
    group = top.add_subparsers(
        dest="command",
        metavar="COMMAND",
        title="commands",
        parser_class=cast(type[argparse.ArgumentParser], _Makes()),
    )
    for name, (help_, arguments) in COMMANDS.items():
        if name in words:
            module, _, function = arguments.partition(":")
            add_arguments = getattr(import_module(f"{__name__}.{module}"), function)
            add_arguments(command(group, name, help_, [] if name in _WITHOUT_STORE else None))
        else:
            group.add_parser(name, help=help_, is_named=False)
    return top
