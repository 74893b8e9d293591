"""The first screen of an empty store, and the demonstration that it offers."""

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.app_options import AppOptions
from apppw_tui.ui.screens.base import PortalScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.set_up import SetUpScreen
from apppw_tui.ui.screens.welcome import WelcomeScreen
from tests.support import House
from tests.ui.walks import (
    ACCOUNT,
    create_first,
    demo_house,
    on,
    portal_app,
    press,
    screen_text,
    settle,
)

PLACE = "~/.local/share/apppw-tui"


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def app(house: House) -> PortalApp:
    made = demo_house()
    around = AppOptions("mail.example.org", demo=made.demonstration)
    return portal_app(
        house,
        may_create_first=True,
        place=PLACE,
        demonstration=lambda: (around, made.portal),
    )


def chosen(app: PortalApp) -> str:
    assert isinstance(app.focused, Button)
    return str(app.focused.label)


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_it_says_where_there_are_no_accounts_and_what_can_be_done(
    app: PortalApp, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        assert on(app, WelcomeScreen)
        text = " ".join(screen_text(pilot).split())
        assert f"There are no accounts in {PLACE} yet." in text
        assert chosen(app) == "Create the first account"
        await press(pilot, "down")
        assert chosen(app) == "Look around in a demonstration"


async def test_two_more_keys_are_in_the_demonstration(app: PortalApp, house: House) -> None:
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "tab", "enter")
        assert on(app, LoginScreen)
        assert "A demonstration; nothing is kept." in screen_text(pilot)
        await press(pilot, "enter")
        await press(pilot, "enter")
        assert isinstance(app.screen, PortalScreen)
        assert not isinstance(app.screen, SetUpScreen)
    assert house.store.list_names() == []


async def test_the_first_account_is_created_and_signed_in(app: PortalApp, house: House) -> None:
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        await create_first(pilot)
        assert isinstance(app.screen, PortalScreen)
    assert house.store.list_names() == [ACCOUNT]


async def test_esc_leads_back_from_either_and_the_store_is_the_one_before(
    app: PortalApp, house: House
) -> None:
    async with app.run_test() as pilot:
        await settle(pilot)
        for choice in (["enter"], ["down", "enter"], ["enter"]):
            await press(pilot, *choice)
            assert on(app, LoginScreen)
            await press(pilot, "escape")
            assert on(app, WelcomeScreen)
            assert app.portal is house.portal
        await press(pilot, "escape")
        assert "Press esc again to leave." in screen_text(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert not app.is_running


async def test_without_a_demonstration_the_first_account_is_asked_for_at_once() -> None:
    app = portal_app(House(), may_create_first=True)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "Create the first account" in screen_text(pilot)
        assert on(app, LoginScreen)


async def test_keys_typed_ahead_arrive(app: PortalApp) -> None:
    async with app.run_test() as pilot:
        await settle(pilot)
        await typed(pilot, "enter", *"ada", "tab", "x")
        assert app.screen.query_one("#account", Input).value == "ada"
        assert app.screen.query_one("#new", Input).value == "x"


async def typed(pilot: Pilot[None], *keys: str) -> None:
    """In one burst."""
    await pilot.press(*keys)
    await settle(pilot)
