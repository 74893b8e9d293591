"""Ten minutes after the last verification: what matters asks again, and what was begun is kept."""

import pytest
from textual.widgets import Button, Input, Tabs

from apppw_tui.ui.dialogs.account_password import ChangePasswordDialog, ConfirmPasswordDialog
from apppw_tui.ui.dialogs.choose import ChooseDialog
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from apppw_tui.ui.dialogs.phone_number import PhoneNumberDialog
from apppw_tui.ui.dialogs.security_code import SecurityCodeDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.security import SecurityScreen
from apppw_tui.ui.screens.settings import SettingsScreen
from apppw_tui.ui.widgets.inputs import CheckBox
from tests.support import PASSWORD
from tests.ui.states_of_verification import optional, protected
from tests.ui.test_type_ahead import burst
from tests.ui.walks import (
    ACCOUNT,
    app_code,
    differently,
    enter_password,
    later,
    on,
    portal_app,
    press,
    screen_text,
    sentences,
    settle,
    sign_in,
    type_code,
    type_into,
)

STALE = 600  # seconds
NEW = "loom cards remember flowers"

# From where, which keys, what they lead to; the keys are pressed once the verification is old.
ASKED = {
    "security link": ((), ("enter", "enter"), SecurityScreen),
    "v": ((), ("v",), SecurityScreen),
    "v elsewhere": (("p",), ("v",), SecurityScreen),
    "tab": (("p", "shift+tab"), ("left",), SecurityScreen),
    "create": (("p",), ("c",), CreateDialog),
    "password": (("down", "enter"), ("enter",), ChangePasswordDialog),
    "change a phone": (("v",), ("enter",), PhoneNumberDialog),
    "preferred": (("v",), ("o",), ChooseDialog),
}


@pytest.mark.slow
@pytest.mark.parametrize(("before", "keys", "wanted"), ASKED.values(), ids=ASKED)
async def test_it_is_asked_first_and_then_goes_on_to_what_was_wanted(
    before: tuple[str, ...], keys: tuple[str, ...], wanted: type
) -> None:
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, *before)
        later(pilot, STALE)
        await press(pilot, *keys)
        assert on(app, SecurityCodeDialog)
        assert len(app.screen_stack) == 2  # the screen, the question
        await type_code(pilot, app_code(pilot))
        assert on(app, wanted)
        if keys == ("left",):
            assert isinstance(app.focused, Tabs)


@pytest.mark.slow
@pytest.mark.parametrize(("before", "keys", "wanted"), ASKED.values(), ids=ASKED)
async def test_not_answered_everything_stays_as_it_was(
    before: tuple[str, ...], keys: tuple[str, ...], wanted: type
) -> None:
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, *before)
        screen, focused = app.screen, app.focused
        later(pilot, STALE)
        await press(pilot, *keys, "escape")
        assert app.screen is screen
        assert "Not done: verify first that it is you." in screen_text(pilot)
        if keys[0] != "enter" or len(keys) == 1:
            assert app.focused is focused
        for tabs in app.screen.query(Tabs):
            assert tabs.active == ("security" if on(app, SecurityScreen) else "app-passwords")
        # And what was wanted can be wanted again.
        await press(pilot, keys[-1])
        assert on(app, SecurityCodeDialog)


@pytest.mark.parametrize("age", [0, STALE - 1])
async def test_within_ten_minutes_nothing_is_asked(age: float) -> None:
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        later(pilot, age)
        await press(pilot, "v")
        assert on(app, SecurityScreen)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["d", "r"])
async def test_deleting_and_renaming_ask_nothing(key: str) -> None:
    """Whoever lost a phone must be able to stop it at once."""
    house = protected()
    house.issue("Laptop", ACCOUNT)
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "p")
        later(pilot, STALE)
        await press(pilot, key)
        if key == "r":
            await type_into(pilot, "#name", "Tablet")
            await press(pilot, "enter")
            assert "Tablet" in screen_text(pilot)
        else:
            await press(pilot, "y")
            assert "Deleted Laptop." in screen_text(pilot)


@pytest.mark.slow
async def test_another_way_serves_as_well() -> None:
    house = protected()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        later(pilot, STALE)
        await press(pilot, "v")
        await differently(pilot, "text")
        await type_code(pilot, house.outbox.code)
        assert on(app, SecurityScreen)


@pytest.mark.slow
async def test_without_a_second_factor_the_password_is_asked() -> None:
    app = portal_app(optional())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "p")
        later(pilot, STALE)
        await press(pilot, "c")
        assert on(app, ConfirmPasswordDialog)
        await press(pilot, "enter")
        assert "✗ Type your password." in screen_text(pilot)
        await type_into(pilot, "#password", "not the password")
        await press(pilot, "enter")
        assert "✗ That is not your password." in screen_text(pilot)
        assert app.screen.query_one("#password", Input).selected_text == "not the password"
        await type_into(pilot, "#password", PASSWORD)
        await press(pilot, "enter")
        assert on(app, CreateDialog)


