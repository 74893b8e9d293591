"""Where deleting an app password ends the account's sessions, the question says so."""

from dataclasses import replace

import pytest
from textual.widgets import Button

from apppw_tui.portal.portal import Portal
from apppw_tui.ui.dialogs.confirm import DeleteDialog
from tests.endings import Noticed
from tests.support import House
from tests.ui.walks import ACCOUNT, house_with, on, portal_app, press, screen_text, to_app_passwords

SAID = "All your mail sessions end; your other devices reconnect."


def ending(house: House) -> Noticed:
    noticed = Noticed()
    house.portal = Portal(replace(house.means, session_terminator=noticed))
    return noticed


@pytest.mark.slow
async def test_it_is_said_before_and_told_after_yes() -> None:
    house = house_with("Laptop", "Phone")
    noticed = ending(house)
    app = portal_app(house)
    async with app.run_test(size=(80, 24)) as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "d")
        assert SAID in screen_text(pilot)
        await press(pilot, "n")
        assert noticed.ended == []
        await press(pilot, "space", "space", "d")
        assert SAID in screen_text(pilot)
        await press(pilot, "y")
        assert noticed.ended == [ACCOUNT, ACCOUNT]


async def test_nothing_is_said_where_nobody_ends_them() -> None:
    app = portal_app(house_with("Laptop"))
    async with app.run_test(size=(80, 24)) as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "d")
        assert on(app, DeleteDialog)
        assert "session" not in screen_text(pilot)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
async def test_on_a_small_screen_the_answers_are_in_sight(count: int) -> None:
    house = house_with(*(f"Device {number}" for number in range(count)))
    ending(house)
    app = portal_app(house)
    async with app.run_test(size=(40, 12)) as pilot:
        await to_app_passwords(pilot)
        await press(pilot, *["space"] * count, "d")
        assert on(app, DeleteDialog)
        for button in app.screen.query(Button):
            assert button.region.height == 1
            assert app.screen.region.contains_region(button.region)
        text = " ".join(screen_text(pilot).replace("│", " ").split())
        assert SAID in text
        assert "Yes No" in text
