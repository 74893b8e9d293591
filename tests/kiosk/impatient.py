"""The kiosk as it is, with a tenth of a second for everything: `-m tests.kiosk.impatient STORE`."""

import sys
from pathlib import Path

from apppw_tui import cli
from apppw_tui.commands import kiosk
from apppw_tui.portal.context import PortalContext
from apppw_tui.ui import app_options, idle

_MOMENT = 0.1  # seconds


def impatient(store: Path, context: PortalContext) -> app_options.Kiosk:
    return app_options.Kiosk(_admitted(store, context).on_signed_in, sign_in_timeout=_MOMENT)


_admitted = kiosk.admitted
kiosk.admitted = impatient
idle._GRACE = _MOMENT
sys.exit(cli.main(["--kiosk", "--store", sys.argv[1]]))
