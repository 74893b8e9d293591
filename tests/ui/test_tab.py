"""Tab, all the way round and back, wherever one can be."""

import pytest
from textual.widget import Widget
from textual.widgets import Button

from apppw_tui.ui.idle import IdleWarning
from apppw_tui.ui.widgets.choices import OpenList
from tests.ui.inspection import unreached
from tests.ui.tours import TOURS
from tests.ui.walks import Visit, opened

_ROUND = 40  # presses; no screen has as many places for the focus


@pytest.mark.slow
@pytest.mark.parametrize("name", TOURS)
async def test_tab_reaches_everything_and_shift_tab_goes_back(name: str) -> None:
    tour = TOURS[name]
    findings, seen = [], set()
    async with opened(tour.house(), **tour.options) as visit:
        for stop in tour.stops:
            await stop.way(visit)
            screen = visit.screen
            kind = (type(screen), tuple(_name(each) for each in screen.focus_chain))
            opens = isinstance(visit.focused, OpenList) or screen.query(IdleWarning)
            if kind in seen or opens or visit.focused is None:
                continue
            seen.add(kind)
            visit.later()  # where a secret is shown, keys count only after a while
            on, back = await round_trip(visit, "tab"), await round_trip(visit, "shift+tab")
            findings += [f"{stop.name}: {finding}" for finding in unreached(screen, on)]
            if on[:-1] != back[-2::-1]:
                findings.append(f"{stop.name}: back is another way than on")
    assert findings == []


async def round_trip(visit: Visit, key: str) -> list[Widget]:
    """What the focus comes by, until it is where it began."""
    begin, met = visit.focused, list[Widget]()
    while visit.focused is not None and len(met) < _ROUND:
        await visit.press(key)
        assert visit.focused is not None, f"{key} leads nowhere"
        met.append(visit.focused)
        if visit.focused is begin:
            return met
    raise AssertionError(f"{key} never comes back to {begin}")


def _name(widget: Widget) -> str:
    label = str(widget.label) if isinstance(widget, Button) else ""
    return f"{type(widget).__name__}#{widget.id} {label}"
