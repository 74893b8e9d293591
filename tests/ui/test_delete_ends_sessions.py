"""Where deleting an app password ends the account's sessions, the question says so."""

from dataclasses import replace

import pytest
from textual.widgets import Button

from apppw_tui.portal.portal import Portal
from apppw_tui.ui.dialogs.confirm import DeleteDialog
from tests.endings import Noticed
from tests.support import House
from tests.ui.walks import ACCOUNT, house_with, opened

SAID = "All your mail sessions end; your other devices reconnect."


def ending(house: House) -> Noticed:
    noticed = Noticed()
    house.portal = Portal(replace(house.means, session_terminator=noticed))
    return noticed


@pytest.mark.slow
async def test_it_is_said_before_and_told_after_yes() -> None:
    house = house_with("Laptop", "Phone")
    noticed = ending(house)
    async with opened(house) as visit:
        await visit.to_app_passwords()
        await visit.press("d")
        assert SAID in visit.screen_text()
        await visit.press("n")
        assert noticed.ended == []
        await visit.press("space", "space", "d")
        assert SAID in visit.screen_text()
        await visit.press("y")
        assert noticed.ended == [ACCOUNT]  # both went as one change


@pytest.mark.slow
async def test_nothing_is_said_where_nobody_ends_them() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.to_app_passwords()
        await visit.press("d")
        assert visit.on(DeleteDialog)
        assert "session" not in visit.screen_text()


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
async def test_on_a_small_screen_the_answers_are_in_sight(count: int) -> None:
    house = house_with(*(f"Device {number}" for number in range(count)))
    ending(house)
    async with opened(house, size=(40, 12)) as visit:
        await visit.to_app_passwords()
        await visit.press(*["space"] * count, "d")
        assert visit.on(DeleteDialog)
        for button in visit.screen.query(Button):
            assert button.region.height == 1
            assert visit.screen.region.contains_region(button.region)
        text = " ".join(visit.screen_text().replace("│", " ").split())
        assert SAID in text
        assert "Yes No" in text
