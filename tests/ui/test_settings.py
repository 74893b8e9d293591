"""Settings and Security Verification: where things are, and how one gets back."""

import os
from threading import Event

import pytest
from textual.widgets import Input

from apppw_tui.domain.errors import SessionEnded
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import Session
from apppw_tui.ui.dialogs.account_password import ChangePasswordDialog
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.key_help import palette_entries
from apppw_tui.ui.messages import AppearanceChosen
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.security import SecurityScreen
from apppw_tui.ui.screens.settings import SECTIONS, SettingsScreen
from apppw_tui.ui.themes import DARK, HIGH_CONTRAST, LABELS, LIGHT, TERMINAL
from apppw_tui.ui.widgets.lists import Menu
from tests.support import PASSWORD, first_quick
from tests.ui.walks import ACCOUNT, Visit, gated, house_with, opened

NEW = "loom cards remember flowers"


@pytest.mark.slow
@pytest.mark.parametrize("key", first_quick("f2", "v"))
async def test_esc_leads_back_to_the_app_passwords(key: str) -> None:
    async with opened(house_with()) as visit:
        await visit.sign_in()
        assert visit.on(AppPasswordsScreen)
        await visit.press(key)
        assert type(visit.screen) in (SecurityScreen, SettingsScreen)
        await visit.press("escape")
        assert visit.on(AppPasswordsScreen)


@pytest.mark.parametrize("key", first_quick("f2", "comma"))
async def test_settings_opens_by_its_keys(key: str) -> None:
    async with opened(house_with()) as visit:
        await visit.sign_in()
        await visit.press("p", key)
        assert visit.on(SettingsScreen)


@pytest.mark.slow
@pytest.mark.parametrize("key", first_quick("escape", "q"))
async def test_esc_pressed_twice_on_the_app_passwords_signs_out(key: str) -> None:
    hint = "Press esc again to sign out, ^q to quit."
    async with opened(house_with("Laptop", "Phone")) as visit:
        await visit.sign_in()
        for between in (["down"], ["question_mark", "escape"]):
            await visit.press(key)
            assert hint in visit.screen_text()
            await visit.press(*between)
            assert visit.on(AppPasswordsScreen)
            assert hint not in visit.screen_text()
        await visit.press(key, key)
        assert visit.on(LoginScreen)
        assert "You are signed out." in visit.screen_text()


async def test_signing_out_ends_at_login_with_the_account_filled_in() -> None:
    async with opened(house_with()) as visit:
        await visit.sign_in()
        await visit.press("f2", "end", "enter", "enter")
        assert visit.on(LoginScreen)
        assert "You are signed out." in visit.screen_text()
        assert visit.screen.query_one("#account", Input).value == ACCOUNT
        assert visit.screen.query_one("#password", Input).value == ""
        await visit.press("tab", "p")
        assert visit.on(LoginScreen)


@pytest.mark.slow
@pytest.mark.parametrize("too", [True, False], ids=["with app passwords", "alone"])
async def test_a_changed_password_ends_other_sessions_and_keeps_its_own(too: bool) -> None:
    house = house_with("Laptop")
    other = house.sign_in(ACCOUNT, PASSWORD)
    async with opened(house) as visit:
        await visit.to_settings()
        await visit.press("down", "enter", "enter")
        assert visit.on(ChangePasswordDialog)
        await visit.type_into("#current", PASSWORD)
        await visit.type_into("#new", NEW)
        await visit.type_into("#again", NEW)
        await visit.press("tab", *(["space"] if too else []), "tab", "enter")
        assert visit.on(SettingsScreen)
        sentence = "Password changed; 1 app password deleted." if too else "Password changed."
        assert sentence in visit.screen_text()
        await visit.press("p")
        assert ("Laptop" in visit.screen_text()) is not too
    with pytest.raises(SessionEnded):
        house.portal.account(other)
    house.sign_in(ACCOUNT, NEW)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("current", "new", "again", "sentence"),
    [
        ("", NEW, NEW, "Type your current password."),
        ("wrong", NEW, NEW, "That is not your current password."),
        (PASSWORD, "", "", "Choose a password."),
        (PASSWORD, "password1", "password1", "Not strong enough yet:"),
        (PASSWORD, NEW, "loom", "The two passwords differ."),
    ],
)
async def test_a_refused_change_says_why_and_keeps_the_dialog_open(
    current: str, new: str, again: str, sentence: str
) -> None:
    house = house_with()
    async with opened(house) as visit:
        await visit.to_settings()
        await visit.press("down", "enter", "enter")
        await visit.type_into("#current", current)
        await visit.type_into("#new", new)
        await visit.type_into("#again", again)
        await visit.press("enter")
        assert visit.on(ChangePasswordDialog)
        assert f"✗ {sentence}" in visit.screen_text()
        await visit.press("escape")
        assert visit.on(SettingsScreen)
    house.sign_in(ACCOUNT, PASSWORD)


