"""What Settings says about the change-over (SAFETY 17)."""

from datetime import timedelta

import pytest
from textual.widgets import Label

from apppw_tui.ui import protection
from tests.support import NOW
from tests.ui.walks import ACCOUNT, house_with, portal_app, sign_in

OPEN = "Apps sign in with app passwords; what they used before still works too."
ENFORCED = "Apps sign in with app passwords alone."


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (None, OPEN),
        (-1, ENFORCED),
        (0, ENFORCED),
        (9, "From 1 Dec on, apps sign in with app passwords alone."),
        (60, "From 21 Jan 2027 on, apps sign in with app passwords alone."),
    ],
)
async def test_settings_says_how_apps_sign_in(days: int | None, said: str) -> None:
    house = house_with()
    since = None if days is None else NOW + timedelta(days=days)
    house.alter(ACCOUNT, enforced_from=since)
    assert protection.change_over(house.now(ACCOUNT), NOW) == said
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        assert said in str(pilot.app.screen.query_one("#protection", Label).content)
