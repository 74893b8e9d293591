"""Recovery codes: kept before they go from the screen, on a clipboard or in a file."""

from datetime import datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot

from apppw_tui.domain.secret import Secret
from apppw_tui.ui.dialogs.recovery_codes import CodeLabel, RecoveryCodesDialog
from apppw_tui.ui.screens.security import SecurityScreen
from tests.support import first_quick
from tests.ui.states_of_verification import protected
from tests.ui.walks import (
    ACCOUNT,
    app_code,
    later,
    on,
    portal_app,
    press,
    press_button,
    screen_text,
    sent,
    sentences,
    sign_in,
    type_code,
)


class Drawer:
    """Where recovery codes are saved, or cannot be."""

    def __init__(self, fault: OSError | None = None) -> None:
        self.fault = fault
        self.saved: list[tuple[str, str, datetime, str]] = []

    def save(self, server: str, account: str, made: datetime, codes: Secret) -> Path:
        if self.fault is not None:
            raise self.fault
        self.saved.append((server, account, made, codes.reveal()))
        return Path("/home/ada/recovery codes.txt")


async def open_codes(pilot: Pilot[None]) -> None:
    """Until new ones are shown, and keys count."""
    await sign_in(pilot)
    await press(pilot, "v", "end", "enter", "y")
    assert pilot.app.screen.query(CodeLabel)
    later(pilot)


@pytest.mark.parametrize("way", first_quick("s", "button"))
async def test_saved_they_may_go(way: str) -> None:
    drawer = Drawer()
    house = protected()
    app = portal_app(house, save=drawer.save)
    async with app.run_test() as pilot:
        await open_codes(pilot)
        made = house.clock.now()
        shown = [str(label.content) for label in app.screen.query(CodeLabel)]
        await (press_button(pilot, "save") if way == "button" else press(pilot, way))
        text = "".join(f"{code}\n" for code in shown)
        server = app.surroundings.host_name
        assert [(*kept[:2], kept[3]) for kept in drawer.saved] == [(server, ACCOUNT, text)]
        assert drawer.saved[0][2].date() == made.date()
        assert "✓ Saved to /home/ada/recovery codes.txt, for you alone to read." in sentences(pilot)
        later(pilot)
        await press(pilot, "enter")
        assert on(app, SecurityScreen)
    assert sent(app) == []


@pytest.mark.slow
async def test_what_cannot_be_saved_is_told_and_stays_on_the_screen() -> None:
    drawer = Drawer(OSError(28, "No space left on device"))
    app = portal_app(protected(), save=drawer.save)
    async with app.run_test() as pilot:
        await open_codes(pilot)
        await press(pilot, "s")
        assert "✗ They could not be saved: no space left on device." in sentences(pilot)
        assert len(app.screen.query(CodeLabel)) == 10
        await press(pilot, "escape")
        assert "✗ Not copied yet. Press again to close." in sentences(pilot)
        drawer.fault = None
        await press(pilot, "s")
        assert len(drawer.saved) == 1
        later(pilot)
        await press(pilot, "escape")
        assert on(app, SecurityScreen)


async def test_where_nothing_can_be_saved_it_is_not_offered() -> None:
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await open_codes(pilot)
        assert "Save" not in screen_text(pilot)
        await press(pilot, "s")
        assert on(app, RecoveryCodesDialog)
        await press(pilot, "escape")
        assert "✗ Not copied yet." in screen_text(pilot)


@pytest.mark.slow
async def test_an_eager_enter_neither_copies_nor_closes() -> None:
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "v", "end", "enter", "y", "enter", "escape", "c")
        assert on(app, RecoveryCodesDialog)
        assert sent(app) == []
        later(pilot)
        await press(pilot, "enter", "enter")
        assert len(sent(app)) == 1
        assert on(app, RecoveryCodesDialog)
        later(pilot)
        await press(pilot, "enter")
        assert on(app, SecurityScreen)


async def test_quitting_uncopied_needs_the_key_twice() -> None:
    app = portal_app(protected())
    async with app.run_test() as pilot:
        await open_codes(pilot)
        await press(pilot, "ctrl+q")
        assert "✗ Not copied yet. Press again to quit." in screen_text(pilot)
        assert app.is_running


async def test_at_40x12_all_ten_and_the_buttons_are_in_sight() -> None:
    app = portal_app(protected())
    async with app.run_test(size=(40, 12)) as pilot:
        await sign_in(pilot)
        await press(pilot, "v", "end", "enter", "y")
        shown = [str(label.content) for label in app.screen.query(CodeLabel)]
        for text in (*shown, "Copy", "Close"):
            assert text in screen_text(pilot)


async def test_the_codes_are_gone_with_their_dialog() -> None:
    house = protected()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await open_codes(pilot)
        shown = [str(label.content) for label in app.screen.query(CodeLabel)]
        assert not CodeLabel.ALLOW_SELECT
        await press(pilot, "c")
        later(pilot)
        await press(pilot, "escape")
        assert not any(code in screen_text(pilot) for code in shown)
        assert app.clipboard == ""


@pytest.mark.slow
async def test_no_one_gets_new_codes_on_an_old_verification() -> None:
    house = protected()
    app = portal_app(house)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "v", "end")
        before = house.now(ACCOUNT).recovery
        later(pilot, 601)
        await press(pilot, "enter")
        assert "Additional security verification" in screen_text(pilot)
        await press(pilot, "escape")
        assert on(app, SecurityScreen)
        assert house.now(ACCOUNT).recovery == before
        await press(pilot, "enter")
        await type_code(pilot, app_code(pilot))
        await press(pilot, "y")
        assert on(app, RecoveryCodesDialog)
        assert house.now(ACCOUNT).recovery != before
