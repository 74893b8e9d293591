"""`complete KIND SHELL WORD BEFORE…`: the words that an argument may become.

Hidden, since only what `completion` prints calls it. WORD is as much as has been typed of the
argument, BEFORE the command line before it.
"""

import argparse
import contextlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from apppw_tui.commands.output import print_lines
from apppw_tui.exit_codes import OK

if TYPE_CHECKING:
    from apppw_tui.config import Config
    from apppw_tui.domain.ports import AccountStore
    from apppw_tui.domain.scopes import OwnService

ACCOUNTS, APP_PASSWORDS, SCOPES, SERVICES, ENDS, COMMANDS = KINDS = (
    "accounts",
    "app-passwords",
    "scopes",
    "services",
    "ends",
    "commands",
)
_ENDS = ("never", "tomorrow", "30d", "90d", "1y")
_FLAGS = frozenset({"--all", "--dry-run", "--json", "--yes"})  # which no value follows
_UNSAFE = re.compile(r"([^\w@%+=:,./-])", re.ASCII)
_Candidates = Iterable[tuple[str, str]]  # a word, and what it is


def print_candidates(arguments: Sequence[str]) -> int:
    """Prints one a line: in bash quoted as it is typed, elsewhere with a tab and what it is.

    Whatever is wrong, there is just nothing to offer: a key that completes says no sentences.
    """
    with contextlib.suppress(Exception):
        kind, shell, word, *before = arguments
        offered = [*_offered(kind, word, before)]
        if shell == "bash":
            typed = word.replace("\\", "")
            offered = [(_quoted(text), "") for text, _ in offered if text.startswith(typed)]
        if offered:
            print_lines(*("\t".join(filter(None, candidate)) for candidate in offered))
    return OK


def _offered(kind: str, word: str, before: Sequence[str]) -> _Candidates:
    if kind == ENDS:
        return ((end, "") for end in _ENDS)
    positionals, options = _parsed(before)
    if kind == COMMANDS:
        return _commands(positionals[1:])
    from apppw_tui.config import choose

    if kind in (SCOPES, SERVICES):
        own: Sequence[OwnService] = ()
        with contextlib.suppress(Exception):  # what every server knows is offered all the same
            own = choose(_path(options.get("--config"))).policy.own_services
        return _scopes(kind, word, own)
    config = choose(_path(options.get("--config")))
    from apppw_tui.domain.ports import SystemClock
    from apppw_tui.store.engine import StoreLocation, open_engine

    place = StoreLocation.of(config, _path(options.get("--store")), None)
    accounts = open_engine(place, SystemClock())[0].accounts
    if kind == ACCOUNTS:
        return ((name, "") for name in sorted(accounts.list_names()))
    return _app_passwords(accounts, config, positionals[2])


def _commands(words: Sequence[str]) -> _Candidates:
    """The commands below those that `words` name; the parser is made of these alone."""
    from apppw_tui.arguments import COMMANDS as HELPS
    from apppw_tui.arguments import parser

    if not words:
        return ((name, help_) for name, (help_, _) in HELPS.items())
    below = parser(words)
    for word in words:
        below = _subcommands(below)[word]
    return ((name, "") for name in _subcommands(below))


def _subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Those of a parser by name; argparse has no public way to ask."""
    groups = (action for action in parser._actions if isinstance(action.choices, dict))
    return next((dict(group.choices or {}) for group in groups), {})


def _scopes(kind: str, word: str, own: Iterable["OwnService"]) -> _Candidates:
    from apppw_tui.domain.scopes import SCOPES as GROUPS
    from apppw_tui.domain.scopes import SERVICES as NAMES

    names = dict.fromkeys(NAMES, "") | {service.id: service.label for service in own}
    if kind != SCOPES:
        return names.items()
    # Of a list, the last one is completed, and none is offered twice.
    head = word[: word.rfind(",") + 1]
    labels = {scope.id: scope.label for scope in GROUPS} | names
    return ((head + name, label) for name, label in labels.items() if name not in head.split(","))


def _app_passwords(accounts: "AccountStore", config: "Config", account_name: str) -> _Candidates:
    from apppw_tui.domain.names import candidates
    from apppw_tui.domain.scopes import label

    for name in candidates(account_name, config.default_domain):
        account = accounts.get(name)
        if account is not None:
            for app_password in account.app_passwords:
                yield app_password.name, f"{app_password.id}, {label(app_password.scope)}"
            return


def _parsed(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The arguments without a name, and the values of the others, after the program's own name."""
    line = [word.replace("\\", "") for word in words]
    at = max((i for i, word in enumerate(line) if Path(word).name == "apppw-tui"), default=-1)
    positionals: list[str] = []
    options: dict[str, str] = {}
    rest = iter(line[at + 1 :])
    for word in rest:
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            positionals.append(word)
        elif equals:
            options[name] = value
        elif word not in _FLAGS:
            options[name] = next(rest, "")
    return positionals, options


def _path(text: str | None) -> Path | None:
    return Path(text).expanduser() if text else None


def _quoted(text: str) -> str:
    return _UNSAFE.sub(r"\\\1", text)
