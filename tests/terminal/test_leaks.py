"""Hidden ways out for a secret, and hidden ways in for what a name could do to the terminal."""

import json
from typing import Any

import pytest
from textual.app import App
from textual.widgets import Input

from apppw_tui.ui.clipboard import Clipboard
from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.dialogs.palette import PaletteDialog
from apppw_tui.ui.key_help import palette_entries
from tests.support import PASSWORD, House
from tests.terminal.conftest import Installed
from tests.terminal.program import ACCOUNT, AWAKE, Program, copied, is_restored, shown_password
from tests.ui.walks import Visit, house_with, opened, portal_app

pytestmark = pytest.mark.slow

_WHOLE_LINE = "\x1b[1;2H"  # shift+home
_HOSTILE = "\x1b]52;c;aGk=\x07[b]\x9b7m"
_HOSTILE_SHOWN = "\\x1b]52;c;aGk=\\x07[b]\\x9b7m"


def test_a_masked_field_gives_nothing_away(installed: Installed) -> None:
    program = installed.open()
    program.see("Quit")
    program.press(ACCOUNT)
    program.press(_WHOLE_LINE)
    program.press("\x03")
    assert copied(program.output) == [ACCOUNT]  # so that a copy would be noticed below
    program.press("\r")
    program.press(PASSWORD)
    program.press(_WHOLE_LINE)
    for key in ("\x03", "\x18"):  # ctrl+c, ctrl+x
        program.send(key)
        program.settle(AWAKE)
    assert copied(program.output) == [ACCOUNT]
    program.send("\r")  # and nothing was cut
    program.see("additional security verification")
    assert PASSWORD not in program.output.decode()


@pytest.mark.parametrize("key", ["\r", "\t"])
def test_a_password_that_comes_with_the_key_before_it_stays_masked(
    installed: Installed, key: str
) -> None:
    """In one piece, as from a password manager that types, or over a slow line."""
    program = installed.open()
    program.see("Quit")
    program.send(f"{ACCOUNT}{key}{PASSWORD}")
    program.see("•" * len(PASSWORD))
    assert "algebra" not in program.output.decode()
    program.send("\r")
    program.see("additional security verification")


def test_a_name_typed_ahead_of_its_field_deletes_nothing(installed: Installed) -> None:
    """`c` and `Dylan`: d is Delete in the list, and y is Yes to it."""
    password = installed.run("app-password", "create", ACCOUNT, "Laptop").stdout
    program = installed.open()
    program.sign_in()
    program.send("vp")
    program.see("Last used")
    program.settle()
    program.send("cd")
    program.see("where will you use it")
    program.settle()
    program.press("ylan")
    program.send("\x11")
    assert program.end() == 0
    assert b"Delete this" not in program.output
    assert installed.opens(password)


def test_quitting_over_a_password_that_was_not_copied_asks_first(installed: Installed) -> None:
    program = installed.open()
    program.sign_in()
    program.to_reveal()
    secret = shown_password(program.text)
    program.send("\x11")
    program.see("Not copied. Press ^q again to quit anyway.")
    program.send("\x11")
    assert program.end() == 0
    assert is_restored(program)
    last_words = program.output.rpartition(b"\x1b[?1049l")[2].decode()
    assert secret not in last_words.replace(" ", "")
    assert copied(program.output) == []


def does_nothing_to_the_terminal(program: Program) -> bool:
    """True if nothing of the hostile text was sent in a form that a terminal obeys."""
    assert copied(program.output) == []
    spoken = program.output.decode().replace("\x1b]22;default\x07", "")  # Textual's, at its start
    return not {"\x07", "\x9b", "\u202e"} & set(spoken)


