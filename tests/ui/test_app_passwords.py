"""The list of app passwords: create, look, rename, delete, find."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from textual.screen import Screen
from textual.widgets import Button, Input

from apppw_tui.domain.account import Change
from apppw_tui.ui.dialogs.confirm import DeleteDialog
from apppw_tui.ui.dialogs.create import CreateDialog, RenameDialog
from apppw_tui.ui.dialogs.details import DetailsDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.widgets.password_table import PasswordTable
from tests.support import PASSWORD, House, first_quick
from tests.ui.walks import (
    ACCOUNT,
    house_with,
    on,
    portal_app,
    press,
    screen_text,
    settle,
    to_app_passwords,
    to_create,
    type_into,
)


def names(house: House) -> list[str]:
    account = house.store.get(ACCOUNT)
    assert account is not None
    return [password.name for password in account.app_passwords]


async def test_an_empty_list_says_what_to_do_next_and_create_has_the_focus() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        assert "No app passwords yet. Create one for your phone" in screen_text(pilot)
        assert isinstance(app.focused, Button)
        assert str(app.focused.label) == "Create"


@pytest.mark.parametrize("key", first_quick("d", "r", "slash"))
async def test_what_cannot_be_done_on_an_empty_list_says_why(key: str) -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        await press(pilot, key)
        assert on(app, AppPasswordsScreen)
        assert "There is none to choose." in screen_text(pilot)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("laptop", "You already have one called Laptop."),
        ("", "Give it a name"),
        ("x" * 65, "A name has at most 64 characters; this one has 65."),
    ],
)
async def test_a_refused_name_is_kept_and_the_dialog_stays_open(name: str, said: str) -> None:
    house = house_with("Laptop")
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to_create(pilot, name)
        await press(pilot, "enter")
        assert on(app, CreateDialog)
        assert f"✗ {said}" in screen_text(pilot)
        field = app.screen.query_one("#name", Input)
        assert field.value == name
        assert app.focused is field
        await press(pilot, "escape")
    assert names(house) == ["Laptop"]


@pytest.mark.slow
async def test_at_the_limit_of_forty_it_says_so_and_asks_to_delete_one_first() -> None:
    house = house_with(*(f"Device {number}" for number in range(39)))
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to_create(pilot, "The fortieth")
        await press(pilot, "enter")
        house.clock.advance(1)
        await press(pilot, "enter")
        house.clock.advance(1)
        await press(pilot, "enter")
        assert "40 of 40" in screen_text(pilot)
        await press(pilot, "c")
        assert on(app, AppPasswordsScreen)
        assert "You have 40 of 40. Delete one first." in screen_text(pilot)
        await press(pilot, "d", "y", "c")
        assert on(app, CreateDialog)


@pytest.mark.parametrize("keys", first_quick(("enter",), ("escape",), ("n",), ("q",)))
async def test_no_is_what_happens_unless_one_says_yes(keys: tuple[str, ...]) -> None:
    house = house_with("Laptop")
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "d")
        assert on(app, DeleteDialog)
        assert "Whatever uses it stops working at once." in screen_text(pilot)
        await press(pilot, *keys)
        assert on(app, AppPasswordsScreen)
    assert names(house) == ["Laptop"]


async def test_several_are_marked_and_deleted_together() -> None:
    house = house_with("A", "B", "C", "D")
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "space", "down", "space")
        assert "☑ A" in screen_text(pilot)
        assert "☑ C" in screen_text(pilot)
        await press(pilot, "d")
        assert "Delete these 2?" in screen_text(pilot)
        await press(pilot, "y")
        assert "Deleted A, C." in screen_text(pilot)
    assert names(house) == ["B", "D"]


async def test_a_deletion_that_could_not_be_listed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    house = house_with("A", "B")
    real = house.store.transaction

    @contextmanager
    def change(account: str, uid: str | None) -> Iterator[Change]:
        with real(account, uid) as one:
            yield one
        one.unlisted = True

    monkeypatch.setattr(house.store, "transaction", change)
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "d", "y")
        assert "Deleted A. Until the next change a restored backup" in screen_text(pilot)
    assert names(house) == ["B"]


async def test_after_a_deletion_the_cursor_stays_near() -> None:
    app = portal_app(house_with("A", "B", "C"))
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "down", "d", "y")
        current = app.screen.query_one(PasswordTable).current
        assert current is not None
        assert current.name == "C"


async def test_renaming_keeps_the_cursor_and_the_password() -> None:
    house = house_with("A", "B", "C")
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "r")
        assert on(app, RenameDialog)
        assert app.screen.query_one("#name", Input).selected_text == "A"
        await type_into(pilot, "#name", "B")
        await press(pilot, "enter")
        assert "✗ You already have one called B." in screen_text(pilot)
        await type_into(pilot, "#name", "Z")
        await press(pilot, "enter")
        current = app.screen.query_one(PasswordTable).current
        assert current is not None
        assert current.name == "Z"
    assert names(house) == ["Z", "B", "C"]


@pytest.mark.parametrize(
    ("key", "dialog"),
    [
        ("d", DeleteDialog),
        pytest.param("r", RenameDialog, marks=pytest.mark.slow),
        pytest.param("escape", None, marks=pytest.mark.slow),
    ],
)
async def test_details_tell_everything_and_lead_on(
    key: str, dialog: type[Screen[Any]] | None
) -> None:
    app = portal_app(house_with("Laptop"))
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "enter")
        assert on(app, DetailsDialog)
        assert "22 Nov 2026 12:00 UTC (1 h ago)" in screen_text(pilot)
        await press(pilot, key)
        assert on(app, dialog or AppPasswordsScreen)


async def test_details_longer_than_the_window_scroll_above_their_buttons() -> None:
    app = portal_app(house_with("n" * 64))
    async with app.run_test(size=(40, 12)) as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "enter")
        assert app.screen.query_one("#close").region.bottom < 12
        assert "Begins with" not in screen_text(pilot)
        await press(pilot, *["down"] * 9)
        assert "Begins with" in screen_text(pilot)


@pytest.mark.slow
async def test_the_filter_narrows_down_while_one_types() -> None:
    app = portal_app(house_with("Laptop", "Phone", "Old phone"))
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        table = app.screen.query_one(PasswordTable)
        await press(pilot, "slash", *"PHO")
        assert table.row_count == 2
        await press(pilot, "enter")
        assert app.focused is table
        await press(pilot, "slash", *"x")
        assert "None has that in its name." in screen_text(pilot)
        await press(pilot, "escape")
        assert table.row_count == 3
        assert app.focused is table
        assert on(app, AppPasswordsScreen)


async def test_the_list_is_sorted_by_the_next_column_and_the_other_way_round() -> None:
    app = portal_app(house_with("b", "A", "c"))
    async with app.run_test(size=(120, 40)) as pilot:
        await to_app_passwords(pilot)
        table = app.screen.query_one(PasswordTable)

        def shown() -> str:
            return "".join(str(table.get_row_at(row)[0]) for row in range(table.row_count))

        assert shown() == "Abc"
        await press(pilot, "S")
        assert shown() == "cbA"
        await press(pilot, "s", "s", "s")
        assert "Created ↑" in screen_text(pilot)
        assert shown() == "bAc"


async def test_a_click_on_delete_asks_and_a_click_on_the_gear_opens_settings() -> None:
    app = portal_app(house_with("A", "B"))
    async with app.run_test(size=(80, 24)) as pilot:
        await to_app_passwords(pilot)
        await pilot.click(PasswordTable, offset=(73, 2))
        await settle(pilot)
        assert on(app, DeleteDialog)
        assert "B" in screen_text(pilot)


@pytest.mark.slow
async def test_two_windows_at_once_never_overwrite_each_other() -> None:
    house = house_with("Laptop", "Phone")
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        other = house.sign_in(ACCOUNT, PASSWORD)
        account = house.portal.account(other)
        house.portal.delete_app_password(other, account.app_passwords[0].id)
        house.portal.create_app_password(other, "Made elsewhere")

        await press(pilot, "d", "y")
        assert "That app password was already deleted." in screen_text(pilot)
        assert "Made elsewhere" in screen_text(pilot)
        assert "Laptop" not in screen_text(pilot)

        await press(pilot, "c")
        await type_into(pilot, "#name", "made ELSEWHERE")
        await press(pilot, "enter")
        assert "You already have one called Made elsewhere." in screen_text(pilot)
    assert names(house) == ["Phone", "Made elsewhere"]


async def test_delete_at_the_end_of_a_row_means_this_row_whatever_else_is_marked() -> None:
    house = house_with("A", "B", "C")
    app = portal_app(house)
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "space", "right", "enter")
        assert "☑" not in screen_text(pilot).splitlines()[7]
        await press(pilot, "y")
    assert names(house) == ["A", "C"]
