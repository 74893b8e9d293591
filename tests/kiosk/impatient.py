"""The kiosk as it is, with a tenth of a second for everything: `-m tests.kiosk.impatient STORE`."""

import sys

from apppw_tui import cli
from apppw_tui.commands import kiosk
from apppw_tui.store.engine import Engine, Machine
from apppw_tui.ui import app_options, terminal

_MOMENT = 0.1  # seconds


def impatient(
    engine: Engine, machine: Machine, address: str, *, by_child: bool = False
) -> app_options.Kiosk:
    release = _admitted(engine, machine, address, by_child=by_child).on_signed_in
    return app_options.Kiosk(release, sign_in_timeout=_MOMENT)


_admitted = kiosk.admitted
kiosk.admitted = impatient
terminal._GRACE = _MOMENT
sys.exit(cli.main(["--kiosk", "--store", sys.argv[1]]))
