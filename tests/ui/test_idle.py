"""Somebody who is no longer there is signed out; at a kiosk, whoever does not get in must go."""

import pytest

from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.app_options import Kiosk
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from tests.support import House, first_quick
from tests.ui.walks import ACCOUNT, Visit, house_with, opened, portal_app

LIMIT = 300.0
STAY = "Still there? Press any key, or you are signed out in 30 seconds."
GONE = "You were signed out: nothing was pressed for a while."


class Door:
    """A kiosk, and how often it let somebody in."""

    def __init__(self) -> None:
        self.let_in = 0
        self.kiosk = Kiosk(self._let_in)

    def _let_in(self) -> None:
        self.let_in += 1


async def wait(visit: Visit, house: House, seconds: float) -> None:
    """Nobody presses anything for so long, and the app looks who is there."""
    house.clock.advance(seconds)
    look(visit.app)
    await visit.settle()


def look(app: object) -> None:
    assert isinstance(app, PortalApp)
    app.sign_out_when_idle()


@pytest.mark.slow
async def test_thirty_seconds_before_the_end_a_line_says_so_and_then_one_is_signed_out() -> None:
    house = house_with("Laptop")
    async with opened(house, sign_out_after=LIMIT) as visit:
        await visit.to_app_passwords()
        await wait(visit, house, LIMIT - 31)
        assert STAY not in visit.screen_text()
        await wait(visit, house, 1)
        assert STAY in visit.screen_text()
        await wait(visit, house, 29)
        assert visit.on(AppPasswordsScreen)
        await wait(visit, house, 1)
        assert visit.on(LoginScreen)
        assert GONE in visit.screen_text()
        assert STAY not in visit.screen_text()


@pytest.mark.slow
async def test_any_key_dismisses_the_line_and_does_nothing_else() -> None:
    house = house_with("Laptop")
    async with opened(house, sign_out_after=LIMIT) as visit:
        await visit.to_app_passwords()
        await wait(visit, house, LIMIT - 10)
        await visit.press("c")
        assert visit.on(AppPasswordsScreen)
        assert STAY not in visit.screen_text()
        await wait(visit, house, LIMIT - 31)
        assert visit.on(AppPasswordsScreen)
        await visit.press("c")
        assert visit.on(CreateDialog)


async def test_the_line_stands_over_a_dialog_and_a_secret_goes_with_the_session() -> None:
    house = house_with()
    async with opened(house, sign_out_after=LIMIT) as visit:
        await visit.to_reveal()
        await wait(visit, house, LIMIT - 10)
        assert STAY in visit.screen_text()
        await wait(visit, house, 20)
        assert visit.on(LoginScreen)
        assert not [
            screen for screen in visit.app.screen_stack if isinstance(screen, NewAppPasswordDialog)
        ]


@pytest.mark.slow
async def test_quitting_needs_no_second_key_under_the_line() -> None:
    house = house_with()
    app = portal_app(house, sign_out_after=LIMIT)
    async with opened(app) as visit:
        await visit.sign_in_by_hand()
        await wait(visit, house, LIMIT - 10)
        await visit.pilot.press("ctrl+q")
    assert app.return_code == 0
    assert app.last_words is None


async def test_at_login_the_program_ends_in_the_end() -> None:
    house = house_with()
    app = portal_app(house, sign_out_after=LIMIT)
    async with opened(app) as visit:
        await wait(visit, house, LIMIT - 10)
        assert "or the program ends in 30 seconds." in visit.screen_text()
        house.clock.advance(11)
        look(app)
    assert app.last_words == "Nobody signed in."


async def test_what_is_typed_at_a_kiosks_door_does_not_put_the_end_off() -> None:
    house, door = house_with(), Door()
    app = portal_app(house, kiosk=door.kiosk, sign_out_after=LIMIT)
    async with opened(app) as visit:
        for _ in range(3):
            await wait(visit, house, 15)
            await visit.press("a")
        assert "You have 30 seconds left to sign in." in visit.screen_text()
        house.clock.advance(15)
        look(app)
    assert app.last_words == "Nobody signed in."
    assert door.let_in == 0


@pytest.mark.slow
async def test_who_got_in_at_a_kiosk_has_time_and_leaves_it_by_signing_out() -> None:
    house, door = house_with(), Door()
    app = portal_app(house, kiosk=door.kiosk, sign_out_after=LIMIT)
    async with opened(app) as visit:
        await wait(visit, house, 50)
        await visit.sign_in_by_hand()
        assert door.let_in == 1
        await wait(visit, house, LIMIT - 31)
        assert visit.on(AppPasswordsScreen)
        app.sign_out()
        await visit.pilot.pause()
    assert app.last_words == "You are signed out."


@pytest.mark.slow
async def test_at_a_kiosk_who_is_signed_out_has_to_knock_again() -> None:
    house, door = house_with(), Door()
    app = portal_app(house, kiosk=door.kiosk, sign_out_after=LIMIT)
    async with opened(app) as visit:
        await visit.sign_in_by_hand()
        await wait(visit, house, LIMIT + 1)
    assert app.last_words == GONE


@pytest.mark.parametrize("mistakes", first_quick(5, 4))
async def test_five_wrong_tries_at_a_kiosk_are_the_last(mistakes: int) -> None:
    house, door = house_with(), Door()
    secret = house.give_authenticator(ACCOUNT)
    app = portal_app(house, kiosk=door.kiosk, sign_out_after=LIMIT)
    async with opened(app) as visit:
        for _ in range(2):
            await visit.enter_password("not the password")
        await visit.enter_password()
        wrong = "000000" if house.app_code(secret) != "000000" else "111111"
        for _ in range(mistakes - 2):
            await visit.type_code(wrong)
        left = app.last_words is not None
    assert left == (mistakes == 5)
    assert app.last_words == ("Too many wrong tries." if left else None)


@pytest.mark.slow
async def test_who_is_in_may_make_mistakes() -> None:
    house, door = house_with(), Door()
    async with opened(house, kiosk=door.kiosk, sign_out_after=LIMIT) as visit:
        for _ in range(4):
            await visit.enter_password("not the password")
        await visit.sign_in_by_hand()
        visit.app.count_mistakes()
        await visit.settle()
        assert visit.on(AppPasswordsScreen)


async def test_a_kiosk_without_accounts_names_no_command() -> None:
    async with opened(House(), kiosk=Door().kiosk) as visit:
        assert "There are no accounts yet. Ask your administrator." in visit.screen_text()


@pytest.mark.slow
async def test_a_dialog_that_is_open_does_not_survive_the_end() -> None:
    house = house_with()
    async with opened(house, sign_out_after=LIMIT) as visit:
        await visit.to_create()
        await wait(visit, house, LIMIT + 1)
        assert visit.on(LoginScreen)
        await visit.sign_in_by_hand()
        assert visit.on(AppPasswordsScreen)
        assert house.now(ACCOUNT).app_passwords == ()
