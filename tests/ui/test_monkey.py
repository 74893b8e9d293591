"""Keys pressed at random, by somebody who does not look: nothing breaks, nothing gets stuck."""

from random import Random

import pytest
from textual import events

from apppw_tui.ui.dialogs.security_code import SecurityCodeDialog
from apppw_tui.ui.screens.login import LoginScreen
from tests.support import PASSWORD
from tests.ui.walks import ACCOUNT, DemoHouse, Visit, demo_house, house_with, opened

pytestmark = pytest.mark.slow

KEYS = [
    *("enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "space", "home", "end"),
    *"abcdefghjkmnpqrstvxyzGS?:,/",
    *("f1", "f2", "ctrl+p", "ctrl+c", "ctrl+x", "ctrl+v", "backspace", "delete", "pagedown"),
]
MANY = 500
# Of seeds with that many keys one is tried in CI, and the others on request.
AT_LENGTH = [
    pytest.param(seed, MANY, marks=pytest.mark.slow if seed == 2 else pytest.mark.long)
    for seed in range(2, 6)
]


@pytest.mark.parametrize(
    ("seed", "presses"),
    [(1, 60), *AT_LENGTH],
)
async def test_keys_at_random_break_nothing(seed: int, presses: int) -> None:
    random = Random(seed)
    house = house_with("Laptop", "Phone", "Tablet")
    done = 0
    while done < presses:
        async with opened(house, size=random.choice([(80, 24), (40, 12)])) as visit:
            await visit.sign_in()
            while done < presses and visit.app.is_running:
                done += 1
                # Now and then several in one burst, as over a slow line.
                for key in random.choices(KEYS, k=random.choice([1, 1, 1, 3])):
                    visit.app.post_message(events.Key(key, key if len(key) == 1 else None))
                await visit.settle()
                visit.later(random.choice([0.1, 1.0]))
                assert visit.app.fault is None
                assert visit.app.return_code in (None, 0)  # esc twice leaves, where one signs in
    account = house.store.get(ACCOUNT)
    assert account is not None
    assert len(account.app_passwords) <= 40
    assert house.sign_in(ACCOUNT, PASSWORD)


# Digits more often than letters, or no code would ever be six of them.
DIGITS = [*KEYS, *"0123456789" * 3, "o", "r", "v", "p", "enter", "enter", "enter"]


@pytest.mark.parametrize(
    ("seed", "presses"),
    [(1, 150), *AT_LENGTH],
)
async def test_keys_at_random_break_nothing_where_codes_are_asked(seed: int, presses: int) -> None:
    random = Random(seed)
    house = demo_house()
    seen: set[type] = set()
    done = 0
    while done < presses:
        async with opened(
            house, show_demo=random.choice([True, False]), size=random.choice([(80, 24), (40, 12)])
        ) as visit:
            while done < presses and visit.app.is_running:
                done += 1
                if visit.on(LoginScreen) and random.random() < 0.2:
                    await visit.enter_password()
                keys = random.choices(DIGITS, k=random.choice([1, 1, 1, 3]))
                if visit.on(SecurityCodeDialog) and random.random() < 0.2:
                    keys = [*right_code(visit, house), *keys]
                for key in keys:
                    visit.app.post_message(events.Key(key, key if len(key) == 1 else None))
                await visit.settle()
                seen.add(type(visit.screen))
                visit.later(random.choice([0.1, 1.0, 30.0, 601.0]))
                assert visit.app.fault is None
                assert visit.app.return_code in (None, 0)
    assert len(seen) > 5
    assert house.now(ACCOUNT).has_second_factor
    assert house.portal.enrollment.numbers(house.session(ACCOUNT), house.now(ACCOUNT)) is not None


def right_code(visit: Visit, house: DemoHouse) -> str:
    """A code that may be the one that is asked for."""
    if house.now(ACCOUNT).authenticator is None or (
        house.outbox.sent and house.random.random() < 0.5
    ):
        return house.outbox.code if house.outbox.sent else "123456"
    return visit.app_code()
