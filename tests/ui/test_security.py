"""Security Verification: what Enter and `d` do in each row, and the preferred option."""

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from apppw_tui.domain import verification_options
from apppw_tui.domain.errors import InvalidCode, KeyMissing
from apppw_tui.domain.phone import PhoneSlot
from apppw_tui.domain.policy import Policy
from apppw_tui.store.keyring import KeySet
from apppw_tui.ui.dialogs.authenticator import AuthenticatorDialog
from apppw_tui.ui.dialogs.choose import ChooseDialog
from apppw_tui.ui.dialogs.confirm import ConfirmDialog
from apppw_tui.ui.dialogs.phone_number import PhoneNumberDialog
from apppw_tui.ui.dialogs.recovery_codes import CodeLabel, RecoveryCodesDialog
from apppw_tui.ui.dialogs.security_code import SecurityCodeDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.security import SecurityScreen
from apppw_tui.ui.screens.settings import SettingsScreen
from apppw_tui.ui.widgets.method_table import MethodTable
from tests.support import House, Outbox, first_quick
from tests.ui.states_of_verification import optional, protected
from tests.ui.walks import (
    ACCOUNT,
    choose,
    enter_password,
    later,
    on,
    portal_app,
    press,
    press_button,
    screen_text,
    sentences,
    shown_code,
    sign_in,
    type_code,
    type_into,
)

ROWS = ("authentication", "office", "alternate", "app", "recovery")
OTHER = "+49 30 654321"


async def to(pilot: Pilot[None], row: str) -> None:
    """Signs in; then the cursor is on that row of Security Verification."""
    await sign_in(pilot)
    await press(pilot, "v", *["down"] * ROWS.index(row))


def row(pilot: Pilot[None], name: str) -> str:
    """What stands in a row, its columns with one space between them."""
    table = pilot.app.screen.query_one(MethodTable)
    cells = table.get_row_at(ROWS.index(name))
    return " ".join(" ".join(str(cell) for cell in cells).split())


def number_of(house: House, which: PhoneSlot) -> str | None:
    numbers = house.portal.enrollment.numbers(house.session(ACCOUNT), house.now(ACCOUNT))
    return numbers[which].reveal() if which in numbers else None


# --- adding and changing --------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("which", "kind"), [("authentication", "text"), ("office", "call"), ("alternate", "text")]
)
async def test_a_phone_is_added_once_its_code_came_back(which: PhoneSlot, kind: str) -> None:
    house = optional()
    house.give_authenticator(ACCOUNT)
    house.give_recovery_codes(ACCOUNT)
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to(pilot, which)
        assert row(pilot, which).startswith("☐")
        assert row(pilot, which).endswith("Add")
        await press(pilot, "enter")
        assert on(app, PhoneNumberDialog)
        await type_into(pilot, "#number", OTHER)
        await press(pilot, "enter")
        assert house.outbox.sent[-1][:2] == (kind, "+4930654321")
        assert number_of(house, which) is None
        await type_code(pilot, house.outbox.code)
        assert on(app, SecurityScreen)
        assert "✓ Done: it was verified, and counts from now on." in screen_text(pilot)
        assert row(pilot, which).startswith("☑")
        assert row(pilot, which).endswith("Change")
        assert number_of(house, which) == "+4930654321"


@pytest.mark.slow
@pytest.mark.parametrize("leave", ["escape", "b"])
async def test_the_old_number_stays_until_the_new_one_is_proved(leave: str) -> None:
    house = protected()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to(pilot, "authentication")
        before = row(pilot, "authentication")
        await press(pilot, "enter")
        await type_into(pilot, "#number", OTHER)
        await press(pilot, "enter")
        assert on(app, SecurityCodeDialog)
        await type_code(pilot, "000000")
        assert number_of(house, "authentication") == "+4915123456767"
        await press(pilot, leave)
        if leave == "b":
            assert app.screen.query_one("#number", Input).value == "+4930654321"
            await press(pilot, "escape")
        assert on(app, SecurityScreen)
        assert row(pilot, "authentication") == before
        assert number_of(house, "authentication") == "+4915123456767"
        assert "Done" not in screen_text(pilot)
        await press(pilot, "enter")
        await type_into(pilot, "#number", OTHER)
        await press(pilot, "enter")
        await type_code(pilot, house.outbox.code)
        assert number_of(house, "authentication") == "+4930654321"


