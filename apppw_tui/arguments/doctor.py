"""The arguments of `doctor`."""

import argparse

from apppw_tui.arguments.words import for_programs, path


def doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="say what is in order, too")
    parser.add_argument(
        "--socket-dir",
        type=path,
        metavar="DIR",
        help="the folder of the daemon's sockets (default: as for serve)",
    )
    for_programs(parser)
