"""Your app password: nothing that a hasty person does may lose it."""

import gc

import pytest
from textual.widgets import Button

from apppw_tui.domain.app_password import parse
from apppw_tui.domain.ports import TmuxDelivery
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog, SecretLabel
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from tests.ui.copying import ByTmuxAlone
from tests.ui.walks import (
    house_with,
    later,
    on,
    portal_app,
    press,
    screen_text,
    sent,
    settle,
    to_create,
    to_reveal,
)


def focused(app: PortalApp) -> str:
    assert isinstance(app.focused, Button)
    return str(app.focused.label)


@pytest.mark.slow
async def test_an_eager_double_enter_neither_copies_nor_closes() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await to_create(pilot)
        await press(pilot, "enter", "enter", "enter", "escape", "c")
        assert on(app, NewAppPasswordDialog)
        assert sent(app) == []
        later(pilot, 0.41)
        await press(pilot, "enter")
        assert len(sent(app)) == 1
        # The same haste after the copy: Close has the focus, and waits a moment too.
        await press(pilot, "enter", "enter")
        assert on(app, NewAppPasswordDialog)
        later(pilot, 0.41)
        await press(pilot, "enter")
        assert on(app, AppPasswordsScreen)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["escape", "q"])
async def test_closing_it_uncopied_needs_the_key_twice(key: str) -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await to_reveal(pilot)
        await press(pilot, key)
        assert on(app, NewAppPasswordDialog)
        assert "Not copied yet. Press again to close." in screen_text(pilot)
        await press(pilot, key)
        assert on(app, AppPasswordsScreen)
        assert "Created Kitchen tablet." in screen_text(pilot)


async def test_quitting_from_it_uncopied_needs_the_key_twice() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await to_reveal(pilot)
        await press(pilot, "ctrl+q")
        assert "Not copied yet. Press again to quit." in screen_text(pilot)
        assert app.is_running


@pytest.mark.slow
async def test_what_is_copied_is_what_is_shown_without_the_spaces() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await to_reveal(pilot)
        shown = str(app.screen.query_one(SecretLabel).content)
        assert "Kitchen tablet · Any app · never expires" in screen_text(pilot)
        await press(pilot, "c")
        assert focused(app) == "Close"
        [copied] = sent(app)
        assert copied == shown.replace(" ", "")
        assert parse(copied) is not None
        assert "Sent to your terminal's clipboard. Copy something else" in screen_text(pilot)


async def test_it_can_be_copied_again() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await to_reveal(pilot)
        await press(pilot, "c", "c")
        assert len(sent(app)) == 2


@pytest.mark.slow
async def test_the_secret_lives_nowhere_but_there() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await to_reveal(pilot)
        assert not SecretLabel.ALLOW_SELECT
        await press(pilot, "c")
        [copied] = sent(app)
        sent(app).clear()
        later(pilot)
        await press(pilot, "escape")
        await settle(pilot)
        grouped = " ".join(copied[at : at + 4] for at in range(0, 16, 4))
        assert grouped not in screen_text(pilot)
        assert app.clipboard == ""
        gc.collect()
        assert not [label for label in gc.get_objects() if isinstance(label, SecretLabel)]


async def test_on_a_small_terminal_password_and_buttons_stay_in_sight() -> None:
    app = portal_app(house_with())
    async with app.run_test(size=(40, 12)) as pilot:
        await to_reveal(pilot)
        await press(pilot, "c")
        shown = str(app.screen.query_one(SecretLabel).content)
        for text in (shown, "Copy password to clipboard", "Close", "Sent to your"):
            assert text in screen_text(pilot)


async def test_what_is_known_to_have_gone_nowhere_is_not_copied() -> None:
    app = portal_app(house_with(), tools=ByTmuxAlone(TmuxDelivery.SWALLOWED))
    async with app.run_test(size=(80, 24)) as pilot:
        await to_reveal(pilot)
        await press(pilot, "c")
        assert "! tmux keeps it from your terminal's clipboard." in screen_text(pilot)
        assert "tmux needs: set -s set-clipboard on." in screen_text(pilot)
        await press(pilot, "escape")
        assert "Not copied yet. Press again to close." in screen_text(pilot)


@pytest.mark.slow
async def test_tmux_alone_is_asked_to_send_it() -> None:
    for answer, said in [
        (TmuxDelivery.SENT, "✓ Sent to your terminal's clipboard."),
        (TmuxDelivery.LEFT, "tmux still has it in a buffer; see: tmux list-buffers."),
        (TmuxDelivery.DEAF, "! tmux knows of no clipboard of your terminal."),
    ]:
        app = portal_app(house_with(), tools=ByTmuxAlone(answer))
        async with app.run_test(size=(80, 24)) as pilot:
            await to_reveal(pilot)
            await press(pilot, "c")
            assert said in screen_text(pilot)
            assert sent(app) == []
