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
from apppw_tui.ui.widgets.choices import CheckBox
from tests.support import PASSWORD
from tests.ui.states_of_verification import optional, protected
from tests.ui.walks import ACCOUNT, burst, opened

STALE = 600  # seconds
NEW = "loom cards remember flowers"

# From where, which keys, what they lead to; the keys are pressed once the verification is old.
ASKED = {
    "security link": (("f2",), ("enter", "enter"), SecurityScreen),
    "v": ((), ("v",), SecurityScreen),
    "v elsewhere": (("p",), ("v",), SecurityScreen),
    "tab": (("p", "shift+tab"), ("left",), SecurityScreen),
    "create": (("p",), ("c",), CreateDialog),
    "password": (("f2", "down", "enter"), ("enter",), ChangePasswordDialog),
    "change a phone": (("v",), ("enter",), PhoneNumberDialog),
    "preferred": (("v",), ("o",), ChooseDialog),
}


@pytest.mark.slow
@pytest.mark.parametrize(("before", "keys", "wanted"), ASKED.values(), ids=ASKED)
async def test_it_is_asked_first_and_then_goes_on_to_what_was_wanted(
    before: tuple[str, ...], keys: tuple[str, ...], wanted: type
) -> None:
    async with opened(protected()) as visit:
        await visit.sign_in()
        await visit.press(*before)
        visit.later(STALE)
        await visit.press(*keys)
        assert visit.on(SecurityCodeDialog)
        assert len(visit.app.screen_stack) == 2  # the screen, the question
        await visit.type_code(visit.app_code())
        assert visit.on(wanted)
        if keys == ("left",):
            assert isinstance(visit.focused, Tabs)


@pytest.mark.slow
@pytest.mark.parametrize(("before", "keys", "wanted"), ASKED.values(), ids=ASKED)
async def test_not_answered_everything_stays_as_it_was(
    before: tuple[str, ...], keys: tuple[str, ...], wanted: type
) -> None:
    async with opened(protected()) as visit:
        await visit.sign_in()
        await visit.press(*before)
        screen, focused = visit.screen, visit.focused
        visit.later(STALE)
        await visit.press(*keys, "escape")
        assert visit.screen is screen
        assert "Nothing was changed. Verify first that it is you." in visit.screen_text()
        if keys[0] != "enter" or len(keys) == 1:
            assert visit.focused is focused
        for tabs in visit.screen.query(Tabs):
            assert tabs.active == ("security" if visit.on(SecurityScreen) else "app-passwords")
        # And what was wanted can be wanted again.
        await visit.press(keys[-1])
        assert visit.on(SecurityCodeDialog)


@pytest.mark.parametrize("age", [0, STALE - 1])
async def test_within_ten_minutes_nothing_is_asked(age: float) -> None:
    async with opened(protected()) as visit:
        await visit.sign_in()
        visit.later(age)
        await visit.press("v")
        assert visit.on(SecurityScreen)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["d", "r"])
async def test_deleting_and_renaming_ask_nothing(key: str) -> None:
    """Whoever lost a phone must be able to stop it at once."""
    house = protected()
    house.issue("Laptop", ACCOUNT)
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("p")
        visit.later(STALE)
        await visit.press(key)
        if key == "r":
            await visit.type_into("#name", "Tablet")
            await visit.press("enter")
            assert "Tablet" in visit.screen_text()
        else:
            await visit.press("y")
            assert "Deleted Laptop." in visit.screen_text()


@pytest.mark.slow
async def test_another_way_serves_as_well() -> None:
    house = protected()
    async with opened(house) as visit:
        await visit.sign_in()
        visit.later(STALE)
        await visit.press("v")
        await visit.differently("text")
        await visit.type_code(house.outbox.code)
        assert visit.on(SecurityScreen)


@pytest.mark.slow
async def test_without_a_second_factor_the_password_is_asked() -> None:
    async with opened(optional()) as visit:
        await visit.sign_in()
        await visit.press("p")
        visit.later(STALE)
        await visit.press("c")
        assert visit.on(ConfirmPasswordDialog)
        await visit.press("enter")
        assert "✗ Type your password." in visit.screen_text()
        await visit.type_into("#password", "not the password")
        await visit.press("enter")
        assert "✗ That is not your password." in visit.screen_text()
        assert visit.screen.query_one("#password", Input).selected_text == "not the password"
        await visit.type_into("#password", PASSWORD)
        await visit.press("enter")
        assert visit.on(CreateDialog)


