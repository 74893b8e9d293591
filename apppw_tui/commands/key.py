"""Another key for the store: made, and later the old one dropped."""

import argparse

from apppw_tui.bootstrap import Wired
from apppw_tui.commands.context import opened
from apppw_tui.commands.output import counted, say, say_trouble
from apppw_tui.commands.password_input import check_meant
from apppw_tui.config import Config
from apppw_tui.exit_codes import ALREADY, NO_ANSWER, OK
from apppw_tui.store import key_rotation

_NEXT = "When nothing runs with a copy of the old key any more: apppw-tui key rotate --finish"


def rotate(options: argparse.Namespace, config: Config) -> int:
    wired = opened(options, config, new_key=True)
    return _finish(wired, options) if options.finish else _begin(wired)


def _begin(wired: Wired) -> int:
    ring = wired.keyring.read()
    begun = ring is not None and len(ring.keys) > 1  # a rotation that was not finished goes on
    rotation_ = key_rotation.rotate(wired.keyring, wired.store)
    sealed = f"sealed {counted(rotation_.resealed, 'account')} anew."
    first = f"{'Went on with the' if begun else 'Made a'} new key and {sealed}"
    for name, trouble in sorted(rotation_.troubles.items()):
        say_trouble(f"{name}: {trouble}")
    if rotation_.troubles:
        say(f"{first} The others still need the old key.")
        return NO_ANSWER
    say(f"{first} {_NEXT}")
    return OK


def _finish(wired: Wired, options: argparse.Namespace) -> int:
    ring = wired.keyring.read()
    old = 0 if ring is None else len(ring.keys) - 1
    if old:
        what = f"Drop {counted(old, 'old key')} for good? Backups that need one stay sealed."
        check_meant(what, old, options)
    dropped = key_rotation.finish(wired.keyring, wired.store)
    say(f"Dropped {counted(dropped, 'old key')}." if dropped else "There was no old key.")
    return OK if dropped else ALREADY


ACTIONS = {"rotate": rotate}
