"""Recent activity: found, walked through and opened without a mouse."""

import pytest

from apppw_tui.domain.activity import ActivityEntry, EventType
from apppw_tui.store.memory_history import MemoryActivityLog
from apppw_tui.ui.dialogs.details import DetailsDialog
from apppw_tui.ui.screens.settings import SettingsScreen
from apppw_tui.ui.widgets.lists import ActivityList
from tests.ui.states_of_activity import busy, to_activity, watched
from tests.ui.walks import ACCOUNT, opened


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_it_is_opened_walked_and_left_by_keys(size: tuple[int, int]) -> None:
    async with opened(busy(), size=size) as visit:
        await to_activity(visit)
        activity = visit.screen.query_one(ActivityList)
        assert activity.has_focus
        assert activity.option_count == 100
        assert "App password created: Laptop" in visit.screen_text()
        await visit.press("G")
        assert activity.highlighted == 99
        await visit.press("g", "down", "down", "down", "down", "enter")
        assert visit.on(DetailsDialog)
        for words in ("calendar", "22 Nov 2026 09:00", "the server", "2001:db8:1234"):
            assert words in visit.screen_text()
        await visit.press("enter")
        assert visit.on(SettingsScreen)
        assert activity.has_focus
        await visit.pilot.resize_terminal(100, 30)
        await visit.settle()
        assert activity.highlighted == 4
        await visit.press("escape")
        assert not activity.has_focus


async def test_nothing_in_it_acts_on_the_terminal() -> None:
    async with opened(busy(), size=(80, 40)) as visit:
        await to_activity(visit)
        assert "[bold]x[/]" in visit.screen_text()
        assert r"\x1b[31m" in visit.screen_text()


@pytest.mark.slow
async def test_what_happens_meanwhile_is_there_at_the_next_look() -> None:
    house = watched()
    async with opened(house) as visit:
        await to_activity(visit)
        assert "Nothing yet." in visit.screen_text()
        await visit.press("enter")
        assert visit.on(SettingsScreen)
        book = house.means.activity_log
        assert isinstance(book, MemoryActivityLog)
        entry = ActivityEntry(
            house.clock.now(), EventType.WRONG_PASSWORD, ACCOUNT, {"address": "198.51.100.9"}
        )
        book.add(house.now(ACCOUNT).uid, entry)
        await visit.press("escape", "down", "up")
        assert "Wrong password" in visit.screen_text()
        assert "198.51.100.9" in visit.screen_text()


@pytest.mark.slow
async def test_another_session_that_is_over_leaves_for_login() -> None:
    house = busy()
    async with opened(house) as visit:
        await visit.to_settings()
        house.store.remove(ACCOUNT)
        await visit.press("down", "down")
        assert not visit.on(SettingsScreen)
