"""The first time: a method, proved; recovery codes; a first app password."""

from collections.abc import Callable

import pytest
from textual.widgets import Button, Label

from apppw_tui.commands.demo import ROWS
from apppw_tui.domain import verification_options
from apppw_tui.ui.app_options import ConnectionHelp
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from apppw_tui.ui.dialogs.palette import PaletteDialog
from apppw_tui.ui.dialogs.phone_number import PhoneNumberDialog
from apppw_tui.ui.dialogs.recovery_codes import CodeLabel, RecoveryCodesDialog
from apppw_tui.ui.dialogs.security_code import SecurityCodeDialog
from apppw_tui.ui.key_help import palette_entries
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.set_up import SetUpScreen
from tests.support import House, first_quick
from tests.ui.states_of_verification import (
    NUMBER,
    bypassed,
    new_account,
    set_up_app,
    set_up_number,
    without_delivery,
)
from tests.ui.walks import ACCOUNT, Visit, demo_house, gated, opened

LOOKS = 3000  # not seconds


def title(visit: Visit) -> str:
    return str(visit.screen.query_one("#frame").border_title)


async def prove_app(visit: Visit) -> None:
    """Until the recovery codes are shown, and keys count."""
    await set_up_app(visit)
    await visit.type_code(visit.shown_code())
    visit.later()


async def to_first_app_password(visit: Visit) -> None:
    await prove_app(visit)
    await visit.press("c")
    visit.later()
    await visit.press("enter")


# --- the whole way --------------------------------------------------------------------------


@pytest.mark.slow
async def test_with_the_app_it_leads_to_settings_and_a_first_app_password() -> None:
    house = new_account()
    async with opened(house, connecting=ConnectionHelp(ROWS)) as visit:
        await visit.enter_password()
        assert visit.on(SetUpScreen)
        await visit.press("enter")
        assert title(visit) == "Step 1 of 4: How will you verify?"
        await visit.press("enter")
        assert title(visit) == "Step 2 of 4: Set up Authenticator app"
        await visit.type_code(visit.shown_code())
        assert title(visit) == "Step 3 of 4: Your recovery codes"
        visit.later()
        await visit.press("enter")
        assert len(visit.sent[0].split("\n")) == 11  # ten, each with its end of line
        visit.later()
        await visit.press("enter")
        assert title(visit) == "Step 4 of 4: A first app password"
        await visit.press(*"Phone", "enter")
        assert visit.on(NewAppPasswordDialog)
        assert "mail.example.org  993  TLS" in visit.screen_text()
        visit.later()
        await visit.press("enter")
        visit.later()
        await visit.press("enter")
        assert visit.on(AppPasswordsScreen)
        assert len(visit.app.screen_stack) == 1
        assert "✓ Created Phone." in visit.screen_text()
        await visit.press("f2")
        protection = visit.screen.query_one("#protection", Label)
        assert "a code from your authenticator app." in str(protection.content)
        await visit.press("end", "enter", "enter")
        visit.later(30)
        await visit.sign_in_by_hand()
        assert visit.on(AppPasswordsScreen)
    [password] = house.now(ACCOUNT).app_passwords
    assert password.name == "Phone"
    assert not password.created_by_admin


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["text", "call", "notify"])
async def test_with_a_phone_it_takes_a_code_that_was_sent_there(kind: str) -> None:
    house = new_account()
    async with opened(house) as visit:
        await set_up_number(visit)
        assert visit.on(PhoneNumberDialog)
        await visit.press_button(f"kind-{kind}")
        assert visit.on(SecurityCodeDialog)
        assert house.outbox.sent[-1][:2] == (kind, "+4915123456767")
        assert "67" in visit.screen_text()
        assert house.now(ACCOUNT).phones == ()
        await visit.type_code("000000")
        assert "✗ Wrong code." in visit.screen_text()
        await visit.type_code(house.outbox.code)
        assert visit.on(RecoveryCodesDialog)
        [phone] = house.now(ACCOUNT).phones
        assert phone.which == "authentication"


@pytest.mark.slow
async def test_between_code_and_recovery_codes_it_says_what_is_done_and_keys_do_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = new_account()
    gate = gated(monkeypatch, type(house.portal.enrollment), "new_recovery_codes")
    async with opened(house) as visit:
        await set_up_app(visit)
        for digit in visit.shown_code():
            visit.app.simulate_key(digit)
        for _ in range(LOOKS):
            if visit.on(SetUpScreen):
                break
            await visit.pilot.pause(0.01)
        await visit.pilot.press("escape", "escape", "down", "enter")
        await visit.pilot.pause()
        assert visit.on(SetUpScreen)
        assert "Making your recovery codes…" in visit.screen_text()
        assert "Set it up now" not in visit.screen_text()
        assert not visit.screen.query_one("#set-up-links").display
        gate.set()
        await visit.settle()
        assert title(visit) == "Step 3 of 4: Your recovery codes"
        visit.later()
        await visit.press("b", "escape")
        assert visit.on(SetUpScreen)
        assert "Making your recovery codes" not in visit.screen_text()
        await visit.press("enter")
        assert title(visit) == "Step 3 of 4: Your recovery codes"


@pytest.mark.slow
@pytest.mark.parametrize("size", first_quick((80, 24), (40, 12)))
async def test_footers_of_the_last_steps_say_what_comes(size: tuple[int, int]) -> None:
    async with opened(new_account(), size=size) as visit:
        await prove_app(visit)
        assert "esc Next" in visit.screen_text()
        await visit.press("escape", "escape")
        assert visit.on(CreateDialog)
        assert "esc Skip" in visit.screen_text()


