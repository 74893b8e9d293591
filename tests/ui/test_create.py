"""Creating an app password: its name, what it is for, and how long, by keyboard."""

from datetime import UTC, datetime

import pytest
from textual.containers import Vertical
from textual.pilot import Pilot
from textual.widgets import Input

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.expiry import CHOICES
from apppw_tui.domain.scopes import SCOPES
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from apppw_tui.ui.widgets.inputs import RequiredSelect
from tests.support import House
from tests.ui.walks import (
    ACCOUNT,
    house_with,
    on,
    portal_app,
    press,
    screen_text,
    sentences,
    to_create,
    type_into,
)

SINGLE, DATE = len(SCOPES), len(CHOICES) + 1  # rows below the first


@pytest.fixture
def house() -> House:
    return house_with()


@pytest.fixture
def app(house: House) -> PortalApp:
    return portal_app(house)


def made(house: House) -> list[AppPassword]:
    return list(house.now(ACCOUNT).app_passwords)


async def choose(pilot: Pilot[None], tabs: int, down: int) -> None:
    """So many fields further on, opened with Enter, the row that is so far down."""
    await press(pilot, *["tab"] * tabs)
    assert isinstance(pilot.app.focused, RequiredSelect)
    await press(pilot, "enter", *["down"] * down, "enter")


def shows(pilot: Pilot[None], id_: str) -> bool:
    return bool(pilot.app.screen.query_one(f"#{id_}", Vertical).display)


def focused(pilot: Pilot[None]) -> str | None:
    return None if pilot.app.focused is None else pilot.app.focused.id


def value(pilot: Pilot[None], id_: str) -> str:
    return pilot.app.screen.query_one(f"#{id_}", Input).value


async def test_the_name_and_enter_alone_make_one_for_any_app_that_never_expires(
    house: House, app: PortalApp
) -> None:
    async with app.run_test() as pilot:
        await to_create(pilot, "Tablet")
        assert not shows(pilot, "more-services")
        assert not shows(pilot, "more-date")
        await press(pilot, "enter")
        assert on(app, NewAppPasswordDialog)
    (tablet,) = made(house)
    assert (tablet.name, tablet.scope, tablet.expires) == ("Tablet", ("any",), None)


@pytest.mark.slow
@pytest.mark.parametrize("row", [1, 3, len(SCOPES) - 1])
async def test_what_it_is_for_is_chosen_by_keyboard(house: House, app: PortalApp, row: int) -> None:
    async with app.run_test() as pilot:
        await to_create(pilot)
        await choose(pilot, 1, row)
        assert SCOPES[row].label in screen_text(pilot)
        await press(pilot, "shift+tab", "enter")
        assert on(app, NewAppPasswordDialog)
    assert made(house)[0].scope == (SCOPES[row].id,)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "expires"),
    [(1, datetime(2026, 12, 23, tzinfo=UTC)), (3, datetime(2027, 11, 23, tzinfo=UTC))],
)
async def test_how_long_is_chosen_by_keyboard(
    house: House, app: PortalApp, row: int, expires: datetime
) -> None:
    async with app.run_test() as pilot:
        await to_create(pilot)
        await choose(pilot, 2, row)
        await press(pilot, "shift+tab", "shift+tab", "enter")
        assert on(app, NewAppPasswordDialog)
    assert made(house)[0].expires == expires


@pytest.mark.slow
async def test_single_services_and_a_date_are_asked_for_where_they_were_chosen(
    house: House, app: PortalApp
) -> None:
    async with app.run_test() as pilot:
        await to_create(pilot)
        await choose(pilot, 1, SINGLE)
        assert shows(pilot, "more-services")
        assert not shows(pilot, "more-date")
        assert focused(pilot) == "services"
        await press(pilot, *"imaps, xmpp", "shift+tab")
        await choose(pilot, 0, DATE)
        assert shows(pilot, "more-date")
        assert focused(pilot) == "last-day"
        await press(pilot, *"2027-01-31")
        await press(pilot, "enter")
        assert on(app, NewAppPasswordDialog)
    (one,) = made(house)
    assert one.scope == ("imap", "xmpp")
    assert one.expires == datetime(2027, 2, 1, tzinfo=UTC)


