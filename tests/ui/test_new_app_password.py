"""Your app password: nothing that a hasty person does may lose it."""

import asyncio
import gc
from contextlib import suppress

import pytest
from textual.widgets import Button
from textual.worker import WorkerCancelled, WorkerFailed, WorkerState

from apppw_tui.domain.app_password import parse
from apppw_tui.domain.ports import TmuxDelivery
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog, SecretLabel
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.widgets.footer import KeyFooter
from tests.ui.copying import ByTmuxAlone
from tests.ui.walks import SentClipboard, gated, house_with, opened


def focused(app: PortalApp) -> str:
    assert isinstance(app.focused, Button)
    return str(app.focused.label)


@pytest.mark.slow
async def test_an_eager_double_enter_neither_copies_nor_closes() -> None:
    async with opened(house_with()) as visit:
        await visit.to_create()
        await visit.press("enter", "enter", "enter", "escape", "c")
        assert visit.on(NewAppPasswordDialog)
        assert visit.sent == []
        visit.later(0.41)
        await visit.press("enter")
        assert len(visit.sent) == 1
        # The same haste after the copy: Close has the focus, and waits a moment too.
        await visit.press("enter", "enter")
        assert visit.on(NewAppPasswordDialog)
        visit.later(0.41)
        await visit.press("enter")
        assert visit.on(AppPasswordsScreen)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["escape", "q"])
async def test_closing_it_uncopied_needs_the_key_twice(key: str) -> None:
    async with opened(house_with()) as visit:
        await visit.to_reveal()
        await visit.press(key)
        assert visit.on(NewAppPasswordDialog)
        assert "Not copied. Press esc again to close anyway." in visit.screen_text()
        await visit.press(key)
        assert visit.on(AppPasswordsScreen)
        assert "Created Kitchen tablet." in visit.screen_text()


async def test_quitting_from_it_uncopied_needs_the_key_twice() -> None:
    async with opened(house_with()) as visit:
        await visit.to_reveal()
        await visit.press("ctrl+q")
        assert "Not copied. Press ^q again to quit anyway." in visit.screen_text()
        assert visit.app.is_running


async def test_nobody_leaves_unwarned_while_it_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = gated(monkeypatch, SentClipboard, "copy")
    async with opened(house_with()) as visit:
        await visit.to_reveal()
        await visit.pilot.press("c")
        await visit.see("Copying…")
        await visit.pilot.press("escape")
        await visit.see("! Still copying. Press esc again to close anyway.")
        assert visit.on(NewAppPasswordDialog)
        gate.set()
        await visit.settle()
        assert "✓ Sent to your terminal's clipboard." in visit.sentences()


@pytest.mark.slow
async def test_a_warning_from_before_does_not_count_while_it_is_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = gated(monkeypatch, SentClipboard, "copy")
    async with opened(house_with()) as visit:
        await visit.to_reveal()
        await visit.press("escape")
        assert "Not copied. Press esc again" in visit.sentences()
        await visit.pilot.press("c", "escape")
        await visit.see("! Still copying. Press esc again to close anyway.")
        gate.set()
        await visit.settle()


async def test_who_has_gone_on_to_another_button_is_left_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = gated(monkeypatch, SentClipboard, "copy")
    async with opened(house_with()) as visit:
        await visit.to_reveal()
        await visit.pilot.press("c", "tab")
        assert focused(visit.app) == "Test it"
        gate.set()
        await visit.settle()
        assert "✓ Sent to your terminal's clipboard." in visit.sentences()
        assert focused(visit.app) == "Test it"
        await visit.press("enter")
        assert visit.on(NewAppPasswordDialog)
        assert "Nobody was asked." in visit.sentences()


