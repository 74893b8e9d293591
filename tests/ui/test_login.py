"""Signing in, and the first account of all."""

import pytest
from textual.widgets import Button, Input

from apppw_tui.domain.errors import DiskFull
from apppw_tui.ui.dialogs.security_code import SecurityCodeDialog
from apppw_tui.ui.messages import SignedIn
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.base import PortalScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.themes import TERMINAL
from tests.support import PASSWORD, House
from tests.ui.walks import ACCOUNT, demo_house, gated, house_with, opened, portal_app

LOOKS = 3000  # not seconds
NO_MATCH = "That account and password do not match."


async def test_a_wrong_password_stays_selected_in_its_field() -> None:
    async with opened(house_with()) as visit:
        await visit.sign_in_by_hand("not the password")
        password = visit.screen.query_one("#password", Input)
        assert f"✗ {NO_MATCH}" in visit.screen_text()
        assert visit.focused is password
        assert password.selected_text == "not the password"


async def test_in_sixteen_colours_a_wrong_password_is_emptied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = portal_app(house_with())
    assert app.theme == TERMINAL
    async with opened(app) as visit:
        await visit.sign_in_by_hand("not the password")
        assert app.screen.query_one("#password", Input).value == ""
        assert NO_MATCH in visit.screen_text()


@pytest.mark.parametrize("field", ["#account", "#password"])
async def test_ctrl_c_says_how_to_leave_and_esc_twice_leaves(field: str) -> None:
    """Some terminals keep ^q to themselves."""
    async with opened(house_with()) as visit:
        visit.screen.query_one(field).focus()
        await visit.press("ctrl+c")
        assert "Press esc or ^c to leave." in visit.screen_text()
        await visit.press("a")
        assert "to leave" not in visit.screen_text()
        await visit.press("escape")
        assert visit.app.is_running
        assert "Press esc again to leave." in visit.screen_text()
        await visit.pilot.press("escape")
        await visit.pilot.pause()
        assert not visit.app.is_running


async def test_a_selected_password_does_not_swallow_ctrl_c() -> None:
    async with opened(house_with()) as visit:
        await visit.sign_in_by_hand("not the password")
        await visit.press("ctrl+c")
        assert "Press esc or ^c to leave." in visit.screen_text()
        assert visit.app.clipboard == ""
        await visit.pilot.press("ctrl+c")
        await visit.pilot.pause()
        assert not visit.app.is_running


async def test_footer_says_how_one_goes_on_and_leaves() -> None:
    async with opened(house_with()) as visit:
        await visit.settle()
        assert "⏎ Next  esc Leave  ^q Quit  F1 Help" in visit.screen_text()
        visit.screen.query_one("#password").focus()
        await visit.settle()
        assert "⏎ Sign in  esc Leave  ^q Quit  F1 Help" in visit.screen_text()


async def test_it_says_that_one_is_being_let_in_until_the_next_screen_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = house_with()
    gate = gated(monkeypatch, type(house.portal), "after_sign_in")
    async with opened(house) as visit:
        await visit.type_into("#account", ACCOUNT)
        await visit.type_into("#password", PASSWORD)
        await visit.pilot.press("enter")
        button = visit.screen.query_one("#enter", Button)
        for _ in range(LOOKS):
            if str(button.label) == "Signing in…":
                break
            await visit.pilot.pause(0.01)
        await visit.pilot.press("enter")
        await visit.pilot.pause()
        assert str(button.label) == "Signing in…"
        assert visit.on(LoginScreen)
        gate.set()
        await visit.settle()
        assert visit.on(AppPasswordsScreen)


async def test_an_unknown_account_is_answered_like_a_wrong_password() -> None:
    async with opened(house_with()) as visit:
        await visit.sign_in_by_hand(account="nobody@example.org")
        assert NO_MATCH in visit.screen_text()


async def test_a_refusal_goes_away_as_soon_as_one_types() -> None:
    async with opened(house_with()) as visit:
        await visit.sign_in_by_hand("not the password")
        await visit.press("x")
        assert NO_MATCH not in visit.screen_text()


@pytest.mark.parametrize(
    ("account", "password", "sentence", "focus"),
    [
        ("", PASSWORD, "Type the name of your account.", "account"),
        (ACCOUNT, "", "Type your password.", "password"),
        ("ad a", PASSWORD, "An account name cannot have a blank in it", "account"),
        ("[b]ada", PASSWORD, 'An account name cannot have "[" in it.', "account"),
    ],
)
async def test_what_cannot_be_right_is_said_under_its_field(
    account: str, password: str, sentence: str, focus: str
) -> None:
    async with opened(house_with()) as visit:
        await visit.sign_in_by_hand(password, account)
        assert sentence in visit.screen_text()
        assert visit.focused is not None
        assert visit.focused.id == focus
        assert visit.screen.query_one("#account", Input).value == account


