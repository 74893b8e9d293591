"""Footer, help and palette say what the keys do, from the bindings themselves."""

import importlib
import pkgutil

import pytest
from textual.binding import Binding
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.widgets import Input, Label

import apppw_tui.ui
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.details import HelpDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from tests.ui.walks import (
    house_with,
    on,
    portal_app,
    press,
    screen_text,
    sentences,
    settle,
    sign_in,
    to_app_passwords,
    to_create,
    to_reveal,
)


def footer(text: str) -> str:
    return text.splitlines()[-1].strip()


def own_nodes() -> list[type[DOMNode]]:
    """Every screen, dialog and widget of the package."""
    found: list[type[DOMNode]] = []
    for module in pkgutil.walk_packages(apppw_tui.ui.__path__, "apppw_tui.ui."):
        for thing in vars(importlib.import_module(module.name)).values():
            own = isinstance(thing, type) and thing.__module__ == module.name
            if own and issubclass(thing, DOMNode):
                found.append(thing)
    return found


def test_every_binding_has_an_id_and_a_tooltip() -> None:
    bindings = [
        (node, binding) for node in own_nodes() for binding in node.__dict__.get("BINDINGS", [])
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
        (80, "⏎ Details  c Create  d Delete  r Rename  / Filter  ? Help"),
        (40, "⏎ Details  c Create  d Delete  ? Help"),
        (24, "⏎ Details  ? Help"),
    ],
)
async def test_the_footer_shows_as_many_keys_as_fit_and_always_help(width: int, shown: str) -> None:
    app = portal_app(house_with("Laptop"))
    async with app.run_test(size=(width, 24)) as pilot:
        await to_app_passwords(pilot)
        assert footer(screen_text(pilot)) == shown


async def test_the_footer_is_true_of_what_enter_does() -> None:
    app = portal_app(house_with("Laptop"))
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "right")
        assert footer(screen_text(pilot)).startswith("⏎ Delete  c Create")
        await press(pilot, "left")
        assert footer(screen_text(pilot)).startswith("⏎ Details  c Create")


async def test_while_a_field_has_the_focus_the_footer_names_the_other_key() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await settle(pilot)
        assert footer(screen_text(pilot)).endswith("F1 Help")
        await to_create(pilot)
        assert footer(screen_text(pilot)) == "⏎ Next  esc Cancel  F1 Help"
        await press(pilot, "tab")
        assert footer(screen_text(pilot)).endswith("? Help")


@pytest.mark.slow
async def test_letters_are_text_in_a_field() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "c", *"cdqpv?:,")
        assert on(app, CreateDialog)
        assert app.screen.query_one("#name", Input).value == "cdqpv?:,"


@pytest.mark.slow
@pytest.mark.parametrize("key", ["f1", "question_mark"])
async def test_help_tells_the_keys_of_the_screen_it_was_asked_on(key: str) -> None:
    app = portal_app(house_with("Laptop"))
    async with app.run_test(size=(80, 40)) as pilot:
        await to_app_passwords(pilot)
        await press(pilot, key)
        assert on(app, HelpDialog)
        keys = [str(label.content) for label in app.screen.query(".field-label").results(Label)]
        assert {"c", "r", "/", "space", "esc  q", "^q", "^p  :", "F2  ,"} <= set(keys)
        assert "Help: App Passwords" in screen_text(pilot)
        await press(pilot, key)
        assert on(app, AppPasswordsScreen)


async def test_help_over_a_dialog_returns_to_it_with_nothing_lost() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await to_create(pilot, "Laptop")
        await press(pilot, "f1")
        assert "Help: Create an app password" in screen_text(pilot)
        await press(pilot, "escape")
        assert app.screen.query_one("#name", Input).value == "Laptop"


def palette_entries(app: PortalApp) -> set[str]:
    return {command.title for command in app.get_system_commands(app.screen)}


async def test_the_palette_reaches_everything_that_can_be_done_here_and_nothing_else() -> None:
    app = portal_app(house_with("Laptop"))
    async with app.run_test() as pilot:
        assert palette_entries(app) == {"Help", "Leave", "Next", "Quit"}
        await to_app_passwords(pilot)
        wanted = {"Create", "Delete", "Rename", "Filter", "Sort", "Mark", "Settings", "Sign out"}
        assert wanted <= palette_entries(app)
        assert not {"Screenshot", "Theme", "Maximize"} & palette_entries(app)


async def test_what_is_chosen_in_the_palette_is_done() -> None:
    app = portal_app(house_with("Laptop"))
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "colon")
        assert on(app, CommandPalette)
        assert not app.screen.query_one(Input).cursor_blink
        await press(pilot, "escape")
        found = {entry.title: entry.callback for entry in app.get_system_commands(app.screen)}
        await found["Create"]()
        await settle(pilot)
        assert on(app, CreateDialog)


async def test_ctrl_c_leaves_the_palette() -> None:
    app = portal_app(house_with("Laptop"))
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "ctrl+p", "ctrl+c")
        assert on(app, AppPasswordsScreen)
        assert app.is_running


@pytest.mark.slow
async def test_the_palette_does_not_open_over_a_dialog() -> None:
    app = portal_app(house_with("Laptop"))
    async with app.run_test() as pilot:
        await to_create(pilot)
        await press(pilot, "ctrl+p", "tab", "colon")
        assert on(app, CreateDialog)


async def test_signed_out_no_key_leads_anywhere() -> None:
    app = portal_app(house_with("Laptop"))
    async with app.run_test() as pilot:
        await press(pilot, "tab", "tab", "p", "v", "f2", "comma")
        assert on(app, LoginScreen)


async def test_ctrl_c_says_how_to_quit() -> None:
    app = portal_app(house_with("Laptop"))
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await press(pilot, "ctrl+c")
        assert "Press ^q to quit." in screen_text(pilot)
        assert app.is_running


@pytest.mark.slow
@pytest.mark.parametrize("keys", [("c",), ("enter",), ("question_mark",)])
async def test_ctrl_c_in_a_dialog_says_how_to_leave_it(keys: tuple[str, ...]) -> None:
    """In a field, on a button, and over a text that scrolls."""
    app = portal_app(house_with("Laptop"))
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        await press(pilot, *keys)
        dialog = app.screen
        assert isinstance(dialog, Dialog)
        await press(pilot, "ctrl+c")
        assert "Press esc to leave this, ^q to quit." in screen_text(pilot)
        assert app.screen is dialog
        await press(pilot, "escape")
        assert not isinstance(app.screen, Dialog)


@pytest.mark.slow
async def test_ctrl_c_over_a_password_that_is_shown_once_takes_nothing_away() -> None:
    """The frame of that dialog says how much follows; and esc still asks."""
    app = portal_app(house_with("Laptop"))
    async with app.run_test() as pilot:
        await to_reveal(pilot)
        await press(pilot, "ctrl+c")
        assert "Press esc to leave this, ^q to quit." in sentences(pilot)
        assert not app.screen.query_one("#frame").border_subtitle
        await press(pilot, "escape")
        assert "Not copied yet. Press again to close." in sentences(pilot)


@pytest.mark.slow
async def test_arrows_move_between_the_buttons_of_a_dialog() -> None:
    app = portal_app(house_with("Laptop"))
    async with app.run_test() as pilot:
        await to_app_passwords(pilot)
        await press(pilot, "enter")
        ids = []
        for key in ("left", "left", "right", "down"):
            await press(pilot, key)
            ids.append(app.focused.id if app.focused else None)
        assert ids == ["delete", "rename", "delete", "close"]
