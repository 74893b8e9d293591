"""Signing in, and the first account of all."""

import pytest
from textual.widgets import Button, Input

from apppw_tui.domain.errors import DiskFull
from apppw_tui.ui.messages import SignedIn
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.settings import SettingsScreen
from apppw_tui.ui.themes import TERMINAL
from tests.support import PASSWORD, House
from tests.ui.walks import (
    ACCOUNT,
    create_first,
    demo_house,
    house_with,
    on,
    portal_app,
    press,
    screen_text,
    settle,
    sign_in_by_hand,
    type_into,
)

NO_MATCH = "That account and password do not match."


async def test_a_wrong_password_stays_selected_in_its_field() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await sign_in_by_hand(pilot, "not the password")
        password = app.screen.query_one("#password", Input)
        assert f"✗ {NO_MATCH}" in screen_text(pilot)
        assert app.focused is password
        assert password.selected_text == "not the password"


async def test_in_sixteen_colours_a_wrong_password_is_emptied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = portal_app(house_with())
    assert app.theme == TERMINAL
    async with app.run_test() as pilot:
        await sign_in_by_hand(pilot, "not the password")
        assert app.screen.query_one("#password", Input).value == ""
        assert NO_MATCH in screen_text(pilot)


@pytest.mark.parametrize("field", ["#account", "#password"])
async def test_ctrl_c_says_how_to_leave_and_esc_twice_leaves(field: str) -> None:
    """Some terminals keep ^q to themselves."""
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        app.screen.query_one(field).focus()
        await press(pilot, "ctrl+c")
        assert "Press esc or ^c to leave." in screen_text(pilot)
        await press(pilot, "a")
        assert "to leave" not in screen_text(pilot)
        await press(pilot, "escape")
        assert app.is_running
        assert "Press esc again to leave." in screen_text(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert not app.is_running


async def test_a_selected_password_does_not_swallow_ctrl_c() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await sign_in_by_hand(pilot, "not the password")
        await press(pilot, "ctrl+c")
        assert "Press esc or ^c to leave." in screen_text(pilot)
        assert app.clipboard == ""
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert not app.is_running


async def test_an_unknown_account_is_answered_like_a_wrong_password() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await sign_in_by_hand(pilot, account="nobody@example.org")
        assert NO_MATCH in screen_text(pilot)


async def test_a_refusal_goes_away_as_soon_as_one_types() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await sign_in_by_hand(pilot, "not the password")
        await press(pilot, "x")
        assert NO_MATCH not in screen_text(pilot)


@pytest.mark.parametrize(
    ("account", "password", "said", "focus"),
    [
        ("", PASSWORD, "Type the name of your account.", "account"),
        (ACCOUNT, "", "Type your password.", "password"),
        ("ad a", PASSWORD, "An account name cannot have a blank in it", "account"),
        ("[b]ada", PASSWORD, 'An account name cannot have "[" in it.', "account"),
    ],
)
async def test_what_cannot_be_right_is_said_under_its_field(
    account: str, password: str, said: str, focus: str
) -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await sign_in_by_hand(pilot, password, account)
        assert said in screen_text(pilot)
        assert app.focused is not None
        assert app.focused.id == focus
        assert app.screen.query_one("#account", Input).value == account


async def test_the_first_account_is_created_and_signed_in() -> None:
    house = House()
    app = portal_app(house, may_create_first=True)
    async with app.run_test() as pilot:
        assert "Create the first account" in screen_text(pilot)
        await create_first(pilot)
        assert on(app, SettingsScreen)
    assert house.store.list_names() == [ACCOUNT]


async def test_strength_is_told_while_one_types_and_weak_ones_are_refused_with_the_reason() -> None:
    house = House()
    app = portal_app(house, may_create_first=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await type_into(pilot, "#account", ACCOUNT)
        await type_into(pilot, "#new", "short")
        assert "Too short. Use at least 8 characters." in screen_text(pilot)
        await type_into(pilot, "#new", "password1")
        assert "Very weak." in screen_text(pilot)
        await type_into(pilot, "#again", "password1")
        await press(pilot, "enter")
        assert "✗ Very weak." in screen_text(pilot)
        assert app.screen.query_one("#new", Input).value == "password1"
        await type_into(pilot, "#new", PASSWORD)
        assert "Strong." in screen_text(pilot)
    assert house.store.list_names() == []


async def test_two_different_new_passwords_are_refused() -> None:
    house = House()
    app = portal_app(house, may_create_first=True)
    async with app.run_test() as pilot:
        await create_first(pilot, again="something else")
        assert "✗ The two passwords differ." in screen_text(pilot)
        assert on(app, LoginScreen)
    assert house.store.list_names() == []


async def test_where_it_is_not_offered_the_way_to_a_first_account_is_named() -> None:
    app = portal_app(House())
    async with app.run_test() as pilot:
        assert "There are no accounts yet." in screen_text(pilot)
        assert "Create the first account" not in screen_text(pilot)
        assert str(app.screen.query_one("#enter", Button).label) == "Sign in"


async def test_somebody_else_may_have_created_the_first_account_meanwhile() -> None:
    house = House()
    app = portal_app(house, may_create_first=True)
    async with app.run_test() as pilot:
        house.add("grace@example.org")
        await create_first(pilot)
        assert "There is an account by now." in screen_text(pilot)
    assert house.store.list_names() == ["grace@example.org"]


async def test_a_store_that_fails_is_said_and_can_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = house_with()
    app = portal_app(house)
    async with app.run_test() as pilot:
        with monkeypatch.context() as patch:
            patch.setattr(house.store, "get", _broken)
            await sign_in_by_hand(pilot)
            assert "The disk is full" in screen_text(pilot)
        await press(pilot, "enter")
        assert on(app, SettingsScreen)


def _broken(account: str) -> None:
    raise DiskFull("The disk is full: nothing was changed.")


async def test_the_demonstration_tells_how_to_get_in() -> None:
    app = portal_app(demo_house(), show_demo=True)
    async with app.run_test() as pilot:
        assert app.screen.query_one("#account", Input).value == ACCOUNT
        assert PASSWORD in screen_text(pilot)
        assert app.focused is not None
        assert app.focused.id == "password"


async def test_help_that_is_open_when_one_is_let_in_goes_with_the_door() -> None:
    house = house_with()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await press(pilot, "f1")
        app.post_message(SignedIn(house.sign_in(ACCOUNT, PASSWORD)))
        await settle(pilot)
        assert on(app, SettingsScreen)
        assert len(app.screen_stack) == 1  # Settings
