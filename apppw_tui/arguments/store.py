"""The arguments of `backup`, `restore` and `store`."""

import argparse

from apppw_tui.arguments.words import actions, asking, command, for_programs, path, some, whole


def backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=some,
        metavar="FILE",
        help="a file that is not there yet; a folder, in which it is named for the time; or - for "
        "standard output",
    )
    parser.add_argument(
        "--keep",
        type=whole,
        metavar="N",
        help="remove the oldest that this command has made in the folder, until N are left",
    )
    parser.add_argument(
        "--with-key", action="store_true", help="include the key; guard the file like the store"
    )
    for_programs(parser)


def restore(parser: argparse.ArgumentParser) -> None:
    file = parser.add_argument(
        "file",
        type=some,
        metavar="FILE",
        nargs="?",  # what --account has taken of it is given back
        help="what backup has written, as it is or packed by gzip or xz; - is standard input",
    )
    file.required = True
    parser.set_defaults(wrong=parser.error)
    parser.add_argument(
        "--account",
        action="extend",
        nargs="+",
        default=[],
        type=some,
        metavar="NAME",
        help="these accounts only",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="also where the store's account has changed since"
    )
    parser.add_argument(
        "--bring-back-deleted",
        action="store_true",
        help="also app passwords that were deleted since, as after an administrator's own mistake",
    )
    asking(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would come back")
    for_programs(parser)


def store(parser: argparse.ArgumentParser) -> None:
    group = actions(parser)
    migrate = command(
        group, "migrate", "say whether accounts have to be taken to this one's schema"
    )
    # Both are promised, and make no difference while there is nothing to migrate.
    migrate.add_argument("--dry-run", action="store_true", help="say what would be migrated")
    migrate.add_argument(
        "--socket-dir", type=path, metavar="DIR", help="where the daemon's sockets are"
    )
    tidy = command(
        group,
        "tidy",
        "make the folder enforced say what the accounts say, and list what was deleted",
    )
    for_programs(migrate, tidy)
