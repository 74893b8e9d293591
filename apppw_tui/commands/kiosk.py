"""The portal as strangers meet it, at the end of an ssh connection (SAFETY 25)."""

import argparse
import os
import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from apppw_tui import config as configuration
from apppw_tui.config import Config
from apppw_tui.domain.errors import ConfigError, StoreError
from apppw_tui.integrations.forked import file_from_child
from apppw_tui.ui.app_options import Kiosk

if TYPE_CHECKING:
    from apppw_tui.domain.ssh_key import ProvenKey
    from apppw_tui.store.engine import Engine, Machine

_TERM = re.compile(r"[A-Za-z0-9._+-]{1,64}", re.ASCII)
# All else is a stranger's to choose, as far as sshd lets it through. PATH is the recipe's.
_KEPT = frozenset({"LANG", "NO_COLOR", "PATH", "SSH_CONNECTION", "TERM", "TZ"})


def check(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Ends the program where --kiosk does not go with what else was said."""
    if options.command is not None:
        parser.error("--kiosk opens the portal; it goes with no command")
    if options.demo:
        parser.error("--kiosk is for accounts that exist; leave out --demo")
    if not hasattr(options, "store") and not hasattr(options, "config"):
        parser.error("--kiosk needs --store or --config, since it takes neither from elsewhere")


def proven_key() -> "ProvenKey | None":
    """The ssh key that sshd has verified; None if it says nothing. Before the environment goes."""
    path = os.environ.get("SSH_USER_AUTH")
    if not path:
        return None
    from apppw_tui.integrations import sshd_session

    return sshd_session.proven_key(path)


def clean_environment() -> None:
    """Drops whatever the program does not need of it."""
    for name in [*os.environ]:
        if name not in _KEPT:
            del os.environ[name]
    if _TERM.fullmatch(os.environ.get("TERM", "")) is None:
        os.environ["TERM"] = "dumb"  # which no screen is drawn on


def configured(options: argparse.Namespace) -> Config:
    """Loads the file that was named; nothing is read from anywhere else.

    Raises:
        ConfigError: a key is wrong, or no store is named.
    """
    file: Path | None = getattr(options, "config", None)
    config = Config() if file is None else configuration.load(file)
    if config.store is None and not hasattr(options, "store"):
        raise ConfigError(f"{file}: store: is missing, and --kiosk takes it from nowhere else.")
    return config


def admitted(
    engine: "Engine", machine: "Machine", address: str, *, by_child: bool = False
) -> Kiosk:
    """A place at the door, for whoever comes from `address`. Raises StoreError: there is none.

    `by_child`: what it takes to look is 2 MB of memory, for which nobody at the door has any other
    use. A connection to a database that is open already must not be a child's, too.
    """
    place = file_from_child(lambda: _taken(engine, machine, address)) if by_child else None
    if place is None:
        from apppw_tui.portal.throttle import fault_for_a_stranger

        try:
            place = _taken(engine, machine, address)
        except StoreError as error:
            raise fault_for_a_stranger(error, machine.error_log) from None
    held = ExitStack()
    held.callback(os.close, place)
    return Kiosk(held.close)


def _taken(engine: "Engine", machine: "Machine", address: str) -> int:
    """The open file that is a place at the door. Raises StoreError."""
    from apppw_tui.portal.throttle import PortalThrottle

    is_known = PortalThrottle(engine.throttle, address).is_known()
    return machine.door().acquire(address, known=is_known)
