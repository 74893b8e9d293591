"""The bindings in words: for the footer, the help and the palette."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import App
from textual.binding import ActiveBinding, Binding
from textual.screen import Screen
from textual.widgets import Button, Input

from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.messages import AppearanceChosen, Navigate
from apppw_tui.ui.themes import LABELS
from apppw_tui.ui.widgets.footer import disabled_reason, is_text

if TYPE_CHECKING:
    from apppw_tui.domain.account import Account
    from apppw_tui.ui.app import PortalApp
    from apppw_tui.ui.dialogs.details import Rows
    from apppw_tui.ui.dialogs.palette import PaletteEntry

# The names of the places, by the ids of the bindings that lead there.
PLACES = {
    "app-passwords": "App Passwords",
    "security": "Security Verification",
    "settings": "Settings",
}
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
_MOVING = ("arrows, tab, j k g G", "Move about")
_TYPING = ("letters", "Are text while a field has the focus; tab leaves it")
_PRESSING = (GLYPHS.enter, "Press the button that has the focus")
# What moves about; what moves to where something else can be done, of which the help tells alone.
_MOVES, _MOVES_TO = ("move-", "step-"), "to-"


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
    """Every key that does something on the present screen, and what; the footer's come first."""
    screen, focused = app.screen, app.screen.focused
    does: dict[str, list[str]] = {}
    for active in _in_reading_order(screen):
        does.setdefault(active.tooltip or active.binding.description, []).append(
            display(active.binding.key)
        )
    rows = [("  ".join(keys), sentence) for sentence, keys in does.items()]
    if isinstance(focused, Button):
        rows.append(_PRESSING)
    if isinstance(focused, Input) and focused.check_consume_key("a", "a"):
        rows.append(_TYPING)
    rows += getattr(screen, "LEGEND", ())
    return [*rows, _MOVING]


def palette_entries(
    app: "PortalApp", screen: Screen[object], account: "Account | None"
) -> "Iterator[PaletteEntry]":
    """Yields what the keys can do on `screen` now, where one can go, and the app passwords.

    `account` is whose they are; None where nobody may go anywhere.
    """
    from apppw_tui.ui.dialogs.palette import PaletteEntry
    from apppw_tui.ui.formatting import natural_key

    places = []
    for active in _possible(screen):
        binding = active.binding
        key = app.get_key_display(binding)
        run = partial(app.run_action, binding.action, active.node)
        if binding.id in PLACES:
            places.append(PaletteEntry(PLACES[binding.id], "go to", key, run))
        else:
            yield PaletteEntry(label_now(screen, binding), active.tooltip, key, run)
    if app.is_signed_in:
        yield PaletteEntry("Sign out", "End this session", "", app.sign_out)
    if account is None:
        yield from _looks(app)
        return
    yield from places
    from apppw_tui.ui.screens.settings import SECTIONS, SettingsScreen

    here = screen.section if isinstance(screen, SettingsScreen) else None
    for section, name in SECTIONS:
        if section not in (here, "sign-out"):
            there = Navigate("settings", section=section)
            yield PaletteEntry(name, "go to, in Settings", "", partial(app.navigate, there))
    yield from _looks(app)
    keys = _verb_keys()
    for app_password in sorted(account.app_passwords, key=lambda own: natural_key(own.name)):
        pause = "resume" if app_password.paused else "pause"
        for verb in ("details", "edit", pause, "delete"):
            there = Navigate("app-passwords", perform=(app_password.id, verb))
            go = partial(app.navigate, there)
            yield PaletteEntry(app_password.name, verb, keys[verb], go)


def _looks(app: "PortalApp") -> "Iterator[PaletteEntry]":
    """The other looks that this terminal can show."""
    from apppw_tui.ui.dialogs.palette import PaletteEntry

    for look, label in LABELS.items():
        if app.theme_for(look) != app.theme:
            choose = partial(app.change_look, AppearanceChosen(look))
            yield PaletteEntry(label, "change the look", "", choose)


def _verb_keys() -> dict[str, str]:
    """The keys of the list of app passwords, by what they do with one."""
    from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen

    keys = {
        binding.id or "": display(binding.key.split(",")[0])
        for binding in AppPasswordsScreen.BINDINGS
        if isinstance(binding, Binding)
    }
    return {**keys, "details": display("enter"), "resume": keys["pause"]}


def _possible(screen: Screen[object]) -> Iterator[ActiveBinding]:
    """Everything that the keys can do on `screen` now, once each."""
    seen = {"palette", "back"}  # the places and Sign out are listed by their names
    names = set()
    # Of two keys of one name that which is the screen's own does more: it minds what is marked.
    own_first = sorted(_in_reading_order(screen), key=lambda active: active.node is not screen)
    chosen = []
    for active in own_first:
        action, name = active.binding.action, label_now(screen, active.binding)
        known = action in seen or name in names
        moves = (active.binding.id or "").startswith(_MOVES_TO)
        if not known and not moves and disabled_reason(screen, action) is None:
            seen.add(action)
            names.add(name)
            chosen.append(active)
    yield from (active for active in _in_reading_order(screen) if active in chosen)


def _in_reading_order(screen: Screen[object]) -> list[ActiveBinding]:
    """The bindings that are the product's own, less those that only move about or to where one is.

    Those of the footer come first, in its order; then the others of what has the focus and of the
    screen; then what works everywhere, help last.
    """
    footer: tuple[str, ...] = getattr(screen, "FOOTER", ())
    order = {id_: at for at, id_ in enumerate(footer) if id_ != "help"}

    def place(active: ActiveBinding) -> tuple[int, bool]:
        everywhere = isinstance(active.node, App)
        at = order.get(active.binding.id or "", len(footer) + everywhere)
        return at, active.binding.id == "help"

    own = [
        active
        for active in screen.active_bindings.values()
        if active.binding.id
        and active.enabled
        and not active.binding.id.startswith(_MOVES)
        and not is_text(screen, active.binding.key)
        and PLACES.get(active.binding.id) != where(screen)
    ]
    return sorted(own, key=place)


def label_now(screen: Screen[object], binding: Binding) -> str:
    """The word for what `binding` does on `screen` now."""
    label_of = getattr(screen, "label_of", None)
    own = None if label_of is None else label_of(binding.action)
    return own or binding.description
