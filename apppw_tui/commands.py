"""What each command does, once its arguments are understood."""

import argparse
import contextlib
import getpass
import json
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from apppw_tui.config import Config, choose, store_folder
from apppw_tui.domain.clock import SystemClock
from apppw_tui.domain.errors import Refused, StoreUnusable
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.names import shown
from apppw_tui.domain.seam import Store
from apppw_tui.domain.secret import Secret
from apppw_tui.exits import NO_ANSWER, OK, REFUSED
from apppw_tui.portal.issuing import Issuer
from apppw_tui.portal.operator import Operator
from apppw_tui.portal.portal import Portal
from apppw_tui.store.place import open_store

_LONGEST_STDIN = 4096  # bytes; PAM passes at most 511


def dispatch(options: argparse.Namespace) -> int:
    """Runs the command in `options` and returns its exit code."""
    config = choose(getattr(options, "config", None))
    if options.command == "verify":
        return _verify(options, config)
    if options.command == "account":
        return {"add": _account_add, "list": _account_list, "remove": _account_remove}[
            options.action
        ](options, config)
    return {"create": _create, "list": _list, "delete": _delete}[options.action](options, config)


def _folder(options: argparse.Namespace, config: Config) -> Path:
    return store_folder(getattr(options, "store", None), config)


def _operator(store: Store, config: Config) -> Operator:
    issuer = Issuer(store, Hasher(), SystemClock(), config.policy)
    return Operator(store, issuer, config.default_domain)


def _account_add(options: argparse.Namespace, config: Config) -> int:
    store = open_store(_folder(options, config), create=True)
    portal = Portal(
        store, Hasher(), SystemClock(), config.policy, default_domain=config.default_domain
    )
    password = _stdin_line() if options.password_stdin else _ask_twice()
    account = portal.add_account(options.name, password)
    _print(f"Added {account.name}.")
    return OK


def _account_list(options: argparse.Namespace, config: Config) -> int:
    accounts, troubles = _operator(open_store(_folder(options, config)), config).accounts()
    if options.json:
        _print_json(
            {
                "account": account.name,
                "created": _utc(account.created),
                "enabled": account.enabled,
                "app_passwords": len(account.app_passwords),
            }
            for account in accounts
        )
    else:
        _print_table(
            ("ACCOUNT", "APP PASSWORDS", "CREATED"),
            [
                (account.name, str(len(account.app_passwords)), _day(account.created))
                for account in accounts
            ],
            "" if troubles else "No accounts yet. Add one with: apppw-tui account add NAME",
        )
    # One damaged file concerns one person: the others are listed all the same.
    for trouble in troubles:
        print(f"apppw-tui: {trouble}", file=sys.stderr)
    return NO_ANSWER if troubles else OK


def _account_remove(options: argparse.Namespace, config: Config) -> int:
    operator = _operator(open_store(_folder(options, config)), config)
    account = operator.remove_account(options.name)
    count = len(account.app_passwords)
    _print(f"Removed {account.name} with {count} app password{'' if count == 1 else 's'}.")
    return OK


def _create(options: argparse.Namespace, config: Config) -> int:
    operator = _operator(open_store(_folder(options, config)), config)
    issued = operator.create_app_password(options.account, options.name)
    try:
        if sys.stdout is None:
            raise BrokenPipeError
        print(issued.secret.reveal(), flush=True)
    except OSError:
        # Nobody will ever see it, so it must not stay.
        operator.delete_app_password(options.account, issued.app_password.id)
        raise Refused("The password could not be printed, so it was not kept.") from None
    return OK


def _list(options: argparse.Namespace, config: Config) -> int:
    account = _operator(open_store(_folder(options, config)), config).account(options.account)
    if options.json:
        _print_json(
            {
                "id": password.id,
                "name": password.name,
                "scope": list(password.scope),
                "created": _utc(password.created),
                "expires": None if password.expires is None else _utc(password.expires),
            }
            for password in account.app_passwords
        )
    else:
        _print_table(
            ("ID", "NAME", "CREATED", "EXPIRES"),
            [
                (
                    password.id,
                    shown(password.name),
                    _day(password.created),
                    "never" if password.expires is None else _day(password.expires),
                )
                for password in account.app_passwords
            ],
            f"{account.name} has no app passwords.",
        )
    return OK


def _delete(options: argparse.Namespace, config: Config) -> int:
    operator = _operator(open_store(_folder(options, config)), config)
    deleted = operator.delete_app_password(options.account, options.name_or_id)
    _print(f"Deleted {shown(deleted.name)}.")
    return OK


def _verify(options: argparse.Namespace, config: Config) -> int:
    from apppw_tui.verifier.decision import Answer, Attempt, Verifier

    store = open_store(_folder(options, config))
    verifier = Verifier(store, Hasher(), SystemClock(), config.default_domain)
    attempt = Attempt(
        options.account, Secret(_stdin_password()), options.service or None, options.rhost or None
    )
    verdict = verifier.decide(attempt)
    if verdict.answer is Answer.NOT_NOW:
        raise StoreUnusable(verdict.reason)
    if verdict.answer is not Answer.YES or verdict.app_password is None:
        return REFUSED  # silently: one answer for all refusals
    # A full disk behind stdout must not turn a yes into anything else.
    with contextlib.suppress(OSError):
        print(shown(verdict.app_password.name), flush=True)
    return OK


def _stdin() -> bytes:
    # None: whoever started the program closed it.
    return b"" if sys.stdin is None else sys.stdin.buffer.read(_LONGEST_STDIN + 1)


def _stdin_password() -> str:
    """Standard input less one trailing newline or NUL, as pam_exec and shells hand it over."""
    content = _stdin()
    if content.endswith((b"\n", b"\0")):
        content = content[:-1]
    return content.decode("utf-8", errors="replace")


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
    try:
        password = getpass.getpass("Password: ")
        again = getpass.getpass("Again: ")
    except UnicodeDecodeError:
        raise Refused("The password is not UTF-8.") from None
    except EOFError:
        raise Refused("No password was given.") from None
    if password != again:
        raise Refused("The two passwords differ.")
    return password


def _print_json(rows: Iterable[dict[str, Any]]) -> None:
    # In ASCII: no character of a name may act on the terminal or fail to be encoded.
    _print(json.dumps(list(rows), indent=2))


def _print_table(head: tuple[str, ...], rows: list[tuple[str, ...]], empty: str) -> None:
    if not rows:
        print(empty, end="\n" if empty else "", file=sys.stderr)
        return
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    _print(
        *(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in (head, *rows)
        )
    )


def _print(*lines: str) -> None:
    """Prints at once, for output that fails at exit changes the exit code into Python's own."""
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise Refused(f"It is done, but could not be printed: {reason}.") from None


def _utc(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")


def _day(instant: datetime) -> str:
    with contextlib.suppress(OverflowError):  # 9999-12-31, seen from the east, has no next day
        instant = instant.astimezone()
    return instant.strftime("%Y-%m-%d")
