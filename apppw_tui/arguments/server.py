"""The arguments of what the server runs and tells: `serve`, `verify`, `pam`, `key`, `activity`."""

import argparse
import re
from datetime import date, timedelta

from apppw_tui.arguments.words import actions, asking, command, for_programs, path, some

SHELLS = ("bash", "zsh", "fish")


def verify(parser: argparse.ArgumentParser) -> None:
    # What a program hands on may be empty: it is wrong, as any other, and opens nothing more.
    parser.add_argument("account", metavar="ACCOUNT", help="who signs in")
    parser.add_argument("--service", metavar="SERVICE", help="what it is to open, such as imap")
    parser.add_argument("--rhost", metavar="ADDR", help="where the attempt comes from")


def serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--socket-dir",
        type=path,
        metavar="DIR",
        help="the folder of the sockets (default: $RUNTIME_DIRECTORY, or /run/apppw-tui)",
    )


def pam(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--socket",
        type=some,
        default="/run/apppw-tui/json",
        metavar="PATH",
        help="the daemon's json socket (default: %(default)s)",
    )


def status(parser: argparse.ArgumentParser) -> None:
    _json_socket(parser)
    for_programs(parser)


def throttle(parser: argparse.ArgumentParser) -> None:
    group = actions(parser)
    listing = command(
        group, "list", "show who sent wrong passwords lately, and who has to wait", alias="ls"
    )
    clear = command(group, "clear", "let somebody try again at once")
    which = clear.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "places",
        type=some,
        metavar="PLACE",
        nargs="*",
        default=[],
        help="addresses, or accounts where no address was told",
    )
    which.add_argument("--all", action="store_true", help="everybody")
    for action in (listing, clear):
        _json_socket(action)
        for_programs(action)


def _json_socket(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--socket", type=path, metavar="PATH", help="the daemon's json socket, if it is elsewhere"
    )


def key(parser: argparse.ArgumentParser) -> None:
    rotate = command(actions(parser), "rotate", "make a new key and seal everything anew with it")
    rotate.add_argument(
        "--finish", action="store_true", help="drop the old keys, once nothing needs them"
    )
    asking(rotate)


def help_(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", metavar="COMMAND", nargs="*", help="such as account add")


def completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="for which shell")


def config(parser: argparse.ArgumentParser) -> None:
    check = command(actions(parser), "check", "check the configuration")
    check.add_argument(
        "file", type=path, metavar="FILE", nargs="?", help="which (default: the one in force)"
    )
    check.add_argument(
        "--file-alone",
        action="store_true",
        help="look at the file alone: not at what it names, nor at the server",
    )
    for_programs(check)


def recipes(parser: argparse.ArgumentParser) -> None:
    group = actions(parser)
    for_programs(command(group, "list", "list them, with what each is for"))
    show = command(group, "show", "print one, as it is")
    show.add_argument("recipe", type=some, metavar="RECIPE", help="as the list names it")
    install = command(group, "install", "copy all of them into a new folder, to be edited there")
    install.add_argument("folder", type=path, metavar="DIR", help="a folder that is new, or empty")
    for_programs(install)


def doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="show what is in order, too")
    parser.add_argument(
        "--socket-dir",
        type=path,
        metavar="DIR",
        help="the folder of the daemon's sockets (default: as for serve)",
    )
    for_programs(parser)


def activity(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "account", type=some, metavar="ACCOUNT", nargs="?", help="whose (default: everybody's)"
    )
    parser.add_argument(
        "--since",
        type=since,
        metavar="DAYS|DATE",
        help="only of so many days, such as 7d, or from a day on, such as 2026-11-22",
    )
    parser.add_argument("--follow", action="store_true", help="go on with what happens next")
    for_programs(parser)


def notices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trial",
        type=some,
        metavar="ACCOUNT",
        help="send one to ACCOUNT as a trial, by the same route as all",
    )
    parser.add_argument(
        "--expiring",
        action="store_true",
        help="lay down what owners of app passwords that expire soon are told, each once",
    )


def since(text: str) -> date | timedelta:
    """A number of days back from now, or a day in the server's time."""
    if days := re.fullmatch("([0-9]{1,5})d?", text):
        return timedelta(days=int(days[1]))
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(
        "must be a number of days, such as 7d, or a day, such as 2026-11-22"
    )
