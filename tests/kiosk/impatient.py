"""The kiosk as it is, with a tenth of a second for everything: `-m tests.kiosk.impatient STORE`."""

import sys
from pathlib import Path

from apppw_tui import cli, kiosk
from apppw_tui.portal.means import Means
from apppw_tui.ui import presence, surroundings

_MOMENT = 0.1  # seconds


def impatient(store: Path, means: Means) -> surroundings.Kiosk:
    return surroundings.Kiosk(_admitted(store, means).let_in, patience=_MOMENT)


_admitted = kiosk.admitted
kiosk.admitted = impatient
presence._GRACE = _MOMENT
sys.exit(cli.main(["--kiosk", "--store", sys.argv[1]]))
