"""Names inside Textual: those that are overridden are looked for; without one nothing opens."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

import apppw_tui.ui
from apppw_tui import cli
from apppw_tui.ui.relied_on import METHODS, missing

# What Textual's or Python's own machinery puts into every subclass.
_MADE = {"_abc_impl", "_decorated_handlers", "_merged_bindings", "_reactives", "_computes"}


def overridden() -> Iterator[str]:
    """Private names of Textual's classes that ours define anew."""
    for module in pkgutil.walk_packages(apppw_tui.ui.__path__, "apppw_tui.ui."):
        for each in vars(importlib.import_module(module.name)).values():
            if not inspect.isclass(each) or not each.__module__.startswith("apppw_tui"):
                continue
            for name in vars(each).keys() - _MADE:
                theirs = any(
                    name in vars(base) and base.__module__.startswith("textual")
                    for base in each.__mro__[1:]
                )
                if (
                    theirs
                    and name.startswith("_")
                    and not name.startswith(("__", "_css", "_inherit"))
                ):
                    yield name


def test_all_is_there_in_the_textual_of_the_tests() -> None:
    assert missing() is None


def test_every_private_name_that_is_overridden_is_looked_for() -> None:
    looked_for = {name for names in METHODS.values() for name in names}
    result = set(overridden())
    assert "_fatal_error" in result
    assert result <= looked_for


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (App, "_fatal_error"),
        (LinuxDriver, "run_input_thread"),
        (XTermParser, "_sequence_to_key_events"),
    ],
)
def test_what_is_gone_is_named(
    monkeypatch: pytest.MonkeyPatch, owner: type[object], name: str
) -> None:
    monkeypatch.delattr(owner, name)
    sentence = missing()
    assert sentence is not None
    assert f" lacks {owner.__name__}.{name}, on which it rests" in sentence


def test_an_attribute_that_is_not_set_any_more_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(App, "__init__", lambda _: None)
    assert "App._exception, App._clipboard" in (missing() or "")


def test_without_it_the_portal_is_not_opened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(App, "_fatal_error")
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(f"sys.{name}.isatty", lambda: True, raising=False)
    assert cli.main(["--demo"]) == 70
    sentence = capsys.readouterr().err
    assert sentence.startswith("apppw-tui: Textual ")
    assert "lacks App._fatal_error" in sentence
    assert "\x1b" not in sentence