@pytest.mark.slow
async def test_a_session_that_ended_elsewhere_leads_to_login_and_says_why() -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.sign_in()
        session = house.sign_in(ACCOUNT, PASSWORD)
        house.portal.change_password(session, PASSWORD, NEW)
        await visit.press("c")
        assert visit.on(LoginScreen)
        assert "the account's security was changed elsewhere" in visit.screen_text()


@pytest.mark.slow
async def test_a_session_that_ends_under_a_dialog_takes_the_dialog_with_it() -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("p", "c")
        house.store.remove(ACCOUNT)
        await visit.type_into("#name", "Tablet")
        await visit.press("enter")
        assert visit.on(LoginScreen)
        assert len(visit.app.screen_stack) == 1  # Login
        assert "the account is gone" in visit.screen_text()


@pytest.mark.slow
async def test_the_appearance_is_kept_for_the_next_time() -> None:
    house = house_with()
    async with opened(house) as visit:
        await visit.to_settings()
        await visit.press(*["down"] * 4)
        assert "✓ Dark" in visit.screen_text()
        await visit.press("enter", "down", "down", "enter")
        assert visit.app.theme == HIGH_CONTRAST
        assert "✓ High contrast on." in visit.screen_text()
        assert house.now(ACCOUNT).appearance == "high-contrast"
        await visit.press("up", "enter")
        assert visit.app.theme == LIGHT
        assert "Light theme on." in visit.screen_text()
        assert "✓ Light" in visit.screen_text()
        assert "✓ Dark" not in visit.screen_text()
        await visit.press("escape", "end", "enter", "enter")
        assert visit.app.theme == DARK
        await visit.sign_in()
        assert visit.app.theme == LIGHT
        await visit.press("f2", *["down"] * 4)
        assert "✓ Light" in visit.screen_text()


@pytest.mark.slow
async def test_look_is_changed_by_the_palette_and_kept() -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("colon", *"contrast", "enter")
        assert visit.app.theme == HIGH_CONTRAST
        assert "✓ High contrast on." in visit.screen_text()
        assert house.now(ACCOUNT).appearance == "high-contrast"


async def test_what_became_of_a_look_is_told_however_often_the_list_is_read_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = house_with("Laptop")
    gate = gated(monkeypatch, Portal, "set_appearance")
    async with opened(house) as visit:
        await visit.sign_in()
        visit.app.post_message(AppearanceChosen("high-contrast"))
        visit.app.post_message(AppearanceChosen("light"))
        await visit.pilot.pause()
        assert isinstance(visit.screen, AppPasswordsScreen)
        visit.screen.look_again()
        await visit.pilot.pause()
        gate.set()
        await visit.settle()
        assert "✓ Light theme on." in visit.screen_text()
        assert house.now(ACCOUNT).appearance == "light"


@pytest.mark.slow
async def test_look_chosen_at_the_door_stays_with_those_who_have_none_of_their_own() -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.press("ctrl+p", *"contrast", "enter")
        assert visit.app.theme == HIGH_CONTRAST
        await visit.sign_in()
        assert visit.app.theme == HIGH_CONTRAST
        assert house.now(ACCOUNT).appearance is None
        house.portal.set_appearance(house.session(ACCOUNT), "light")
        await visit.press("f2", "end", "enter", "enter")
        assert visit.app.theme == HIGH_CONTRAST
        await visit.sign_in()
        assert visit.app.theme == LIGHT


@pytest.mark.slow
async def test_look_that_this_terminal_cannot_show_is_kept_for_others_and_says_so() -> None:
    os.environ["NO_COLOR"] = "1"
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.sign_in()
        assert not {*LABELS.values()} & {
            entry.name for entry in palette_entries(visit.app, visit.screen, house.now(ACCOUNT))
        }
        await visit.press("f2", *["down"] * 4, "enter")
        assert "✓ The terminal's own colours" in visit.screen_text()
        assert "⏎ Choose" in visit.screen_text()
        await visit.press("up", "enter")
        assert visit.app.theme == TERMINAL
        assert "Kept for other terminals" in visit.screen_text()
        assert house.now(ACCOUNT).appearance == "high-contrast"


