"""Passwords from whoever runs the command: by standard input, or asked at the terminal."""

import argparse
import sys

from apppw_tui.domain.errors import Refused
from apppw_tui.domain.progress import clear_progress, restart_progress

_LONGEST_STDIN = 4096  # bytes; PAM passes at most 511


def new_password(options: argparse.Namespace) -> str:
    """A new account password, from where `options` say. Raises Refused with the reason."""
    return _stdin_line() if options.password_stdin else _ask_twice()


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


def _ask_twice() -> str:
    if sys.stdin is None or not sys.stdin.isatty():
        raise Refused("There is no terminal to ask for a password; use --password-stdin.")
    password, again = typed("Password: "), typed("Again: ")
    if password != again:
        raise Refused("The two passwords differ.")
    return password
