"""The first time: one step back, leaving half way, and telephone numbers that will not do."""

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Label

from apppw_tui.ui.dialogs.choose import ChooseDialog
from apppw_tui.ui.dialogs.phone_number import PhoneNumberDialog
from apppw_tui.ui.dialogs.recovery_codes import CodeLabel, RecoveryCodesDialog
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.set_up import SetUpScreen
from apppw_tui.ui.screens.settings import SettingsScreen
from tests.ui.states_of_verification import (
    NUMBER,
    new_account,
    set_up_app,
    set_up_number,
    set_up_sent,
    to_set_up,
    without_delivery,
)
from tests.ui.test_first_setup import prove_app, to_first_app_password
from tests.ui.walks import (
    ACCOUNT,
    later,
    on,
    portal_app,
    press,
    press_button,
    rows,
    screen_text,
    sentences,
    shown_code,
    sign_in,
    type_code,
    type_into,
)

pytestmark = pytest.mark.slow

# --- one step back --------------------------------------------------------------------------


@pytest.mark.parametrize("back", ["key", "button"])
async def test_back_leads_one_step_back_and_what_was_proved_stays_proved(back: str) -> None:
    house = new_account()
    app = portal_app(house)

    async def step_back(pilot: Pilot[None]) -> None:
        await (press_button(pilot, "back") if back == "button" else press(pilot, "f4"))

    async with app.run_test() as pilot:
        await set_up_app(pilot)
        await step_back(pilot)
        assert rows(pilot)[0] == "Authenticator app on a phone or computer"
        await press(pilot, "escape")
        assert on(app, SetUpScreen)
        await press(pilot, "enter", "enter")
        await type_code(pilot, shown_code(pilot))
        later(pilot)
        shown = [str(label.content) for label in app.screen.query(CodeLabel)]
        await press(pilot, "c")
        later(pilot)
        await press(pilot, "enter")
        await step_back(pilot)
        assert on(app, RecoveryCodesDialog)
        assert [str(label.content) for label in app.screen.query(CodeLabel)] == shown
        later(pilot)
        await step_back(pilot)
        assert rows(pilot)[0] == "✓ Authenticator app on a phone or computer"
        assert house.now(ACCOUNT).authenticator is not None
        # A second method, and on to the end.
        await press(pilot, "down", "enter")
        await type_into(pilot, "#number", NUMBER)
        await press(pilot, "enter")
        await step_back(pilot)
        assert app.screen.query_one("#number", Input).value == "+4915123456767"
        await press(pilot, "enter")
        await type_code(pilot, house.outbox.code)
        later(pilot)
        await press(pilot, "escape", "escape", "escape")
        assert on(app, SettingsScreen)
    assert house.now(ACCOUNT).authenticator is not None
    assert len(house.now(ACCOUNT).phones) == 1


async def test_leaving_after_the_last_step_was_reached_opens_the_account() -> None:
    app = portal_app(new_account())
    async with app.run_test() as pilot:
        await to_first_app_password(pilot)
        await press(pilot, "f4")
        later(pilot)
        await press(pilot, "b", "escape")
        assert on(app, SettingsScreen)


async def test_cancelled_half_way_what_was_proved_opens_the_account_later() -> None:
    house = new_account()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await prove_app(pilot)
        await press(pilot, "b", "escape")
        assert on(app, SetUpScreen)
        await press(pilot, "down", "enter")
        assert on(app, LoginScreen)
        later(pilot, 30)
        await sign_in(pilot)
        assert on(app, SettingsScreen)
        protection = app.screen.query_one("#protection", Label)
        assert "a code from your authenticator app." in str(protection.content)


@pytest.mark.parametrize("left", ["at the codes", "at the choice"])
async def test_begun_again_it_goes_on_with_what_is_stored(left: str) -> None:
    """Neither is the app asked for twice, nor do the codes stop working that were kept."""
    house = new_account()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await prove_app(pilot)
        shown = [str(label.content) for label in app.screen.query(CodeLabel)]
        stored = house.now(ACCOUNT)
        await press(pilot, "b")
        if left == "at the codes":
            await press(pilot, "enter")
            assert on(app, RecoveryCodesDialog)
            later(pilot)
            await press(pilot, "b")
        await press(pilot, "escape")
        assert on(app, SetUpScreen)
        await press(pilot, "enter")
        assert [str(label.content) for label in app.screen.query(CodeLabel)] == shown
        later(pilot)
        await press(pilot, "b")
        assert rows(pilot)[0] == "✓ Authenticator app on a phone or computer"
        assert "What is ticked is set up." in sentences(pilot)
        await press(pilot, "enter")
        assert on(app, RecoveryCodesDialog)
        now = house.now(ACCOUNT)
        assert (now.authenticator, now.recovery) == (stored.authenticator, stored.recovery)


async def test_begun_again_what_was_removed_meanwhile_is_asked_for() -> None:
    house = new_account()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await prove_app(pilot)
        await press(pilot, "b", "escape")
        with house.store.transaction(ACCOUNT, house.now(ACCOUNT).uid) as change:
            change.account = change.existing.without_authenticator()
        await press(pilot, "enter")
        assert rows(pilot)[0] == "Authenticator app on a phone or computer"


async def test_cancelled_before_anything_was_proved_nothing_was_set_up() -> None:
    house = new_account()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await set_up_sent(pilot)
        await press(pilot, "escape")
        assert on(app, SetUpScreen)
        await press(pilot, "enter", "enter", "escape")
        assert on(app, SetUpScreen)
    assert not house.now(ACCOUNT).has_second_factor


# --- phones ---------------------------------------------------------------------------------


async def test_where_no_codes_are_sent_the_phone_says_so() -> None:
    app = portal_app(without_delivery())
    async with app.run_test() as pilot:
        await to_set_up(pilot)
        assert rows(pilot)[1].endswith("(not available)")
        await press(pilot, "down")
        assert "This server sends no codes. Use the authenticator app." in screen_text(pilot)
        await press(pilot, "enter")
        assert on(app, ChooseDialog)
        assert "✗ This server sends no codes." in screen_text(pilot)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Type the number, such as +49 151 23456789."),
        ("0151 2345", "Begin with + and the code of the country, such as +49."),
        ("+49 nine", "A telephone number has no letters."),
        ("+49 151 2", "There is no such telephone number."),
    ],
)
async def test_a_number_that_cannot_be_right_is_told_and_kept(typed: str, said: str) -> None:
    house = new_account()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await set_up_number(pilot)
        await type_into(pilot, "#number", typed)
        await press(pilot, "enter")
        assert f"✗ {said}" in sentences(pilot)
        assert app.screen.query_one("#number", Input).value == typed
        assert app.focused is app.screen.query_one("#number", Input)
    assert house.outbox.sent == []


async def test_a_code_that_cannot_be_sent_is_told_and_one_may_step_back() -> None:
    house = new_account()
    house.outbox.broken = True
    app = portal_app(house)
    async with app.run_test() as pilot:
        await set_up_sent(pilot)
        assert "✗ The code could not be sent." in screen_text(pilot)
        await press(pilot, "b")
        assert on(app, PhoneNumberDialog)
        house.outbox.broken = False
        await press(pilot, "enter")
        await type_code(pilot, house.outbox.code)
        assert on(app, RecoveryCodesDialog)
