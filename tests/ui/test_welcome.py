"""The first screen of an empty store, and the demonstration that it offers."""

import pytest
from textual.widgets import Button, Input

from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.app_options import AppOptions
from apppw_tui.ui.screens.base import PortalScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.set_up import SetUpScreen
from apppw_tui.ui.screens.welcome import WelcomeScreen
from tests.support import House
from tests.ui.walks import ACCOUNT, Visit, demo_house, opened, portal_app

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
    async with opened(app, size=size) as visit:
        await visit.settle()
        assert visit.on(WelcomeScreen)
        text = " ".join(visit.screen_text().split())
        assert f"There are no accounts in {PLACE} yet." in text
        assert chosen(app) == "Create the first account"
        await visit.press("down")
        assert chosen(app) == "Look around in a demonstration"


@pytest.mark.slow
async def test_two_more_keys_are_in_the_demonstration(app: PortalApp, house: House) -> None:
    async with opened(app) as visit:
        await visit.settle()
        await visit.press("tab", "enter")
        assert visit.on(LoginScreen)
        assert "A demonstration; nothing is kept." in visit.screen_text()
        await visit.press("enter")
        await visit.press("enter")
        assert isinstance(app.screen, PortalScreen)
        assert not isinstance(app.screen, SetUpScreen)
    assert house.store.list_names() == []


@pytest.mark.slow
async def test_the_first_account_is_created_and_signed_in(app: PortalApp, house: House) -> None:
    async with opened(app) as visit:
        await visit.settle()
        await visit.press("enter")
        await visit.create_first()
        assert isinstance(app.screen, PortalScreen)
    assert house.store.list_names() == [ACCOUNT]


@pytest.mark.slow
async def test_esc_leads_back_from_either_and_the_store_is_the_one_before(
    app: PortalApp, house: House
) -> None:
    async with opened(app) as visit:
        await visit.settle()
        for choice in (["enter"], ["down", "enter"], ["enter"]):
            await visit.press(*choice)
            assert visit.on(LoginScreen)
            await visit.press("escape")
            assert visit.on(WelcomeScreen)
            assert app.portal is house.portal
        await visit.press("escape")
        assert "Press esc again to leave." in visit.screen_text()
        await visit.pilot.press("escape")
        await visit.pilot.pause()
        assert not app.is_running


@pytest.mark.slow
async def test_esc_says_before_it_drops_the_name_that_was_typed(app: PortalApp) -> None:
    async with opened(app) as visit:
        await visit.settle()
        await visit.press("enter")
        assert "esc Back" in visit.screen_text()
        await visit.press(*"ada", "escape")
        assert "Press esc again to go back. What you typed is dropped." in visit.screen_text()
        await visit.press("x")
        assert "Press esc again" not in visit.screen_text()
        assert visit.screen.query_one("#account", Input).value == "adax"
        await visit.press("escape", "escape")
        assert visit.on(WelcomeScreen)


async def test_without_a_demonstration_the_first_account_is_asked_for_at_once() -> None:
    async with opened(House(), may_create_first=True) as visit:
        await visit.settle()
        assert "Create the first account" in visit.screen_text()
        assert visit.on(LoginScreen)


async def test_keys_typed_ahead_arrive(app: PortalApp) -> None:
    async with opened(app) as visit:
        await visit.settle()
        await typed(visit, "enter", *"ada", "tab", "x")
        assert visit.screen.query_one("#account", Input).value == "ada"
        assert visit.screen.query_one("#new", Input).value == "x"


async def typed(visit: Visit, *keys: str) -> None:
    """In one burst."""
    await visit.pilot.press(*keys)
    await visit.settle()