@pytest.mark.slow
async def test_what_was_typed_counts_only_while_its_choice_stands(
    house: House, app: PortalApp
) -> None:
    async with app.run_test() as pilot:
        await to_create(pilot)
        await choose(pilot, 1, SINGLE)
        await press(pilot, *"nonsense", "shift+tab", "shift+tab", "enter", "home", "enter")
        assert not shows(pilot, "more-services")
        await choose(pilot, 1, DATE)
        await press(pilot, *"nonsense", "shift+tab", "enter", "home", "enter")
        assert not shows(pilot, "more-date")
        await press(pilot, "shift+tab", "shift+tab", "enter")
        assert on(app, NewAppPasswordDialog)
    assert (made(house)[0].scope, made(house)[0].expires) == (("any",), None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "✗ A scope needs at least one service."),
        ("imap ftp", "✗ There is no scope ftp. There are: any, mail,"),
    ],
)
async def test_a_wrong_service_is_told_under_its_field_and_nothing_is_lost(
    house: House, app: PortalApp, typed: str, said: str
) -> None:
    async with app.run_test() as pilot:
        await to_create(pilot, "Tablet")
        await choose(pilot, 2, 1)
        await press(pilot, "shift+tab")
        await choose(pilot, 0, SINGLE)
        await type_into(pilot, "#services", typed)
        await press(pilot, "enter")
        assert on(app, CreateDialog)
        assert said in sentences(pilot)
        rows = screen_text(pilot).splitlines()
        label = next(at for at, row in enumerate(rows) if "Services" in row)
        assert said[:10] in rows[label + 2]
        assert focused(pilot) == "services"
        assert (value(pilot, "name"), value(pilot, "services")) == ("Tablet", typed)
        assert app.screen.query_one("#expires", RequiredSelect).value == "30"
        assert made(house) == []
        await type_into(pilot, "#services", "imap")
        assert said not in sentences(pilot)
        await press(pilot, "enter")
        assert on(app, NewAppPasswordDialog)
    assert made(house)[0].scope == ("imap",)
    assert made(house)[0].expires == datetime(2026, 12, 23, tzinfo=UTC)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", '✗ Say "never", a number of days, or a date'),
        ("31.1.2027", '✗ Say "never", a number of days, or a date'),
        ("2026-11-21", "✗ That day has passed."),
        ("0", "✗ That would be over today."),
        ("2099-01-01", "✗ That is more than ten years ahead"),
    ],
)
async def test_a_wrong_date_is_told_under_its_field_and_nothing_is_lost(
    house: House, app: PortalApp, typed: str, said: str
) -> None:
    async with app.run_test() as pilot:
        await to_create(pilot, "Tablet")
        await choose(pilot, 1, 1)
        await press(pilot, "tab")
        await choose(pilot, 0, DATE)
        await type_into(pilot, "#last-day", typed)
        await press(pilot, "enter")
        assert on(app, CreateDialog)
        assert said in sentences(pilot)
        rows = screen_text(pilot).splitlines()
        label = next(at for at, row in enumerate(rows) if "Last day" in row)
        assert said[:10] in rows[label + 2]
        assert focused(pilot) == "last-day"
        assert (value(pilot, "name"), value(pilot, "last-day")) == ("Tablet", typed)
        assert app.screen.query_one("#for", RequiredSelect).value == "mail"
        assert made(house) == []
        await type_into(pilot, "#last-day", "2026-11-22")
        await press(pilot, "enter")
        assert on(app, NewAppPasswordDialog)
    assert made(house)[0].expires == datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.slow
async def test_a_refused_name_keeps_what_was_chosen(app: PortalApp, house: House) -> None:
    house.issue("Tablet", ACCOUNT)
    async with app.run_test() as pilot:
        await to_create(pilot, "tablet")
        await choose(pilot, 1, 2)
        await choose(pilot, 1, 2)
        await press(pilot, "shift+tab", "shift+tab", "enter")
        assert "✗ You already have one called Tablet." in screen_text(pilot)
        assert focused(pilot) == "name"
        await type_into(pilot, "#name", "Car")
        await press(pilot, "enter")
        assert on(app, NewAppPasswordDialog)
    car = made(house)[1]
    assert (car.scope, car.expires) == (("sending",), datetime(2027, 2, 21, tzinfo=UTC))


@pytest.mark.slow
async def test_escape_closes_what_was_opened_and_then_the_dialog(
    house: House, app: PortalApp
) -> None:
    async with app.run_test() as pilot:
        await to_create(pilot)
        await press(pilot, "tab", "enter", "down", "escape")
        assert on(app, CreateDialog)
        assert app.screen.query_one("#for", RequiredSelect).value == "any"
        await press(pilot, "escape")
        assert not on(app, CreateDialog)
    assert made(house) == []
