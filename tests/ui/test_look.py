"""The themes: readable, in every colour system, and with no colour of their own elsewhere."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import Theme

import apppw_tui.ui
from apppw_tui.ui.themes import DARK, LIGHT, TERMINAL, THEMES, pick

COLOURED = [theme for theme in THEMES if not theme.ansi]
PAIRS = [
    ("foreground", "background"),
    ("foreground", "surface"),
    ("foreground", "panel"),
    ("primary", "background"),
    ("primary", "surface"),
    ("primary", "panel"),
    ("error", "background"),
    ("error", "surface"),
    ("success", "surface"),
    ("warning", "background"),
    ("text-muted", "background"),
    ("text-muted", "panel"),
    ("text-disabled", "background"),
    ("text-disabled", "block-cursor-blurred-background"),
    ("block-cursor-foreground", "block-cursor-background"),
    ("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
    ("input-selection-foreground", "input-selection-background"),
    ("input-cursor-foreground", "input-cursor-background"),
    ("footer-key-foreground", "footer-background"),
]


def contrast(each: Color, other: Color) -> float:
    """WCAG 2.1, contrast ratio."""

    def luminance(color: Color) -> float:
        parts = [value / 255 for value in color.rgb]
        red, green, blue = (
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(each), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def in_256(color: Color) -> Color:
    from rich.color import Color as RichColor
    from rich.color import ColorSystem

    return Color(*RichColor.from_rgb(*color.rgb).downgrade(ColorSystem.EIGHT_BIT).get_truecolor())


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: str(theme.name))
@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
@pytest.mark.parametrize("seen", [lambda color: color, in_256], ids=["truecolor", "256"])
def test_text_stands_out_from_what_is_behind_it(
    theme: Theme, pair: tuple[str, str], seen: Callable[[Color], Color]
) -> None:
    colors = theme.to_color_system().generate()
    front, back = (seen(Color.parse(colors[name])) for name in pair)
    least = 4.5 if "text-disabled" not in pair[0] or pair[1] == "background" else 3.0
    assert contrast(front, back) >= least


@pytest.mark.parametrize(
    ("appearance", "system", "no_color", "theme"),
    [
        (None, "truecolor", False, DARK),
        ("light", "256", False, LIGHT),
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
