"""Opens the rooms that a command acts in, and says who acts."""

import argparse
import os
import pwd
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apppw_tui.bootstrap import Parts, build
from apppw_tui.commands.output import print_error
from apppw_tui.config import Config, present
from apppw_tui.domain.ports import NOT_CONFIRMED, SystemClock
from apppw_tui.portal.admin import Admin
from apppw_tui.store.engine import Engine, StoreLocation, open_engine

LOGIN_UID = Path("/proc/self/loginuid")
_NOBODY_LOGGED_IN = 2**32 - 1
_UID = re.compile("[0-9]{1,10}")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}\$?", re.ASCII)


def store_location(options: argparse.Namespace, config: Config) -> StoreLocation:
    """The places that `options` and `config` name."""
    store, key_file = getattr(options, "store", None), getattr(options, "key_file", None)
    return StoreLocation.of(config, store, key_file)


def open_context(
    options: argparse.Namespace, config: Config, *, create: bool = False, new_key: bool = False
) -> Parts:
    """The rooms over the store that `options` and `config` name; `new_key` says that one may come.

    Raises:
        StoreError: it cannot be opened.
    """
    place = store_location(options, config)
    parts = build(place, config, SystemClock(), create=create, new_key=new_key)
    parts.engine.complete()
    warn_of_unconfirmed(parts.engine)
    return parts


def warn_of_unconfirmed(engine: Engine) -> None:
    """Has it said once, however many accounts a command changes, that no standby confirms it."""
    sentences = [f"It is done; {NOT_CONFIRMED}"]

    def warn() -> None:
        while sentences:
            print_error(sentences.pop())

    engine.confirmation.when_missing = warn


@contextmanager
def tried(options: argparse.Namespace, config: Config) -> Iterator[Path | None]:
    """For a trial: where a store would be made, if there is none; meanwhile an empty one stands in.

    Raises:
        StoreError: nobody can tell whether there is one.
    """
    folder = store_location(options, config).folder
    if present(folder):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="apppw-tui-") as name:
        options.store = Path(name)
        open_engine(StoreLocation.of(config, options.store, None), SystemClock(), create=True)
        yield folder


def open_admin(options: argparse.Namespace, config: Config) -> Admin:
    """The administrator who acts on other people's accounts in that store. Raises StoreError."""
    by = actor()  # before root becomes the store's owner
    return Admin(open_context(options, config).context, by, print_error)


def actor() -> str:
    """The person at the shell, for the record, and never for a right.

    sudo(8) names whoever called it in SUDO_UID and SUDO_USER, which root alone is believed. The
    kernel keeps who logged in through su, sudo and all else: loginuid, of proc(5) and pam_loginuid.
    """
    uid, caller = os.getuid(), os.environ.get("SUDO_UID", "")
    parts = [f"uid {uid}"]
    if uid == 0 and _UID.fullmatch(caller):
        user = os.environ.get("SUDO_USER", "")
        sudo = f"by sudo from {user}" if _USER.fullmatch(user) else "by sudo"
        parts = [f"uid {caller}", sudo]
    login = _logged_in()
    if login is not None:
        parts.append(f"logged in as {login}")
    return f"operator ({', '.join(parts)})"


def _logged_in() -> str | None:
    """The name of whoever logged in, or their number; None of what no login began, as a service."""
    try:
        text = LOGIN_UID.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
    if _UID.fullmatch(text) is None or int(text) == _NOBODY_LOGGED_IN:
        return None
    try:
        name = pwd.getpwuid(int(text)).pw_name
    except (KeyError, OverflowError):
        name = ""
    return name if _USER.fullmatch(name) else f"uid {text}"
