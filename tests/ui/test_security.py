"""Security Verification: what Enter and `d` do in each row, and the preferred option."""

import pytest
from textual.widgets import Button, Input

from apppw_tui.domain import verification_options
from apppw_tui.domain.errors import InvalidCode, KeyMissing
from apppw_tui.domain.key_set import KeySet
from apppw_tui.domain.phone import PhoneSlot
from apppw_tui.domain.policy import Policy
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
from tests.ui.walks import ACCOUNT, Visit, gated, opened

ROWS = ("authentication", "office", "alternate", "app", "recovery")
OTHER = "+49 30 654321"


async def to(visit: Visit, row: str) -> None:
    """Signs in; then the cursor is on that row of Security Verification."""
    await visit.sign_in()
    await visit.press("v", *["down"] * ROWS.index(row))


def row(visit: Visit, name: str) -> str:
    """What stands in a row, its columns with one space between them."""
    table = visit.screen.query_one(MethodTable)
    cells = table.get_row_at(ROWS.index(name))
    return " ".join(" ".join(str(cell) for cell in cells).split())


def number_of(house: House, which: PhoneSlot) -> str | None:
    numbers = house.portal.enrollment.numbers(house.session(ACCOUNT), house.now(ACCOUNT))
    return numbers[which].reveal() if which in numbers else None


# --- adding and changing --------------------------------------------------------------------


async def copy_codes(visit: Visit) -> None:
    """Copies the recovery codes that are shown, and goes back to the methods."""
    assert visit.on(RecoveryCodesDialog)
    visit.later()
    await visit.press("c")
    visit.later()
    await visit.press("enter")
    assert visit.on(SecurityScreen)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("which", "kind"), [("authentication", "text"), ("office", "call"), ("alternate", "text")]
)
async def test_a_phone_is_added_once_its_code_came_back(which: PhoneSlot, kind: str) -> None:
    house = optional()
    house.give_authenticator(ACCOUNT)
    house.give_recovery_codes(ACCOUNT)
    async with opened(house) as visit:
        await to(visit, which)
        assert row(visit, which).startswith("☐")
        assert row(visit, which).endswith("Add")
        await visit.press("enter")
        assert visit.on(PhoneNumberDialog)
        await visit.type_into("#number", OTHER)
        await visit.press("enter")
        assert house.outbox.sent[-1][:2] == (kind, "+4930654321")
        assert number_of(house, which) is None
        await visit.type_code(house.outbox.code)
        assert visit.on(SecurityScreen)
        assert "✓ Verified. You can sign in with it from now on." in visit.screen_text()
        assert row(visit, which).startswith("☑")
        assert row(visit, which).endswith("Change")
        assert number_of(house, which) == "+4930654321"


@pytest.mark.slow
@pytest.mark.parametrize("leave", ["escape", "b"])
async def test_the_old_number_stays_until_the_new_one_is_proved(leave: str) -> None:
    house = protected()
    async with opened(house) as visit:
        await to(visit, "authentication")
        before = row(visit, "authentication")
        await visit.press("enter")
        await visit.type_into("#number", OTHER)
        await visit.press("enter")
        assert visit.on(SecurityCodeDialog)
        await visit.type_code("000000")
        assert number_of(house, "authentication") == "+4915123456767"
        await visit.press(leave)
        if leave == "b":
            assert visit.screen.query_one("#number", Input).value == "+4930654321"
            await visit.press("escape")
        assert visit.on(SecurityScreen)
        assert row(visit, "authentication") == before
        assert number_of(house, "authentication") == "+4915123456767"
        assert "Done" not in visit.screen_text()
        await visit.press("enter")
        await visit.type_into("#number", OTHER)
        await visit.press("enter")
        await visit.type_code(house.outbox.code)
        assert number_of(house, "authentication") == "+4930654321"


@pytest.mark.slow
async def test_the_old_app_stays_until_the_new_one_is_proved() -> None:
    house = protected()
    async with opened(house) as visit:
        await to(visit, "app")
        old = house.now(ACCOUNT).authenticator
        await visit.press("enter")
        dialog = visit.screen
        assert isinstance(dialog, AuthenticatorDialog)
        assert not dialog.query("#back")
        await visit.press("escape")
        assert house.now(ACCOUNT).authenticator == old
        await visit.press("enter")
        await visit.type_code(visit.shown_code())
        assert visit.on(SecurityScreen)
        assert house.now(ACCOUNT).authenticator != old


@pytest.mark.slow
async def test_with_the_first_method_come_the_first_recovery_codes() -> None:
    house = optional()
    async with opened(house) as visit:
        await to(visit, "recovery")
        await visit.press("enter")
        assert visit.on(SecurityScreen)
        assert "Set up a verification method first." in visit.screen_text()
        await visit.press("up", "enter")
        await visit.type_code(visit.shown_code())
        await copy_codes(visit)
        assert row(visit, "recovery") == "☑ Recovery codes 10 of 10 left New codes"


