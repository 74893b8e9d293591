"""Keys pressed at random, by somebody who does not look: nothing breaks, nothing gets stuck."""

from random import Random

import pytest
from textual import events

from tests.support import PASSWORD
from tests.ui.walks import ACCOUNT, house_with, later, portal_app, settle, sign_in

KEYS = [
    *("enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "space", "home", "end"),
    *"abcdefghjkmnpqrstvxyzGS?:,/",
    *("f1", "f2", "ctrl+p", "ctrl+c", "ctrl+x", "ctrl+v", "backspace", "delete", "pagedown"),
]
MANY = 1500


@pytest.mark.parametrize(
    ("seed", "presses"),
    [(1, 150), *(pytest.param(seed, MANY, marks=pytest.mark.slow) for seed in range(2, 6))],
)
async def test_keys_at_random_break_nothing(seed: int, presses: int) -> None:
    random = Random(seed)
    house = house_with("Laptop", "Phone", "Tablet")
    app = portal_app(house)
    async with app.run_test(size=random.choice([(80, 24), (40, 12)])) as pilot:
        await sign_in(pilot)
        for _ in range(presses):
            # Now and then several in one burst, as over a slow line.
            for key in random.choices(KEYS, k=random.choice([1, 1, 1, 3])):
                app.post_message(events.Key(key, key if len(key) == 1 else None))
            await settle(pilot)
            later(pilot, random.choice([0.1, 1.0]))
            assert app.is_running
            assert app.fault is None
    account = house.store.read(ACCOUNT)
    assert account is not None
    assert len(account.app_passwords) <= 40
    assert house.portal.sign_in(ACCOUNT, PASSWORD)
