"""Opens the rooms that a command acts in, and says who acts."""

import argparse
import contextlib
import os
import re

from apppw_tui.config import Config
from apppw_tui.domain.clock import SystemClock
from apppw_tui.domain.errors import StoreError
from apppw_tui.portal.operator import Operator
from apppw_tui.wiring import Place, Wired, wire

_UID = re.compile("[0-9]{1,10}")


def opened(options: argparse.Namespace, config: Config, *, create: bool = False) -> Wired:
    """The rooms over the store that `options` and `config` name. Raises StoreError."""
    named, key_file = getattr(options, "store", None), getattr(options, "key_file", None)
    wired = wire(Place.of(config, named, key_file), config, SystemClock(), create=create)
    # A store of before has none. Who may only look is not kept from looking; the doctor tells.
    with contextlib.suppress(StoreError):
        wired.store.enforcements.make()
    return wired


def operator(options: argparse.Namespace, config: Config) -> Operator:
    """Whoever acts on other people's accounts in that store. Raises StoreError."""
    by = acting()  # before root becomes the store's owner
    return Operator(opened(options, config).means, by)


def acting() -> str:
    """Who this is, for the record. sudo(8): SUDO_UID is the number of whoever called it."""
    uid, caller = os.getuid(), os.environ.get("SUDO_UID", "")
    if uid == 0 and _UID.fullmatch(caller):
        return f"operator (uid {caller}, by sudo)"
    return f"operator (uid {uid})"
