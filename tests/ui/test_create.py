"""Creating an app password: its name, what it is for, and how long, by keyboard."""

from datetime import UTC, datetime

import pytest
from textual.containers import Vertical
from textual.widgets import Input

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.expiry import CHOICES
from apppw_tui.domain.scopes import SCOPES
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from apppw_tui.ui.widgets.choices import RequiredSelect
from tests.support import House
from tests.ui.walks import ACCOUNT, Visit, house_with, opened, portal_app

SINGLE, DATE = len(SCOPES), len(CHOICES) + 1  # rows below the first


@pytest.fixture
def house() -> House:
    return house_with()


@pytest.fixture
def app(house: House) -> PortalApp:
    return portal_app(house)


def made(house: House) -> list[AppPassword]:
    return list(house.now(ACCOUNT).app_passwords)


async def choose(visit: Visit, tabs: int, down: int) -> None:
    """So many fields further on, opened with Enter, the row that is so far down."""
    await visit.press(*["tab"] * tabs)
    assert isinstance(visit.focused, RequiredSelect)
    await visit.press("enter", *["down"] * down, "enter")


def shows(visit: Visit, id_: str) -> bool:
    return bool(visit.screen.query_one(f"#{id_}", Vertical).display)


def focused(visit: Visit) -> str | None:
    return None if visit.focused is None else visit.focused.id


def value(visit: Visit, id_: str) -> str:
    return visit.screen.query_one(f"#{id_}", Input).value


async def test_the_name_and_enter_alone_make_one_for_any_app_that_never_expires(
    house: House, app: PortalApp
) -> None:
    async with opened(app) as visit:
        await visit.to_create("Tablet")
        assert not shows(visit, "more-services")
        assert not shows(visit, "more-date")
        await visit.press("enter")
        assert visit.on(NewAppPasswordDialog)
    (tablet,) = made(house)
    assert (tablet.name, tablet.scope, tablet.expires) == ("Tablet", ("any",), None)


@pytest.mark.slow
@pytest.mark.parametrize("row", [1, 3, len(SCOPES) - 1])
async def test_what_it_is_for_is_chosen_by_keyboard(house: House, app: PortalApp, row: int) -> None:
    async with opened(app) as visit:
        await visit.to_create()
        await choose(visit, 1, row)
        assert SCOPES[row].label in visit.screen_text()
        await visit.press("shift+tab", "enter")
        assert visit.on(NewAppPasswordDialog)
    assert made(house)[0].scope == (SCOPES[row].id,)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "expires"),
    [(1, datetime(2026, 12, 23, tzinfo=UTC)), (3, datetime(2027, 11, 23, tzinfo=UTC))],
)
async def test_how_long_is_chosen_by_keyboard(
    house: House, app: PortalApp, row: int, expires: datetime
) -> None:
    async with opened(app) as visit:
        await visit.to_create()
        await choose(visit, 2, row)
        await visit.press("shift+tab", "shift+tab", "enter")
        assert visit.on(NewAppPasswordDialog)
    assert made(house)[0].expires == expires


@pytest.mark.slow
async def test_single_services_and_a_date_are_asked_for_where_they_were_chosen(
    house: House, app: PortalApp
) -> None:
    async with opened(app) as visit:
        await visit.to_create()
        await choose(visit, 1, SINGLE)
        assert shows(visit, "more-services")
        assert not shows(visit, "more-date")
        assert focused(visit) == "service-imap"
        await visit.press("space", *["right"] * 7, "enter")
        assert focused(visit) == "service-xmpp"
        await visit.press(*["shift+tab"] * 8)
        await choose(visit, 0, DATE)
        assert shows(visit, "more-date")
        assert focused(visit) == "last-day"
        await visit.press(*"2027-01-31")
        await visit.press("enter")
        assert visit.on(NewAppPasswordDialog)
    (each,) = made(house)
    assert each.scope == ("imap", "xmpp")
    assert each.expires == datetime(2027, 2, 1, tzinfo=UTC)


