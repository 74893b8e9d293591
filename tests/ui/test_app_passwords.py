"""The list of app passwords: create, look, rename, delete, find."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from textual.screen import Screen
from textual.widgets import Button, Input

from apppw_tui.domain.account import Change
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import Session
from apppw_tui.ui.dialogs.account_password import ConfirmPasswordDialog
from apppw_tui.ui.dialogs.confirm import DeleteDialog
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.details import DetailsDialog
from apppw_tui.ui.dialogs.edit import EditDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.widgets.password_table import PasswordTable
from tests.support import PASSWORD, House, first_quick
from tests.ui.states_of_verification import few_codes
from tests.ui.walks import ACCOUNT, house_with, opened


def names(house: House) -> list[str]:
    account = house.store.get(ACCOUNT)
    assert account is not None
    return [password.name for password in account.app_passwords]


async def test_an_empty_list_says_what_to_do_next_and_create_has_the_focus() -> None:
    async with opened(house_with()) as visit:
        await visit.to_app_passwords()
        assert "No app passwords yet. Create one for your phone" in visit.screen_text()
        assert isinstance(visit.focused, Button)
        assert str(visit.focused.label) == "Create"


@pytest.mark.parametrize("key", first_quick("d", "e", "x", "slash"))
async def test_what_cannot_be_done_on_an_empty_list_says_why(key: str) -> None:
    async with opened(house_with()) as visit:
        await visit.to_app_passwords()
        await visit.press(key)
        assert visit.on(AppPasswordsScreen)
        assert "The list is empty." in visit.screen_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("laptop", "You already have one called Laptop."),
        ("", "Give it a name"),
        ("x" * 65, "A name has at most 64 characters; this one has 65."),
    ],
)
async def test_a_refused_name_is_kept_and_the_dialog_stays_open(name: str, sentence: str) -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.to_create(name)
        await visit.press("enter")
        assert visit.on(CreateDialog)
        assert f"✗ {sentence}" in visit.screen_text()
        field = visit.screen.query_one("#name", Input)
        assert field.value == name
        assert visit.focused is field
        await visit.press("escape")
    assert names(house) == ["Laptop"]


@pytest.mark.slow
async def test_at_the_limit_of_forty_it_says_so_and_asks_to_delete_one_first() -> None:
    house = house_with(*(f"Device {number}" for number in range(39)))
    async with opened(house) as visit:
        await visit.to_create("The fortieth")
        await visit.press("enter")
        house.clock.advance(1)
        await visit.press("enter")
        house.clock.advance(1)
        await visit.press("enter")
        assert "40 of 40" in visit.screen_text()
        await visit.press("c")
        assert visit.on(AppPasswordsScreen)
        assert "You have 40 of 40. Delete one first." in visit.screen_text()
        await visit.press("d", "y", "c")
        assert visit.on(CreateDialog)


@pytest.mark.parametrize("keys", first_quick(("enter",), ("escape",), ("n",), ("q",)))
async def test_no_is_what_happens_unless_one_says_yes(keys: tuple[str, ...]) -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.to_app_passwords()
        await visit.press("d")
        assert visit.on(DeleteDialog)
        assert "Whatever uses it stops working at once." in visit.screen_text()
        await visit.press(*keys)
        assert visit.on(AppPasswordsScreen)
    assert names(house) == ["Laptop"]


async def test_several_are_marked_and_deleted_together() -> None:
    house = house_with("A", "B", "C", "D")
    async with opened(house) as visit:
        await visit.to_app_passwords()
        await visit.press("space", "down", "space")
        assert "☑ A" in visit.screen_text()
        assert "☑ C" in visit.screen_text()
        await visit.press("d")
        assert "Delete these 2?" in visit.screen_text()
        await visit.press("y")
        assert "Deleted A, C." in visit.screen_text()
    assert names(house) == ["B", "D"]


@pytest.mark.slow
async def test_before_several_go_one_is_asked_who_it_is_if_that_is_long_ago() -> None:
    house = house_with("A", "B", "C")
    async with opened(house) as visit:
        await visit.to_app_passwords()
        house.clock.advance(house.policy.verify_again_after)
        await visit.press("a", "d", "y")
        assert visit.on(ConfirmPasswordDialog)
        assert names(house) == ["A", "B", "C"]
        await visit.press("escape")
        assert names(house) == ["A", "B", "C"]
        await visit.press("d", "y")
        await visit.type_into("#password", PASSWORD)
        await visit.press("enter")
        assert "Deleted A, B, C." in visit.screen_text()
    assert names(house) == []


@pytest.mark.slow
async def test_a_deletion_that_could_not_be_listed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    house = house_with("A", "B")
    real = house.store.transaction

    @contextmanager
    def change(account: str, uid: str | None) -> Iterator[Change]:
        with real(account, uid) as each:
            yield each
        each.unlisted = True

    monkeypatch.setattr(house.store, "transaction", change)
    async with opened(house) as visit:
        await visit.to_app_passwords()
        await visit.press("d", "y")
        assert "Deleted A. Until the next change a restored backup" in visit.screen_text()
    assert names(house) == ["B"]


@pytest.mark.slow
async def test_after_a_deletion_the_cursor_stays_near() -> None:
    async with opened(house_with("A", "B", "C")) as visit:
        await visit.to_app_passwords()
        await visit.press("down", "d", "y")
        current = visit.screen.query_one(PasswordTable).current
        assert current is not None
        assert current.name == "C"


@pytest.mark.slow
async def test_renaming_keeps_the_cursor_and_the_password() -> None:
    house = house_with("A", "B", "C")
    async with opened(house) as visit:
        await visit.to_app_passwords()
        await visit.press("e")
        assert visit.on(EditDialog)
        assert visit.screen.query_one("#name", Input).selected_text == "A"
        await visit.type_into("#name", "B")
        await visit.press("enter")
        assert "✗ You already have one called B." in visit.screen_text()
        await visit.type_into("#name", "Z")
        await visit.press("enter")
        current = visit.screen.query_one(PasswordTable).current
        assert current is not None
        assert current.name == "Z"
    assert names(house) == ["Z", "B", "C"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "dialog"),
    [
        ("d", DeleteDialog),
        pytest.param("e", EditDialog, marks=pytest.mark.slow),
        pytest.param("escape", None, marks=pytest.mark.slow),
    ],
)
async def test_details_tell_everything_and_lead_on(
    key: str, dialog: type[Screen[Any]] | None
) -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.to_app_passwords()
        await visit.press("enter")
        assert visit.on(DetailsDialog)
        assert "22 Nov 2026 12:00 UTC (1 h ago)" in visit.screen_text()
        await visit.press(key)
        assert visit.on(dialog or AppPasswordsScreen)


@pytest.mark.slow
async def test_details_longer_than_the_window_scroll_above_their_buttons() -> None:
    async with opened(house_with("n" * 64), size=(40, 12)) as visit:
        await visit.to_app_passwords()
        await visit.press("enter")
        assert visit.screen.query_one("#close").region.bottom < 12
        assert "Id " not in visit.screen_text()
        assert "more ─╯" in visit.screen_text()
        await visit.press(*["down"] * 5)
        assert "Id " in visit.screen_text()


@pytest.mark.slow
async def test_the_filter_narrows_down_while_one_types() -> None:
    async with opened(house_with("Laptop", "Phone", "Old phone")) as visit:
        await visit.to_app_passwords()
        table = visit.screen.query_one(PasswordTable)
        await visit.press("slash", *"PHO")
        assert table.row_count == 2
        await visit.press("enter")
        assert visit.focused is table
        await visit.press("slash", *"x")
        assert "No match. esc shows all." in visit.screen_text()
        await visit.press("escape")
        assert table.row_count == 3
        assert visit.focused is table
        assert visit.on(AppPasswordsScreen)


@pytest.mark.slow
async def test_the_list_is_sorted_by_the_next_column_and_the_other_way_round() -> None:
    async with opened(house_with("b", "A", "c"), size=(120, 40)) as visit:
        await visit.to_app_passwords()
        table = visit.screen.query_one(PasswordTable)

        def shown() -> str:
            return "".join(str(table.get_row_at(row)[0]) for row in range(table.row_count))

        assert shown() == "Abc"
        await visit.press("S")
        assert shown() == "cbA"
        await visit.press("s", "s", "s")
        assert "Ends ↑" in visit.screen_text()
        assert shown() == "bAc"


@pytest.mark.slow
async def test_a_click_on_delete_asks_and_a_click_on_the_gear_opens_settings() -> None:
    async with opened(house_with("A", "B")) as visit:
        await visit.to_app_passwords()
        await visit.pilot.click(PasswordTable, offset=(73, 2))
        await visit.settle()
        assert visit.on(DeleteDialog)
        assert "B" in visit.screen_text()


@pytest.mark.slow
async def test_two_windows_at_once_never_overwrite_each_other() -> None:
    house = house_with("Laptop", "Phone")
    async with opened(house) as visit:
        await visit.to_app_passwords()
        other = house.sign_in(ACCOUNT, PASSWORD)
        account = house.portal.account(other)
        house.portal.delete_app_password(other, account.app_passwords[0].id)
        house.portal.create_app_password(other, "Made elsewhere")

        await visit.press("d", "y")
        assert "That app password was already deleted." in visit.screen_text()
        assert "Made elsewhere" in visit.screen_text()
        assert "Laptop" not in visit.screen_text()

        await visit.press("c")
        await visit.type_into("#name", "made ELSEWHERE")
        await visit.press("enter")
        assert "You already have one called Made elsewhere." in visit.screen_text()
    assert names(house) == ["Phone", "Made elsewhere"]


@pytest.mark.slow
async def test_delete_at_the_end_of_a_row_means_this_row_whatever_else_is_marked() -> None:
    house = house_with("A", "B", "C")
    async with opened(house) as visit:
        await visit.to_app_passwords()
        await visit.press("space", "right", "enter")
        assert "☑" not in visit.screen_text().splitlines()[7]
        await visit.press("y")
    assert names(house) == ["A", "C"]


async def test_a_name_and_three_keys_are_a_copied_password_and_a_fourth_closes() -> None:
    house = house_with()
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("c")
        await visit.press(*"Laptop")
        await visit.press("enter")
        visit.later()
        await visit.press("enter")
        assert len(visit.sent) == 1
        visit.later()
        await visit.press("enter")
        assert visit.on(AppPasswordsScreen)
        assert "✓ Created Laptop." in visit.screen_text()


@pytest.mark.slow
async def test_few_recovery_codes_are_told_at_every_sign_in() -> None:
    async with opened(few_codes()) as visit:
        await visit.sign_in()
        assert "! Only 2 recovery codes are left" in visit.screen_text()
        await visit.press("v", "p")  # who has read it and comes back is not told again
        assert "recovery codes are left" not in visit.screen_text()


@pytest.mark.parametrize(
    ("works", "said"),
    [
        (1, "Paused only Laptop. The database does not answer."),
        pytest.param(0, "The database does not answer.", marks=pytest.mark.slow),
        pytest.param(
            4, "Paused only 4 app passwords. The database does not answer.", marks=pytest.mark.slow
        ),
    ],
)
async def test_what_was_paused_before_one_failed_is_said(
    monkeypatch: pytest.MonkeyPatch, works: int, said: str
) -> None:
    house = house_with("Laptop", "Phone", "Radio", "Tablet", "Watch")
    real, left = Portal.pause_app_password, iter(range(works))

    def fail_then(portal: Portal, session: Session, id_: str) -> AppPassword:
        if next(left, None) is None:
            raise StoreUnusable("The database does not answer.")
        return real(portal, session, id_)

    monkeypatch.setattr(Portal, "pause_app_password", fail_then)
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("a", "x")
        assert said in visit.sentences()
        assert ("Paused" in visit.sentences()) is bool(works)
        assert sum(own.paused for own in house.now(ACCOUNT).app_passwords) == works
