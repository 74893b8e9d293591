"""The path that Office 365 made familiar: taken literally, and by the short cuts."""

import pytest
from textual.widgets import Button, OptionList, Tab, Tabs

from apppw_tui.domain.secret import Secret
from apppw_tui.ui.dialogs.confirm import DeleteDialog
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.security import SecurityScreen
from apppw_tui.ui.screens.settings import SettingsScreen
from apppw_tui.verifier.decision import Answer, Verifier
from tests.support import PASSWORD, House
from tests.ui.walks import (
    ACCOUNT,
    house_with,
    later,
    on,
    portal_app,
    press,
    screen_text,
    sent,
    sign_in_by_hand,
)


def answer(house: House, password: str) -> Answer:
    verifier = Verifier(house.store, house.hasher, house.clock)
    return verifier.decide(ACCOUNT, Secret(password), "imap").answer


@pytest.mark.slow
async def test_the_long_path_with_tab_arrows_and_enter_alone() -> None:  # noqa: PLR0915 - seven steps
    house = house_with()
    app = portal_app(house)
    async with app.run_test(size=(80, 24)) as pilot:
        # 1. Sign in: account, password; Tab between them, Enter on the button.
        assert on(app, LoginScreen)
        for key in (*ACCOUNT, "tab", *PASSWORD, "tab"):
            await pilot.press(key)
        assert isinstance(app.focused, Button)
        assert str(app.focused.label) == "Sign in"
        await press(pilot, "enter")
        assert on(app, SettingsScreen)

        # 2. The settings widget at the top right of every signed-in screen opens Settings.
        await press(pilot, "shift+tab")
        assert isinstance(app.focused, Button)
        assert "Settings" in str(app.focused.label)
        await press(pilot, "enter", "tab")
        assert on(app, SettingsScreen)

        # 3. On the left: Additional security verification.
        left = app.focused
        assert isinstance(left, OptionList)
        assert left.highlighted is not None
        label = left.get_option_at_index(left.highlighted).prompt
        assert str(label) == "Additional security verification"
        await press(pilot, "enter")

        # 4. On the right: the security link, which leads to Security Verification.
        right = app.focused
        assert isinstance(right, OptionList)
        link = str(right.get_option_at_index(0).prompt)
        assert link.endswith("Update my phone numbers used for account security")
        await press(pilot, "enter")
        assert on(app, SecurityScreen)

        # 5. Its two tabs; the second is App Passwords.
        await press(pilot, "shift+tab", "shift+tab")
        assert isinstance(app.focused, Tabs)
        tabs = [tab.label_text for tab in app.screen.query(Tab)]
        assert tabs == ["additional security verification", "app passwords"]
        await press(pilot, "right")
        assert on(app, AppPasswordsScreen)
        assert isinstance(app.focused, Tabs)

        # 6. Create, a name, Next, copy, Close.
        await press(pilot, "tab")
        assert isinstance(app.focused, Button)
        assert str(app.focused.label) == "Create"
        await press(pilot, "enter")
        assert on(app, CreateDialog)
        for key in "Laptop":
            await pilot.press(key)
        await press(pilot, "tab", "tab", "tab")  # past For and Expires, which may stay as they are
        assert isinstance(app.focused, Button)
        assert str(app.focused.label) == "Next"
        await press(pilot, "enter")
        assert on(app, NewAppPasswordDialog)
        assert "Your app password" in screen_text(pilot)
        later(pilot)
        assert isinstance(app.focused, Button)
        assert str(app.focused.label) == "Copy password to clipboard"
        await press(pilot, "enter")
        later(pilot)
        assert str(app.focused.label) == "Close"
        await press(pilot, "enter")
        assert on(app, AppPasswordsScreen)
        [password] = sent(app)
        assert answer(house, password) is Answer.YES

        # 7. Next to it: Delete, which asks; Yes.
        assert app.focused.id == "table"
        assert "Laptop" in screen_text(pilot)
        await press(pilot, "right", "enter")
        assert on(app, DeleteDialog)
        assert isinstance(app.focused, Button)
        assert str(app.focused.label) == "No"
        await press(pilot, "left")
        assert str(app.focused.label) == "Yes"
        await press(pilot, "enter")
        assert on(app, AppPasswordsScreen)
        assert "Deleted Laptop." in screen_text(pilot)
        assert "No app passwords yet" in screen_text(pilot)
        assert answer(house, password) is Answer.NOT_MINE  # the account is open: others may know it


@pytest.mark.slow
async def test_the_name_and_five_keys_to_a_password_on_the_clipboard() -> None:
    house = house_with("Tablet")
    app = portal_app(house)
    async with app.run_test(size=(80, 24)) as pilot:
        await sign_in_by_hand(pilot)
        spent = 0
        for keys in (["p"], ["c"], [*"Laptop"], ["enter"]):
            await press(pilot, *keys)
            spent += 0 if len(keys) > 1 else 1
        later(pilot)
        await press(pilot, "enter")
        spent += 1
        [password] = sent(app)
        assert answer(house, password) is Answer.YES
        later(pilot)
        await press(pilot, "enter")
        spent += 1
        assert on(app, AppPasswordsScreen)
        assert spent == 5

        await press(pilot, "d", "y")
        assert answer(house, password) is Answer.NOT_MINE  # the account is open: others may know it