# --- while a dialog is open -----------------------------------------------------------------


@pytest.mark.slow
async def test_grown_old_under_the_name_it_is_asked_on_top_and_the_name_is_kept() -> None:
    house = protected()
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("p", "c")
        await visit.type_into("#name", "Laptop")
        visit.later(STALE)
        await visit.press("enter")
        assert visit.on(SecurityCodeDialog)
        await visit.press("escape")
        assert visit.on(CreateDialog)
        assert visit.screen.query_one("#name", Input).value == "Laptop"
        assert "✗ Nothing was changed. Verify first that it is you." in visit.screen_text()
        assert house.now(ACCOUNT).app_passwords == ()
        await visit.press("enter")
        await visit.type_code(visit.app_code())
        assert visit.on(NewAppPasswordDialog)
        assert "Laptop · Any app" in visit.screen_text()
        assert not [screen for screen in visit.app.screen_stack if isinstance(screen, CreateDialog)]
    assert [password.name for password in house.now(ACCOUNT).app_passwords] == ["Laptop"]


@pytest.mark.slow
async def test_grown_old_while_a_number_is_proved_its_code_still_counts() -> None:
    house = protected()
    async with opened(house) as visit:
        await visit.sign_in()
        visit.later(STALE - 10)
        await visit.press("v", "enter")
        await visit.type_into("#number", "+49 30 654321")
        await visit.press("enter")
        code = house.outbox.code
        visit.later(20)
        await visit.type_code(code)
        assert "authenticator app" in visit.sentences()
        await visit.type_code(visit.app_code())
        assert visit.on(SecurityScreen)
        assert "✓ Verified. You can sign in with it from now on." in visit.screen_text()


@pytest.mark.slow
async def test_keys_typed_ahead_are_not_for_the_question() -> None:
    house = protected()
    house.alter(ACCOUNT, preferred="text")
    async with opened(house) as visit:
        await visit.enter_password()
        await visit.type_code(house.outbox.code)
        await visit.press("p")
        visit.later(STALE)
        await burst(visit, "c", *"123")
        assert visit.on(SecurityCodeDialog)
        assert visit.screen.query_one("#code", Input).value == ""
        await visit.type_code(house.outbox.code)
        assert visit.on(CreateDialog)
        assert visit.screen.query_one("#name", Input).value == ""


@pytest.mark.slow
async def test_a_session_that_ends_under_the_question_ends_at_login() -> None:
    house = protected()
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("p", "c")
        await visit.type_into("#name", "Laptop")
        visit.later(STALE)
        await visit.press("enter")
        house.operator.require_verification(ACCOUNT)
        await visit.type_code(visit.app_code())
        assert visit.on(LoginScreen)
        assert len(visit.app.screen_stack) == 1
        assert "the account's security was changed elsewhere" in visit.screen_text()
        await visit.settle()
        assert visit.app.is_running
    assert house.now(ACCOUNT).app_passwords == ()


# --- the account password -------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("ticked", [True, False])
async def test_a_new_password_deletes_app_passwords_only_where_that_is_ticked(ticked: bool) -> None:
    house = protected()
    house.issue("Laptop", ACCOUNT)
    async with opened(house) as visit:
        await visit.to_settings()
        await visit.press("down", "enter", "enter")
        await visit.type_into("#current", PASSWORD)
        await visit.type_into("#new", NEW)
        await visit.type_into("#again", NEW)
        await visit.press("tab")
        tick = visit.focused
        assert isinstance(tick, CheckBox)
        assert not tick.value
        assert "☐ Delete the one app password too" in visit.screen_text()
        if ticked:
            await visit.press("space")
            assert "☑ Delete the one app password too" in visit.screen_text()
        await visit.press("tab")
        assert isinstance(visit.focused, Button)
        await visit.press("enter")
        assert visit.on(SettingsScreen)
        deleted = "; 1 app password deleted" if ticked else ""
        assert f"✓ Password changed{deleted}." in visit.screen_text()
        await visit.press("p")
        assert visit.on(AppPasswordsScreen)
    assert len(house.now(ACCOUNT).app_passwords) == (0 if ticked else 1)
    house.challenge(ACCOUNT, NEW)


@pytest.mark.slow
async def test_without_app_passwords_there_is_nothing_to_tick() -> None:
    async with opened(protected()) as visit:
        await visit.to_settings()
        await visit.press("down", "enter", "enter")
        assert visit.on(ChangePasswordDialog)
        assert not visit.screen.query(CheckBox)
