"""Keys that arrive in one burst, as over a slow line, all have their effect."""

import asyncio

import pytest
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.messages import Prune
from textual.widgets import Input, Static

from apppw_tui.portal.portal import Portal
from apppw_tui.ui import type_ahead
from apppw_tui.ui.dialogs.confirm import ConfirmDialog, DeleteDialog
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.security import SecurityScreen
from apppw_tui.ui.screens.settings import SettingsScreen
from apppw_tui.ui.type_ahead import ScreenReady, TypeAhead
from tests.support import PASSWORD, House
from tests.ui.states_of_keys import to_keys, with_keys
from tests.ui.states_of_verification import optional, protected
from tests.ui.walks import ACCOUNT, Visit, burst, gated, house_with, opened

pytestmark = pytest.mark.slow

PATIENCE = 60  # seconds; only a test that fails ever waits as long


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, a screen comes before it is given up."""
    monkeypatch.setattr(type_ahead, "_LONGEST", 60.0)


class Busy(Static, can_focus=True):
    """A widget that takes its time over Enter."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = asyncio.Event()

    async def on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            await self.goes_on.wait()


class Row(Vertical):
    """What goes while the widget in it is still busy."""

    def __init__(self) -> None:
        super().__init__()
        self.goes = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Busy()

    async def on_prune(self, _event: Prune) -> None:
        self.goes.set()


class Typed(TypeAhead):
    """The keys that nothing else has used, and the looks for what is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.typed, self.looked = asyncio.Event(), asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Row()

    def on_key(self, event: events.Key) -> None:
        assert event.key == "x"
        self.typed.set()

    async def _find_lost(self) -> None:
        await super()._find_lost()
        self.looked.set()


async def test_keys_go_on_however_long_a_widget_takes_to_go() -> None:
    """With it goes what tells that its key has had its effect, and a look may come before that."""
    async with (app := Typed()).run_test():
        row, busy = app.query_one(Row), app.query_one(Busy)
        busy.focus()
        app.post_message(events.Key("enter", None))
        await app.looked.wait()
        app.post_message(events.Key("x", "x"))
        gone = row.remove()
        await row.goes.wait()
        busy.goes_on.set()
        await gone
        await asyncio.wait_for(app.typed.wait(), PATIENCE)


async def test_the_way_to_a_new_password_can_be_typed_in_one_go() -> None:
    house = house_with()
    async with opened(house) as visit:
        await visit.sign_in_by_hand()
        await burst(visit, "p", "c", *"dylan's phone", "enter")
        assert visit.on(NewAppPasswordDialog), visit.screen_text()
        assert "dylan's phone · Any app" in visit.screen_text()


@pytest.mark.parametrize("late", [False, True])
async def test_keys_wait_for_the_screen_that_comes(
    monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    """Not for the one that is left, which may only `late` get ready."""
    may_read = asyncio.Event()
    refresh = AppPasswordsScreen.refresh_list

    async def when_it_may(screen: AppPasswordsScreen) -> None:
        await may_read.wait()
        await refresh(screen)

    async with opened(house_with()) as visit:
        await visit.sign_in_by_hand()
        await visit.press("f2")
        monkeypatch.setattr(AppPasswordsScreen, "refresh_list", when_it_may)
        settings = visit.screen
        visit.app.action_go_to("app-passwords")
        visit.app.post_message(events.Key("c", "c"))
        if late:
            visit.app.post_message(ScreenReady(settings))
        for _ in range(20):
            await visit.pilot.pause(0.001)
        assert visit.app.typed_ahead == 1
        may_read.set()
        await visit.settle()
        assert visit.on(CreateDialog), visit.screen_text()


async def test_a_session_that_ends_on_the_way_to_a_screen_leaves_the_keyboard() -> None:
    async with opened(house_with()) as visit:
        await visit.sign_in_by_hand()
        visit.app.action_go_to("app-passwords")
        visit.app.sign_out()
        await visit.settle()
        assert visit.on(LoginScreen)
        await burst(visit, *"word")
        assert visit.screen.query_one("#password", Input).value == "word"


async def test_keys_for_the_screen_after_the_next_wait_for_it() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.sign_in_by_hand()
        await burst(visit, "v", "p", "f2", "p", "r")
        assert visit.screen.query_one("#name", Input).value == "Laptop"


async def test_a_key_that_leads_nowhere_holds_nothing_up() -> None:
    async with opened(house_with()) as visit:
        await visit.to_app_passwords()
        await burst(visit, "p", "r", "enter")
        assert visit.on(AppPasswordsScreen)  # Enter was meant for the dialog that did not come
        await burst(visit, "enter")
        assert visit.on(CreateDialog)
        await burst(visit, "escape", "f2")
        assert visit.on(SettingsScreen)


@pytest.mark.parametrize("by", [(), ("enter",)], ids=["list", "details"])
async def test_a_yes_is_never_typed_ahead(by: tuple[str, ...]) -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.to_app_passwords()
        await visit.press(*by)
        await burst(visit, "d", "y")
        assert visit.on(DeleteDialog)
        await burst(visit, "n")
        assert visit.on(AppPasswordsScreen)
        assert "Laptop" in visit.screen_text()


async def test_a_yes_is_never_typed_ahead_of_a_question_about_a_key() -> None:
    house = with_keys()
    async with opened(house) as visit:
        await to_keys(visit)
        await visit.press("enter")
        await burst(visit, "d", "y")
        assert visit.on(ConfirmDialog)
    assert len(house.now(ACCOUNT).ssh_keys) == 2


async def test_a_yes_is_never_typed_ahead_of_new_recovery_codes() -> None:
    house = protected()
    before = house.now(ACCOUNT).recovery
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("v", "end")
        await burst(visit, "enter", "y")
        assert visit.on(ConfirmDialog)
    assert house.now(ACCOUNT).recovery == before


async def test_a_yes_is_never_typed_ahead_of_what_the_palette_leads_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From another screen, while the list is still being read."""
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("f2", "colon")
        await visit.type_into("Input", "laptop delete")
        gate = gated(monkeypatch, Portal, "uses_per_day")
        await visit.pilot.press("enter")
        await visit.until(lambda: visit.on(AppPasswordsScreen))
        visit.app.post_message(events.Key("y", "y"))
        await visit.until(lambda: visit.app.typed_ahead == 1)
        gate.set()
        await visit.settle()
        assert visit.on(DeleteDialog)