@pytest.mark.slow
async def test_below_64_columns_the_list_stands_alone_until_something_is_opened() -> None:
    async with opened(house_with(), size=(40, 12)) as visit:
        await visit.to_settings()
        assert "Create and manage" not in visit.screen_text()
        await visit.press("enter")
        assert "Create and manage app passwords" in visit.screen_text()
        assert "Appearance" not in visit.screen_text()
        await visit.press("escape")
        assert "Appearance" in visit.screen_text()


@pytest.mark.slow
async def test_the_tab_bar_keeps_the_focus_going_to_and_fro_and_down_enters_the_page() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.sign_in()
        await visit.press("v", "shift+tab", "shift+tab", "right")
        assert visit.on(AppPasswordsScreen)
        assert visit.focused is not None
        assert visit.focused.id == "tabs"
        await visit.press("left")
        assert visit.on(SecurityScreen)
        assert visit.focused.id == "tabs"
        await visit.press("down")
        assert visit.focused.id == "methods"


@pytest.mark.slow
async def test_sessions_end_elsewhere_and_trusted_addresses_are_forgotten() -> None:
    house = house_with("Laptop")
    house.sign_in(ACCOUNT, PASSWORD)
    other = house.session(ACCOUNT)
    async with opened(house) as visit:
        await visit.to_settings()
        await visit.press("down", "down", "down")
        assert "1 trusted address, this one among them" in visit.sentences()
        await visit.press("enter", "enter")
        assert "Every other session here was signed out." in visit.screen_text()
        with pytest.raises(SessionEnded):
            house.portal.account(other)
        await visit.press("down", "enter")
        assert "No address is trusted" in visit.sentences()
        await visit.press("p", "c")  # the session goes on
        assert visit.on(CreateDialog)


def answers_late(monkeypatch: pytest.MonkeyPatch) -> tuple[Event, Event]:
    """Other sessions have ended once the first is set; the portal says so once the second is."""
    done, told, real = Event(), Event(), Portal.sign_out_elsewhere

    def late(portal: Portal, session: Session) -> Session:
        renewed = real(portal, session)
        done.set()
        assert told.wait(120)  # seconds; a test that forgets it must end
        return renewed

    monkeypatch.setattr(Portal, "sign_out_elsewhere", late)
    return done, told


READS = {"activity": "activity", "sessions": "trusted_addresses"}  # by the portal, per section


async def while_signing_out(visit: Visit, done: Event) -> SettingsScreen:
    """Until the other sessions have ended, and the portal has not said so."""
    screen = visit.screen
    assert isinstance(screen, SettingsScreen)
    screen.start_flow(screen._sign_out_elsewhere)
    while not done.is_set():
        await visit.pilot.pause()
    return screen


@pytest.mark.parametrize("section", first_quick(*READS))
async def test_a_look_elsewhere_meanwhile_does_not_sign_oneself_out(
    monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    done, told = answers_late(monkeypatch)
    async with opened(house_with()) as visit:
        await visit.to_settings()
        screen = await while_signing_out(visit, done)
        may_read = gated(monkeypatch, Portal, READS[section])
        screen.open_section(section)
        for _ in range(20):
            await visit.pilot.pause()
        assert screen.section == section
        told.set()
        await visit.see("Every other session here was signed out.")
        assert [worker.group for worker in visit.app.workers if not worker.is_finished] == [section]
        may_read.set()
        await visit.settle()
        assert visit.on(SettingsScreen)
        assert "Every other session here was signed out." in visit.sentences()


@pytest.mark.parametrize("section", first_quick(*READS))
async def test_nor_does_what_is_still_being_read(
    monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    done, told = answers_late(monkeypatch)
    async with opened(house_with()) as visit:
        await visit.to_settings()
        may_read = gated(monkeypatch, Portal, READS[section])
        visit.screen.query_one(Menu).highlighted = [key for key, _ in SECTIONS].index(section)
        await visit.pilot.pause()
        await while_signing_out(visit, done)
        may_read.set()
        for _ in range(20):
            await visit.pilot.pause(0.001)
        told.set()
        await visit.settle()
        assert visit.on(SettingsScreen)
        assert "Every other session here was signed out." in visit.sentences()
