"""The bindings in words: for the footer, the help and the palette."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.app import App
from textual.binding import ActiveBinding
from textual.screen import Screen
from textual.widgets import Input

from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.widgets.footer import disabled_reason

if TYPE_CHECKING:
    from apppw_tui.ui.dialogs.details import Rows

_SHOWN = {
    "enter": GLYPHS.enter,
    "escape": "esc",
    "question_mark": "?",
    "comma": ",",
    "colon": ":",
    "slash": "/",
    "delete": "del",
}
# Arrows and their letters are the same everywhere; one line tells of all of them.
_MOVING = ("Move about", "arrows, tab, j k g G")


def display(key: str) -> str:
    """`ctrl+q` as `^q`, `f1` as `F1`, `enter` as its sign."""
    if key in _SHOWN:
        return _SHOWN[key]
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+")
    if key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return key


def where(screen: Screen[object]) -> str:
    """The help's name for `screen`."""
    return str(getattr(screen, "NAME", "") or getattr(screen, "_title", "") or "keys")


def help_keys(app: App[None]) -> "Rows":
    """Every key that does something on the present screen, and what."""
    does: dict[str, list[str]] = {}
    for active in _own_bindings(app.screen):
        does.setdefault(active.tooltip or active.binding.description, []).append(
            display(active.binding.key)
        )
    rows = [("  ".join(keys), sentence) for sentence, keys in does.items()]
    if isinstance(app.screen.focused, Input):
        rows.append(("letters", "Are text while a field has the focus; tab leaves it"))
    rows += getattr(app.screen, "LEGEND", ())
    return [*rows, (_MOVING[1], _MOVING[0])]


def commands(screen: Screen[object]) -> Iterator[ActiveBinding]:
    """Everything that the keys can do on `screen` now, once each."""
    seen = {"palette", "back"}  # the places and Sign out are listed by their names
    for active in _own_bindings(screen):
        action = active.binding.action
        if action not in seen and disabled_reason(screen, action) is None:
            seen.add(action)
            yield active


def _own_bindings(screen: Screen[object]) -> Iterator[ActiveBinding]:
    """The bindings that are the product's own, less those that only move about."""
    bindings = screen.active_bindings.values()
    # What the footer may show comes first, as the more useful.
    for active in sorted(bindings, key=lambda active: not active.binding.show):
        id_ = active.binding.id
        if id_ and active.enabled and not id_.startswith(("move-", "step-")):
            yield active