@pytest.mark.slow
async def test_the_old_app_stays_until_the_new_one_is_proved() -> None:
    house = protected()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to(pilot, "app")
        old = house.now(ACCOUNT).authenticator
        await press(pilot, "enter")
        dialog = app.screen
        assert isinstance(dialog, AuthenticatorDialog)
        assert not dialog.query("#back")
        await press(pilot, "escape")
        assert house.now(ACCOUNT).authenticator == old
        await press(pilot, "enter")
        await type_code(pilot, shown_code(pilot))
        assert on(app, SecurityScreen)
        assert house.now(ACCOUNT).authenticator != old


@pytest.mark.slow
async def test_with_the_first_method_come_the_first_recovery_codes() -> None:
    house = optional()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to(pilot, "recovery")
        await press(pilot, "enter")
        assert on(app, SecurityScreen)
        assert "Set up a verification method first." in screen_text(pilot)
        await press(pilot, "up", "enter")
        await type_code(pilot, shown_code(pilot))
        assert on(app, RecoveryCodesDialog)
        later(pilot)
        await press(pilot, "c")
        later(pilot)
        await press(pilot, "enter")
        assert on(app, SecurityScreen)
        assert row(pilot, "recovery") == "☑ Recovery codes 10 of 10 left New codes"


async def test_where_no_codes_are_sent_a_phone_cannot_be_added() -> None:
    house = House(outbox=Outbox(frozenset()))
    house.add(ACCOUNT)
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to(pilot, "authentication")
        await press(pilot, "enter")
        assert on(app, SecurityScreen)
        assert "This server sends no codes. Use the authenticator app." in screen_text(pilot)


# --- removing -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("key", ["d", "delete"])
@pytest.mark.parametrize("name", ROWS[:4])
async def test_a_method_is_removed_after_a_yes(name: str, key: str) -> None:
    house = protected()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to(pilot, name)
        before = house.now(ACCOUNT)
        await press(pilot, key)
        assert on(app, ConfirmDialog)
        assert isinstance(app.focused, Button)
        assert str(app.focused.label) == "No"
        await press(pilot, "enter")
        assert house.now(ACCOUNT).sealed_values() == before.sealed_values()
        await press(pilot, key, "y")
        assert "✓ Removed the " in screen_text(pilot)
        assert row(pilot, name).startswith("☐")
        gone = set(before.sealed_values()) - set(house.now(ACCOUNT).sealed_values())
        assert gone == {"authenticator" if name == "app" else f"phone {name}"}


async def test_the_last_one_stays_where_one_is_needed() -> None:
    house = optional()
    house = House(store=house.store, clock=house.clock, policy=Policy(), seals=house.seals)
    house.give_authenticator(ACCOUNT)
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to(pilot, "app")
        await press(pilot, "d", "y")
        assert on(app, SecurityScreen)
        assert "Add another one first: your account needs one." in screen_text(pilot)
        assert row(pilot, "app").startswith("☑")
    assert house.now(ACCOUNT).has_second_factor


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("recovery", "Recovery codes are not removed: new ones replace them."),
        ("office", "There is none to remove."),
    ],
)
async def test_what_cannot_be_removed_says_why(name: str, said: str) -> None:
    house = optional()
    house.give_authenticator(ACCOUNT)
    house.give_recovery_codes(ACCOUNT)
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to(pilot, name)
        await press(pilot, "d")
        assert on(app, SecurityScreen)
        assert said in screen_text(pilot)


# --- the preferred option -------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("way", ["o", "button"])
async def test_another_preferred_option_is_asked_first_next_time(way: str) -> None:
    house = protected()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to(pilot, "authentication")
        await (press_button(pilot, "preferred") if way == "button" else press(pilot, way))
        assert on(app, ChooseDialog)
        await choose(pilot, "office")
        assert "✓ Signing in begins with it from now on." in screen_text(pilot)
        assert "Call my office phone" in str(app.screen.query_one("#preferred", Button).label)
        await press(pilot, "f2", "end", "enter", "enter")
        await enter_password(pilot)
        assert house.outbox.sent[-1][:2] == ("call", "+4930123456")
        await type_code(pilot, house.outbox.code)
        assert on(app, SettingsScreen)


