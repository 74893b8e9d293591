"""The looks: dark, light, high contrast, the terminal's own; and classes for a size."""

import os
from pathlib import Path
from typing import Any

from textual.app import App
from textual.screen import Screen
from textual.theme import Theme

DARK, LIGHT, TERMINAL = "apppw-dark", "apppw-light", "apppw-ansi"
HIGH_CONTRAST = "apppw-high-contrast"
APPEARANCES = {
    "dark": DARK,
    "light": LIGHT,
    "high-contrast": HIGH_CONTRAST,
    "terminal": TERMINAL,
}
LABELS = {
    "dark": "Dark",
    "light": "Light",
    "high-contrast": "High contrast",
    "terminal": "The terminal's own colours",
}
NARROW, WIDE, HUGE = 64, 100, 150  # columns
TALL = 18  # rows
HORIZONTAL = [(0, "-narrow"), (NARROW, "-medium"), (WIDE, "-wide"), (HUGE, "-huge")]
VERTICAL = [(0, "-short"), (TALL, "-tall")]


def _theme(name: str, *, dark: bool, colours: dict[str, str], unfocused: str = "none") -> Theme:
    """Every colour named, so that none is blended from others into something unreadable.

    `unfocused` is the text style of what can be pressed, and of a cursor without the focus.
    """
    accent, foreground = colours["accent"], colours["foreground"]
    return Theme(
        name=name,
        dark=dark,
        primary=accent,
        secondary=accent,
        accent=accent,
        foreground=foreground,
        background=colours["background"],
        surface=colours["surface"],
        panel=colours["panel"],
        boost=colours["panel"],
        warning=colours["warning"],
        error=colours["error"],
        success=colours["success"],
        variables={
            "border": accent,
            "border-blurred": colours["quiet"],
            # From what is only a line, what has a meaning on it stands out.
            "rule": colours["rule"],
            "text-muted": colours["muted"],
            "foreground-muted": colours["muted"],
            "text-disabled": colours["muted"],
            "foreground-disabled": colours["muted"],
            "text-error": colours["error"],
            "text-success": colours["success"],
            "text-warning": colours["warning"],
            "scrollbar": colours["quiet"],
            "block-cursor-foreground": colours["on-accent"],
            "block-cursor-background": accent,
            "block-cursor-text-style": "bold",
            "block-cursor-blurred-foreground": foreground,
            "block-cursor-blurred-background": colours["blurred"],
            "block-cursor-blurred-text-style": unfocused,
            "pressable-text-style": unfocused,
            "block-hover-background": colours["blurred"],
            "button-focus-text-style": "bold",
            "input-selection-foreground": colours["selected"],
            "input-selection-background": colours["selection"],
            "input-cursor-foreground": colours["background"],
            "input-cursor-background": foreground,
            "footer-background": colours["footer"],
            "footer-foreground": foreground,
            "footer-description-foreground": foreground,
            "footer-key-foreground": accent,
        },
    )


_ANSI = "ansi_default"

