"""The palette: everything that can be done here, everywhere one can go, and the app passwords."""

import pytest
from textual.widgets import Input, OptionList

from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.dialogs.confirm import DeleteDialog
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.details import DetailsDialog, HelpDialog
from apppw_tui.ui.dialogs.edit import EditDialog
from apppw_tui.ui.dialogs.palette import PaletteDialog
from apppw_tui.ui.key_help import palette_entries
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.security import SecurityScreen
from apppw_tui.ui.screens.settings import SettingsScreen
from tests.support import House
from tests.ui.test_footer_keys import perceived
from tests.ui.walks import ACCOUNT, Visit, house_with, opened

PLACES = {"App Passwords", "Security Verification", "Settings", "Recent activity", "Sessions"}


def entries(app: PortalApp, house: House) -> list[str]:
    account = house.store.get(ACCOUNT)
    return [f"{entry.name}: {entry.what}" for entry in palette_entries(app, app.screen, account)]


async def test_palette_lists_what_can_be_done_the_places_and_the_app_passwords() -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        names = {entry.name for entry in palette_entries(visit.app, visit.screen, None)}
        looks = {"Light", "High contrast", "The terminal's own colours"}
        assert names == {"Help", "Leave", "Quit", *looks}
        await visit.sign_in()
        listed = entries(visit.app, house)
        names = {line.split(":")[0] for line in listed}
        assert {"Create", "Delete", "Edit", "Pause", "Filter", "Sort", "Mark", "Sign out"} <= names
        assert names >= PLACES - {"App Passwords"}  # one is there
        assert {"Laptop: details", "Laptop: edit", "Laptop: pause", "Laptop: delete"} <= set(listed)
        assert len(listed) == len(set(listed))


async def test_app_passwords_stand_in_the_order_of_the_list() -> None:
    house = house_with("Tablet 10", "tablet 9", "Phone")
    async with opened(house) as visit:
        await visit.sign_in()
        listed = [line for line in entries(visit.app, house) if line.endswith(": details")]
        assert listed == ["Phone: details", "tablet 9: details", "Tablet 10: details"]


async def test_palette_names_nothing_that_cannot_be_done_now() -> None:
    house = house_with()
    async with opened(house) as visit:
        await visit.sign_in()
        names = {line.split(":")[0] for line in entries(visit.app, house)}
        assert "Create" in names
        assert not {"Delete", "Edit", "Pause", "Filter"} & names


async def test_palette_finds_by_the_words_that_are_typed_and_the_best_comes_first() -> None:
    async with opened(house_with("Old laptop", "Laptop", "Phone")) as visit:
        await visit.sign_in()
        await visit.press("colon", *"lap")
        assert not visit.app.screen.query_one(Input).cursor_blink
        text = visit.screen_text()
        assert text.index("Laptop      details") < text.index("Old laptop  details")
        assert "Phone" not in text.split("╰")[0].split("lap", 1)[1].split("Old laptop  delete")[0]
        await visit.press(*"x")
        assert "No match." in visit.screen_text()
        await visit.press("enter")
        assert visit.on(PaletteDialog)
        await visit.press("ctrl+c")
        assert visit.on(AppPasswordsScreen)
        assert visit.app.is_running


async def test_palette_does_what_is_chosen() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.sign_in()
        await visit.press("ctrl+p", *"create", "enter")
        assert visit.on(CreateDialog)
        await visit.press("escape", "colon", *"help", "enter")
        assert visit.on(HelpDialog)


@pytest.mark.slow
async def test_palette_goes_everywhere_from_everywhere() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.sign_in()
        for words, place in (
            ("security verification", SecurityScreen),
            ("recent activity", SettingsScreen),
            ("app passwords", AppPasswordsScreen),
        ):
            await visit.press("colon")
            visit.app.screen.query_one(Input).value = words
            await visit.settle()
            await visit.press("enter")
            assert visit.on(place)
            if place is SettingsScreen:
                assert visit.app.screen.query_one("#page-activity").display


@pytest.mark.slow
async def test_palette_opens_and_deletes_an_app_password_from_another_screen() -> None:
    house = house_with("Laptop", "Phone")
    async with opened(house) as visit:
        await visit.sign_in()
        for words, dialog in (
            ("laptop details", DetailsDialog),
            ("laptop edit", EditDialog),
            ("laptop delete", DeleteDialog),
        ):
            await visit.press("f2", "colon")
            visit.app.screen.query_one(Input).value = words
            await visit.settle()
            await visit.press("enter")
            assert visit.on(dialog)
            assert "Laptop" in visit.screen_text()
            if dialog is not DeleteDialog:
                await visit.press("escape")
        await visit.press("y")
        account = house.store.get(ACCOUNT)
        assert account is not None
        assert [password.name for password in account.app_passwords] == ["Phone"]


@pytest.mark.slow
async def test_palette_of_one_that_was_deleted_meanwhile_says_so() -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("f2", "colon")
        session = house.session(ACCOUNT)
        account = house.store.get(ACCOUNT)
        assert account is not None
        house.portal.delete_app_password(session, account.app_passwords[0].id)
        visit.app.screen.query_one(Input).value = "laptop details"
        await visit.settle()
        await visit.press("enter")
        assert visit.on(AppPasswordsScreen)
        assert "That app password was already deleted." in visit.screen_text()


async def test_palette_of_login_offers_no_place() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.press("tab", "tab", "colon")
        assert visit.on(PaletteDialog)
        assert "Settings" not in visit.screen_text()
        await visit.press("escape")
        assert visit.on(LoginScreen)


async def test_palette_has_a_row_for_each_entry_in_a_small_window_and_marks_what_is_cut() -> None:
    async with opened(house_with("Laptop"), size=(40, 12)) as visit:
        await visit.sign_in()
        await visit.press("colon")
        rows = visit.screen_text().splitlines()
        create, edit = (
            next(at for at, row in enumerate(rows) if row.startswith(f"│  {word} "))
            for word in ("Create", "Edit")
        )
        assert edit == create + 1
        assert rows[create].endswith("… c  │")
        assert rows[edit].endswith("… e  │")


@pytest.mark.slow
@pytest.mark.parametrize(
    "place",
    [
        "app-passwords",
        *(pytest.param(each, marks=pytest.mark.long) for each in ("", "security", "settings")),
    ],
)
async def test_each_entry_of_the_palette_does_something(place: str) -> None:
    async def there(visit: Visit) -> None:
        if place:
            await visit.sign_in()
            await visit.press({"app-passwords": "p", "security": "v", "settings": "f2"}[place])

    async with opened(house_with("Laptop", "Phone")) as visit:
        await there(visit)
        await visit.press("ctrl+p")
        names = [str(each.prompt) for each in visit.screen.query_one(OptionList).options]
    idle = []
    for at, name in enumerate(names):
        async with opened(house_with("Laptop", "Phone")) as visit:
            await there(visit)
            before = perceived(visit)
            await visit.press("ctrl+p")
            visit.screen.query_one(OptionList).highlighted = at
            await visit.press("enter")
            if perceived(visit) == before:
                idle.append(name)
    assert not idle
    assert names
