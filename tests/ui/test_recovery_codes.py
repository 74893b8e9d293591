"""Recovery codes: kept before they go from the screen, on a clipboard or in a file."""

from datetime import datetime
from pathlib import Path

import pytest

from apppw_tui.domain.ports import TmuxDelivery
from apppw_tui.domain.secret import Secret
from apppw_tui.ui.clipboard import Copied
from apppw_tui.ui.dialogs.recovery_codes import CodeLabel, RecoveryCodesDialog
from apppw_tui.ui.portal_calls import STILL_AT_WORK
from apppw_tui.ui.screens.security import SecurityScreen
from tests.support import first_quick
from tests.ui.copying import ByTmuxAlone
from tests.ui.states_of_verification import new_account, protected, set_up_app
from tests.ui.walks import ACCOUNT, Visit, gated, opened, portal_app


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


async def open_codes(visit: Visit) -> None:
    """Until new ones are shown, and keys count."""
    await visit.sign_in()
    await visit.press("v", "end", "enter", "y")
    assert visit.screen.query(CodeLabel)
    visit.later()


async def test_each_way_to_keep_them_is_told_though_the_other_key_follows_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawer = Drawer()
    gate = gated(monkeypatch, Drawer, "save")
    async with opened(portal_app(protected(), save=drawer.save)) as visit:
        await open_codes(visit)
        await visit.pilot.press("s")
        await visit.pilot.press("c")
        await visit.see("✓ Sent to")
        gate.set()
        await visit.settle()
        assert "✓ Saved to" in visit.sentences()


async def test_nobody_leaves_unwarned_while_they_are_saved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = gated(monkeypatch, Drawer, "save")
    async with opened(protected(), save=Drawer().save) as visit:
        await open_codes(visit)
        await visit.pilot.press("s")
        await visit.see("Saving…")
        await visit.pilot.press("escape")
        await visit.see("! Still saving. Press esc again to close anyway.")
        assert "Not saved" not in visit.sentences()
        gate.set()
        await visit.settle()
        assert "✓ Saved to /home/ada/recovery codes.txt" in visit.sentences()
        assert visit.on(RecoveryCodesDialog)