# --- while a dialog is open -----------------------------------------------------------------


@pytest.mark.slow
async def test_grown_old_under_the_name_it_is_asked_on_top_and_the_name_is_kept() -> None:
    house = protected()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "p", "c")
        await type_into(pilot, "#name", "Laptop")
        later(pilot, STALE)
        await press(pilot, "enter")
        assert on(app, SecurityCodeDialog)
        await press(pilot, "escape")
        assert on(app, CreateDialog)
        assert app.screen.query_one("#name", Input).value == "Laptop"
        assert "✗ Not done: verify first that it is you." in screen_text(pilot)
        assert house.now(ACCOUNT).app_passwords == ()
        await press(pilot, "enter")
        await type_code(pilot, app_code(pilot))
        assert on(app, NewAppPasswordDialog)
        assert "Laptop · Any app" in screen_text(pilot)
        assert not [screen for screen in app.screen_stack if isinstance(screen, CreateDialog)]
    assert [password.name for password in house.now(ACCOUNT).app_passwords] == ["Laptop"]


@pytest.mark.slow
async def test_grown_old_while_a_number_is_proved_its_code_still_counts() -> None:
    house = protected()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        later(pilot, STALE - 10)
        await press(pilot, "v", "enter")
        await type_into(pilot, "#number", "+49 30 654321")
        await press(pilot, "enter")
        code = house.outbox.code
        later(pilot, 20)
        await type_code(pilot, code)
        assert "authenticator app" in sentences(pilot)
        await type_code(pilot, app_code(pilot))
        assert on(app, SecurityScreen)
        assert "✓ Done: it was verified" in screen_text(pilot)


@pytest.mark.slow
async def test_keys_typed_ahead_are_not_for_the_question() -> None:
    house = protected()
    house.alter(ACCOUNT, preferred="text")
    app = portal_app(house)
    async with app.run_test() as pilot:
        await enter_password(pilot)
        await type_code(pilot, house.outbox.code)
        await press(pilot, "p")
        later(pilot, STALE)
        await burst(pilot, "c", *"123")
        assert on(app, SecurityCodeDialog)
        assert app.screen.query_one("#code", Input).value == ""
        await type_code(pilot, house.outbox.code)
        assert on(app, CreateDialog)
        assert app.screen.query_one("#name", Input).value == ""


@pytest.mark.slow
async def test_a_session_that_ends_under_the_question_ends_at_login() -> None:
    house = protected()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "p", "c")
        await type_into(pilot, "#name", "Laptop")
        later(pilot, STALE)
        await press(pilot, "enter")
        house.operator.require_verification(ACCOUNT)
        await type_code(pilot, app_code(pilot))
        assert on(app, LoginScreen)
        assert len(app.screen_stack) == 1
        assert "the account's security was changed elsewhere" in screen_text(pilot)
        await settle(pilot)
        assert app.is_running
    assert house.now(ACCOUNT).app_passwords == ()


# --- the account password -------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("ticked", [True, False])
async def test_a_new_password_deletes_app_passwords_only_where_that_is_ticked(ticked: bool) -> None:
    house = protected()
    house.issue("Laptop", ACCOUNT)
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "down", "enter", "enter")
        await type_into(pilot, "#current", PASSWORD)
        await type_into(pilot, "#new", NEW)
        await type_into(pilot, "#again", NEW)
        await press(pilot, "tab")
        tick = app.focused
        assert isinstance(tick, CheckBox)
        assert not tick.value
        assert "☐ Delete the one app password too" in screen_text(pilot)
        if ticked:
            await press(pilot, "space")
            assert "☑ Delete the one app password too" in screen_text(pilot)
        await press(pilot, "tab")
        assert isinstance(app.focused, Button)
        await press(pilot, "enter")
        assert on(app, SettingsScreen)
        deleted = "; 1 app password deleted" if ticked else ""
        assert f"✓ Password changed{deleted}." in screen_text(pilot)
        await press(pilot, "p")
        assert on(app, AppPasswordsScreen)
    assert len(house.now(ACCOUNT).app_passwords) == (0 if ticked else 1)
    house.challenge(ACCOUNT, NEW)


async def test_without_app_passwords_there_is_nothing_to_tick() -> None:
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "down", "enter", "enter")
        assert on(app, ChangePasswordDialog)
        assert not app.screen.query(CheckBox)
