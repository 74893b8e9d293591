"""The faults of what stands on a screen: words cut off, keys that are told of nowhere.

Each inspection returns its findings in words; none is the best of answers.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from typing import Any

from textual.binding import Binding
from textual.color import Color
from textual.dom import DOMNode
from textual.geometry import Region
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button, DataTable, Input, OptionList, Static
from textual.widgets._footer import FooterKey

import apppw_tui.ui
from apppw_tui.ui.dialogs.palette import PaletteDialog
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.key_help import PLACES, display, help_keys, where
from apppw_tui.ui.widgets.choices import CheckBox, OpenList
from apppw_tui.ui.widgets.footer import is_text
from apppw_tui.ui.widgets.more import hidden_rows
from apppw_tui.ui.widgets.password_table import PasswordTable
from tests.ui.walks import Visit

_MOVE = re.compile(
    r"(app\.focus_|cursor_|scroll|first$|last$|screen\.move\(|leave\(False\))"
)  # to the next or the one before, in a list, or from a field into its list
# The host and the account in the header, and the head of a dialog about one app password.
_NAMING = ("host", "who", "frame")


class Picture:
    """The text on `screen`, by place."""

    def __init__(self, screen: Screen[Any]) -> None:
        self.screen = screen
        self._strips = screen._compositor.render_strips()  # the only way to see what a person sees
        self._map = screen._compositor.full_map

    def widgets(self) -> Iterator[Widget]:
        """Everything that has a place on it, less what lies under a list that somebody opened."""
        opened = [each.region for each in self.screen.query(OpenList) if each.region]
        for widget in self.screen.query("*").results(Widget):
            if widget in self._map and widget.visible:
                within = any(isinstance(each, OpenList) for each in widget.ancestors_with_self)
                if within or not any(each.overlaps(widget.region) for each in opened):
                    yield widget

    def region(self, widget: Widget) -> Region:
        return self._map[widget].region

    def in_sight(self, widget: Widget) -> Region:
        return self._map[widget].visible_region

    def text(self, region: Region) -> str:
        rows = self._strips[region.y : region.bottom]
        return "\n".join(strip.crop(region.x, region.right).text for strip in rows)


def cut_words(screen: Screen[Any]) -> list[str]:
    """The texts that cannot be read to their end, though nothing says that there is more."""
    picture = Picture(screen)
    whole = picture.text(screen.region)
    findings = []
    for widget in picture.widgets():
        seen = squeezed(picture.text(picture.in_sight(widget)))
        findings += [
            f"{_name(widget)} is cut: {text!r}"
            for text in _texts(widget)
            if squeezed(text) not in seen
            and not _told(picture, widget, whole)
            and not _shortened(widget, squeezed(text), seen)
        ]
    return findings


def squeezed(text: str) -> str:
    """The text without the blanks and frames at which it may have been folded."""
    return "".join(text.replace("│", " ").split())


def _texts(widget: Widget) -> Iterator[str]:
    """What `widget` has to say in rows that are not scrolled out of its own sight."""
    if isinstance(widget, OptionList):
        yield from _options(widget)
    elif isinstance(widget, DataTable):
        yield from _cells(widget)
    elif isinstance(widget, Input):
        yield widget.placeholder if not widget.value else ""
    elif isinstance(widget, Static | Button | CheckBox | FooterKey):
        drawn: Any = widget.render()
        yield drawn if isinstance(drawn, str) else getattr(drawn, "plain", "")
    for title in (widget.border_title, widget.border_subtitle):
        yield str(title or "")


def _options(choices: OptionList) -> Iterator[str]:
    """The rows in sight; of the palette's what they are about, since it cuts them itself."""
    entries = choices.screen._shown if isinstance(choices.screen, PaletteDialog) else None
    top, rows = round(choices.scroll_y), choices.scrollable_content_region.height
    starts = [choices._index_to_line[at] for at in range(choices.option_count)]
    ends = [*starts[1:], choices.virtual_size.height]
    for at, (start, end) in enumerate(zip(starts, ends, strict=False)):
        if start >= top and end <= top + rows:
            yield entries[at].what if entries else str(choices.get_option_at_index(at).prompt)
            yield entries[at].key if entries else ""


def _cells(table: DataTable[Any]) -> Iterator[str]:
    """Names that people give may be as long as they like: the pane and Details have them whole."""
    if table.show_header:
        yield from (column.label.plain for column in table.ordered_columns)
    top = round(table.scroll_y)
    rows = table.scrollable_content_region.height - (
        table.header_height if table.show_header else 0
    )
    for at in range(top, min(table.row_count, top + rows)):
        if isinstance(table, PasswordTable):
            texts = [*table.drawing.rows.values()][at]
            columns = [column.key for column, _ in table.drawing.columns]
            yield from (text for key, text in zip(columns, texts, strict=True) if key != "name")
        else:
            yield from (cell.plain for cell in table.get_row_at(at))