async def test_nobody_quits_unwarned_while_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old ones are dead by then, and the new ones are never shown again."""
    house = protected()
    gate = gated(monkeypatch, type(house.portal.enrollment), "new_recovery_codes")
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("v", "end", "enter")
        await visit.pilot.press("y")
        await visit.see("Making your recovery codes…")
        await visit.pilot.press("ctrl+q")
        await visit.see(STILL_AT_WORK)
        gate.set()
        await visit.settle()
        assert visit.on(RecoveryCodesDialog)
        assert STILL_AT_WORK not in visit.sentences()


def test_nobody_quits_before_they_are_there_to_be_seen() -> None:
    """Between making them and showing them, ^q comes to a dialog that has no line yet."""
    codes = [Secret("abcdefghjkmn")]
    dialog = RecoveryCodesDialog("Codes", codes, lambda _: Copied("", "", False), None, float)
    assert not dialog.may_quit()


@pytest.mark.slow
@pytest.mark.parametrize("key", ["escape", "ctrl+q"])
async def test_a_disk_that_hangs_holds_nobody(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = gated(monkeypatch, Drawer, "save")
    async with opened(protected(), save=Drawer().save) as visit:
        await open_codes(visit)
        await visit.pilot.press("s")
        await visit.see("Saving…")
        await visit.pilot.press(key)
        await visit.see("! Still saving.")
        assert visit.app.is_running
        await visit.pilot.press(key)
        await visit.pilot.pause()
        assert not visit.app.is_running or visit.on(SecurityScreen)
        gate.set()


@pytest.mark.slow
async def test_a_step_back_waits_until_they_are_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = gated(monkeypatch, Drawer, "save")
    async with opened(new_account(), save=Drawer().save) as visit:
        await set_up_app(visit)
        await visit.type_code(visit.shown_code())
        visit.later()
        await visit.pilot.press("s", "b")
        await visit.see("! Still saving. Press b again to go back anyway.")
        gate.set()
        await visit.settle()
        assert "✓ Saved to" in visit.sentences()
        await visit.press("b")
        assert not visit.on(RecoveryCodesDialog)


@pytest.mark.parametrize("by", first_quick("s", "button"))
async def test_saved_they_may_go(by: str) -> None:
    drawer = Drawer()
    house = protected()
    app = portal_app(house, save=drawer.save)
    async with opened(app) as visit:
        await open_codes(visit)
        made = house.clock.now()
        shown = [str(label.content) for label in app.screen.query(CodeLabel)]
        await (visit.press_button("save") if by == "button" else visit.press(by))
        text = "".join(f"{code}\n" for code in shown)
        server = app.surroundings.host_name
        assert [(*stored[:2], stored[3]) for stored in drawer.saved] == [(server, ACCOUNT, text)]
        assert drawer.saved[0][2].date() == made.date()
        assert (
            "✓ Saved to /home/ada/recovery codes.txt, for you alone to read." in visit.sentences()
        )
        visit.later()
        await visit.press("enter")
        assert visit.on(SecurityScreen)
    assert visit.sent == []


@pytest.mark.slow
async def test_once_saved_nothing_is_said_of_what_tmux_would_need() -> None:
    tools = ByTmuxAlone(TmuxDelivery.SWALLOWED)
    async with opened(protected(), save=Drawer().save, tools=tools) as visit:
        await open_codes(visit)
        await visit.press("c")
        assert "tmux needs" in visit.screen_text()
        await visit.press("s")
        assert "✓ Saved to" in visit.screen_text()
        assert "tmux needs" not in visit.screen_text()


@pytest.mark.slow
async def test_what_cannot_be_saved_is_told_and_stays_on_the_screen() -> None:
    drawer = Drawer(OSError(28, "No space left on device"))
    async with opened(protected(), save=drawer.save) as visit:
        await open_codes(visit)
        await visit.press("s")
        assert "✗ The codes could not be saved: no space left on device." in visit.sentences()
        assert len(visit.screen.query(CodeLabel)) == 10
        await visit.press("escape")
        assert "✗ Not saved yet. Press esc again to close anyway." in visit.sentences()
        drawer.fault = None
        await visit.press("s")
        assert len(drawer.saved) == 1
        visit.later()
        await visit.press("escape")
        assert visit.on(SecurityScreen)


@pytest.mark.slow
async def test_where_nothing_can_be_saved_it_is_not_offered() -> None:
    async with opened(protected()) as visit:
        await open_codes(visit)
        assert "Save" not in visit.screen_text()
        await visit.press("s")
        assert visit.on(RecoveryCodesDialog)
        await visit.press("escape")
        assert "✗ Not saved yet." in visit.screen_text()


@pytest.mark.slow
async def test_an_eager_enter_neither_copies_nor_closes() -> None:
    async with opened(protected()) as visit:
        await visit.sign_in()
        await visit.press("v", "end", "enter", "y", "enter", "escape", "c")
        assert visit.on(RecoveryCodesDialog)
        assert visit.sent == []
        visit.later()
        await visit.press("enter", "enter")
        assert len(visit.sent) == 1
        assert visit.on(RecoveryCodesDialog)
        visit.later()
        await visit.press("enter")
        assert visit.on(SecurityScreen)


@pytest.mark.slow
async def test_quitting_uncopied_needs_the_key_twice() -> None:
    async with opened(protected()) as visit:
        await open_codes(visit)
        await visit.press("ctrl+q")
        assert "✗ Not saved yet. Press ^q again to quit anyway." in visit.screen_text()
        assert visit.app.is_running


@pytest.mark.slow
async def test_at_40x12_all_ten_and_the_buttons_are_in_sight() -> None:
    async with opened(protected(), size=(40, 12)) as visit:
        await visit.sign_in()
        await visit.press("v", "end", "enter", "y")
        shown = [str(label.content) for label in visit.screen.query(CodeLabel)]
        for text in (*shown, "Copy", "Close"):
            assert text in visit.screen_text()


async def test_the_codes_are_gone_with_their_dialog() -> None:
    house = protected()
    async with opened(house) as visit:
        await open_codes(visit)
        shown = [str(label.content) for label in visit.screen.query(CodeLabel)]
        assert not CodeLabel.ALLOW_SELECT
        await visit.press("c")
        visit.later()
        await visit.press("escape")
        assert not any(code in visit.screen_text() for code in shown)
        assert visit.app.clipboard == ""


@pytest.mark.slow
async def test_no_one_gets_new_codes_on_an_old_verification() -> None:
    house = protected()
    async with opened(house) as visit:
        await visit.sign_in()
        await visit.press("v", "end")
        before = house.now(ACCOUNT).recovery
        visit.later(601)
        await visit.press("enter")
        assert "Additional security verification" in visit.screen_text()
        await visit.press("escape")
        assert visit.on(SecurityScreen)
        assert house.now(ACCOUNT).recovery == before
        await visit.press("enter")
        await visit.type_code(visit.app_code())
        await visit.press("y")
        assert visit.on(RecoveryCodesDialog)
        assert house.now(ACCOUNT).recovery != before
