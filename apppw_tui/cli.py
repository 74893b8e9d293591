"""Arguments in, exit codes out. Wires the rooms; imports each only when its command needs it."""

import argparse
import os
import re
import signal
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn, TypeAlias, cast

from apppw_tui import __version__
from apppw_tui.domain.errors import ApppwError, ConfigError, StoreError
from apppw_tui.exits import FAULT, INTERRUPTED, NO_ANSWER, OK, REFUSED

EXIT_CODES = """\
exit codes:
  0    done; for verify and pam: the app password is right
  1    refused: it breaks a rule, does not exist, or is wrong
  2    wrong usage
  3    the store or the configuration cannot be used now
  64   the portal needs a terminal, and there is none
  70   a fault in the program itself
  130  interrupted (129, 143: the terminal hung up, terminated)
"""
_Group: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the exit codes as they are laid out; the longest command beside its help."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=20)


def _path(text: str) -> Path:
    # Path("") would be the present folder: what a script with an unset variable never means.
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return Path(text)


def _whole(text: str) -> int:
    # int() would take 1_0 and other alphabets' digits; more than nine are not meant.
    if re.fullmatch("-?[0-9]{1,9}", text) is None:
        raise argparse.ArgumentTypeError("must be a whole number")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="apppw-tui",
        parents=[_where()],
        description="App passwords for your own server. Without a command, opens the portal.",
        epilog=EXIT_CODES,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"apppw-tui {__version__}")
    top.add_argument(
        "--demo", action="store_true", help="look around in made-up accounts; nothing is kept"
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _account(_command(commands, "account", "look after accounts and their second factors"))
    _app_password(_command(commands, "app-password", "create, list and delete app passwords"))
    _key(_command(commands, "key", "replace the key that authenticator secrets are sealed with"))
    verify = _command(
        commands, "verify", "check the app password on standard input; prints its name if right"
    )
    verify.add_argument("account", metavar="ACCOUNT", help="who signs in")
    verify.add_argument("--service", metavar="S", help="what it is to open, such as imap")
    verify.add_argument("--rhost", metavar="ADDR", help="where the attempt comes from")
    serve = _command(commands, "serve", "answer services on Unix sockets, until it is told to end")
    serve.add_argument(
        "--socket-dir",
        type=_path,
        metavar="DIR",
        help="the folder of the sockets (default: $RUNTIME_DIRECTORY, or /run/apppw-tui)",
    )
    pam = _command(commands, "pam", "ask the daemon, for pam_exec; exits with 0 for yes alone", [])
    pam.add_argument(
        "--socket",
        default="/run/apppw-tui/json",
        metavar="PATH",
        help="the daemon's json socket (default: %(default)s)",
    )
    return top


def _where() -> argparse.ArgumentParser:
    """What may stand before a command and after it."""
    where = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    where.add_argument(
        "--store", type=_path, metavar="PATH", help="the folder of the store (or APPPW_STORE)"
    )
    where.add_argument("--config", type=_path, metavar="FILE", help="the configuration file")
    where.add_argument(
        "--key-file",
        type=_path,
        metavar="FILE",
        help="the file with the store's key (default: key, in the store)",
    )
    return where


def _command(
    group: _Group, name: str, help_: str, parents: list[argparse.ArgumentParser] | None = None
) -> argparse.ArgumentParser:
    return group.add_parser(
        name,
        parents=[_where()] if parents is None else parents,
        help=help_,
        description=help_[0].upper() + help_[1:] + ".",
        allow_abbrev=False,
        formatter_class=_Formatter,
    )


def _actions(command: argparse.ArgumentParser) -> _Group:
    return command.add_subparsers(dest="action", metavar="ACTION", required=True)


def _account(account: argparse.ArgumentParser) -> None:
    actions = _actions(account)

    def action(name: str, help_: str, which: str = "which account") -> argparse.ArgumentParser:
        parser = _command(actions, name, help_)
        parser.add_argument("name", metavar="NAME", help=which)
        return parser

    add = action("add", "add an account; asks for its password", "such as ada or ada@example.org")
    listing = _command(actions, "list", "list the accounts")
    show = action("show", "show what is known about an account, and no secret")
    password = action("set-password", "set another account password; open sessions end")
    action("require-verification", "ask for a second factor from now on; open sessions end")
    bypass = action("bypass", "let a person in once without a code, to set up a second factor")
    bypass.add_argument(
        "--minutes", type=_whole, metavar="N", required=True, help="for how long, 1 to 1440"
    )
    enforce = action("enforce", "let only app passwords open the account's services")
    enforce.add_argument("--on", metavar="DATE", help="from the beginning of that day on")
    action("open", "let what opened the account's services before do so again")
    action("tidy", "remove app passwords that expired more than 30 days ago")
    action("unlock", "let everybody try again after too many wrong tries")
    action("remove", "remove an account with all its app passwords")
    for one in (add, password):
        one.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )
    for one in (listing, show):
        one.add_argument("--json", action="store_true", help="for programs")


