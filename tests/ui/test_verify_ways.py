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
from tests.support import first_quick
from tests.ui.states_of_verification import by_text, bypassed, protected, unreachable
from tests.ui.walks import ACCOUNT, burst, demo_house, gated, house_with, opened, portal_app

# --- a different option ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("key", ["o", "f3", "button"])
async def test_a_different_option_can_be_asked_for(key: str) -> None:
    async with opened(protected()) as visit:
        await visit.enter_password()
        await (visit.press_button("different") if key == "button" else visit.press(key))
        assert visit.on(ChooseDialog)
        assert visit.rows() == [
            "✓ Use verification code from app",
            "Notify me through app",
            "Text code to my authentication phone",
            "Call my authentication phone",
            "Text code to my alternate authentication phone",
            "Call my alternate authentication phone",
            "Call my office phone",
            "Use a recovery code",
        ]


@pytest.mark.slow
async def test_what_can_be_had_comes_first_and_the_rest_says_why_it_cannot() -> None:
    async with opened(demo_house()) as visit:
        await visit.enter_password()
        await visit.press("o")
        assert [row.endswith("(not available)") for row in visit.rows()] == [False] * 5 + [True] * 3
        for key, why in [
            ("end", "Add your alternate authentication phone first."),
            ("up", "Add your alternate authentication phone first."),
            ("up", "Add your office phone first."),
        ]:
            await visit.press(key)
            assert why in visit.screen_text()
            assert f"✗ {why}" not in visit.screen_text()
            await visit.press("enter")
            assert visit.on(ChooseDialog)
            assert f"✗ {why}" in visit.screen_text()
        await visit.press("escape")
        await visit.type_code(visit.app_code())
        assert visit.on(AppPasswordsScreen)


@pytest.mark.slow
async def test_with_no_way_at_all_one_is_sent_to_the_administrator() -> None:
    async with opened(unreachable()) as visit:
        await visit.enter_password()
        assert (
            "None of these can be used now. Ask your administrator for help." in visit.sentences()
        )
        assert all(row.endswith("(not available)") for row in visit.rows())
        for _ in range(8):
            await visit.press("enter", "down")
        assert visit.on(ChooseDialog)
        await visit.press("escape")
        assert visit.on(LoginScreen)
        assert len(visit.app.screen_stack) == 1  # Login


# --- leaving --------------------------------------------------------------------------------


@pytest.mark.parametrize("key", first_quick("escape", "button"))
async def test_leaving_ends_at_login_with_the_password_field_empty(key: str) -> None:
    async with opened(protected()) as visit:
        await visit.enter_password()
        await (visit.press_button("cancel") if key == "button" else visit.press(key))
        assert visit.on(LoginScreen)
        password = visit.screen.query_one("#password", Input)
        assert visit.focused is password
        assert password.value == ""
        assert visit.screen.query_one("#account", Input).value == ACCOUNT
        await visit.sign_in_by_hand()
        assert visit.on(AppPasswordsScreen)


