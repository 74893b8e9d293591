"""Another key for the store: made, and later the old one dropped."""

import argparse

from apppw_tui.bootstrap import Parts
from apppw_tui.commands.context import open_context
from apppw_tui.commands.output import pluralize, print_error, print_lines
from apppw_tui.commands.password_input import check_meant
from apppw_tui.config import Config
from apppw_tui.exit_codes import ALREADY, NO_ANSWER, OK
from apppw_tui.store import key_rotation

_NEXT = "When nothing runs with a copy of the old key any more: apppw-tui key rotate --finish"


def rotate(options: argparse.Namespace, config: Config) -> int:
    parts = open_context(options, config, new_key=True)
    return _finish(parts, options) if options.finish else _begin(parts)


def _begin(parts: Parts) -> int:
    ring = parts.engine.keyring.read()
    begun = ring is not None and len(ring.keys) > 1  # a rotation that was not finished goes on
    rotation_ = key_rotation.rotate(parts.engine.keyring, parts.engine.accounts)
    sealed = f"sealed {pluralize(rotation_.reencrypted, 'account')} anew."
    first = f"{'Went on with the' if begun else 'Made a'} new key and {sealed}"
    for name, trouble in sorted(rotation_.failures.items()):
        print_error(f"{name}: {trouble}")
    if rotation_.failures:
        print_lines(f"{first} The others still need the old key.")
        return NO_ANSWER
    print_lines(f"{first} {_NEXT}")
    return OK


def _finish(parts: Parts, options: argparse.Namespace) -> int:
    ring = parts.engine.keyring.read()
    old = 0 if ring is None else len(ring.keys) - 1
    if old:
        what = f"Drop {pluralize(old, 'old key')} for good? Backups that need one stay sealed."
        check_meant(what, old, options)
    dropped = key_rotation.drop_old_keys(parts.engine.keyring, parts.engine.accounts)
    print_lines(f"Dropped {pluralize(dropped, 'old key')}." if dropped else "There was no old key.")
    return OK if dropped else ALREADY
