"""Where another source keeps the account passwords: Login, Settings, Verify again."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Label

from apppw_tui.domain.errors import PasswordBackendDown
from apppw_tui.domain.ports import ExternalPasswords, PasswordReply
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import VERIFIED_FOR
from apppw_tui.ui.dialogs.account_password import ChangePasswordDialog, ConfirmPasswordDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.settings import SettingsScreen
from tests.support import House, first_quick
from tests.ui.walks import (
    ACCOUNT,
    house_with,
    on,
    portal_app,
    press,
    screen_text,
    sign_in,
    sign_in_by_hand,
    type_into,
)

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
    told = ExternalPasswords(source, "at https://mail.example.org/pw", require_add)
    house.means = replace(house.means, source=told)
    house.portal = Portal(house.means)
    return house


def said_of_it(pilot: Pilot[None]) -> str:
    """What the section says."""
    return str(pilot.app.screen.query_one("#password-age", Label).content)


async def to_password(pilot: Pilot[None]) -> None:
    await sign_in_by_hand(pilot, OLD)
    await press(pilot, "down")


async def to_the_link(pilot: Pilot[None]) -> None:
    await to_password(pilot)
    await press(pilot, "enter", "enter")


@pytest.mark.parametrize("walk", first_quick(to_password, to_the_link))
def test_the_section_is_dim(snap_compare: Callable[..., bool], walk: object) -> None:
    app = portal_app(elsewhere(house_with(), Source()))
    assert snap_compare(app, terminal_size=(80, 24), run_before=walk)


async def test_the_section_says_where_passwords_are_changed() -> None:
    app = portal_app(elsewhere(house_with(), Source()))
    async with app.run_test(size=(80, 24)) as pilot:
        await to_password(pilot)
        assert said_of_it(pilot) == WHERE
        await press(pilot, "enter", "enter")
        assert on(app, SettingsScreen)
        assert "Change it where it says above." in screen_text(pilot)


async def test_the_store_s_own_are_changed_as_before() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "down", "enter", "enter")
        assert on(app, ChangePasswordDialog)


async def test_somebody_new_signs_in() -> None:
    house = elsewhere(House(), Source())
    app = portal_app(house, may_create_first=True)
    async with app.run_test() as pilot:
        assert on(app, LoginScreen)
        text = screen_text(pilot)
        assert "Create the first account" not in text
        assert "no accounts yet" not in text
        await sign_in_by_hand(pilot, OLD)
        assert on(app, SettingsScreen)
    assert house.now(ACCOUNT).password_hash is None


async def test_where_accounts_are_to_be_added_it_is_said_how() -> None:
    app = portal_app(elsewhere(House(), Source(), require_add=True), may_create_first=True)
    async with app.run_test() as pilot:
        assert "Add one with: apppw-tui account add NAME" in screen_text(pilot)
        await sign_in_by_hand(pilot, OLD)
        assert on(app, LoginScreen)
        assert "That account and password do not match." in screen_text(pilot)


async def test_login_says_that_passwords_cannot_be_checked() -> None:
    source = Source(down=True)
    app = portal_app(elsewhere(house_with(), source))
    async with app.run_test(size=(80, 24)) as pilot:
        await sign_in_by_hand(pilot, OLD)
        assert on(app, LoginScreen)
        assert f"✗ {DOWN}" in screen_text(pilot)
        source.down = False
        await press(pilot, "enter")
        assert on(app, SettingsScreen)


@pytest.mark.slow
async def test_verifying_again_says_that_passwords_cannot_be_checked() -> None:
    source = Source()
    house = elsewhere(house_with("Laptop"), source)
    app = portal_app(house)
    async with app.run_test(size=(80, 24)) as pilot:
        await sign_in_by_hand(pilot, OLD)
        await press(pilot, "p")
        house.clock.advance(VERIFIED_FOR)
        source.down = True
        await press(pilot, "c")
        assert on(app, ConfirmPasswordDialog)
        await type_into(pilot, "#password", OLD)
        await press(pilot, "enter")
        assert on(app, ConfirmPasswordDialog)
        assert DOWN in screen_text(pilot)
        source.down = False
        await type_into(pilot, "#password", OLD)
        await press(pilot, "enter")
        assert not on(app, ConfirmPasswordDialog)
        await press(pilot, "escape")
        assert on(app, AppPasswordsScreen)
