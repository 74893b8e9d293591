"""The arguments of `backup`, `restore` and `store`."""

import argparse

from apppw_tui.arguments.words import actions, asking, command, for_programs, path, some, whole


def backup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=some,
        metavar="FILE",
        help="a new file; a folder, in which it is named for the time; or - for standard output",
    )
    parser.add_argument(
        "--keep",
        type=whole,
        metavar="N",
        help="keep the newest N in the folder; remove older ones that this command made",
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
        "--overwrite", action="store_true", help="also accounts that have changed since"
    )
    parser.add_argument(
        "--bring-back-deleted",
        action="store_true",
        help="also app passwords that were deleted since, such as by mistake",
    )
    asking(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would come back")
    for_programs(parser)


def store(parser: argparse.ArgumentParser) -> None:
    group = actions(parser)
    copy = command(group, "copy", "copy all accounts from one store to another, which is empty")
    copy.add_argument(
        "source", type=path, metavar="FROM", help="a configuration: its store is copied"
    )
    copy.add_argument(
        "target", type=path, metavar="TO", help="a configuration: its store gets the accounts"
    )
    command(
        group,
        "follow",
        "end sessions here, and tell Dovecot who is enforced, as changed on other machines",
    )
    forget = command(group, "forget", "forget a machine that is gone for good")
    forget.add_argument("machine", type=some, metavar="MACHINE", help="its name")
    init = command(group, "init", "make the tables of a database, or what lacks of them")
    init.add_argument(
        "--dsn",
        type=some,
        metavar="DSN",
        help="as the owner of the tables; default: that of the configuration",
    )
    machines = command(group, "machines", "list the machines that share their accounts")
    migrate = command(
        group, "migrate", "bring tables to this schema; say whether accounts need another"
    )
    migrate.add_argument("--dry-run", action="store_true", help="say what would be migrated")
    migrate.add_argument(
        "--dsn",
        type=some,
        metavar="DSN",
        help="the tables alone, as their owner; default: that of the configuration",
    )
    # It is promised, and makes no difference while no account is of an older schema.
    migrate.add_argument(
        "--socket-dir", type=path, metavar="DIR", help="where the daemon's sockets are"
    )
    tidy = command(
        group,
        "tidy",
        "repair the folder enforced and the list of what was deleted",
    )
    for_programs(copy, forget, init, machines, migrate, tidy)
