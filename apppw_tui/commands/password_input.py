"""Passwords from whoever runs the command: by standard input, or asked at the terminal."""

import argparse
import sys

from apppw_tui.commands.output import print_error
from apppw_tui.domain.errors import Refused, WeakPassword
from apppw_tui.domain.progress import clear_progress, restart_progress
from apppw_tui.domain.secret import Secret

_LONGEST_STDIN = 4096  # bytes; PAM passes at most 511
_TRIES = 3


class PasswordsDiffer(Refused):
    """The second time another password was typed."""


def new_password(options: argparse.Namespace, account_name: str) -> str:
    """A new account password, from where `options` say.

    Raises:
        Refused: with the reason; at a terminal only after three tries.
    """
    return _stdin_line() if options.password_stdin else _ask_patiently(account_name)


def stdin_password() -> str:
    """Standard input less one trailing newline or NUL, as pam_exec and shells hand it over."""
    content = _stdin()
    if content.endswith((b"\n", b"\0")):
        content = content[:-1]
    return content.decode("utf-8", errors="replace")


def typed(prompt: str) -> str:
    """One line from the terminal, without echo. Raises Refused."""
    import getpass

    try:
        return getpass.getpass(prompt)
    except UnicodeDecodeError:
        _end_line()
        raise Refused("The password is not UTF-8.") from None
    except EOFError:
        _end_line()
        raise Refused("No password was given.") from None
    except KeyboardInterrupt:
        _end_line()
        raise


def check_meant(question: str, number: int, options: argparse.Namespace) -> None:
    """For what destroys many things: asks for their number at a terminal, elsewhere for --yes.

    Raises:
        Refused: it was not meant; nothing was done.
    """
    if options.yes:
        return
    if not at_terminal(options):
        raise Refused(f"{question} There is no terminal to ask at; use --yes. Nothing was done.")
    clear_progress()
    print(f"{question} Type {number} to go on: ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    restart_progress()
    if not answer.endswith("\n"):
        _end_line()
    if answer.strip() != str(number):
        raise Refused("It was not confirmed; nothing was done.")


def _end_line() -> None:
    """Leaves the line of a question that nobody has ended by Enter."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(file=sys.stderr, flush=True)


def at_terminal(options: argparse.Namespace) -> bool:
    """True if there is somebody to ask; through --json, standard output is a program's."""
    return sys.stdin is not None and sys.stdin.isatty() and not getattr(options, "json", False)


def _stdin() -> bytes:
    # None: whoever started the program closed it.
    return b"" if sys.stdin is None else sys.stdin.buffer.read(_LONGEST_STDIN + 1)


def _stdin_line() -> str:
    content = _stdin()
    try:
        text = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Refused("The password on standard input is not UTF-8.") from None
    if not text or not text.isprintable():
        raise Refused("There is no password, in one line, on standard input.")
    return text


def _ask_patiently(account_name: str) -> str:
    """Asks anew where a password will not do: elsewhere a shell gets what is typed next."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise Refused("There is no terminal to ask for a password; use --password-stdin.")
    for _ in range(_TRIES - 1):
        try:
            return _ask_twice(account_name)
        except (WeakPassword, PasswordsDiffer) as error:
            print_error(error)
    return _ask_twice(account_name)


def _ask_twice(account_name: str) -> str:
    from apppw_tui.domain.account_password import require_good

    password = typed("Password: ")
    require_good(Secret(password).normalized(), account_name)
    if typed("Again: ") != password:
        raise PasswordsDiffer("The two passwords differ.")
    return password
