"""Where another source keeps the account passwords: Login, Settings, Verify again."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from textual.widgets import Label

from apppw_tui.domain.errors import PasswordBackendDown
from apppw_tui.domain.integration_ports import ExternalPasswords, PasswordReply
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import VERIFIED_FOR
from apppw_tui.ui.dialogs.account_password import ChangePasswordDialog, ConfirmPasswordDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.settings import SettingsScreen
from tests.support import House, first_quick
from tests.ui.states import Walk
from tests.ui.walks import ACCOUNT, Visit, house_with, opened, portal_app

OLD = "the one of the mail"
DOWN = "Passwords cannot be checked now. Try again in a moment."
WHERE = "The account password is not kept here. Change it at https://mail.example.org/pw."


@dataclass
class Source:
    """Everybody has the password OLD."""

    down: bool = False

    def check(self, name: str, password: Secret, _address: str) -> PasswordReply:
        if self.down:
            raise PasswordBackendDown(DOWN)
        return PasswordReply(password.reveal() == OLD, name)


def elsewhere(house: House, source: Source, *, require_add: bool = False) -> House:
    """The same house, whose passwords are now in `source`."""
    passwords = ExternalPasswords(source, "at https://mail.example.org/pw", require_add)
    house.means = replace(house.means, source=passwords)
    house.portal = Portal(house.means)
    return house


def said_of_it(visit: Visit) -> str:
    """What the section says."""
    return str(visit.screen.query_one("#password-age", Label).content)


async def to_password(visit: Visit) -> None:
    await visit.sign_in_by_hand(OLD)
    await visit.press("f2", "down")


async def to_the_link(visit: Visit) -> None:
    await to_password(visit)
    await visit.press("enter", "enter")


@pytest.mark.slow
@pytest.mark.parametrize("walk", first_quick(to_password, to_the_link))
def test_the_section_is_dim(snap_compare: Callable[..., bool], walk: Walk) -> None:
    app = portal_app(elsewhere(house_with(), Source()))
    assert snap_compare(app, terminal_size=(80, 24), run_before=lambda pilot: walk(Visit(pilot)))


@pytest.mark.slow
async def test_the_section_says_where_passwords_are_changed() -> None:
    async with opened(elsewhere(house_with(), Source())) as visit:
        await to_password(visit)
        assert said_of_it(visit) == WHERE
        await visit.press("enter", "enter")
        assert visit.on(SettingsScreen)
        assert "Change it where it says above." in visit.screen_text()


@pytest.mark.slow
async def test_the_store_s_own_are_changed_as_before() -> None:
    async with opened(house_with()) as visit:
        await visit.to_settings()
        await visit.press("down", "enter", "enter")
        assert visit.on(ChangePasswordDialog)


async def test_somebody_new_signs_in() -> None:
    house = elsewhere(House(), Source())
    async with opened(house, may_create_first=True) as visit:
        assert visit.on(LoginScreen)
        text = visit.screen_text()
        assert "Create the first account" not in text
        assert "no accounts yet" not in text
        await visit.sign_in_by_hand(OLD)
        assert visit.on(AppPasswordsScreen)
    assert house.now(ACCOUNT).password_hash is None


async def test_where_accounts_are_to_be_added_it_is_said_how() -> None:
    async with opened(
        elsewhere(House(), Source(), require_add=True), may_create_first=True
    ) as visit:
        assert "Add one with: apppw-tui account add NAME" in visit.screen_text()
        await visit.sign_in_by_hand(OLD)
        assert visit.on(LoginScreen)
        assert "That account and password do not match." in visit.screen_text()


async def test_login_says_that_passwords_cannot_be_checked() -> None:
    source = Source(down=True)
    async with opened(elsewhere(house_with(), source)) as visit:
        await visit.sign_in_by_hand(OLD)
        assert visit.on(LoginScreen)
        assert f"✗ {DOWN}" in visit.screen_text()
        source.down = False
        await visit.press("enter")
        assert visit.on(AppPasswordsScreen)


@pytest.mark.slow
async def test_verifying_again_says_that_passwords_cannot_be_checked() -> None:
    source = Source()
    house = elsewhere(house_with("Laptop"), source)
    async with opened(house) as visit:
        await visit.sign_in_by_hand(OLD)
        await visit.press("p")
        house.clock.advance(VERIFIED_FOR)
        source.down = True
        await visit.press("c")
        assert visit.on(ConfirmPasswordDialog)
        await visit.type_into("#password", OLD)
        await visit.press("enter")
        assert visit.on(ConfirmPasswordDialog)
        assert DOWN in visit.screen_text()
        source.down = False
        await visit.type_into("#password", OLD)
        await visit.press("enter")
        assert not visit.on(ConfirmPasswordDialog)
        await visit.press("escape")
        assert visit.on(AppPasswordsScreen)