THEMES = (
    _theme(
        DARK,
        dark=True,
        colours={
            "accent": "#5fd7ff",
            "on-accent": "#121212",
            "foreground": "#e4e4e4",
            "background": "#121212",
            "surface": "#1c1c1c",
            "panel": "#262626",
            "warning": "#ffd75f",
            "error": "#ff8787",
            "success": "#5fd787",
            "muted": "#a8a8a8",
            "quiet": "#808080",
            "rule": "#585858",
            "blurred": "#303030",
            "selected": "#ffffff",
            "selection": "#005f87",
            "footer": "#1c1c1c",
        },
    ),
    _theme(
        LIGHT,
        dark=False,
        colours={
            "accent": "#005faf",
            "on-accent": "#ffffff",
            "foreground": "#1c1c1c",
            "background": "#ffffff",
            "surface": "#f8f8f8",
            "panel": "#eeeeee",
            "warning": "#875f00",
            "error": "#af0000",
            "success": "#005f00",
            "muted": "#585858",
            "quiet": "#767676",
            "rule": "#bcbcbc",
            "blurred": "#dadada",
            "selected": "#1c1c1c",
            "selection": "#afd7ff",
            "footer": "#eeeeee",
        },
    ),
    _theme(
        HIGH_CONTRAST,
        dark=True,
        # A grey on which all text has 7:1 is too near to black to be told from it by itself.
        unfocused="underline",
        colours={
            "accent": "#87ffff",
            "on-accent": "#000000",
            "foreground": "#ffffff",
            "background": "#000000",
            "surface": "#000000",
            "panel": "#1c1c1c",
            "warning": "#ffff5f",
            "error": "#ff8787",
            "success": "#5fff87",
            "muted": "#d0d0d0",
            "quiet": "#bcbcbc",
            "rule": "#585858",
            "blurred": "#303030",
            "selected": "#000000",
            "selection": "#ffff5f",
            "footer": "#1c1c1c",
        },
    ),
    Theme(
        name=TERMINAL,
        ansi=True,
        primary=_ANSI,
        secondary=_ANSI,
        accent=_ANSI,
        warning=_ANSI,
        error=_ANSI,
        success=_ANSI,
        foreground=_ANSI,
        background=_ANSI,
        surface=_ANSI,
        panel=_ANSI,
        boost=_ANSI,
        variables={
            # Textual cannot resolve its own style sheet without these two.
            "ansi-background": "ansi_black",
            "ansi-foreground": "ansi_white",
            "border": _ANSI,
            "border-blurred": _ANSI,
            "rule": _ANSI,
            "text-muted": _ANSI,
            "foreground-muted": _ANSI,
            "text-disabled": _ANSI,
            "foreground-disabled": _ANSI,
            "block-cursor-foreground": _ANSI,
            "block-cursor-background": _ANSI,
            "block-cursor-text-style": "bold reverse",
            "block-cursor-blurred-foreground": _ANSI,
            "block-cursor-blurred-background": _ANSI,
            "block-cursor-blurred-text-style": "bold underline",
            "pressable-text-style": "underline",
            "block-hover-background": _ANSI,
            "button-focus-text-style": "bold reverse",
            "input-cursor-text-style": "reverse",
            "input-selection-foreground": _ANSI,
            "input-selection-background": _ANSI,
            "footer-key-foreground": _ANSI,
            "scrollbar": _ANSI,
            "scrollbar-background": _ANSI,
        },
    ),
)


def pick(appearance: str | None, colour_system: str | None, *, no_color: bool) -> str:
    """The theme for a person's choice on this terminal.

    `colour_system` is Rich's name for what the terminal can do; below 256 colours the two
    coloured themes would lose their contrast.
    """
    if no_color or colour_system not in ("256", "truecolor"):
        return TERMINAL
    return APPEARANCES.get(appearance or "dark", DARK)


def add_breakpoints(screen: Screen[Any]) -> None:
    """Gives a screen, before anything is in it, the classes for the size of its window.

    Else Textual tells it by a resize once all is there, and every widget is styled anew.
    """
    width, height = screen.app.size
    screen.add_class(_reached(width, HORIZONTAL), _reached(height, VERTICAL))


def _reached(size: int, breakpoints: list[tuple[int, str]]) -> str:
    return max(pair for pair in breakpoints if pair[0] <= size)[1]


class ThemedApp(App[None]):
    """An app in these looks, which begins with the styles of its first screen alone."""

    HORIZONTAL_BREAKPOINTS = HORIZONTAL
    VERTICAL_BREAKPOINTS = VERTICAL
    _styled_for: str | None = None

    def begin_with(self, appearance: str | None) -> None:
        """Chooses the first look, before anything is parsed."""
        for theme in THEMES:
            self.register_theme(theme)
        self.look(appearance)
        # They are yet to be parsed: so they are for this theme, and not for it once more.
        self.stylesheet.set_variables(self.get_css_variables())
        self._styled_for = self.theme

    def look(self, appearance: str | None) -> None:
        """Looks as somebody who chose `appearance` wants it, as far as this terminal can."""
        self.theme = self.theme_for(appearance)

    def theme_for(self, appearance: str | None) -> str:
        """The theme that this terminal shows somebody who chose `appearance`."""
        return pick(appearance, self.console.color_system, no_color="NO_COLOR" in os.environ)

    def get_screen(self, screen: Any, screen_class: Any = None) -> Any:
        """Before any screen but the first comes: with the styles that Login does without."""
        path = Path(__file__).with_name("app.tcss")
        if not self.stylesheet.has_source(str(path)):
            self.stylesheet.add_source(path.read_text(encoding="utf-8"), (str(path), ""))
        return super().get_screen(screen, screen_class)

    def refresh_css(self, animate: bool = True) -> None:
        """Parses the styles for another theme; Textual would also for the one that they are for."""
        if self.theme != self._styled_for:
            self._styled_for = self.theme
            super().refresh_css(animate)
