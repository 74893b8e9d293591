"""Textual's own variables: those that log, load or act are dropped, those that draw are kept."""

import os
import socket
from pathlib import Path

import pytest

from apppw_tui.commands.portal import clean_environment
from tests.support import PASSWORD
from tests.terminal.conftest import Installed


@pytest.mark.slow
def test_nothing_that_textual_offers_to_developers_has_an_effect(
    installed: Installed, tmp_path: Path
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        program = installed.open(
            TEXTUAL="debug,devtools",
            TEXTUAL_DEBUG="1",
            TEXTUAL_LOG=str(tmp_path / "log"),
            TEXTUAL_DRIVER="nowhere.to.be.found:Driver",
            TEXTUAL_PRESS="ctrl+q",
            TEXTUAL_SCREENSHOT="0",
            TEXTUAL_SCREENSHOT_LOCATION=str(pictures),
            TEXTUAL_SHOW_RETURN="1",
            TEXTUAL_ALLOW_SIGNALS="1",
            TEXTUAL_DEVTOOLS_HOST="127.0.0.1",
            TEXTUAL_DEVTOOLS_PORT=str(listener.getsockname()[1]),
        )
        program.sign_in()
        program.send("\x03")
        program.see("Press ^q to quit.")
        program.send("\x11")
        assert program.end() == 0
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert not (tmp_path / "log").exists()
    assert list(pictures.iterdir()) == []
    assert PASSWORD not in program.output.decode()
    assert "returned" not in program.output.decode()


def cleaned(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, str]:
    monkeypatch.setattr(os, "environ", environment)
    clean_environment()
    return environment


def test_only_what_says_how_to_draw_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    harmless = {
        "TEXTUAL_COLOR_SYSTEM": "256",
        "TEXTUAL_FPS": "10",
        "TEXTUAL_DISABLE_KITTY_KEY": "1",
        "TERM": "xterm",
        "TEXTUALLY": "somebody else's",
    }
    dropped = {"TEXTUAL": "debug", "TEXTUAL_LOG": "x", "TEXTUAL_WHATEVER_COMES_NEXT": "x"}
    assert cleaned(monkeypatch, **harmless, **dropped) == harmless


@pytest.mark.parametrize("term", ["xterm-kitty", "alacritty", "foot", "xterm-ghostty", "st-direct"])
def test_terminals_that_hide_their_true_colour_get_it(
    monkeypatch: pytest.MonkeyPatch, term: str
) -> None:
    assert cleaned(monkeypatch, TERM=term)["TEXTUAL_COLOR_SYSTEM"] == "truecolor"


def test_what_somebody_says_of_colours_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"TERM": "xterm-kitty", "TEXTUAL_COLOR_SYSTEM": "standard"}
    assert cleaned(monkeypatch, **said) == said
    told = {"TERM": "xterm-kitty", "COLORTERM": "no"}
    assert cleaned(monkeypatch, **told) == told
    plain = {"TERM": "xterm-256color"}
    assert cleaned(monkeypatch, **plain) == plain
