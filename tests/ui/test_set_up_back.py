"""The first time: one step back, leaving half way, and telephone numbers that will not do."""

import pytest
from textual.widgets import Input, Label

from apppw_tui.ui.app_options import ConnectionHelp
from apppw_tui.ui.dialogs.phone_number import PhoneNumberDialog
from apppw_tui.ui.dialogs.recovery_codes import CodeLabel, RecoveryCodesDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.set_up import SetUpScreen
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
from tests.ui.walks import ACCOUNT, Visit, opened, portal_app

pytestmark = pytest.mark.slow

# --- one step back --------------------------------------------------------------------------


@pytest.mark.parametrize("back", ["key", "button"])
async def test_back_leads_one_step_back_and_what_was_proved_stays_proved(back: str) -> None:
    house = new_account()
    app = portal_app(house)

    async def step_back(visit: Visit) -> None:
        await (visit.press_button("back") if back == "button" else visit.press("f4"))

    async with opened(app) as visit:
        await set_up_app(visit)
        await step_back(visit)
        assert visit.rows()[0] == "Authenticator app on a phone or computer"
        await visit.press("escape")
        assert visit.on(SetUpScreen)
        await visit.press("enter", "enter")
        await visit.type_code(visit.shown_code())
        visit.later()
        shown = [str(label.content) for label in app.screen.query(CodeLabel)]
        await visit.press("c")
        visit.later()
        await visit.press("enter")
        await step_back(visit)
        assert visit.on(RecoveryCodesDialog)
        assert [str(label.content) for label in app.screen.query(CodeLabel)] == shown
        visit.later()
        await step_back(visit)
        assert visit.rows()[0] == "✓ Authenticator app on a phone or computer"
        assert house.now(ACCOUNT).authenticator is not None
        # A second method, and on to the end.
        await visit.press("down", "enter")
        await visit.type_into("#number", NUMBER)
        await visit.press("enter")
        await step_back(visit)
        assert app.screen.query_one("#number", Input).value == "+4915123456767"
        await visit.press("enter")
        await visit.type_code(house.outbox.code)
        visit.later()
        await visit.press("escape", "escape", "escape")
        assert visit.on(AppPasswordsScreen)
    assert house.now(ACCOUNT).authenticator is not None
    assert len(house.now(ACCOUNT).phones) == 1


async def test_leaving_after_the_last_step_was_reached_opens_the_account() -> None:
    async with opened(new_account()) as visit:
        await to_first_app_password(visit)
        await visit.press("f4")
        visit.later()
        await visit.press("b", "escape")
        assert visit.on(AppPasswordsScreen)


async def test_cancelled_half_way_what_was_proved_opens_the_account_later() -> None:
    house = new_account()
    async with opened(house) as visit:
        await prove_app(visit)
        await visit.press("b", "escape")
        assert visit.on(SetUpScreen)
        await visit.press("down", "enter")
        assert visit.on(LoginScreen)
        visit.later(30)
        await visit.sign_in()
        assert visit.on(AppPasswordsScreen)
        await visit.press("f2")
        protection = visit.screen.query_one("#protection", Label)
        assert "a code from your authenticator app." in str(protection.content)


@pytest.mark.parametrize("left", ["at the codes", "at the choice"])
async def test_begun_again_it_goes_on_with_what_is_stored(left: str) -> None:
    """Neither is the app asked for twice, nor do the codes stop working that were kept."""
    house = new_account()
    async with opened(house) as visit:
        await prove_app(visit)
        shown = [str(label.content) for label in visit.screen.query(CodeLabel)]
        stored = house.now(ACCOUNT)
        await visit.press("b")
        if left == "at the codes":
            await visit.press("enter")
            assert visit.on(RecoveryCodesDialog)
            visit.later()
            await visit.press("b")
        await visit.press("escape")
        assert visit.on(SetUpScreen)
        await visit.press("enter")
        assert [str(label.content) for label in visit.screen.query(CodeLabel)] == shown
        visit.later()
        await visit.press("b")
        assert visit.rows()[0] == "✓ Authenticator app on a phone or computer"
        assert "Ticked is set up:" in visit.sentences()
        await visit.press("enter")
        assert visit.on(RecoveryCodesDialog)
        now = house.now(ACCOUNT)
        assert (now.authenticator, now.recovery) == (stored.authenticator, stored.recovery)


async def test_begun_again_what_was_removed_meanwhile_is_asked_for() -> None:
    house = new_account()
    async with opened(house) as visit:
        await prove_app(visit)
        await visit.press("b", "escape")
        with house.store.transaction(ACCOUNT, house.now(ACCOUNT).uid) as change:
            change.account = change.existing.without_authenticator()
        await visit.press("enter")
        assert visit.rows()[0] == "Authenticator app on a phone or computer"


async def test_cancelled_before_anything_was_proved_nothing_was_set_up() -> None:
    house = new_account()
    async with opened(house) as visit:
        await set_up_sent(visit)
        await visit.press("escape")
        assert visit.on(SetUpScreen)
        await visit.press("enter", "enter", "escape")
        assert visit.on(SetUpScreen)
    assert not house.now(ACCOUNT).has_second_factor


# --- phones ---------------------------------------------------------------------------------


@pytest.mark.parametrize("on_server", [True, False])
async def test_where_no_codes_are_sent_one_line_says_so_on_a_server(on_server: bool) -> None:
    connecting = ConnectionHelp(on_server=on_server)
    async with opened(without_delivery(), connecting=connecting) as visit:
        await to_set_up(visit)
        assert len(visit.rows()) == 1
        sentence = "Text or call is not set up on this server."
        assert (sentence in visit.screen_text()) is on_server


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Type the number, such as +49 151 23456789."),
        ("0151 2345", "Start with + and the country code, such as +49."),
        ("+49 nine", "A telephone number has no letters."),
        ("+49 151 2", "There is no such telephone number."),
    ],
)
async def test_a_number_that_cannot_be_right_is_told_and_kept(typed: str, sentence: str) -> None:
    house = new_account()
    async with opened(house) as visit:
        await set_up_number(visit)
        await visit.type_into("#number", typed)
        await visit.press("enter")
        assert f"✗ {sentence}" in visit.sentences()
        assert visit.screen.query_one("#number", Input).value == typed
        assert visit.focused is visit.screen.query_one("#number", Input)
    assert house.outbox.sent == []


async def test_a_code_that_cannot_be_sent_is_told_and_one_may_step_back() -> None:
    house = new_account()
    house.outbox.broken = True
    async with opened(house) as visit:
        await set_up_sent(visit)
        assert "✗ The code could not be sent." in visit.screen_text()
        await visit.press("b")
        assert visit.on(PhoneNumberDialog)
        house.outbox.broken = False
        await visit.press("enter")
        await visit.type_code(house.outbox.code)
        assert visit.on(RecoveryCodesDialog)
