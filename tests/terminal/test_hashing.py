"""While a hash is computed the screen lives: keys wait, the button says so, nothing runs twice."""

import threading
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from textual.widgets import Button, Input

from apppw_tui.domain.hashing import (
    CHEAP_PROFILE,
    AccountPasswordHasher,
    Comparison,
    MemoryProfiles,
)
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.portal import Portal
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.dialogs.details import HelpDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from tests.support import PASSWORD
from tests.ui.walks import ACCOUNT, Visit, house_with, opened, portal_app

_PATIENCE = 60.0  # seconds; only a test that fails ever waits as long


class SlowHashes(AccountPasswordHasher):
    """Computes nothing until it is allowed to."""

    def __init__(self) -> None:
        super().__init__(CHEAP_PROFILE, nullcontext, MemoryProfiles())
        self.asked = 0
        self.allowed = threading.Event()

    def compare(self, stored: str | None, secret: Secret) -> Comparison:
        self.asked += 1
        self.allowed.wait(_PATIENCE)
        return super().compare(stored, secret)


@pytest.fixture
def hashes() -> Iterator[SlowHashes]:
    hashes = SlowHashes()
    yield hashes
    hashes.allowed.set()


def slow_app(hashes: SlowHashes) -> PortalApp:
    house = house_with()
    house.hasher.account = hashes
    house.portal = Portal(house.means)
    return portal_app(house)


async def begin(visit: Visit) -> Button:
    """Presses Enter with the right password; the button, once it says what goes on."""
    await visit.type_into("#account", ACCOUNT)
    await visit.type_into("#password", PASSWORD)
    await visit.pilot.press("enter")
    button = visit.screen.query_one("#enter", Button)
    for _ in range(500):
        if str(button.label) == "Checking…":
            return button
        await visit.pilot.pause(0.01)
    raise AssertionError(f"it reads {button.label}")


async def test_what_is_typed_while_a_hash_runs_waits_for_what_comes(hashes: SlowHashes) -> None:
    app = slow_app(hashes)
    async with opened(app) as visit:
        await begin(visit)
        await visit.pilot.press("f1")
        assert isinstance(visit.screen, LoginScreen)
        assert hashes.asked == 1
        hashes.allowed.set()
        await visit.settle()
        assert isinstance(app.screen_stack[-2], AppPasswordsScreen)
        assert isinstance(app.screen, HelpDialog)


async def test_a_second_enter_starts_no_second_hash(hashes: SlowHashes) -> None:
    app = slow_app(hashes)
    async with opened(app) as visit:
        button = await begin(visit)
        await visit.pilot.press("enter", "enter")
        button.focus()
        await visit.pilot.press("enter")
        assert str(button.label) == "Checking…"
        assert hashes.asked == 1
        hashes.allowed.set()
        await visit.settle()
        assert hashes.asked == 1
        assert isinstance(app.screen, AppPasswordsScreen)


async def test_the_button_says_that_one_is_let_in_once_it_is_known(hashes: SlowHashes) -> None:
    app = slow_app(hashes)
    async with opened(app) as visit:
        button = await begin(visit)
        app.screen.query_one("#password", Input).value = "another, meanwhile"
        hashes.allowed.set()
        await visit.settle()
        assert isinstance(app.screen, AppPasswordsScreen)  # what was typed when Enter was pressed
        assert str(button.label) == "Signing in…"


async def test_a_program_that_is_left_meanwhile_ends(hashes: SlowHashes) -> None:
    app = slow_app(hashes)
    async with opened(app) as visit:
        await begin(visit)
        await visit.pilot.press("ctrl+q")
        hashes.allowed.set()
    assert app.return_code == 0
