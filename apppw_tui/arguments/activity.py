"""The arguments of `activity` and `notices`: what happened, and who is told of it."""

import argparse
import re
from datetime import date, timedelta

from apppw_tui.arguments.words import for_programs, some


def activity(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "account", type=some, metavar="ACCOUNT", nargs="?", help="whose (default: everybody's)"
    )
    parser.add_argument(
        "--since",
        type=since,
        metavar="DAYS|DATE",
        help="only of so many days, or from a day on, such as 2026-11-22",
    )
    parser.add_argument("--follow", action="store_true", help="go on with what happens from now on")
    for_programs(parser)


def notices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trial",
        type=some,
        metavar="ACCOUNT",
        help="lay one down for ACCOUNT, and see it sent as they all are",
    )


def since(text: str) -> date | timedelta:
    """A number of days back from now, or a day in the server's time."""
    if re.fullmatch("[0-9]{1,5}", text):
        return timedelta(days=int(text))
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError("must be a number of days, or a day such as 2026-11-22")