@pytest.mark.slow
async def test_while_recovery_codes_are_made_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    house = optional()
    house.give_authenticator(ACCOUNT)
    gate = gated(monkeypatch, type(house.portal.enrollment), "new_recovery_codes")
    async with opened(house) as visit:
        await to(visit, "recovery")
        await visit.pilot.press("enter")
        await visit.pilot.pause()
        assert "Making your recovery codes…" in visit.screen_text()
        gate.set()
        await visit.settle()
        await copy_codes(visit)
        assert "Making your recovery codes" not in visit.screen_text()


@pytest.mark.slow
async def test_where_no_codes_are_sent_one_line_says_so() -> None:
    house = House(outbox=Outbox(frozenset()))
    house.add(ACCOUNT)
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("v")
        assert "Text or call is not set up on this server." in visit.screen_text()
        assert "Office phone" not in visit.screen_text()
        await visit.press("o")
        assert "Text or call is not set up on this server." in visit.screen_text()
        assert visit.rows() == ["Use verification code from app (not available)"]
        await visit.press("escape", "f2")
        assert "Authenticator app, recovery codes" in visit.screen_text()


@pytest.mark.slow
async def test_a_phone_of_before_can_be_removed_where_no_codes_are_sent_any_more() -> None:
    house = House(outbox=Outbox(frozenset()))
    house.add(ACCOUNT)
    house.give_authenticator(ACCOUNT)
    house.give_phone("office", name=ACCOUNT)
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("v")
        assert "Not every way by phone is set up on this server." in visit.screen_text()
        await visit.press("d", "y")
        assert house.now(ACCOUNT).phone("office") is None
        assert "Text or call is not set up on this server." in visit.screen_text()


# --- removing -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("key", ["d", "delete"])
@pytest.mark.parametrize("name", ROWS[:4])
async def test_a_method_is_removed_after_a_yes(name: str, key: str) -> None:
    house = protected()
    async with opened(house) as visit:
        await to(visit, name)
        before = house.now(ACCOUNT)
        await visit.press(key)
        assert visit.on(ConfirmDialog)
        assert isinstance(visit.focused, Button)
        assert str(visit.focused.label) == "No"
        await visit.press("enter")
        assert house.now(ACCOUNT).sealed_values() == before.sealed_values()
        await visit.press(key, "y")
        assert "✓ Removed the " in visit.screen_text()
        assert row(visit, name).startswith("☐")
        gone = set(before.sealed_values()) - set(house.now(ACCOUNT).sealed_values())
        assert gone == {"authenticator" if name == "app" else f"phone {name}"}


async def test_the_last_one_stays_where_one_is_needed() -> None:
    house = optional()
    house = House(store=house.store, clock=house.clock, policy=Policy(), seals=house.seals)
    house.give_authenticator(ACCOUNT)
    async with opened(house) as visit:
        await to(visit, "app")
        await visit.press("d", "y")
        assert visit.on(SecurityScreen)
        assert "Your account needs one method. Add another first." in visit.screen_text()
        assert row(visit, "app").startswith("☑")
    assert house.now(ACCOUNT).has_second_factor


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("recovery", "Recovery codes cannot be removed. New ones replace them."),
        ("office", "Nothing is set up here."),
    ],
)
async def test_what_cannot_be_removed_says_why(name: str, sentence: str) -> None:
    house = optional()
    house.give_authenticator(ACCOUNT)
    house.give_recovery_codes(ACCOUNT)
    async with opened(house) as visit:
        await to(visit, name)
        await visit.press("d")
        assert visit.on(SecurityScreen)
        assert sentence in visit.screen_text()


# --- the preferred option -------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("by", ["o", "button"])
async def test_another_preferred_option_is_asked_first_next_time(by: str) -> None:
    house = protected()
    async with opened(house) as visit:
        await to(visit, "authentication")
        await (visit.press_button("preferred") if by == "button" else visit.press(by))
        assert visit.on(ChooseDialog)
        await visit.choose("office")
        assert "✓ You are asked for this first from now on." in visit.screen_text()
        assert "Call my office phone" in str(visit.screen.query_one("#preferred", Button).label)
        await visit.press("f2", "end", "enter", "enter")
        await visit.enter_password()
        assert house.outbox.sent[-1][:2] == ("call", "+4930123456")
        await visit.type_code(house.outbox.code)
        assert visit.on(AppPasswordsScreen)


