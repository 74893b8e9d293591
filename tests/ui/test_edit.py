"""Editing, pausing and resuming an app password by keyboard."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from textual.widgets import Input

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.scopes import OwnService, Service
from apppw_tui.ui.dialogs.account_password import ConfirmPasswordDialog
from apppw_tui.ui.dialogs.details import DetailsDialog
from apppw_tui.ui.dialogs.edit import EditDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.widgets.choices import RequiredSelect, ServiceTicks
from tests.support import NOW, House, first_quick
from tests.ui.walks import ACCOUNT, Visit, house_with, opened


def laptop(house: House) -> AppPassword:
    return house.now(ACCOUNT).app_passwords[0]


async def choose(visit: Visit, tabs: int, *keys: str) -> None:
    """So many fields further on, opened with Enter, and what `keys` lead to there."""
    await visit.press(*["tab"] * tabs)
    assert isinstance(visit.focused, RequiredSelect)
    await visit.press("enter", *keys, "enter")


async def test_edit_begins_with_what_it_is_and_saves_what_was_chosen() -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.to_app_passwords()
        await visit.press("e")
        assert visit.on(EditDialog)
        assert visit.screen.query_one("#name", Input).selected_text == "Laptop"
        text = visit.screen_text()
        assert "Any app" in text
        assert "Never" in text
        await choose(visit, 1, "down")
        await choose(visit, 1, "down")
        await visit.press("tab", "enter")
        assert visit.on(AppPasswordsScreen)
        assert "✓ Saved Laptop." in visit.screen_text()
    after = laptop(house)
    assert (after.name, after.scope) == ("Laptop", ("mail",))
    assert after.expires == datetime(2026, 12, 23, tzinfo=UTC)


@pytest.mark.slow
async def test_enter_in_the_name_saves_it_and_nothing_else() -> None:
    house = house_with("Laptop", "Phone")
    limited = replace(laptop(house), scope=("imap", "smtp"), expires=NOW + timedelta(days=9))
    house.alter(ACCOUNT, app_passwords=(limited, *house.now(ACCOUNT).app_passwords[1:]))
    async with opened(house) as visit:
        await visit.to_app_passwords()
        await visit.press("r")  # as it was called when there was nothing else to edit
        assert "imap, smtp" in visit.screen_text()
        assert "In 9 days" in visit.screen_text()
        await visit.type_into("#name", "Phone")
        await visit.press("enter")
        assert "✗ You already have one called Phone." in visit.screen_text()
        await visit.type_into("#name", "Desk")
        await visit.press("enter")
        assert visit.on(AppPasswordsScreen)
    assert replace(laptop(house), name="Laptop") == limited
    assert laptop(house).name == "Desk"


async def test_widening_asks_who_it_is_first_and_without_an_answer_nothing_is_saved() -> None:
    house = house_with("Laptop")
    narrow = replace(laptop(house), scope=("mail",))
    house.alter(ACCOUNT, app_passwords=(narrow,))
    async with opened(house) as visit:
        await visit.to_app_passwords()
        house.clock.advance(house.policy.verify_again_after)
        await visit.press("e")
        await choose(visit, 1, "down")
        await visit.press("tab", "tab", "enter")
        assert visit.on(ConfirmPasswordDialog)
        await visit.press("escape")
        assert visit.on(EditDialog)
        assert "✗ Nothing was changed. Verify first that it is you." in visit.screen_text()
    assert laptop(house) == narrow


@pytest.mark.slow
async def test_services_of_the_servers_own_are_offered_and_shown_by_their_labels() -> None:
    policy = Policy(
        second_factor_required=False, own_services=(OwnService(Service("vpn"), "Office VPN"),)
    )
    house = house_with("Laptop")
    async with opened(replace(house, policy=policy)) as visit:
        await visit.to_app_passwords()
        await visit.press("e")
        await choose(visit, 1, *["down"] * 7)
        await visit.press("tab", "tab", "enter")
        assert "Office VPN" in visit.screen_text()
    assert laptop(house).scope == ("vpn",)


async def test_x_pauses_and_resumes_and_the_footer_says_which() -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.to_app_passwords()
        assert "x Pause" in visit.screen_text()
        await visit.press("x")
        assert laptop(house).paused
        text = visit.screen_text()
        assert "✓ Paused Laptop. x resumes it." in text
        assert "paused " in text
        assert "x Resume" in text
        await visit.press("x")
        assert "✓ Resumed Laptop." in visit.screen_text()
        assert "x Pause" in visit.screen_text()
    assert not laptop(house).paused


@pytest.mark.slow
async def test_of_several_that_are_marked_the_others_are_paused_and_all_are_resumed() -> None:
    house = house_with("A", "B", "C")
    async with opened(house) as visit:
        await visit.to_app_passwords()
        await visit.press("x", "space", "space")
        assert "x Pause 2" in visit.screen_text()
        await visit.press("x")
        assert "✓ Paused B. x resumes it." in visit.screen_text()
        assert [each.paused for each in house.now(ACCOUNT).app_passwords] == [True, True, False]
        await visit.press("x")
        assert "✓ Resumed A, B." in visit.screen_text()
    assert not any(each.paused for each in house.now(ACCOUNT).app_passwords)


@pytest.mark.slow
@pytest.mark.parametrize("size", first_quick((80, 24), (40, 12)))
async def test_paused_is_seen_in_the_list_and_in_details(size: tuple[int, int]) -> None:
    house = house_with("Laptop")
    limited = replace(laptop(house), paused=True, networks=("192.0.2.0/24",))
    house.alter(ACCOUNT, app_passwords=(limited,))
    async with opened(house, size=size) as visit:
        await visit.to_app_passwords()
        assert "paused" in visit.screen_text()
        await visit.press("enter")
        assert visit.on(DetailsDialog)
        text = visit.screen_text()
        assert "refused until" in text
        if size[1] > 12:
            assert "192.0.2.0/24 alone" in text
        assert "Delete" in text
        assert "Close" in text
        await visit.press("x")
        assert visit.on(AppPasswordsScreen)
    assert not laptop(house).paused


@pytest.mark.slow
async def test_certain_services_begin_with_those_that_it_is_for() -> None:
    house = house_with("Laptop")
    narrow = replace(laptop(house), scope=("sending", "imap"))
    house.alter(ACCOUNT, app_passwords=(narrow,))
    async with opened(house) as visit:
        await visit.to_app_passwords()
        await visit.press("e")
        await choose(visit, 1, "end")
        ticks = visit.screen.query_one(ServiceTicks)
        assert ticks.ticked == ("imap", "smtp")
        await visit.press("space")  # the first, imap
        await visit.press_button("save")
    assert laptop(house).scope == ("smtp",)