async def test_a_copy_that_ends_as_its_dialog_goes_is_no_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The frame has gone, and the footer has not, when the copy has its answer."""
    gate, leave = gated(monkeypatch, SentClipboard, "copy"), KeyFooter._message_loop_exit
    async with opened(house_with()) as visit:
        await visit.to_reveal()
        dialog = visit.screen
        frame = dialog.query_one("#frame")._task
        assert frame is not None
        await visit.pilot.press("c")
        [copying] = [worker for worker in visit.app.workers if worker.group == "copy"]

        async def last(footer: KeyFooter) -> None:
            if footer.screen is dialog:
                await asyncio.wait([frame])
                gate.set()
                with suppress(WorkerFailed, WorkerCancelled):
                    await copying.wait()
            await leave(footer)

        monkeypatch.setattr(KeyFooter, "_message_loop_exit", last)
        await visit.pilot.press("escape")
        await visit.press("escape")
        assert copying.state is WorkerState.CANCELLED
        assert visit.app.fault is None
        assert visit.on(AppPasswordsScreen)


@pytest.mark.slow
async def test_what_is_copied_is_what_is_shown_without_the_spaces() -> None:
    async with opened(house_with()) as visit:
        await visit.to_reveal()
        shown = str(visit.screen.query_one(SecretLabel).content)
        assert "Kitchen tablet · Any app · never expires" in visit.screen_text()
        await visit.press("c")
        assert focused(visit.app) == "Close"
        [copied] = visit.sent
        assert copied == shown.replace(" ", "")
        assert parse(copied) is not None
        assert "Sent to your terminal's clipboard. Copy something else" in visit.screen_text()


@pytest.mark.slow
async def test_it_can_be_copied_again() -> None:
    async with opened(house_with()) as visit:
        await visit.to_reveal()
        await visit.press("c", "c")
        assert len(visit.sent) == 2


@pytest.mark.slow
async def test_the_secret_lives_nowhere_but_there() -> None:
    async with opened(house_with()) as visit:
        await visit.to_reveal()
        assert not SecretLabel.ALLOW_SELECT
        await visit.press("c")
        [copied] = visit.sent
        visit.sent.clear()
        visit.later()
        await visit.press("escape")
        await visit.settle()
        grouped = " ".join(copied[at : at + 4] for at in range(0, 16, 4))
        assert grouped not in visit.screen_text()
        assert visit.app.clipboard == ""
        gc.collect()
        assert not [label for label in gc.get_objects() if isinstance(label, SecretLabel)]


@pytest.mark.slow
async def test_on_a_small_terminal_password_and_buttons_stay_in_sight() -> None:
    async with opened(house_with(), size=(40, 12)) as visit:
        await visit.to_reveal()
        await visit.press("c")
        shown = str(visit.screen.query_one(SecretLabel).content)
        for text in (shown, "Copy password to clipboard", "Close", "Sent to your"):
            assert text in visit.screen_text()


async def test_what_is_known_to_have_gone_nowhere_is_not_copied() -> None:
    async with opened(house_with(), tools=ByTmuxAlone(TmuxDelivery.SWALLOWED)) as visit:
        await visit.to_reveal()
        await visit.press("c")
        assert "! tmux keeps it from your terminal's clipboard." in visit.screen_text()
        assert "tmux needs: set -s set-clipboard on." in visit.screen_text()
        await visit.press("escape")
        assert "Not copied. Press esc again to close anyway." in visit.screen_text()


@pytest.mark.slow
async def test_tmux_alone_is_asked_to_send_it() -> None:
    for answer, sentence in [
        (TmuxDelivery.SENT, "✓ Sent to your terminal's clipboard."),
        (TmuxDelivery.LEFT, "tmux still has it in a buffer; see: tmux list-buffers."),
        (TmuxDelivery.DEAF, "! tmux knows of no clipboard of your terminal."),
    ]:
        async with opened(house_with(), tools=ByTmuxAlone(answer)) as visit:
            await visit.to_reveal()
            await visit.press("c")
            assert sentence in visit.screen_text()
            assert visit.sent == []