@pytest.mark.slow
async def test_an_option_that_cannot_be_preferred_says_why_and_changes_nothing() -> None:
    house = optional()
    house.give_authenticator(ACCOUNT)
    async with opened(house) as visit:
        await to(visit, "authentication")
        await visit.press("o", "home", "enter")
        assert visit.on(ChooseDialog)
        assert "✗ Add your authentication phone first." in visit.screen_text()
        await visit.press("escape")
        assert visit.on(SecurityScreen)
    assert house.now(ACCOUNT).preferred is None


# --- recovery codes -------------------------------------------------------------------------


@pytest.mark.slow
async def test_new_recovery_codes_void_the_old_ones_and_no_leaves_them() -> None:
    house = protected()
    old = house.give_recovery_codes(ACCOUNT)
    async with opened(house) as visit:
        await to(visit, "recovery")
        stored = house.now(ACCOUNT).recovery
        await visit.press("enter")
        assert "The old ones stop working at once." in visit.sentences()
        await visit.press("n")
        assert visit.on(SecurityScreen)
        assert house.now(ACCOUNT).recovery == stored
        await visit.press("enter", "y")
        assert visit.on(RecoveryCodesDialog)
        new = [str(label.content) for label in visit.screen.query(CodeLabel)]
    with pytest.raises(InvalidCode):
        house.challenge(ACCOUNT).answer(verification_options.RECOVERY, old[0].reveal())
    house.challenge(ACCOUNT).answer(verification_options.RECOVERY, new[0])


# --- trouble --------------------------------------------------------------------------------


def missing(*_: object) -> None:
    raise KeyMissing("The key of the store is not where it should be.")


@pytest.mark.slow
async def test_a_missing_key_is_told_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    house = protected()
    async with opened(house) as visit:
        await visit.sign_in()
        monkeypatch.setattr(KeySet, "decrypt", missing)
        monkeypatch.setattr(KeySet, "encrypt", missing)
        await visit.press("v")
        assert "The key of the store is not where it should be." in visit.screen_text()
        assert "sealed, and its key is missing" in row(visit, "authentication")
        assert row(visit, "app").startswith("☑ Authenticator app since")
        await visit.press("enter")
        await visit.type_into("#number", OTHER)
        await visit.press("enter")
        await visit.type_code(house.outbox.code)
        assert "✗ The key of the store is not where it should be." in visit.sentences()
        await visit.press("escape", "d", "y")
        assert row(visit, "authentication") == "☐ Authentication phone Add"
        await visit.press("p")
        assert visit.on(AppPasswordsScreen)
        await visit.press("f2")
        assert visit.on(SettingsScreen)
        assert "The key of the store is not where it should be." in visit.screen_text()
        await visit.press("end", "enter", "enter")
        visit.later(30)
        await visit.enter_password()
        await visit.type_code("123456")
        assert "✗ The key of the store is not where it should be." in visit.sentences()


@pytest.mark.slow
@pytest.mark.parametrize("keys", first_quick(("enter",), ("d",), ("o",), ("end", "enter")))
async def test_a_session_that_ended_elsewhere_takes_the_open_dialog_with_it(
    keys: tuple[str, ...],
) -> None:
    house = protected()
    async with opened(house) as visit:
        await to(visit, "authentication")
        await visit.press(*keys)
        assert not visit.on(SecurityScreen)
        house.operator.require_verification(ACCOUNT)
        if keys == ("enter",):
            await visit.type_into("#number", OTHER)
        elif keys == ("o",):
            await visit.press("down")
        await visit.press(*(["y"] if keys[-1] != "o" and keys != ("enter",) else ["enter"]))
        assert visit.on(LoginScreen)
        assert len(visit.app.screen_stack) == 1  # Login
        assert "the account's security was changed elsewhere" in visit.screen_text()


# --- getting about --------------------------------------------------------------------------


@pytest.mark.slow
async def test_every_row_can_be_reached_with_tab_arrows_and_enter_alone() -> None:
    async with opened(protected()) as visit:
        await visit.to_settings()
        await visit.press("enter", "enter")
        assert visit.on(SecurityScreen)
        for dialog in (
            PhoneNumberDialog,
            PhoneNumberDialog,
            PhoneNumberDialog,
            AuthenticatorDialog,
        ):
            await visit.press("enter")
            assert visit.on(dialog)
            await visit.press_button("cancel")
            assert visit.on(SecurityScreen)
            assert visit.focused is visit.screen.query_one(MethodTable)
            await visit.press("down")
        await visit.press("enter")
        assert visit.on(ConfirmDialog)


@pytest.mark.slow
async def test_every_method_is_seen_in_a_small_window() -> None:
    async with opened(protected(), size=(40, 12)) as visit:
        await visit.sign_in()
        await visit.press("v")
        assert "↓ 2 more" in visit.screen_text()
        assert "Recovery codes" not in visit.screen_text()
        await visit.press("end")
        assert "Recovery codes" in visit.screen_text()
        assert "↑ 2 more" in visit.screen_text()
