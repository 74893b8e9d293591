"""Every screen and dialog, walked: nothing hidden from the keys, nothing untold, nothing cut."""

import pytest
from textual.screen import Screen

from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.dialogs.one_time_secret import OneTimeSecretDialog
from apppw_tui.ui.dialogs.security_code import UntypedDialog
from apppw_tui.ui.screens.base import LeavingScreen, PortalScreen
from tests.ui.inspection import (
    cut_words,
    faint_focus,
    keyless_actions,
    own_classes,
    unreached,
    untold_keys,
)
from tests.ui.tours import TOURS
from tests.ui.walks import Visit, opened

# Nobody sees one of these alone.
BASES = (PortalScreen, LeavingScreen, Dialog, OneTimeSecretDialog, UntypedDialog)
EVERYDAY = ("welcome", "empty list", "rules")


def marked(name: str) -> object:
    """The rest is walked where there is time."""
    return name if name in EVERYDAY else pytest.param(name, marks=pytest.mark.slow)


def test_every_screen_and_every_dialog_has_a_stop() -> None:
    screens = {kind for kind in own_classes() if issubclass(kind, Screen)} - {*BASES}
    assert len(screens) > 20
    assert screens == {stop.kind for tour in TOURS.values() for stop in tour.stops}


def test_every_action_has_a_key() -> None:
    assert keyless_actions(own_classes()) == []


@pytest.mark.parametrize("name", map(marked, TOURS))
async def test_what_is_seen_on_a_tour_is_whole_reached_and_told(name: str) -> None:
    """Tab goes along the chain of focus: that is looked at here, and walked in test_tab.py."""
    tour = TOURS[name]
    findings = []
    async with opened(tour.house(), **tour.options) as visit:
        for stop in tour.stops:
            await stop.way(visit)
            assert type(visit.screen) is stop.kind, stop.name
            findings += [f"{stop.name}: {finding}" for finding in inspected(visit)]
    assert findings == []


def inspected(visit: Visit) -> list[str]:
    screen = visit.screen
    return [
        *cut_words(screen),
        *unreached(screen, screen.focus_chain),
        *faint_focus(screen),
        *untold_keys(visit),
    ]
