"""Recent activity: found, walked through and opened without a mouse."""

import pytest

from apppw_tui.domain.activity import ActivityEntry, EventType
from apppw_tui.store.memory import MemoryActivityLog
from apppw_tui.ui.dialogs.details import DetailsDialog
from apppw_tui.ui.screens.settings import SettingsScreen
from apppw_tui.ui.widgets.lists import ActivityList
from tests.ui.states_of_activity import busy, to_activity, watched
from tests.ui.walks import ACCOUNT, on, portal_app, press, screen_text, settle, sign_in


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_it_is_opened_walked_and_left_by_keys(size: tuple[int, int]) -> None:
    app = portal_app(busy())
    async with app.run_test(size=size) as pilot:
        await to_activity(pilot)
        activity = app.screen.query_one(ActivityList)
        assert activity.has_focus
        assert activity.option_count == 100
        assert "App password created: Laptop" in screen_text(pilot)
        await press(pilot, "G")
        assert activity.highlighted == 99
        await press(pilot, "g", "down", "down", "down", "down", "enter")
        assert on(app, DetailsDialog)
        for words in ("calendar", "22 Nov 2026 09:00", "the server", "2001:db8:1234"):
            assert words in screen_text(pilot)
        await press(pilot, "enter")
        assert on(app, SettingsScreen)
        assert activity.has_focus
        await pilot.resize_terminal(100, 30)
        await settle(pilot)
        assert activity.highlighted == 4
        await press(pilot, "escape")
        assert not activity.has_focus


async def test_nothing_in_it_acts_on_the_terminal() -> None:
    app = portal_app(busy())
    async with app.run_test() as pilot:
        await to_activity(pilot)
        assert "[bold]x[/]" in screen_text(pilot)
        assert r"\x1b[31m" in screen_text(pilot)


async def test_what_happens_meanwhile_is_there_at_the_next_look() -> None:
    house = watched()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to_activity(pilot)
        assert "Nothing yet." in screen_text(pilot)
        await press(pilot, "enter")
        assert on(app, SettingsScreen)
        book = house.means.activity_log
        assert isinstance(book, MemoryActivityLog)
        entry = ActivityEntry(
            house.clock.now(), EventType.WRONG_PASSWORD, ACCOUNT, {"address": "198.51.100.9"}
        )
        book.add(house.now(ACCOUNT).uid, entry)
        await press(pilot, "escape", "down", "up")
        assert "Wrong password" in screen_text(pilot)
        assert "198.51.100.9" in screen_text(pilot)


async def test_another_session_that_is_over_leaves_for_login() -> None:
    house = busy()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        house.store.remove(ACCOUNT)
        await press(pilot, "down", "down")
        assert not on(app, SettingsScreen)
