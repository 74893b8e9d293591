"""The first time: a method, proved; recovery codes; a first app password."""

from collections.abc import Callable

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Button, Label

from apppw_tui.commands.demo import ROWS
from apppw_tui.domain import verification_options
from apppw_tui.ui.app_options import ConnectionHelp
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from apppw_tui.ui.dialogs.phone_number import PhoneNumberDialog
from apppw_tui.ui.dialogs.recovery_codes import CodeLabel, RecoveryCodesDialog
from apppw_tui.ui.dialogs.security_code import SecurityCodeDialog
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.set_up import SetUpScreen
from apppw_tui.ui.screens.settings import SettingsScreen
from tests.support import House, first_quick
from tests.ui.states_of_verification import (
    NUMBER,
    bypassed,
    new_account,
    set_up_app,
    set_up_number,
)
from tests.ui.walks import (
    ACCOUNT,
    demo_house,
    enter_password,
    later,
    on,
    portal_app,
    press,
    press_button,
    screen_text,
    sent,
    shown_code,
    sign_in_by_hand,
    type_code,
    type_into,
)


def title(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#frame").border_title)


async def prove_app(pilot: Pilot[None]) -> None:
    """Until the recovery codes are shown, and keys count."""
    await set_up_app(pilot)
    await type_code(pilot, shown_code(pilot))
    later(pilot)


async def to_first_app_password(pilot: Pilot[None]) -> None:
    await prove_app(pilot)
    await press(pilot, "c")
    later(pilot)
    await press(pilot, "enter")


# --- the whole way --------------------------------------------------------------------------


@pytest.mark.slow
async def test_with_the_app_it_leads_to_settings_and_a_first_app_password() -> None:
    house = new_account()
    app = portal_app(house, connecting=ConnectionHelp(ROWS))
    async with app.run_test() as pilot:
        await enter_password(pilot)
        assert on(app, SetUpScreen)
        await press(pilot, "enter")
        assert title(pilot) == "Step 1 of 4: How will you verify?"
        await press(pilot, "enter")
        assert title(pilot) == "Step 2 of 4: Set up Authenticator app"
        await type_code(pilot, shown_code(pilot))
        assert title(pilot) == "Step 3 of 4: Your recovery codes"
        later(pilot)
        await press(pilot, "enter")
        assert len(sent(app)[0].split("\n")) == 11  # ten, each with its end of line
        later(pilot)
        await press(pilot, "enter")
        assert title(pilot) == "Step 4 of 4: A first app password"
        await press(pilot, *"Phone", "enter")
        assert on(app, NewAppPasswordDialog)
        assert "mail.example.org  993  TLS" in screen_text(pilot)
        later(pilot)
        await press(pilot, "enter")
        later(pilot)
        await press(pilot, "enter")
        assert on(app, SettingsScreen)
        assert len(app.screen_stack) == 1  # Settings
        protection = app.screen.query_one("#protection", Label)
        assert "a code from your authenticator app." in str(protection.content)
        await press(pilot, "p")
        assert "Phone" in screen_text(pilot)
        await press(pilot, "f2", "end", "enter", "enter")
        later(pilot, 30)
        await sign_in_by_hand(pilot)
        assert on(app, SettingsScreen)
    [password] = house.now(ACCOUNT).app_passwords
    assert password.name == "Phone"
    assert not password.created_by_admin


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["text", "call", "notify"])
async def test_with_a_phone_it_takes_a_code_that_was_sent_there(kind: str) -> None:
    house = new_account()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await set_up_number(pilot)
        assert on(app, PhoneNumberDialog)
        await press_button(pilot, f"kind-{kind}")
        assert on(app, SecurityCodeDialog)
        assert house.outbox.sent[-1][:2] == (kind, "+4915123456767")
        assert "67" in screen_text(pilot)
        assert house.now(ACCOUNT).phones == ()
        await type_code(pilot, "000000")
        assert "✗ That code is wrong." in screen_text(pilot)
        await type_code(pilot, house.outbox.code)
        assert on(app, RecoveryCodesDialog)
        [phone] = house.now(ACCOUNT).phones
        assert phone.which == "authentication"


