"""The second question: choosing how to answer it, not answering it, and keys in one burst."""

import pytest
from textual.widgets import Input

from apppw_tui.portal.portal import Portal
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.ui.dialogs.choose import ChooseDialog
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.details import HelpDialog
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from apppw_tui.ui.dialogs.security_code import BypassDialog, SecurityCodeDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.set_up import SetUpScreen
from apppw_tui.ui.screens.settings import SettingsScreen
from tests.support import first_quick
from tests.ui.states_of_verification import by_text, bypassed, protected, unreachable
from tests.ui.test_type_ahead import burst
from tests.ui.walks import (
    ACCOUNT,
    app_code,
    choose,
    demo_house,
    differently,
    enter_password,
    gated,
    house_with,
    later,
    on,
    portal_app,
    press,
    press_button,
    rows,
    screen_text,
    sentences,
    settle,
    sign_in_by_hand,
    to_create,
    type_code,
)

# --- a different option ---------------------------------------------------------------------


@pytest.mark.parametrize("key", ["o", "f3", "button"])
async def test_a_different_option_can_be_asked_for(key: str) -> None:
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await enter_password(pilot)
        await (press_button(pilot, "different") if key == "button" else press(pilot, key))
        assert on(app, ChooseDialog)
        assert rows(pilot) == [
            "✓ Use verification code from app",
            "Notify me through app",
            "Text code to my authentication phone",
            "Call my authentication phone",
            "Text code to my alternate authentication phone",
            "Call my alternate authentication phone",
            "Call my office phone",
            "Use a recovery code",
        ]


async def test_what_can_be_had_comes_first_and_the_rest_says_why_it_cannot() -> None:
    app = portal_app(demo_house())
    async with app.run_test() as pilot:
        await enter_password(pilot)
        await press(pilot, "o")
        assert [row.endswith("(not available)") for row in rows(pilot)] == [False] * 5 + [True] * 3
        for key, why in [
            ("end", "Add your alternate authentication phone first."),
            ("up", "Add your alternate authentication phone first."),
            ("up", "Add your office phone first."),
        ]:
            await press(pilot, key)
            assert why in screen_text(pilot)
            assert f"✗ {why}" not in screen_text(pilot)
            await press(pilot, "enter")
            assert on(app, ChooseDialog)
            assert f"✗ {why}" in screen_text(pilot)
        await press(pilot, "escape")
        await type_code(pilot, app_code(pilot))
        assert on(app, SettingsScreen)


@pytest.mark.slow
async def test_with_no_way_at_all_one_is_sent_to_the_administrator() -> None:
    app = portal_app(unreachable())
    async with app.run_test() as pilot:
        await enter_password(pilot)
        assert "None of these can be used now. Ask your administrator for help." in sentences(pilot)
        assert all(row.endswith("(not available)") for row in rows(pilot))
        for _ in range(8):
            await press(pilot, "enter", "down")
        assert on(app, ChooseDialog)
        await press(pilot, "escape")
        assert on(app, LoginScreen)
        assert len(app.screen_stack) == 1  # Login


# --- leaving --------------------------------------------------------------------------------


@pytest.mark.parametrize("key", first_quick("escape", "button"))
async def test_leaving_ends_at_login_with_the_password_field_empty(key: str) -> None:
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await enter_password(pilot)
        await (press_button(pilot, "cancel") if key == "button" else press(pilot, key))
        assert on(app, LoginScreen)
        password = app.screen.query_one("#password", Input)
        assert app.focused is password
        assert password.value == ""
        assert app.screen.query_one("#account", Input).value == ACCOUNT
        await sign_in_by_hand(pilot)
        assert on(app, SettingsScreen)