def _app_password(password: argparse.ArgumentParser) -> None:
    actions = _actions(password)
    create = _command(actions, "create", "create an app password; prints it, and nothing else")
    create.add_argument("account", metavar="ACCOUNT", help="whose it is to be")
    create.add_argument("name", metavar="NAME", help="the device or program that will use it")
    create.add_argument(
        "--scope",
        metavar="WORDS",
        default="any",
        help="any, mail, sending, calendar, files, chat, web, or services such as imap,smtp",
    )
    create.add_argument(
        "--expires",
        metavar="WHEN",
        default="never",
        help="never, a number of days, or the last day, such as 2027-01-31",
    )
    listing = _command(actions, "list", "list the app passwords of an account")
    listing.add_argument("account", metavar="ACCOUNT", help="whose to list")
    listing.add_argument("--json", action="store_true", help="for programs")
    delete = _command(actions, "delete", "delete an app password; it stops working at once")
    delete.add_argument("account", metavar="ACCOUNT", help="whose it is")
    delete.add_argument(
        "name_or_id", metavar="NAME-OR-ID", help="its name, or the first three symbols"
    )


def _key(key: argparse.ArgumentParser) -> None:
    rotate = _command(_actions(key), "rotate", "make a new key and seal everything anew with it")
    rotate.add_argument(
        "--finish", action="store_true", help="drop the old keys, once nothing needs them"
    )


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit code; says what went wrong in one sentence."""
    top = parser()
    options = top.parse_args(arguments)
    try:
        return _act(options, top)
    except (StoreError, ConfigError) as error:
        return _say(error, NO_ANSWER)
    except ApppwError as error:
        return _say(error, REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return OK  # whoever read the output has left, as `head` does
    except Exception as error:  # noqa: BLE001 - a traceback is for nobody, and could hold a secret
        return _say(_fault(error), FAULT)


def _act(options: argparse.Namespace, top: argparse.ArgumentParser) -> int:
    if options.command is None:
        if options.demo and hasattr(options, "key_file"):
            top.error("--demo has a store of its own; leave out --key-file")
        from apppw_tui.launch import portal

        return portal(options, top)
    if options.demo:
        top.error("--demo opens the portal; it goes with no command")
    from apppw_tui.commands import dispatch

    return dispatch(options)


def run() -> NoReturn:
    """The console script."""
    # Whoever ignored it would hide how every program ended that is run from here.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if sys.stdout is not None:
        # Where a terminal cannot show a letter, its number is better than no answer.
        cast(TextIOWrapper, sys.stdout).reconfigure(errors="backslashreplace")
    code = main()
    for stream in (sys.stdout, sys.stderr):  # Textual writes to the second
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            # Said already, or of no concern; the interpreter must not stumble over it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)


def _say(message: object, code: int) -> int:
    print(f"apppw-tui: {message}", file=sys.stderr)
    return code


def _fault(error: Exception) -> str:
    try:
        if isinstance(error, ImportError):
            raise error
        from apppw_tui.fault import describe
    except ImportError as missing:
        # Root has become the store's owner, who cannot read what root installed for itself alone.
        where = "where the owner of the store can read it"
        return f"its part {missing.name} cannot be loaded; install it {where}."
    return describe(error)
