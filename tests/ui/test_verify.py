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
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from tests.support import House, first_quick, first_row_quick
from tests.ui.states_of_verification import (
    broken_delivery,
    by_text,
    protected,
)
from tests.ui.walks import ACCOUNT, opened

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
@pytest.mark.parametrize("by", ["app", *REACHED])
async def test_six_digits_submit_themselves_whichever_way_they_come(by: str) -> None:
    house = protected()
    async with opened(house) as visit:
        await visit.enter_password()
        await visit.differently(by)
        code = visit.app_code()
        if by != "app":
            kind, number, sentence = REACHED[by]
            assert house.outbox.sent[-1][:2] == (kind, number)
            assert sentence in visit.sentences()
            code = house.outbox.code
        await visit.type_code(code[:5])
        assert visit.on(SecurityCodeDialog)
        await visit.type_code(code[5])
        assert visit.on(AppPasswordsScreen)


@pytest.mark.parametrize("by", first_quick("text", "app", "call", "notify", "office"))
async def test_the_preferred_way_is_asked_first(by: str) -> None:
    house = protected()
    house.alter(ACCOUNT, preferred=by)
    async with opened(house) as visit:
        await visit.enter_password()
        asked = REACHED[by][2] if by in REACHED else "that your authenticator app shows now."
        assert asked in visit.sentences()
        assert len(house.outbox.sent) == (by in REACHED)


@pytest.mark.slow
async def test_a_recovery_code_signs_in_once_and_letters_are_text_in_its_field() -> None:
    house = protected()
    codes = house.give_recovery_codes(ACCOUNT)
    async with opened(house) as visit:
        await visit.enter_password()
        await visit.differently("recovery")
        await visit.press(*"robq?")
        assert code_field(visit.app).value == "robq?"
        await visit.press("enter")
        assert "✗ That is not one of your recovery codes." in visit.screen_text()
        assert code_field(visit.app).value == "robq?"
        await visit.type_into("#code", grouped(codes[3]).upper())
        await visit.press("enter")
        assert visit.on(AppPasswordsScreen)
        assert "9 of 10 recovery codes are left." in visit.screen_text()
        await visit.press("f2", "end", "enter", "enter")
        await visit.enter_password()
        await visit.differently("recovery")
        await visit.type_into("#code", grouped(codes[3]))
        await visit.press("enter")
        assert "✗ That recovery code is wrong, or was used before." in visit.screen_text()
        await visit.press_button("different")
        assert visit.on(ChooseDialog)


@pytest.mark.slow
async def test_a_pasted_code_may_have_a_space_in_it() -> None:
    async with opened(protected()) as visit:
        await visit.enter_password()
        code = visit.app_code()
        visit.app.post_message(events.Paste(f" {code[:3]} {code[3:]}\n"))
        await visit.settle()
        assert visit.on(AppPasswordsScreen)


# --- wrong answers --------------------------------------------------------------------------


async def test_a_wrong_code_empties_its_field_and_the_next_one_is_let_in() -> None:
    async with opened(protected()) as visit:
        await visit.enter_password()
        await visit.type_code(WRONG)
        assert "✗ Wrong code. Check it, or wait for the next." in visit.screen_text()
        assert code_field(visit.app).value == ""
        assert visit.focused is code_field(visit.app)
        await visit.press("enter")  # out of habit, behind the sixth digit
        assert "✗ Wrong code. Check it, or wait for the next." in visit.screen_text()
        await visit.press("1")
        assert "Wrong code" not in visit.screen_text()
        await visit.press("enter")
        assert "✗ A code has six digits." in visit.screen_text()
        await visit.press("backspace")
        await visit.type_code(visit.app_code())
        assert visit.on(AppPasswordsScreen)


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
    ("make", "code", "sentence"),
    first_row_quick(
        (protected, used, "That code was used already. Wait for the next one."),
        (by_text, lambda _: WRONG, "Wrong code. Check it against the newest message."),
        (by_text, expired, "That code has expired. Send a new one."),
    ),
)
async def test_a_refused_code_says_which_refusal_it_is(
    make: Callable[[], House], code: Callable[[House], str], sentence: str
) -> None:
    house = make()
    async with opened(house) as visit:
        await visit.enter_password()
        await visit.type_code(code(house))
        assert f"✗ {sentence}" in visit.screen_text()
        assert code_field(visit.app).value == ""


# --- messages -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", first_quick("r", "f5", "button"))
async def test_a_code_can_be_sent_again_and_only_the_newest_counts(key: str) -> None:
    house = by_text()
    async with opened(house) as visit:
        await visit.enter_password()
        first = house.outbox.code
        await (visit.press_button("again") if key == "button" else visit.press(key))
        assert "Sent again." in visit.screen_text()
        assert len(house.outbox.sent) == 2
        code_field(visit.app).focus()
        await visit.type_code(first)
        assert "✗ Wrong code." in visit.screen_text()
        await visit.type_code(house.outbox.code)
        assert visit.on(AppPasswordsScreen)


@pytest.mark.slow
async def test_coming_back_to_a_code_that_was_sent_sends_no_other() -> None:
    house = by_text()
    async with opened(house) as visit:
        await visit.enter_password()
        await visit.differently("app")
        await visit.differently("text")
        await visit.press("o", "escape")
        assert "a code to your phone that ends in 67." in visit.screen_text()
        assert len(house.outbox.sent) == 1
        await visit.type_code(house.outbox.code)
        assert visit.on(AppPasswordsScreen)


@pytest.mark.slow
async def test_a_message_that_cannot_be_sent_is_told_and_another_way_works() -> None:
    async with opened(broken_delivery()) as visit:
        await visit.enter_password()
        assert "✗ The code could not be sent." in visit.screen_text()
        await visit.differently("app")
        assert "could not be sent" not in visit.screen_text()
        await visit.type_code(visit.app_code())
        assert visit.on(AppPasswordsScreen)