async def test_an_option_that_cannot_be_preferred_says_why_and_changes_nothing() -> None:
    house = optional()
    house.give_authenticator(ACCOUNT)
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to(pilot, "authentication")
        await press(pilot, "o", "home", "enter")
        assert on(app, ChooseDialog)
        assert "✗ Add your authentication phone first." in screen_text(pilot)
        await press(pilot, "escape")
        assert on(app, SecurityScreen)
    assert house.now(ACCOUNT).preferred is None


# --- recovery codes -------------------------------------------------------------------------


@pytest.mark.slow
async def test_new_recovery_codes_void_the_old_ones_and_no_leaves_them() -> None:
    house = protected()
    old = house.give_recovery_codes(ACCOUNT)
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to(pilot, "recovery")
        kept = house.now(ACCOUNT).recovery
        await press(pilot, "enter")
        assert "The old ones stop working at once." in sentences(pilot)
        await press(pilot, "n")
        assert on(app, SecurityScreen)
        assert house.now(ACCOUNT).recovery == kept
        await press(pilot, "enter", "y")
        assert on(app, RecoveryCodesDialog)
        new = [str(label.content) for label in app.screen.query(CodeLabel)]
    with pytest.raises(InvalidCode):
        house.challenge(ACCOUNT).answer(verification_options.RECOVERY, old[0].reveal())
    house.challenge(ACCOUNT).answer(verification_options.RECOVERY, new[0])


# --- trouble --------------------------------------------------------------------------------


def missing(*_: object) -> None:
    raise KeyMissing("The key of the store is not where it should be.")


@pytest.mark.slow
async def test_a_missing_key_is_told_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    house = protected()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        monkeypatch.setattr(KeySet, "decrypt", missing)
        monkeypatch.setattr(KeySet, "encrypt", missing)
        await press(pilot, "v")
        assert "The key of the store is not where it should be." in screen_text(pilot)
        assert "sealed, and its key is missing" in row(pilot, "authentication")
        assert row(pilot, "app").startswith("☑ Authenticator app since")
        await press(pilot, "enter")
        await type_into(pilot, "#number", OTHER)
        await press(pilot, "enter")
        await type_code(pilot, house.outbox.code)
        assert "✗ The key of the store is not where it should be." in sentences(pilot)
        await press(pilot, "escape", "d", "y")
        assert row(pilot, "authentication") == "☐ Authentication phone Add"
        await press(pilot, "p")
        assert on(app, AppPasswordsScreen)
        await press(pilot, "f2")
        assert on(app, SettingsScreen)
        assert "The key of the store is not where it should be." in screen_text(pilot)
        await press(pilot, "end", "enter", "enter")
        later(pilot, 30)
        await enter_password(pilot)
        await type_code(pilot, "123456")
        assert "✗ The key of the store is not where it should be." in sentences(pilot)


@pytest.mark.parametrize("keys", first_quick(("enter",), ("d",), ("o",), ("end", "enter")))
async def test_a_session_that_ended_elsewhere_takes_the_open_dialog_with_it(
    keys: tuple[str, ...],
) -> None:
    house = protected()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to(pilot, "authentication")
        await press(pilot, *keys)
        assert not on(app, SecurityScreen)
        house.operator.require_verification(ACCOUNT)
        if keys == ("enter",):
            await type_into(pilot, "#number", OTHER)
        elif keys == ("o",):
            await press(pilot, "down")
        await press(pilot, *(["y"] if keys[-1] != "o" and keys != ("enter",) else ["enter"]))
        assert on(app, LoginScreen)
        assert len(app.screen_stack) == 1  # Login
        assert "the account's security was changed elsewhere" in screen_text(pilot)


# --- getting about --------------------------------------------------------------------------


@pytest.mark.slow
async def test_every_row_can_be_reached_with_tab_arrows_and_enter_alone() -> None:
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "enter", "enter")
        assert on(app, SecurityScreen)
        for dialog in (
            PhoneNumberDialog,
            PhoneNumberDialog,
            PhoneNumberDialog,
            AuthenticatorDialog,
        ):
            await press(pilot, "enter")
            assert on(app, dialog)
            await press_button(pilot, "cancel")
            assert on(app, SecurityScreen)
            assert app.focused is app.screen.query_one(MethodTable)
            await press(pilot, "down")
        await press(pilot, "enter")
        assert on(app, ConfirmDialog)
