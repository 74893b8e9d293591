"""In a narrow window no button of a dialog is cut, or pushed out of sight by those before it."""

import pytest
from textual.screen import ModalScreen
from textual.widgets import Button

from tests.ui.tours import TOURS
from tests.ui.walks import opened

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["bypass", "set-up", "sign-in"])
async def test_every_button_is_as_wide_as_its_label_at_40_columns(name: str) -> None:
    tour = TOURS[name]
    async with opened(tour.house(), size=(40, 12), **tour.options) as visit:
        seen = set()
        for stop in tour.stops:
            await stop.way(visit)
            await visit.settle()
            if not isinstance(visit.screen, ModalScreen):
                continue
            for button in filter(lambda each: each.display, visit.screen.query(Button)):
                place = visit.screen.find_widget(button)
                shown = place.region.intersection(place.clip)
                assert shown.width == place.region.width, (stop.name, button.id)
                assert place.region.width >= len(str(button.label)), (stop.name, button.id)
                seen.add(button.id)
        assert "cancel" in seen
