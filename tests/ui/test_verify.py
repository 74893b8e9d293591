"""The second question: every way to answer it, and what becomes of a wrong answer."""

from collections.abc import Callable

import pytest
from textual import events
from textual.widgets import Input

from apppw_tui.domain import verification_options
from apppw_tui.domain.app_password import grouped
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.dialogs.choose import ChooseDialog
from apppw_tui.ui.dialogs.security_code import SecurityCodeDialog
from apppw_tui.ui.screens.settings import SettingsScreen
from tests.support import House, first_quick
from tests.ui.states_of_verification import (
    broken_delivery,
    by_text,
    protected,
)
from tests.ui.walks import (
    ACCOUNT,
    app_code,
    differently,
    enter_password,
    on,
    portal_app,
    press,
    press_button,
    screen_text,
    sentences,
    settle,
    type_code,
    type_into,
)

WRONG = "000000"
# How each way reaches whom, and what is said of it.
REACHED = {
    "text": ("text", "+4915123456767", "We sent a text message with a code to your phone that"),
    "call": ("call", "+4915123456767", "We are calling your phone that ends in 67."),
    "notify": ("notify", "+4915123456767", "to the app on your phone ending in 67."),
    "office": ("call", "+4930123456", "We are calling your phone that ends in 56."),
    "text-alternate": ("text", "+12025550143", "a code to your phone that ends in 43."),
    "call-alternate": ("call", "+12025550143", "We are calling your phone that ends in 43."),
}


def code_field(app: PortalApp) -> Input:
    return app.screen.query_one("#code", Input)


# --- right answers --------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("way", ["app", *REACHED])
async def test_six_digits_submit_themselves_whichever_way_they_come(way: str) -> None:
    house = protected()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await enter_password(pilot)
        await differently(pilot, way)
        code = app_code(pilot)
        if way != "app":
            kind, number, said = REACHED[way]
            assert house.outbox.sent[-1][:2] == (kind, number)
            assert said in sentences(pilot)
            code = house.outbox.code
        await type_code(pilot, code[:5])
        assert on(app, SecurityCodeDialog)
        await type_code(pilot, code[5])
        assert on(app, SettingsScreen)


@pytest.mark.parametrize("way", first_quick("text", "app", "call", "notify", "office"))
async def test_the_preferred_way_is_asked_first(way: str) -> None:
    house = protected()
    house.alter(ACCOUNT, preferred=way)
    app = portal_app(house)
    async with app.run_test() as pilot:
        await enter_password(pilot)
        asked = REACHED[way][2] if way in REACHED else "that your authenticator app shows now."
        assert asked in sentences(pilot)
        assert len(house.outbox.sent) == (way in REACHED)


@pytest.mark.slow
async def test_a_recovery_code_signs_in_once_and_letters_are_text_in_its_field() -> None:
    house = protected()
    codes = house.give_recovery_codes(ACCOUNT)
    app = portal_app(house)
    async with app.run_test() as pilot:
        await enter_password(pilot)
        await differently(pilot, "recovery")
        await press(pilot, *"robq?")
        assert code_field(app).value == "robq?"
        await press(pilot, "enter")
        assert "✗ That is not one of your recovery codes." in screen_text(pilot)
        assert code_field(app).value == "robq?"
        await type_into(pilot, "#code", grouped(codes[3]).upper())
        await press(pilot, "enter")
        assert on(app, SettingsScreen)
        assert "9 of 10 recovery codes are left." in screen_text(pilot)
        await press(pilot, "end", "enter", "enter")
        await enter_password(pilot)
        await differently(pilot, "recovery")
        await type_into(pilot, "#code", grouped(codes[3]))
        await press(pilot, "enter")
        assert "✗ That recovery code is wrong, or was used before." in screen_text(pilot)
        await press_button(pilot, "different")
        assert on(app, ChooseDialog)


async def test_a_pasted_code_may_have_a_space_in_it() -> None:
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await enter_password(pilot)
        code = app_code(pilot)
        app.post_message(events.Paste(f" {code[:3]} {code[3:]}\n"))
        await settle(pilot)
        assert on(app, SettingsScreen)


# --- wrong answers --------------------------------------------------------------------------


async def test_a_wrong_code_empties_its_field_and_the_next_one_is_let_in() -> None:
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await enter_password(pilot)
        await type_code(pilot, WRONG)
        assert "✗ That code is wrong. Wait for the next one." in screen_text(pilot)
        assert code_field(app).value == ""
        assert app.focused is code_field(app)
        await press(pilot, "enter")  # out of habit, behind the sixth digit
        assert "✗ That code is wrong. Wait for the next one." in screen_text(pilot)
        await press(pilot, "1")
        assert "That code is wrong" not in screen_text(pilot)
        await press(pilot, "enter")
        assert "✗ A code has six digits." in screen_text(pilot)
        await press(pilot, "backspace")
        await type_code(pilot, app_code(pilot))
        assert on(app, SettingsScreen)


def used(house: House) -> str:
    """The code of the app, which another session has used meanwhile."""
    secret = house.give_authenticator(ACCOUNT)
    code = house.app_code(secret)
    house.challenge(ACCOUNT).answer(verification_options.APP, code)
    return code


def expired(house: House) -> str:
    house.clock.advance(301)
    return house.outbox.code


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (protected, used, "That code was used already. Wait for the next one."),
        (by_text, lambda _: WRONG, "That code is wrong. Look at the newest message."),
        (by_text, expired, "That code has expired. Send a new one."),
    ],
)
async def test_a_refused_code_says_which_refusal_it_is(
    make: Callable[[], House], code: Callable[[House], str], said: str
) -> None:
    house = make()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await enter_password(pilot)
        await type_code(pilot, code(house))
        assert f"✗ {said}" in screen_text(pilot)
        assert code_field(app).value == ""


# --- messages -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", first_quick("r", "f5", "button"))
async def test_a_code_can_be_sent_again_and_only_the_newest_counts(key: str) -> None:
    house = by_text()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await enter_password(pilot)
        first = house.outbox.code
        await (press_button(pilot, "again") if key == "button" else press(pilot, key))
        assert "Sent once more." in screen_text(pilot)
        assert len(house.outbox.sent) == 2
        code_field(app).focus()
        await type_code(pilot, first)
        assert "✗ That code is wrong." in screen_text(pilot)
        await type_code(pilot, house.outbox.code)
        assert on(app, SettingsScreen)


@pytest.mark.slow
async def test_coming_back_to_a_code_that_was_sent_sends_no_other() -> None:
    house = by_text()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await enter_password(pilot)
        await differently(pilot, "app")
        await differently(pilot, "text")
        await press(pilot, "o", "escape")
        assert "a code to your phone that ends in 67." in screen_text(pilot)
        assert len(house.outbox.sent) == 1
        await type_code(pilot, house.outbox.code)
        assert on(app, SettingsScreen)


async def test_a_message_that_cannot_be_sent_is_told_and_another_way_works() -> None:
    app = portal_app(broken_delivery())
    async with app.run_test() as pilot:
        await enter_password(pilot)
        assert "✗ The code could not be sent." in screen_text(pilot)
        await differently(pilot, "app")
        assert "could not be sent" not in screen_text(pilot)
        await type_code(pilot, app_code(pilot))
        assert on(app, SettingsScreen)