async def test_the_recovery_codes_are_the_ones_that_open_the_account() -> None:
    house = new_account()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await prove_app(pilot)
        shown = [str(label.content) for label in app.screen.query(CodeLabel)]
        await press(pilot, "c")
        assert sent(app) == ["".join(f"{code}\n" for code in shown)]
        house.challenge(ACCOUNT).answer(verification_options.RECOVERY, shown[9])


@pytest.mark.slow
@pytest.mark.parametrize("key", ["escape", "q"])
async def test_going_on_without_copying_them_needs_the_key_twice(key: str) -> None:
    app = portal_app(new_account())
    async with app.run_test() as pilot:
        await prove_app(pilot)
        await press(pilot, key)
        assert on(app, RecoveryCodesDialog)
        assert "✗ Not copied yet. Press again to go on." in screen_text(pilot)
        await press(pilot, key)
        assert on(app, CreateDialog)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["escape", "button"])
async def test_the_first_app_password_can_be_skipped(way: str) -> None:
    house = new_account()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to_first_app_password(pilot)
        assert on(app, CreateDialog)
        await (press_button(pilot, "skip") if way == "button" else press(pilot, way))
        assert on(app, SettingsScreen)
    assert house.now(ACCOUNT).app_passwords == ()


async def test_an_account_that_has_app_passwords_is_offered_none() -> None:
    house = new_account()
    house.issue("Laptop", ACCOUNT)
    app = portal_app(house)
    async with app.run_test() as pilot:
        await prove_app(pilot)
        assert title(pilot) == "Step 3 of 3: Your recovery codes"
        await press(pilot, "c")
        later(pilot)
        await press(pilot, "enter")
        assert on(app, SettingsScreen)


# --- nothing else ---------------------------------------------------------------------------


@pytest.mark.parametrize("make", first_quick(new_account, bypassed))
async def test_nothing_else_can_be_reached_before(make: Callable[[], House]) -> None:
    app = portal_app(make())
    async with app.run_test() as pilot:
        await enter_password(pilot)
        if not on(app, SetUpScreen):
            await press(pilot, "enter")
        await press(pilot, "v", "p", "f2", "comma", "escape", "q")
        assert on(app, SetUpScreen)
        assert not app.screen.query("#gear")
        assert "Settings" not in screen_text(pilot)
        assert all("Settings" not in str(button.label) for button in app.screen.query(Button))
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert "Sign out" in titles
        assert not {"Settings", "Security", "App passwords"} & set(titles)
        await press(pilot, "ctrl+p")
        assert on(app, CommandPalette)
        await press(pilot, "escape")
        assert on(app, SetUpScreen)


async def test_whoever_sets_it_up_elsewhere_meanwhile_is_asked_to_sign_in_with_it() -> None:
    house = new_account()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await set_up_app(pilot)
        house.give_phone(name=ACCOUNT)
        await type_code(pilot, shown_code(pilot))
        assert on(app, LoginScreen)
        assert len(app.screen_stack) == 1
        assert "A verification method was set up elsewhere. Sign in with it." in screen_text(pilot)


# --- the demonstration ----------------------------------------------------------------------


@pytest.mark.slow
async def test_the_demonstration_gives_the_code_away(monkeypatch: pytest.MonkeyPatch) -> None:
    house = demo_house()
    assert house.demonstration is not None
    monkeypatch.setattr(house.outbox, "send", house.demonstration.send)
    app = portal_app(house, show_demo=True)
    async with app.run_test() as pilot:
        await enter_password(pilot, account="linus@example.org")
        await press(pilot, "enter", "enter")
        line = app.screen.query_one("#peek", Label)
        assert str(line.content) == f"A demonstration: the code is {shown_code(pilot)}."
        await press(pilot, "b", "down", "enter")
        await type_into(pilot, "#number", NUMBER)
        await press(pilot, "enter")
        assert len(house.demonstration.sent()) == 6
        said = f"A demonstration: the code is {house.demonstration.sent()}."
        assert said in screen_text(pilot)
        await type_code(pilot, house.demonstration.sent())
        assert on(app, RecoveryCodesDialog)