async def test_a_session_that_ends_while_a_question_comes_leaves_the_keyboard() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.to_app_passwords()
        visit.app.push_screen(ConfirmDialog("Is it so?"))
        visit.app.sign_out()
        await visit.settle()
        assert visit.on(LoginScreen)
        await burst(visit, *"word")
        assert visit.screen.query_one("#password", Input).value == "word"


async def test_a_key_that_would_leave_waits_for_the_dialog_that_is_on_its_way() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.to_app_passwords()
        await burst(visit, "d", "v", "backspace")
        assert visit.on(DeleteDialog)
        await burst(visit, "n", "v")
        assert visit.app.is_running


@pytest.mark.parametrize("key", ["enter", "tab"])
async def test_a_password_manager_may_type_both_fields_in_one_go(key: str) -> None:
    house = House()
    async with opened(house, may_create_first=True) as visit:
        await burst(visit, *"ada", key, *PASSWORD, key, *PASSWORD, "enter")
        assert visit.on(AppPasswordsScreen), visit.screen_text()


@pytest.mark.parametrize("second", ["code", "v"])
async def test_what_follows_the_password_in_one_burst_is_for_what_comes(second: str) -> None:
    async with opened(protected() if second == "code" else house_with()) as visit:
        await visit.type_into("#account", ACCOUNT)
        visit.screen.query_one("#password").focus()
        await burst(visit, *PASSWORD, "enter", *(visit.app_code() if second == "code" else "v"))
        assert visit.on(AppPasswordsScreen if second == "code" else SecurityScreen)


