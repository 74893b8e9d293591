"""Acts that take long: what is typed meanwhile waits, and what became of them is told and true."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Event

import pytest
from textual.widgets import Input

from apppw_tui.domain.policy import Policy
from apppw_tui.portal.portal import Portal
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from tests.support import House
from tests.ui.walks import ACCOUNT, Visit, burst, gated, house_with, opened, send


def paused(house: House) -> list[str]:
    return [each.name for each in house.now(ACCOUNT).app_passwords if each.paused]


def gated_once(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> tuple[Event, Event]:
    """The next call of `method` takes until the second event is set; the first says it began."""
    began, gate, real = Event(), Event(), getattr(owner, method)

    def slow(*arguments: object) -> object:
        if not began.is_set():
            began.set()
            assert gate.wait(120)  # seconds; a test that forgets it must end
        return real(*arguments)

    monkeypatch.setattr(owner, method, slow)
    return began, gate


@asynccontextmanager
async def slow_list(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[Visit, AppPasswordsScreen, Event]]:
    """A list that lacks Phone, which has been created elsewhere; to read it waits for the event."""
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.sign_in()
        screen = visit.screen
        assert isinstance(screen, AppPasswordsScreen)
        house.portal.create_app_password(house.session(ACCOUNT), "Phone")
        yield visit, screen, gated(monkeypatch, Portal, "uses_per_day")


async def test_second_act_waits_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    house = house_with("Laptop", "Phone")
    async with opened(house) as visit:
        await visit.sign_in()
        began, gate = gated_once(monkeypatch, Portal, "pause_app_password")
        send(visit, "x", "down", "x")
        await visit.until(began.is_set)
        gate.set()
        await visit.settle()
        assert paused(house) == ["Laptop", "Phone"]


async def test_what_follows_a_yes_waits_for_what_the_yes_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = house_with("Laptop", "Phone")
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("d")
        began, gate = gated_once(monkeypatch, Portal, "delete_app_passwords")
        send(visit, "y", "c", *"Xbox")
        await visit.until(began.is_set)
        gate.set()
        await visit.settle()
        assert visit.on(CreateDialog), visit.screen_text()
        assert visit.screen.query_one("#name", Input).value == "Xbox"
        assert paused(house) == []


async def test_name_for_a_dialog_that_does_not_come_is_no_command() -> None:
    house = House(policy=Policy(second_factor_required=False, app_passwords_per_account=1))
    house.add(ACCOUNT)
    house.portal.create_app_password(house.session(ACCOUNT), "Laptop")
    async with opened(house) as visit:
        await visit.sign_in()
        await burst(visit, "c", *"Xbox")
        assert paused(house) == []
        assert "Delete one first" in visit.sentences()
        await burst(visit, "x")
        assert paused(house) == ["Laptop"]


async def test_look_that_takes_long_shows_nothing_older_than_what_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = house_with("Laptop", "Phone")
    async with opened(house) as visit:
        await visit.sign_in()
        assert isinstance(visit.screen, AppPasswordsScreen)
        house.portal.create_app_password(house.session(ACCOUNT), "Tablet")
        began, gate = gated_once(monkeypatch, Portal, "uses_per_day")
        visit.screen.look_again()
        await visit.until(began.is_set)
        send(visit, "d")
        await visit.see("Delete this app password?")
        send(visit, "y")
        await visit.see("Deleted Laptop.")
        gate.set()
        await visit.settle()
        assert [row.name for row in visit.screen.view.table.selection] == ["Phone"]
        assert visit.sentences().count("Laptop") == 1, visit.screen_text()


async def test_list_read_anew_while_something_is_paused_shows_it_paused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.sign_in()
        began, gate = gated_once(monkeypatch, Portal, "pause_app_password")
        send(visit, "x")
        await visit.until(began.is_set)
        send(visit, "u")
        gate.set()
        await visit.settle()
        assert "✓ The list is up to date." in visit.screen_text()
        assert "x Resume" in visit.screen_text()


async def test_created_is_told_though_a_filter_was_cleared_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.to_app_passwords()
        await visit.press("slash", *"lap", "enter", "c", *"Tablet", "enter")
        visit.later()

        async def at_once(screen: AppPasswordsScreen, *_arguments: object) -> bool:
            screen._show(screen._read())
            return True

        monkeypatch.setattr(AppPasswordsScreen, "refresh_list", at_once)
        await visit.press("escape", "escape")
        assert "✓ Created Tablet." in visit.screen_text()
        assert "Laptop" in visit.screen_text()


async def test_list_that_takes_long_to_read_is_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with slow_list(monkeypatch) as (visit, screen, gate):
        await visit.pilot.press("u")
        await visit.pilot.pause()
        for _ in range(2):
            screen.look_again()
            await visit.pilot.pause()
        gate.set()
        await visit.settle()
        assert "✓ The list is up to date." in visit.screen_text()
        assert "Phone" in visit.screen_text()


async def test_look_at_the_list_that_takes_long_is_not_begun_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with slow_list(monkeypatch) as (visit, screen, gate):
        screen.look_again()
        await visit.pilot.pause()
        looks = {id(worker) for worker in screen.workers if not worker.is_finished}
        screen.look_again()
        await visit.pilot.pause()
        assert {id(worker) for worker in screen.workers if not worker.is_finished} == looks
        gate.set()
        await visit.settle()
        assert "Phone" in visit.screen_text()