def test_a_name_of_the_terminals_own_language_is_only_text(installed: Installed) -> None:
    assert installed.run("app-password", "create", ACCOUNT, "Laptop").returncode == 0
    file = installed.store / "accounts" / f"{ACCOUNT}.json"
    tables = json.loads(file.read_text())
    tables["app_passwords"]["1"]["name"] = _HOSTILE
    file.write_text(json.dumps(tables))
    program = installed.open()
    program.sign_in()
    program.send("vp")
    program.see(_HOSTILE_SHOWN[:20])  # the list, which cuts it off
    program.settle()
    for key, question in (("\r", "App password"), ("d", "Delete this"), ("e", "Edit ")):
        program.send(key)
        program.see(question)
        program.see(_HOSTILE_SHOWN)
        program.settle()
        program.press("\x1b")
    program.send("d")
    program.see("Delete this")
    program.settle()
    program.send("y")
    program.see(f"Deleted {_HOSTILE_SHOWN}.")
    assert does_nothing_to_the_terminal(program)


def test_a_paste_of_the_terminals_own_language_is_only_text(installed: Installed) -> None:
    program = installed.open()
    program.see("Quit")
    program.send("\x1b[200~before\x9b7m\u202eafter\x1b[201~")
    program.see("beforeafter")
    program.settle()
    assert does_nothing_to_the_terminal(program)


def test_a_paste_into_a_masked_field_is_taken_as_it_is(installed: Installed) -> None:
    program = installed.open()
    program.see("Quit")
    program.send(f"{ACCOUNT}\r\x1b[200~{PASSWORD}\x07\x1b[201~\r")
    program.see("do not match")
    program.send(f"\x1b[200~{PASSWORD}\x1b[201~\r")
    program.see("additional security verification")


async def test_textual_keeps_no_copy_of_what_was_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    app = portal_app(house_with())
    app.clipboard_out = Clipboard(app.copy_to_clipboard, {"SSH_TTY": "x"})
    written: list[str] = []
    async with opened(app) as visit:
        await visit.to_reveal()
        driver: Any = vars(app)["_driver"]
        monkeypatch.setattr(driver, "write", written.append)
        await visit.press("c")
        (secret,) = copied("".join(written).encode())
        assert len(secret) == 16
        assert app.clipboard == ""


async def test_no_command_is_textuals_own() -> None:
    """Its Screenshot writes the screen, secrets included, to a file."""
    async with opened(house_with("Laptop")) as visit:
        await visit.to_app_passwords()
        theirs = {command.title for command in App.get_system_commands(visit.app, visit.screen)}
        ours = {entry.name for entry in palette_entries(visit.app, visit.screen, None)}
        assert "Screenshot" in theirs
        assert ours & theirs == {"Quit"}  # the binding's, which asks where something is at stake
        assert "Create" in ours
        await visit.press("ctrl+p")
        assert isinstance(visit.screen, PaletteDialog)


async def open_delete(visit: Visit) -> None:
    await visit.to_app_passwords()
    await visit.press("d")


async def open_details(visit: Visit) -> None:
    await visit.to_app_passwords()
    await visit.press("enter")


@pytest.mark.parametrize("walk", [Visit.to_create, Visit.to_reveal, open_delete, open_details])
async def test_the_palette_does_not_open_over_a_dialog(walk: Any) -> None:
    async with opened(house_with("Laptop")) as visit:
        await walk(visit)
        before = visit.screen
        assert isinstance(before, Dialog)
        await visit.press("ctrl+p", "colon")
        visit.app.action_palette()  # by whatever way
        assert visit.screen is before


async def stay(visit: Visit) -> None:
    """Login is what opens."""


async def open_change(visit: Visit) -> None:
    await visit.to_settings()
    await visit.press("down", "enter", "enter")


@pytest.mark.parametrize(
    ("first", "walk", "masked"), [(True, stay, 2), (False, stay, 1), (False, open_change, 3)]
)
async def test_no_masked_field_is_copied_or_cut(
    monkeypatch: pytest.MonkeyPatch, first: bool, walk: Any, masked: int
) -> None:
    taken: list[str] = []
    monkeypatch.setattr(App, "copy_to_clipboard", lambda _, text: taken.append(text))
    async with opened(House() if first else house_with(), may_create_first=first) as visit:
        await walk(visit)
        fields = [field for field in visit.screen.query(Input) if field.password]
        assert len(fields) == masked
        for field in fields:
            await visit.type_into(f"#{field.id}", PASSWORD)
            await visit.press("ctrl+shift+a", "ctrl+c", "ctrl+x")
            assert field.value == PASSWORD
    assert taken == []
