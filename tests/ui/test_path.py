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
from tests.ui.walks import ACCOUNT, house_with, opened


def answer(house: House, password: str) -> Answer:
    verifier = Verifier(house.store, house.hasher, house.clock)
    return verifier.decide(ACCOUNT, Secret(password), "imap").answer


@pytest.mark.slow
async def test_the_long_path_with_tab_arrows_and_enter_alone() -> None:  # noqa: PLR0915 - seven steps
    house = house_with()
    async with opened(house) as visit:
        # 1. Sign in: account, password; Tab between them, Enter on the button.
        assert visit.on(LoginScreen)
        for key in (*ACCOUNT, "tab", *PASSWORD, "tab"):
            await visit.pilot.press(key)
        assert isinstance(visit.focused, Button)
        assert str(visit.focused.label) == "Sign in"
        await visit.press("enter")
        assert visit.on(SettingsScreen)

        # 2. The settings widget at the top right of every signed-in screen opens Settings.
        await visit.press("shift+tab")
        assert isinstance(visit.focused, Button)
        assert "Settings" in str(visit.focused.label)
        await visit.press("enter", "tab")
        assert visit.on(SettingsScreen)

        # 3. On the left: Additional security verification.
        left = visit.focused
        assert isinstance(left, OptionList)
        assert left.highlighted is not None
        label = left.get_option_at_index(left.highlighted).prompt
        assert str(label) == "Additional security verification"
        await visit.press("enter")

        # 4. On the right: the security link, which leads to Security Verification.
        right = visit.focused
        assert isinstance(right, OptionList)
        link = str(right.get_option_at_index(0).prompt)
        assert link.endswith("Update my phone numbers used for account security")
        await visit.press("enter")
        assert visit.on(SecurityScreen)

        # 5. Its two tabs; the second is App Passwords.
        await visit.press("shift+tab", "shift+tab")
        assert isinstance(visit.focused, Tabs)
        tabs = [tab.label_text for tab in visit.screen.query(Tab)]
        assert tabs == ["additional security verification", "app passwords"]
        await visit.press("right")
        assert visit.on(AppPasswordsScreen)
        assert isinstance(visit.focused, Tabs)

        # 6. Create, a name, Next, copy, Close.
        await visit.press("tab")
        assert isinstance(visit.focused, Button)
        assert str(visit.focused.label) == "Create"
        await visit.press("enter")
        assert visit.on(CreateDialog)
        for key in "Laptop":
            await visit.pilot.press(key)
        await visit.press("tab", "tab", "tab")  # past For and Expires, which may stay as they are
        assert isinstance(visit.focused, Button)
        assert str(visit.focused.label) == "Next"
        await visit.press("enter")
        assert visit.on(NewAppPasswordDialog)
        assert "Your app password" in visit.screen_text()
        visit.later()
        assert isinstance(visit.focused, Button)
        assert str(visit.focused.label) == "Copy password to clipboard"
        await visit.press("enter")
        visit.later()
        assert str(visit.focused.label) == "Close"
        await visit.press("enter")
        assert visit.on(AppPasswordsScreen)
        [password] = visit.sent
        assert answer(house, password) is Answer.YES

        # 7. Next to it: Delete, which asks; Yes.
        assert visit.focused.id == "table"
        assert "Laptop" in visit.screen_text()
        await visit.press("right", "enter")
        assert visit.on(DeleteDialog)
        assert isinstance(visit.focused, Button)
        assert str(visit.focused.label) == "No"
        await visit.press("left")
        assert str(visit.focused.label) == "Yes"
        await visit.press("enter")
        assert visit.on(AppPasswordsScreen)
        assert "Deleted Laptop." in visit.screen_text()
        assert "No app passwords yet" in visit.screen_text()
        assert answer(house, password) is Answer.NOT_MINE  # the account is open: others may know it


@pytest.mark.slow
async def test_the_name_and_five_keys_to_a_password_on_the_clipboard() -> None:
    house = house_with("Tablet")
    async with opened(house) as visit:
        await visit.sign_in_by_hand()
        spent = 0
        for keys in (["p"], ["c"], [*"Laptop"], ["enter"]):
            await visit.press(*keys)
            spent += 0 if len(keys) > 1 else 1
        visit.later()
        await visit.press("enter")
        spent += 1
        [password] = visit.sent
        assert answer(house, password) is Answer.YES
        visit.later()
        await visit.press("enter")
        spent += 1
        assert visit.on(AppPasswordsScreen)
        assert spent == 5

        await visit.press("d", "y")
        assert answer(house, password) is Answer.NOT_MINE  # the account is open: others may know it
