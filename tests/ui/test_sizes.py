"""No size of a terminal, however silly, brings it down; and it comes back from each."""

import pytest

from tests.ui.test_snapshots import MAIN, STATES
from tests.ui.walks import opened

SIZES = [(1, 1), (4, 3), (12, 5), (20, 8), (63, 17), (64, 18), (300, 90)]


@pytest.mark.slow
@pytest.mark.parametrize("name", MAIN)
async def test_every_screen_survives_every_size_and_comes_back(name: str) -> None:
    state = STATES[name]
    async with opened(state.house(), may_create_first=state.first) as visit:
        await state.walk(visit)
        before = visit.screen_text()
        for size in SIZES:
            await visit.pilot.resize_terminal(*size)
            await visit.settle()
        await visit.pilot.resize_terminal(80, 24)
        await visit.settle()
        assert visit.screen_text() == before
