"""No size of a terminal, however silly, brings it down; and it comes back from each."""

import pytest

from tests.ui.test_snapshots import MAIN, STATES
from tests.ui.walks import portal_app, screen_text, settle

SIZES = [(1, 1), (4, 3), (12, 5), (20, 8), (63, 17), (64, 18), (300, 90)]


@pytest.mark.slow
@pytest.mark.parametrize("name", MAIN)
async def test_every_screen_survives_every_size_and_comes_back(name: str) -> None:
    state = STATES[name]
    app = portal_app(state.house(), may_create_first=state.first)
    async with app.run_test(size=(80, 24)) as pilot:
        await state.walk(pilot)
        before = screen_text(pilot)
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await settle(pilot)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert screen_text(pilot) == before