@pytest.mark.slow
async def test_what_was_typed_counts_only_while_its_choice_stands(
    house: House, app: PortalApp
) -> None:
    async with opened(app) as visit:
        await visit.to_create()
        await choose(visit, 1, SINGLE)
        await visit.press("space", "shift+tab", "shift+tab", "enter", "home", "enter")
        assert not shows(visit, "more-services")
        await choose(visit, 1, DATE)
        await visit.press(*"nonsense", "shift+tab", "enter", "home", "enter")
        assert not shows(visit, "more-date")
        await visit.press("shift+tab", "shift+tab", "enter")
        assert visit.on(NewAppPasswordDialog)
    assert (made(house)[0].scope, made(house)[0].expires) == (("any",), None)


@pytest.mark.slow
async def test_no_service_at_all_is_told_under_them_and_nothing_is_lost(
    house: House, app: PortalApp
) -> None:
    sentence = "✗ Choose at least one service."
    async with opened(app) as visit:
        await visit.to_create("Tablet")
        await choose(visit, 2, 1)
        await visit.press("shift+tab")
        await choose(visit, 0, SINGLE)
        await visit.press_button("next")
        assert visit.on(CreateDialog)
        rows = visit.screen_text().splitlines()
        label = next(at for at, row in enumerate(rows) if "Services" in row)
        assert sentence in rows[label + 4]
        assert focused(visit) == "service-imap"
        assert value(visit, "name") == "Tablet"
        assert app.screen.query_one("#expires", RequiredSelect).value == "30"
        assert made(house) == []
        await visit.press("space")
        assert sentence not in visit.sentences()
        await visit.press_button("next")
        assert visit.on(NewAppPasswordDialog)
    assert made(house)[0].scope == ("imap",)
    assert made(house)[0].expires == datetime(2026, 12, 23, tzinfo=UTC)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "✗ Use never, tomorrow, 30d, or a date"),
        ("31.1.2027", "✗ Use never, tomorrow, 30d, or a date"),
        ("2026-11-21", "✗ That day has passed."),
        ("0", "✗ That would be over today."),
        ("2099-01-01", "✗ That is more than ten years ahead"),
    ],
)
async def test_a_wrong_date_is_told_under_its_field_and_nothing_is_lost(
    house: House, app: PortalApp, typed: str, sentence: str
) -> None:
    async with opened(app) as visit:
        await visit.to_create("Tablet")
        await choose(visit, 1, 1)
        await visit.press("tab")
        await choose(visit, 0, DATE)
        await visit.type_into("#last-day", typed)
        await visit.press("enter")
        assert visit.on(CreateDialog)
        assert sentence in visit.sentences()
        rows = visit.screen_text().splitlines()
        label = next(at for at, row in enumerate(rows) if "Last day" in row)
        assert sentence[:10] in rows[label + 2]
        assert focused(visit) == "last-day"
        assert (value(visit, "name"), value(visit, "last-day")) == ("Tablet", typed)
        assert app.screen.query_one("#for", RequiredSelect).value == "mail"
        assert made(house) == []
        await visit.type_into("#last-day", "2026-11-22")
        await visit.press("enter")
        assert visit.on(NewAppPasswordDialog)
    assert made(house)[0].expires == datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.slow
async def test_a_refused_name_keeps_what_was_chosen(app: PortalApp, house: House) -> None:
    house.issue("Tablet", ACCOUNT)
    async with opened(app) as visit:
        await visit.to_create("tablet")
        await choose(visit, 1, 2)
        await choose(visit, 1, 2)
        await visit.press("shift+tab", "shift+tab", "enter")
        assert "✗ You already have one called Tablet." in visit.screen_text()
        assert focused(visit) == "name"
        await visit.type_into("#name", "Car")
        await visit.press("enter")
        assert visit.on(NewAppPasswordDialog)
    car = made(house)[1]
    assert (car.scope, car.expires) == (("sending",), datetime(2027, 2, 21, tzinfo=UTC))


@pytest.mark.slow
async def test_escape_closes_what_was_opened_and_then_the_dialog(
    house: House, app: PortalApp
) -> None:
    async with opened(app) as visit:
        await visit.to_create()
        await visit.press("tab", "enter", "down", "escape")
        assert visit.on(CreateDialog)
        assert app.screen.query_one("#for", RequiredSelect).value == "any"
        await visit.press("escape")
        assert not visit.on(CreateDialog)
    assert made(house) == []