async def test_the_recovery_codes_are_the_ones_that_open_the_account() -> None:
    house = new_account()
    async with opened(house) as visit:
        await prove_app(visit)
        shown = [str(label.content) for label in visit.screen.query(CodeLabel)]
        await visit.press("c")
        assert visit.sent == ["".join(f"{code}\n" for code in shown)]
        house.challenge(ACCOUNT).answer(verification_options.RECOVERY, shown[9])


@pytest.mark.slow
@pytest.mark.parametrize("key", ["escape", "q"])
async def test_going_on_without_copying_them_needs_the_key_twice(key: str) -> None:
    async with opened(new_account()) as visit:
        await prove_app(visit)
        await visit.press(key)
        assert visit.on(RecoveryCodesDialog)
        assert "✗ Not saved yet. Press esc again to go on anyway." in visit.screen_text()
        await visit.press(key)
        assert visit.on(CreateDialog)


@pytest.mark.slow
@pytest.mark.parametrize("by", ["escape", "button"])
async def test_the_first_app_password_can_be_skipped(by: str) -> None:
    house = new_account()
    async with opened(house) as visit:
        await to_first_app_password(visit)
        assert visit.on(CreateDialog)
        await (visit.press_button("skip") if by == "button" else visit.press(by))
        assert visit.on(AppPasswordsScreen)
    assert house.now(ACCOUNT).app_passwords == ()


@pytest.mark.slow
@pytest.mark.parametrize("others", [True, False])
async def test_another_one_is_offered_where_there_is_one(*, others: bool) -> None:
    house = new_account() if others else without_delivery()
    async with opened(house) as visit:
        await prove_app(visit)
        await visit.press("b")
        assert "Ticked is set up: choose it to go on" in visit.screen_text()
        assert ("or set up another one too." in visit.screen_text()) is others


@pytest.mark.slow
async def test_an_account_that_has_app_passwords_is_offered_none() -> None:
    house = new_account()
    house.issue("Laptop", ACCOUNT)
    async with opened(house) as visit:
        await prove_app(visit)
        assert title(visit) == "Step 3 of 3: Your recovery codes"
        await visit.press("c")
        visit.later()
        await visit.press("enter")
        assert visit.on(AppPasswordsScreen)


# --- nothing else ---------------------------------------------------------------------------


@pytest.mark.parametrize("make", first_quick(new_account, bypassed))
async def test_nothing_else_can_be_reached_before(make: Callable[[], House]) -> None:
    async with opened(make()) as visit:
        await visit.enter_password()
        if not visit.on(SetUpScreen):
            await visit.press("enter")
        await visit.press("v", "p", "f2", "comma", "escape", "down")
        assert visit.on(SetUpScreen)
        assert not visit.screen.query("#gear")
        assert "Settings" not in visit.screen_text()
        assert all("Settings" not in str(button.label) for button in visit.screen.query(Button))
        titles = [entry.name for entry in palette_entries(visit.app, visit.screen, None)]
        assert "Sign out" in titles
        assert not {"Settings", "Security", "App passwords"} & set(titles)
        await visit.press("ctrl+p")
        assert visit.on(PaletteDialog)
        await visit.press("escape")
        assert visit.on(SetUpScreen)


@pytest.mark.slow
async def test_whoever_sets_it_up_elsewhere_meanwhile_is_asked_to_sign_in_with_it() -> None:
    house = new_account()
    async with opened(house) as visit:
        await set_up_app(visit)
        house.give_phone(name=ACCOUNT)
        await visit.type_code(visit.shown_code())
        assert visit.on(LoginScreen)
        assert len(visit.app.screen_stack) == 1
        assert "A verification method was set up elsewhere. Sign in with it." in visit.screen_text()


# --- the demonstration ----------------------------------------------------------------------


@pytest.mark.slow
async def test_the_demonstration_gives_the_code_away(monkeypatch: pytest.MonkeyPatch) -> None:
    house = demo_house()
    assert house.demonstration is not None
    monkeypatch.setattr(house.outbox, "send", house.demonstration.send)
    async with opened(house, show_demo=True) as visit:
        await visit.enter_password(account="linus@example.org")
        await visit.press("enter", "enter")
        line = visit.screen.query_one("#peek", Label)
        assert str(line.content) == f"A demonstration: the code is {visit.shown_code()}."
        await visit.press("b", "down", "enter")
        await visit.type_into("#number", NUMBER)
        await visit.press("enter")
        assert len(house.demonstration.sent()) == 6
        sentence = f"A demonstration: the code is {house.demonstration.sent()}."
        assert sentence in visit.screen_text()
        await visit.press("enter")  # it is filled in
        assert visit.on(RecoveryCodesDialog)


@pytest.mark.slow
async def test_esc_twice_signs_out_and_what_comes_between_takes_it_back() -> None:
    async with opened(new_account()) as visit:
        await visit.sign_in()
        await visit.press("escape")
        assert "Press esc again to sign out, ^q to quit." in visit.screen_text()
        await visit.press("down")
        assert "Press esc again" not in visit.screen_text()
        await visit.press("escape", "up", "enter", "escape", "escape")
        assert visit.on(SetUpScreen)
        await visit.press("q")
        assert visit.on(LoginScreen)
