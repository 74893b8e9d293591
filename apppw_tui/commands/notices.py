"""Sends what the daemon has to tell people: it sends nothing itself."""

import argparse
import contextlib

from apppw_tui.commands.opening import opened
from apppw_tui.config import Config
from apppw_tui.domain.errors import Refused, StoreDamaged
from apppw_tui.exits import OK
from apppw_tui.wiring import Place, way


def send(options: argparse.Namespace, config: Config) -> int:
    """Sends all that waits. Raises StoreError, and Refused if nothing says how."""
    from apppw_tui.store.outbox import FolderOutbox

    wired = opened(options, config)
    means = wired.means
    told = way(config, means)
    if told is None:
        raise Refused("Nothing says how people are told: set [notices] in the configuration.")
    place = Place.of(config, getattr(options, "store", None), getattr(options, "key_file", None))
    outbox = FolderOutbox(place.folder)
    more = True
    while more:  # for some may be laid while one is sent
        more = False
        for name, uid, entry in outbox.taken():
            more = True
            with contextlib.suppress(StoreDamaged):  # `doctor` names it
                account = means.store.read(name)
                if account is not None and account.uid == uid:
                    told.send(account, entry)
    return OK
