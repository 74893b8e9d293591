"""Footer, help and palette say what the keys do, from the bindings themselves."""

import pytest
from textual.binding import Binding
from textual.widgets import Input, Label

from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.details import HelpDialog
from apppw_tui.ui.key_help import help_keys, palette_entries
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from tests.ui.inspection import own_classes
from tests.ui.walks import house_with, opened


def footer(text: str) -> str:
    return text.splitlines()[-1].strip()


def test_every_binding_has_an_id_and_a_tooltip() -> None:
    bindings = [
        (node, binding) for node in own_classes() for binding in node.__dict__.get("BINDINGS", [])
    ]
    assert len(bindings) > 30
    for node, binding in bindings:
        assert isinstance(binding, Binding), node
        assert binding.id, (node, binding)
        assert binding.tooltip, (node, binding)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (80, "⏎ Details  c Create  e Edit  d Delete  x Pause  / Filter  ? Help"),
        (40, "⏎ Details  c Create  e Edit  ? Help"),
        (24, "⏎ Details  ? Help"),
    ],
)
async def test_the_footer_shows_as_many_keys_as_fit_and_always_help(width: int, shown: str) -> None:
    async with opened(house_with("Laptop"), size=(width, 24)) as visit:
        await visit.to_app_passwords()
        assert footer(visit.screen_text()) == shown


async def test_the_footer_is_true_of_what_enter_does() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.to_app_passwords()
        await visit.press("right")
        assert footer(visit.screen_text()).startswith("⏎ Delete  c Create")
        await visit.press("left")
        assert footer(visit.screen_text()).startswith("⏎ Details  c Create")


@pytest.mark.slow
async def test_while_a_field_has_the_focus_the_footer_names_the_other_key() -> None:
    async with opened(house_with()) as visit:
        await visit.settle()
        assert footer(visit.screen_text()).endswith("F1 Help")
        await visit.to_create()
        assert footer(visit.screen_text()) == "⏎ Next  esc Cancel  F1 Help"
        await visit.press("tab")
        assert footer(visit.screen_text()).endswith("? Help")


@pytest.mark.slow
async def test_letters_are_text_in_a_field() -> None:
    async with opened(house_with()) as visit:
        await visit.to_app_passwords()
        await visit.press("c", *"cdqpv?:,")
        assert visit.on(CreateDialog)
        assert visit.screen.query_one("#name", Input).value == "cdqpv?:,"


@pytest.mark.slow
@pytest.mark.parametrize("key", ["f1", "question_mark"])
async def test_help_tells_the_keys_of_the_screen_it_was_asked_on(key: str) -> None:
    async with opened(house_with("Laptop"), size=(80, 40)) as visit:
        await visit.to_app_passwords()
        await visit.press(key)
        assert visit.on(HelpDialog)
        keys = [str(label.content) for label in visit.screen.query(".field-label").results(Label)]
        assert {"c", "e  r", "x", "/", "space", "esc  q", "^q", "^p  :", "F2  ,"} <= set(keys)
        assert "Help: App Passwords" in visit.screen_text()
        await visit.press(key)
        assert visit.on(AppPasswordsScreen)


@pytest.mark.slow
async def test_help_over_a_dialog_returns_to_it_with_nothing_lost() -> None:
    async with opened(house_with()) as visit:
        await visit.to_create("Laptop")
        await visit.press("f1")
        assert "Help: Create an app password" in visit.screen_text()
        await visit.press("escape")
        assert visit.screen.query_one("#name", Input).value == "Laptop"


async def test_signed_out_no_key_leads_anywhere() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.press("tab", "tab", "p", "v", "f2", "comma")
        assert visit.on(LoginScreen)


async def test_ctrl_c_says_how_to_quit() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.sign_in()
        await visit.press("ctrl+c")
        assert "Press ^q to quit." in visit.screen_text()
        assert visit.app.is_running


@pytest.mark.slow
@pytest.mark.parametrize("keys", [("c",), ("enter",), ("question_mark",)])
async def test_ctrl_c_in_a_dialog_says_how_to_leave_it(keys: tuple[str, ...]) -> None:
    """In a field, on a button, and over a text that scrolls."""
    async with opened(house_with("Laptop")) as visit:
        await visit.to_app_passwords()
        await visit.press(*keys)
        dialog = visit.screen
        assert isinstance(dialog, Dialog)
        await visit.press("ctrl+c")
        assert "esc closes this, ^q quits." in visit.screen_text()
        assert visit.screen is dialog
        await visit.press("escape")
        assert not isinstance(visit.screen, Dialog)


@pytest.mark.slow
async def test_ctrl_c_over_a_password_that_is_shown_once_takes_nothing_away() -> None:
    """The frame of that dialog says how much follows; and esc still asks."""
    async with opened(house_with("Laptop")) as visit:
        await visit.to_reveal()
        await visit.press("ctrl+c")
        assert "esc closes this, ^q quits." in visit.sentences()
        assert not visit.screen.query_one("#frame").border_subtitle
        await visit.press("escape")
        assert "Not copied. Press esc again to close anyway." in visit.sentences()


@pytest.mark.slow
async def test_arrows_move_between_the_buttons_of_a_dialog() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.to_app_passwords()
        await visit.press("enter")
        ids = []
        for key in ("left", "left", "right", "down"):
            await visit.press(key)
            ids.append(visit.focused.id if visit.focused else None)
        assert ids == ["close", "delete", "close", "facts"]


@pytest.mark.slow
async def test_an_open_list_has_a_footer_of_its_own_and_esc_closes_it_alone() -> None:
    async with opened(house_with()) as visit:
        await visit.to_create()
        await visit.press("tab", "enter")
        assert footer(visit.screen_text()) == "⏎ Choose  esc Close  F1 Help"
        await visit.press("escape")
        assert footer(visit.screen_text()) == "⏎ Open  esc Cancel  ? Help"


@pytest.mark.slow
async def test_help_and_palette_speak_of_what_a_key_does_now() -> None:
    """What is only text in a field is no key, and where one is already no place to go."""
    async with opened(house_with("Laptop")) as visit:
        await visit.sign_in()
        told = dict(help_keys(visit.app))
        assert "v" in told
        assert "p" not in told
        await visit.press("x")
        assert "Resume" in [entry.name for entry in palette_entries(visit.app, visit.screen, None)]
        await visit.press("slash")
        assert "/" not in dict(help_keys(visit.app))


@pytest.mark.slow
async def test_reading_the_list_again_says_so() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.sign_in()
        await visit.press("u")
        assert "✓ The list is up to date." in visit.screen_text()
