"""The arguments of `account` and `app-password`."""

import argparse

from apppw_tui.arguments.words import actions, asking, command, for_programs, path, some, whole


def account(parser: argparse.ArgumentParser) -> None:
    group = actions(parser)

    def one(name: str, help_: str) -> argparse.ArgumentParser:
        action = command(group, name, help_)
        action.add_argument("name", type=some, metavar="ACCOUNT", help="which account")
        for_programs(action)
        return action

    def several(name: str, help_: str, *, alias: str | None = None) -> argparse.ArgumentParser:
        action = command(group, name, help_, alias=alias)
        which = action.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "names", type=some, metavar="ACCOUNT", nargs="*", default=[], help="which accounts"
        )
        which.add_argument("--all", action="store_true", help="every account of the store")
        for_programs(action)
        return action

    add = command(group, "add", "add an account; asks for its password")
    add.add_argument("name", type=some, metavar="NAME", help="such as ada or ada@example.org")
    for_programs(add)
    add.add_argument(
        "--if-missing", action="store_true", help="leave an existing one as it is, with exit code 5"
    )
    listing = command(group, "list", "list the accounts", alias="ls")
    listing.add_argument(
        "--not-moved",
        action="store_true",
        help="those that enforcing would keep out: their old password was right for a service in "
        "the last 30 days, as far as that is known (a minute later), or no app password of theirs "
        "was ever used",
    )
    for_programs(listing)
    import_ = command(group, "import", "add the accounts of a Dovecot passwd-file, by their hashes")
    import_.add_argument(
        "file", type=path, metavar="FILE", help="with Argon2id hashes; - is standard input"
    )
    import_.add_argument(
        "--names",
        action="store_true",
        help="take the names alone, of any passwd-file or of `doveadm user '*'`, where Dovecot is "
        "asked for account passwords; those that are there stay as they are",
    )
    import_.add_argument(
        "--most-memory",
        type=whole,
        metavar="MIB",
        default=256,
        help="what a hash may take (default: %(default)s)",
    )
    import_.add_argument("--dry-run", action="store_true", help="say what would be added")
    for_programs(import_)
    prune = command(group, "prune", "remove accounts that Dovecot says it no longer knows")
    asking(prune)
    _may_be_tried(prune)
    for_programs(prune)
    one("show", "show what is known about an account, and no secret")
    password = one("set-password", "set another account password; active sessions end")
    asking(several("disable", "let accounts neither sign in nor open any service"))
    several("enable", "let disabled accounts sign in and open services again")
    rename = one("rename", "give an account another name; active sessions end")
    rename.add_argument("new", type=some, metavar="NEW", help="its new name")
    remove_key = one("remove-key", "remove an ssh key of an account; active sessions end")
    remove_key.add_argument(
        "key", type=some, metavar="KEY", help="its name, or its fingerprint, as `show` has them"
    )
    several("require-verification", "ask for a second factor from now on; active sessions end")
    bypass = several("bypass", "let people in once without a code, to set up a second factor")
    bypass.add_argument(
        "--minutes", type=whole, metavar="N", required=True, help="for how long, 1 to 1440"
    )
    enforce = several("enforce", "let only app passwords open the accounts' services")
    enforce.add_argument(
        "--on",
        type=some,
        metavar="DATE",
        help="from the beginning of that day on: such as 2027-01-31, tomorrow or 30d",
    )
    several("open", "let the accounts' old passwords open their services again")
    several("tidy", "remove app passwords that expired more than 30 days ago")
    several("unlock", "let everybody try again after too many wrong tries")
    for destroying in (
        several("delete-app-passwords", "delete all app passwords of accounts"),
        several("remove", "remove accounts with all their app passwords", alias="rm"),
    ):
        asking(destroying)
        _may_be_tried(destroying)
    for parser_ in (add, password):
        parser_.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )


def app_password(parser: argparse.ArgumentParser) -> None:
    group = actions(parser)
    create = command(group, "create", "create an app password; prints it and nothing else")
    ensure = command(
        group,
        "ensure",
        "create an app password unless there is one of that name, with exit code 5",
    )
    for making in (create, ensure):
        making.add_argument("account", type=some, metavar="ACCOUNT", help="whose it is to be")
        making.add_argument(
            "name", type=some, metavar="NAME", help="the device or program that will use it"
        )
        _wishes(making, " (the default)", expires="never")
    create.add_argument(
        "--profile",
        choices=["apple"],
        help="print a configuration profile with it instead, for an iPhone, iPad or Mac",
    )
    listing = command(group, "list", "list the app passwords of an account", alias="ls")
    listing.add_argument("account", type=some, metavar="ACCOUNT", help="whose to list")
    edit = command(group, "edit", "change what an app password is called, good for, and until when")
    pause = command(group, "pause", "refuse an app password from now on, until it is resumed")
    resume = command(group, "resume", "let a paused app password do what it did before")
    delete = command(
        group, "delete", "delete an app password; it stops working at once", alias="rm"
    )
    for changing in (edit, pause, resume, delete):
        changing.add_argument("account", type=some, metavar="ACCOUNT", help="whose it is")
        changing.add_argument(
            "name_or_id",
            type=some,
            metavar="NAME-OR-ID",
            help="its name, or the first three symbols",
        )
    edit.add_argument("--name", dest="new_name", type=some, metavar="NAME", help="its new name")
    _wishes(edit)
    _may_be_tried(delete)
    for_programs(create, ensure, listing, edit, pause, resume, delete)


def _wishes(parser: argparse.ArgumentParser, default: str = "", expires: str | None = None) -> None:
    """The options that say what an app password is good for; `default` stands behind the defaults.

    `expires` is the default of that one.
    """
    parser.add_argument(
        "--scope",
        type=some,
        metavar="SCOPE",
        help=f"any{default}, mail, sending, calendar, files, chat, web, or services such as imap, "
        "smtp and those of [[service]]; several with commas or blanks between them",
    )
    parser.add_argument(
        "--expires",
        type=some,
        metavar="WHEN",
        default=expires,
        help=f"never{default}, such as 90d, 2w, 1y or tomorrow, or the last day, such as "
        "2027-01-31",
    )
    parser.add_argument(
        "--networks",
        type=some,
        metavar="NETWORKS",
        help=f"any{default}, or the networks that it is good from, such as "
        "192.0.2.0/24,2001:db8::/32; where a service tells no address, it is refused",
    )


def _may_be_tried(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and keep it")