async def test_while_a_code_is_checked_nobody_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be right, and is then used up."""
    gate = gated(monkeypatch, Challenge, "answer")
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await enter_password(pilot)
        for key in (*app_code(pilot), "escape", "o", "7", "backspace", "enter"):
            await pilot.press(key)
        assert on(app, SecurityCodeDialog)
        gate.set()
        await settle(pilot)
        assert on(app, SettingsScreen)


async def test_a_session_that_ended_elsewhere_leaves_the_question() -> None:
    house = protected()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await enter_password(pilot)
        house.operator.require_verification(ACCOUNT)
        await type_code(pilot, app_code(pilot))
        assert on(app, LoginScreen)
        assert len(app.screen_stack) == 1
        assert "the account's security was changed elsewhere" in screen_text(pilot)


# --- help -----------------------------------------------------------------------------------


async def test_the_question_mark_helps_where_digits_are_typed() -> None:
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await enter_password(pilot)
        await press(pilot, "1", "question_mark")
        assert on(app, HelpDialog)
        assert "Use a different verification option" in screen_text(pilot)
        assert "Send a new code" not in screen_text(pilot)  # the app needs none
        await press(pilot, "escape")
        assert app.screen.query_one("#code", Input).value == "1"


async def test_an_answer_waits_until_the_help_over_its_dialog_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = gated(monkeypatch, Challenge, "answer")
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await enter_password(pilot)
        for key in (*app_code(pilot), "question_mark"):
            await pilot.press(key)
        gate.set()
        await settle(pilot)
        assert on(app, HelpDialog)
        await press(pilot, "escape")
        assert on(app, SettingsScreen)
        assert len(app.screen_stack) == 1


@pytest.mark.slow
async def test_a_password_made_under_the_help_is_shown_once_the_help_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = portal_app(house_with())
    gate = gated(monkeypatch, Portal, "create_app_password")
    async with app.run_test() as pilot:
        await to_create(pilot)
        for key in ("enter", "f1"):
            await pilot.press(key)
        gate.set()
        await settle(pilot)
        assert on(app, HelpDialog)
        await press(pilot, "escape")
        assert on(app, NewAppPasswordDialog)
        assert not [screen for screen in app.screen_stack if isinstance(screen, CreateDialog)]
        later(pilot)
        await press(pilot, "enter")
        later(pilot)
        await press(pilot, "enter")
        assert on(app, AppPasswordsScreen)


# --- a bypass -------------------------------------------------------------------------------


async def test_a_bypass_opens_setting_up_and_nothing_else() -> None:
    house = bypassed()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await enter_password(pilot)
        assert on(app, BypassDialog)
        assert "until 12 Dec 2026 12:30" in sentences(pilot)
        await press(pilot, "enter")
        assert on(app, SetUpScreen)
        assert house.now(ACCOUNT).bypass_until is None
        await press(pilot, "v", "p", "f2", "comma")
        assert on(app, SetUpScreen)


async def test_whoever_can_verify_need_not_use_the_bypass() -> None:
    house = bypassed()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await enter_password(pilot)
        await press_button(pilot, "different")
        assert rows(pilot)[0] == "✓ Set up a new method, as your administrator allows"
        await choose(pilot, "app")
        await type_code(pilot, app_code(pilot))
        assert on(app, SettingsScreen)
        assert house.now(ACCOUNT).bypass_until is not None


async def test_a_bypass_that_has_ended_meanwhile_is_told() -> None:
    app = portal_app(bypassed())
    async with app.run_test() as pilot:
        await enter_password(pilot)
        later(pilot, 1801)
        await press(pilot, "enter")
        assert "✗ Your administrator's permission has ended. Ask again." in sentences(pilot)
        await press(pilot, "escape")
        assert on(app, LoginScreen)


# --- keys in one burst ----------------------------------------------------------------------


async def test_digits_after_the_sixth_are_no_second_try() -> None:
    house = by_text()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await enter_password(pilot)
        await burst(pilot, *"000000111111222222")
        assert "✗ That code is wrong." in screen_text(pilot)
        for _ in range(3):
            await type_code(pilot, "000000")
        # Four tries so far; had the burst been three, this would be one too many.
        await type_code(pilot, house.outbox.code)
        assert on(app, SettingsScreen)


# --- the demonstration ----------------------------------------------------------------------


async def test_the_demonstration_gives_the_code_away() -> None:
    house = demo_house()
    app = portal_app(house, show_demo=True)
    async with app.run_test() as pilot:
        await enter_password(pilot)
        assert f"A demonstration: the code is {app_code(pilot)}." in screen_text(pilot)


async def test_the_demonstration_gives_away_what_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    house = demo_house()
    assert house.demonstration is not None
    monkeypatch.setattr(house.outbox, "send", house.demonstration.send)
    app = portal_app(house, show_demo=True)
    async with app.run_test() as pilot:
        await enter_password(pilot)
        await differently(pilot, "text")
        first = house.demonstration.sent()
        assert f"A demonstration: the code is {first}." in screen_text(pilot)
        await press(pilot, "r")
        assert house.demonstration.sent() != first
        assert f"A demonstration: the code is {house.demonstration.sent()}." in screen_text(pilot)


async def test_without_it_nothing_is_given_away() -> None:
    app = portal_app(demo_house())
    async with app.run_test() as pilot:
        await enter_password(pilot)
        assert "demonstration" not in screen_text(pilot)
