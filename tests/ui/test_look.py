"""The themes: which one fits, and no colour outside them; see test_contrast for what they draw."""

import re
from pathlib import Path

import pytest

import apppw_tui.ui
from apppw_tui.ui.themes import DARK, HIGH_CONTRAST, LIGHT, TERMINAL, pick


@pytest.mark.parametrize(
    ("appearance", "system", "no_color", "theme"),
    [
        (None, "truecolor", False, DARK),
        ("light", "256", False, LIGHT),
        ("high-contrast", "256", False, HIGH_CONTRAST),
        ("high-contrast", "standard", False, TERMINAL),
        ("high-contrast", "truecolor", True, TERMINAL),
        ("light", "standard", False, TERMINAL),
        ("dark", None, False, TERMINAL),
        ("dark", "truecolor", True, TERMINAL),
        ("terminal", "truecolor", False, TERMINAL),
        ("chosen by a later version", "truecolor", False, DARK),
    ],
)
def test_the_theme_fits_the_terminal_before_the_taste(
    appearance: str | None, system: str | None, no_color: bool, theme: str
) -> None:
    assert pick(appearance, system, no_color=no_color) == theme


def test_no_colour_is_named_outside_the_themes() -> None:
    folder = Path(apppw_tui.ui.__path__[0])
    sources = [*folder.rglob("*.py"), *folder.rglob("*.tcss")]
    assert len(sources) > 20
    for source in sources:
        if source.name != "themes.py":
            text = source.read_text(encoding="utf-8")
            assert not re.search(r"#[0-9a-fA-F]{6}\b|#[0-9a-fA-F]{3}\b[^-\w]*;", text), source