async def test_the_first_account_is_created_and_signed_in() -> None:
    house = House()
    async with opened(house, may_create_first=True) as visit:
        assert "Create the first account" in visit.screen_text()
        await visit.create_first()
        assert visit.on(AppPasswordsScreen)
    assert house.store.list_names() == [ACCOUNT]


async def test_strength_is_told_while_one_types_and_weak_ones_are_refused_with_the_reason() -> None:
    house = House()
    async with opened(house, may_create_first=True) as visit:
        assert "8 or more characters; a few words are best." in visit.screen_text()
        await visit.type_into("#account", ACCOUNT)
        await visit.type_into("#new", "short")
        assert "Too short. Use at least 8 characters." in visit.screen_text()
        await visit.type_into("#new", "password1")
        assert "Very weak." in visit.screen_text()
        await visit.type_into("#again", "password1")
        await visit.press("enter")
        assert "✗ Not strong enough yet: this is a very common password." in visit.sentences()
        assert visit.screen.query_one("#new", Input).value == "password1"
        await visit.type_into("#new", PASSWORD)
        assert "Strong." in visit.screen_text()
    assert house.store.list_names() == []


async def test_two_different_new_passwords_are_refused() -> None:
    house = House()
    async with opened(house, may_create_first=True) as visit:
        await visit.create_first(again="something else")
        assert "✗ The two passwords differ." in visit.screen_text()
        assert visit.on(LoginScreen)
    assert house.store.list_names() == []


async def test_where_it_is_not_offered_the_way_to_a_first_account_is_named() -> None:
    async with opened(House()) as visit:
        assert "There are no accounts yet." in visit.screen_text()
        assert "Create the first account" not in visit.screen_text()
        assert str(visit.screen.query_one("#enter", Button).label) == "Sign in"


async def test_somebody_else_may_have_created_the_first_account_meanwhile() -> None:
    house = House()
    async with opened(house, may_create_first=True) as visit:
        house.add("grace@example.org")
        await visit.create_first()
        assert "There is an account by now." in visit.screen_text()
    assert house.store.list_names() == ["grace@example.org"]


@pytest.mark.slow
async def test_a_store_that_fails_is_said_and_can_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = house_with()
    async with opened(house) as visit:
        with monkeypatch.context() as patch:
            patch.setattr(house.store, "get", _broken)
            await visit.sign_in_by_hand()
            assert "The disk is full" in visit.screen_text()
        await visit.press("enter")
        assert visit.on(AppPasswordsScreen)


def _broken(account: str) -> None:
    raise DiskFull("The disk is full: nothing was changed.")


async def test_the_demonstration_tells_how_to_get_in() -> None:
    async with opened(demo_house(), show_demo=True) as visit:
        assert visit.screen.query_one("#account", Input).value == ACCOUNT
        assert PASSWORD in visit.screen_text()
        assert visit.focused is not None
        assert visit.focused.id == "password"


@pytest.mark.slow
async def test_two_keys_are_in_the_demonstration() -> None:
    async with opened(demo_house(), show_demo=True) as visit:
        await visit.settle()
        await visit.press("enter")
        assert visit.on(SecurityCodeDialog)  # the code that stands there does not submit itself
        await visit.press("enter")
        assert visit.app.signed_in
        assert isinstance(visit.screen, PortalScreen)


@pytest.mark.slow
async def test_the_code_of_the_demonstration_may_be_typed_all_the_same() -> None:
    async with opened(demo_house(), show_demo=True) as visit:
        await visit.settle()
        await visit.press("enter")
        await visit.type_code(visit.app_code())
        assert visit.app.signed_in


@pytest.mark.slow
async def test_who_gives_up_in_the_demonstration_finds_the_password_again() -> None:
    async with opened(demo_house(), show_demo=True) as visit:
        await visit.settle()
        for _ in range(2):
            await visit.press("enter", "escape")
            assert visit.on(LoginScreen)
        await visit.press("enter")
        assert visit.on(SecurityCodeDialog)


@pytest.mark.slow
async def test_help_that_is_open_when_one_is_let_in_goes_with_the_door() -> None:
    house = house_with()
    async with opened(house) as visit:
        await visit.press("f1")
        visit.app.post_message(SignedIn(house.sign_in(ACCOUNT, PASSWORD)))
        await visit.settle()
        assert visit.on(AppPasswordsScreen)
        assert len(visit.app.screen_stack) == 1  # Settings