def _shortened(widget: Widget, text: str, seen: str) -> bool:
    """True of a name that somebody gave, cut with a sign for it: it stands elsewhere in full."""
    begin, sign, _ = seen.removeprefix("╭").lstrip("─").partition(GLYPHS.more)
    return widget.id in _NAMING and bool(sign) and text.startswith(begin)


def _told(picture: Picture, widget: Widget, whole: str) -> bool:
    """True if rows of it are scrolled out of sight, and the screen says how many."""
    region, seen = picture.region(widget), picture.in_sight(widget)
    if seen and (seen.x, seen.right) != (region.x, region.right):
        return False
    for outer in widget.ancestors:
        if isinstance(outer, Widget) and outer.max_scroll_y > 0:
            return bool(hidden_rows(outer)) and hidden_rows(outer) in whole
    return False


def _name(widget: Widget) -> str:
    return f"{type(widget).__name__}{'#' + widget.id if widget.id else ''}"


# --- the focus ----------------------------------------------------------------------------


def unreached(screen: Screen[Any], reached: Iterable[Widget]) -> list[str]:
    """What can have the focus and is shown, but is not among what was `reached`."""
    picture, met = Picture(screen), set(reached)
    return [
        f"{_name(widget)} is not reached"
        for widget in picture.widgets()
        if widget.focusable and picture.in_sight(widget) and widget not in met
    ]


def faint_focus(screen: Screen[Any]) -> list[str]:
    """What has the focus, if it does not have the colours of a cursor."""
    focused = screen.focused
    if not isinstance(focused, Button | CheckBox):
        return []  # of fields and lists Textual marks a part
    cursor = Color.parse(screen.app.theme_variables["block-cursor-background"])
    return [] if focused.styles.background == cursor else [f"{_name(focused)} is faint"]


# --- the keys -----------------------------------------------------------------------------


def own_classes() -> list[type[DOMNode]]:
    """The app, every screen, every dialog and every widget of the package."""
    classes: list[type[DOMNode]] = []
    for module in pkgutil.walk_packages(apppw_tui.ui.__path__, "apppw_tui.ui."):
        for thing in vars(importlib.import_module(module.name)).values():
            own = isinstance(thing, type) and thing.__module__ == module.name
            if own and issubclass(thing, DOMNode):
                classes.append(thing)
    return classes


def keyless_actions(classes: Iterable[type[DOMNode]]) -> list[str]:
    """The actions of `classes` that no key leads to, neither of their own nor of what they hold."""
    every = [*classes]
    bound: dict[str, list[type[DOMNode]]] = {}  # the classes that have a key for an action
    from_within: set[str] = set()  # what a widget asks its screen or the app for
    for node in {each for kind in every for each in kind.__mro__ if issubclass(each, DOMNode)}:
        for binding in node.__dict__.get("BINDINGS", ()):
            action = binding.action if isinstance(binding, Binding) else binding[1]
            space, _, name = action.partition("(")[0].rpartition(".")
            bound.setdefault(name, []).append(node)
            from_within |= {name} if space else set()
    return [
        f"{kind.__name__}.action_{name} has no key"
        for kind in every
        for name in _actions(kind)
        if name not in from_within
        and not any(
            issubclass(kind, node) or issubclass(node, kind) for node in bound.get(name, ())
        )
    ]


def _actions(kind: type[DOMNode]) -> list[str]:
    return [name.removeprefix("action_") for name in vars(kind) if name.startswith("action_")]


def untold_keys(visit: Visit) -> list[str]:
    """The keys that do something here and are not told of in the help, or not in its order."""
    screen = visit.screen
    rows = help_keys(visit.app)
    told = {key: sentence for keys, sentence in rows for key in keys.split("  ")}
    findings = [f"{key} is told of without words" for key, sentence in told.items() if not sentence]
    for key, active in screen.active_bindings.items():
        id_ = active.binding.id  # Textual's own have none
        if id_ is None or is_text(screen, key) or PLACES.get(id_) == where(screen):
            continue
        if id_.startswith(("move-", "step-")):
            if not _MOVE.match(active.binding.action):
                findings.append(f"{id_} is no movement: {active.binding.action}")
        elif display(key) not in told:
            findings.append(f"{key} ({active.binding.description}) is not in the help")
    footer = [key.key_display for key in screen.query(FooterKey)]
    findings += [f"{key} is in the footer and not in the help" for key in footer if key not in told]
    acts = [key.key_display for key in screen.query(FooterKey) if key.action != "app.help"]
    acts = [key for key in acts if key not in ("?", "F1")]
    if [key for key in told if key in acts] != acts:
        findings.append(f"the help has another order than the footer: {acts}")
    return findings