async def test_while_a_code_is_checked_nobody_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be right, and is then used up."""
    gate = gated(monkeypatch, Challenge, "answer")
    async with opened(protected()) as visit:
        await visit.enter_password()
        for key in (*visit.app_code(), "escape", "o", "7", "backspace", "enter"):
            await visit.pilot.press(key)
        assert visit.on(SecurityCodeDialog)
        gate.set()
        await visit.settle()
        assert visit.on(AppPasswordsScreen)


@pytest.mark.slow
async def test_a_session_that_ended_elsewhere_leaves_the_question() -> None:
    house = protected()
    async with opened(house) as visit:
        await visit.enter_password()
        house.operator.require_verification(ACCOUNT)
        await visit.type_code(visit.app_code())
        assert visit.on(LoginScreen)
        assert len(visit.app.screen_stack) == 1
        assert "the account's security was changed elsewhere" in visit.screen_text()


# --- help -----------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_question_mark_helps_where_digits_are_typed() -> None:
    async with opened(protected()) as visit:
        await visit.enter_password()
        await visit.press("1", "question_mark")
        assert visit.on(HelpDialog)
        assert "Use a different verification option" in visit.screen_text()
        assert "Send a new code" not in visit.screen_text()  # the app needs none
        await visit.press("escape")
        assert visit.screen.query_one("#code", Input).value == "1"


@pytest.mark.slow
async def test_an_answer_waits_until_the_help_over_its_dialog_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = gated(monkeypatch, Challenge, "answer")
    async with opened(protected()) as visit:
        await visit.enter_password()
        for key in (*visit.app_code(), "question_mark"):
            await visit.pilot.press(key)
        gate.set()
        await visit.settle()
        assert visit.on(HelpDialog)
        await visit.press("escape")
        assert visit.on(AppPasswordsScreen)
        assert len(visit.app.screen_stack) == 1


@pytest.mark.slow
async def test_a_password_made_under_the_help_is_shown_once_the_help_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = portal_app(house_with())
    gate = gated(monkeypatch, Portal, "create_app_password")
    async with opened(app) as visit:
        await visit.to_create()
        for key in ("enter", "f1"):
            await visit.pilot.press(key)
        gate.set()
        await visit.settle()
        assert visit.on(HelpDialog)
        await visit.press("escape")
        assert visit.on(NewAppPasswordDialog)
        assert not [screen for screen in app.screen_stack if isinstance(screen, CreateDialog)]
        visit.later()
        await visit.press("enter")
        visit.later()
        await visit.press("enter")
        assert visit.on(AppPasswordsScreen)


# --- a bypass -------------------------------------------------------------------------------


async def test_a_bypass_opens_setting_up_and_nothing_else() -> None:
    house = bypassed()
    async with opened(house) as visit:
        await visit.enter_password()
        assert visit.on(BypassDialog)
        assert "until 12 Dec 2026 12:30" in visit.sentences()
        await visit.press("enter")
        assert visit.on(SetUpScreen)
        assert house.now(ACCOUNT).bypass_until is None
        await visit.press("v", "p", "f2", "comma")
        assert visit.on(SetUpScreen)


@pytest.mark.slow
async def test_whoever_can_verify_need_not_use_the_bypass() -> None:
    house = bypassed()
    async with opened(house) as visit:
        await visit.enter_password()
        await visit.press_button("different")
        assert visit.rows()[0] == "✓ Set up a new method, as your administrator allows"
        await visit.choose("app")
        await visit.type_code(visit.app_code())
        assert visit.on(AppPasswordsScreen)
        assert house.now(ACCOUNT).bypass_until is not None


async def test_a_bypass_that_has_ended_meanwhile_is_told() -> None:
    async with opened(bypassed()) as visit:
        await visit.enter_password()
        visit.later(1801)
        await visit.press("enter")
        assert (
            "✗ Your administrator's permission has ended. Ask for a new one." in visit.sentences()
        )
        await visit.press("escape")
        assert visit.on(LoginScreen)


# --- keys in one burst ----------------------------------------------------------------------


@pytest.mark.slow
async def test_digits_after_the_sixth_are_no_second_try() -> None:
    house = by_text()
    async with opened(house) as visit:
        await visit.enter_password()
        await burst(visit, *"000000111111222222")
        assert "✗ Wrong code." in visit.screen_text()
        for _ in range(3):
            await visit.type_code("000000")
        # Four tries so far; had the burst been three, this would be one too many.
        await visit.type_code(house.outbox.code)
        assert visit.on(AppPasswordsScreen)


@pytest.mark.slow
async def test_enter_without_a_recovery_code_says_what_to_type() -> None:
    async with opened(demo_house()) as visit:
        await visit.enter_password()
        await visit.differently("recovery")
        await visit.press("enter")
        assert "Type one of your recovery codes." in visit.screen_text()


# --- the demonstration ----------------------------------------------------------------------


async def test_the_demonstration_gives_the_code_away() -> None:
    house = demo_house()
    async with opened(house, show_demo=True) as visit:
        await visit.enter_password()
        assert f"A demonstration: the code is {visit.app_code()}." in visit.screen_text()


@pytest.mark.slow
async def test_the_demonstration_says_that_a_code_was_wrong_and_shows_the_right_one_again() -> None:
    async with opened(demo_house(), show_demo=True) as visit:
        await visit.enter_password()
        await visit.type_code("000000")
        assert "Wrong code." in visit.screen_text()
        assert visit.screen.query_one("#code", Input).value == visit.app_code()


@pytest.mark.slow
async def test_the_demonstration_gives_away_what_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    house = demo_house()
    assert house.demonstration is not None
    monkeypatch.setattr(house.outbox, "send", house.demonstration.send)
    async with opened(house, show_demo=True) as visit:
        await visit.enter_password()
        await visit.differently("text")
        first = house.demonstration.sent()
        assert f"A demonstration: the code is {first}." in visit.screen_text()
        await visit.press("r")
        assert house.demonstration.sent() != first
        assert f"A demonstration: the code is {house.demonstration.sent()}." in visit.screen_text()


async def test_without_it_nothing_is_given_away() -> None:
    async with opened(demo_house()) as visit:
        await visit.enter_password()
        assert "demonstration" not in visit.screen_text()