@pytest.mark.parametrize("again", [False, True])
async def test_keys_before_a_field_has_the_focus_wait_for_it(
    monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """Typed while the program starts, or `again` while a session ends."""
    mount = LoginScreen.on_mount

    def typed_before(screen: LoginScreen) -> None:
        for key in (*"ada", "tab", *"word"):
            screen.app.post_message(events.Key(key, key if len(key) == 1 else None))
        mount(screen)

    if not again:
        monkeypatch.setattr(LoginScreen, "on_mount", typed_before)
    async with opened(house_with()) as visit:
        if again:
            await visit.sign_in_by_hand()
            monkeypatch.setattr(LoginScreen, "on_mount", typed_before)
            visit.app.sign_out()
        await visit.settle()
        account, password = visit.screen.query(Input)
        # Whoever signed in stands there again: then Tab leads to the button.
        expected = (ACCOUNT, "ada") if again else ("ada", "word")
        assert (account.value, password.value) == expected, visit.screen_text()


async def test_after_a_refusal_the_password_can_be_typed_again_in_one_burst() -> None:
    async with opened(protected()) as visit:
        await visit.type_into("#account", ACCOUNT)
        visit.screen.query_one("#password").focus()
        await burst(visit, *"wrong one", "enter", *visit.app_code())
        assert visit.screen.query_one("#password", Input).value == "wrong one"
        await burst(visit, *PASSWORD, "enter", *visit.app_code())
        assert visit.on(AppPasswordsScreen)


async def test_what_follows_a_name_in_one_burst_is_no_part_of_it() -> None:
    house = house_with()
    async with opened(house) as visit:
        await visit.sign_in_by_hand()
        await burst(visit, "p", "c", *"Laptop", "enter", "c")
        assert [password.name for password in house.now(ACCOUNT).app_passwords] == ["Laptop"]


async def test_what_follows_the_password_that_verifies_again_is_no_part_of_it() -> None:
    async with opened(optional()) as visit:
        await visit.sign_in_by_hand()
        await visit.press("p")
        visit.later(601)
        await visit.press("c")
        await burst(visit, *PASSWORD, "enter", *"Laptop")
        assert visit.on(CreateDialog)


async def test_two_enters_on_settings_open_what_the_second_is_on() -> None:
    async with opened(house_with()) as visit:
        await visit.sign_in_by_hand()
        await visit.press("f2")
        await burst(visit, "enter", "down", "enter")
        assert visit.on(AppPasswordsScreen), visit.screen_text()


# A way to a dialog, and keys there that move the focus before Enter.
_DIALOGS = {
    "create": (("c",), ("tab", "tab", "tab", "tab", "enter")),
    "create, next": (("c", *"Phone"), ("tab", "tab", "tab", "enter")),
    "create, a list": (("c",), ("tab", "enter", "down", "enter", "tab", "enter", "down", "enter")),
    "details": (("enter",), ("shift+tab", "enter")),
    "edit": (("e",), ("tab", "tab", "tab", "tab", "enter")),
    "edit, save": (("e",), ("tab", "enter", "down", "enter", "tab", "tab", "enter")),
    "delete": (("d",), ("left", "enter")),
    "delete, not": (("d",), ("tab", "shift+tab", "enter")),
    "help": (("?",), ("tab", "shift+tab", "enter")),
    "password": (("f2", "down", "enter", "enter"), ("tab", "shift+tab", *"abc", "tab", *"de")),
    "password, not": (("f2", "down", "enter", "enter"), ("up", "enter")),
    "a phone": (("v", "enter"), ("tab", "enter")),
    "an app": (("v", "down", "down", "down", "enter"), ("tab", "enter", "tab", "tab", "enter")),
}


@pytest.mark.parametrize("name", _DIALOGS)
async def test_keys_in_one_packet_do_what_they_do_one_after_the_other(name: str) -> None:
    by, keys = _DIALOGS[name]
    seen = []
    for together in (False, True):
        async with opened(house_with("Laptop")) as visit:
            await visit.to_app_passwords()
            await visit.press(*by)
            before = visit.screen_text()
            await (burst if together else Visit.press)(visit, *keys)
            seen.append((before, visit.screen_text(), visit.focused and visit.focused.id))
    one_by_one, at_once = seen
    assert one_by_one[0] != one_by_one[1]
    assert at_once[1:] == one_by_one[1:]
