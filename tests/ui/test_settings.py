"""Settings and Security Verification: where things are, and how one gets back."""

import pytest
from textual.widgets import Input

from apppw_tui.domain.errors import SessionEnded
from apppw_tui.ui.dialogs.account_password import ChangePasswordDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.security import SecurityScreen
from apppw_tui.ui.screens.settings import SettingsScreen
from apppw_tui.ui.themes import DARK, LIGHT
from tests.support import PASSWORD, first_quick
from tests.ui.walks import (
    ACCOUNT,
    house_with,
    on,
    portal_app,
    press,
    screen_text,
    sign_in,
    type_into,
)

NEW = "loom cards remember flowers"


@pytest.mark.parametrize("key", first_quick("p", "v"))
async def test_esc_leads_to_settings_and_back_to_where_one_came_from(key: str) -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, key)
        section = type(app.screen)
        assert section in (SecurityScreen, AppPasswordsScreen)
        await press(pilot, "escape")
        assert on(app, SettingsScreen)
        await press(pilot, "escape")
        assert on(app, section)


@pytest.mark.parametrize("key", first_quick("f2", "comma"))
async def test_settings_opens_by_its_keys(key: str) -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "p", key)
        assert on(app, SettingsScreen)


async def test_esc_right_after_signing_in_says_where_signing_out_is() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "escape")
        assert on(app, SettingsScreen)
        assert "Sign out" in screen_text(pilot)


async def test_signing_out_ends_at_login_with_the_account_filled_in() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "end", "enter", "enter")
        assert on(app, LoginScreen)
        assert "You are signed out." in screen_text(pilot)
        assert app.screen.query_one("#account", Input).value == ACCOUNT
        assert app.screen.query_one("#password", Input).value == ""
        await press(pilot, "tab", "p")
        assert on(app, LoginScreen)


@pytest.mark.slow
@pytest.mark.parametrize("too", [True, False], ids=["with app passwords", "alone"])
async def test_a_changed_password_ends_other_sessions_and_keeps_its_own(too: bool) -> None:
    house = house_with("Laptop")
    other = house.sign_in(ACCOUNT, PASSWORD)
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "down", "enter", "enter")
        assert on(app, ChangePasswordDialog)
        await type_into(pilot, "#current", PASSWORD)
        await type_into(pilot, "#new", NEW)
        await type_into(pilot, "#again", NEW)
        await press(pilot, "tab", *(["space"] if too else []), "tab", "enter")
        assert on(app, SettingsScreen)
        said = "Password changed; 1 app password deleted." if too else "Password changed."
        assert said in screen_text(pilot)
        await press(pilot, "p")
        assert ("Laptop" in screen_text(pilot)) is not too
    with pytest.raises(SessionEnded):
        house.portal.account(other)
    house.sign_in(ACCOUNT, NEW)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("current", "new", "again", "said"),
    [
        ("", NEW, NEW, "Type your present password."),
        ("wrong", NEW, NEW, "That is not your present password."),
        (PASSWORD, "", "", "Choose a password."),
        (PASSWORD, "password1", "password1", "Very weak."),
        (PASSWORD, NEW, "loom", "The two passwords differ."),
    ],
)
async def test_a_refused_change_says_why_and_keeps_the_dialog_open(
    current: str, new: str, again: str, said: str
) -> None:
    house = house_with()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "down", "enter", "enter")
        await type_into(pilot, "#current", current)
        await type_into(pilot, "#new", new)
        await type_into(pilot, "#again", again)
        await press(pilot, "enter")
        assert on(app, ChangePasswordDialog)
        assert f"✗ {said}" in screen_text(pilot)
        await press(pilot, "escape")
        assert on(app, SettingsScreen)
    house.sign_in(ACCOUNT, PASSWORD)


async def test_a_session_that_ended_elsewhere_leads_to_login_and_says_why() -> None:
    house = house_with("Laptop")
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        session = house.sign_in(ACCOUNT, PASSWORD)
        house.portal.change_password(session, PASSWORD, NEW)
        await press(pilot, "p")
        assert on(app, LoginScreen)
        assert "the account's security was changed elsewhere" in screen_text(pilot)


async def test_a_session_that_ends_under_a_dialog_takes_the_dialog_with_it() -> None:
    house = house_with("Laptop")
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "p", "c")
        house.store.remove(ACCOUNT)
        await type_into(pilot, "#name", "Tablet")
        await press(pilot, "enter")
        assert on(app, LoginScreen)
        assert len(app.screen_stack) == 1  # Login
        assert "the account is gone" in screen_text(pilot)


@pytest.mark.slow
async def test_the_appearance_is_kept_for_the_next_time() -> None:
    house = house_with()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, *["down"] * 3, "enter", "down", "enter")
        assert app.theme == LIGHT
        assert "Light, from now on." in screen_text(pilot)
        await press(pilot, "escape", "end", "enter", "enter")
        assert app.theme == DARK
        await sign_in(pilot)
        assert app.theme == LIGHT


async def test_below_64_columns_the_list_stands_alone_until_something_is_opened() -> None:
    app = portal_app(house_with())
    async with app.run_test(size=(40, 12)) as pilot:
        await sign_in(pilot)
        assert "Create and manage" not in screen_text(pilot)
        await press(pilot, "enter")
        assert "Create and manage app passwords" in screen_text(pilot)
        assert "Appearance" not in screen_text(pilot)
        await press(pilot, "escape")
        assert "Appearance" in screen_text(pilot)


@pytest.mark.slow
async def test_the_tab_bar_keeps_the_focus_going_to_and_fro_and_down_enters_the_page() -> None:
    app = portal_app(house_with("Laptop"))
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "v", "shift+tab", "shift+tab", "right")
        assert on(app, AppPasswordsScreen)
        assert app.focused is not None
        assert app.focused.id == "tabs"
        await press(pilot, "left")
        assert on(app, SecurityScreen)
        assert app.focused.id == "tabs"
        await press(pilot, "down")
        assert app.focused.id == "methods"
