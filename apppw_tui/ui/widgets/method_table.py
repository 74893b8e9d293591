"""The verification methods: how each stands, and what Enter does about it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.widgets import DataTable

from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.themes import NARROW
from apppw_tui.ui.widgets.lists import moves

_LEAST_STATE = 8  # columns; with less than that it says nothing
_GAPS = 7  # columns that the table itself takes


@dataclass(frozen=True)
class MethodRow:
    """One method. `short` is its name where there is little room; `remove` is None if it cannot.

    `disabled_reason` is the sentence why Enter can do nothing now; None if it can.
    """

    name: str
    short: str
    on: bool
    state: str
    verb: str
    do: Callable[[], Awaitable[None]]
    remove: Callable[[], Awaitable[None]] | None = None
    disabled_reason: str | None = None


class MethodTable(DataTable[Text]):
    """One row each; Enter does what stands at the row's right, `d` removes."""

    BINDINGS = [
        Binding("enter", "select_cursor", "Open", id="open", tooltip="Change or add this method"),
        *moves(
            ("j", "cursor_down", "Down"),
            ("k", "cursor_up", "Up"),
            ("g,home", "scroll_top", "To the top"),
            ("G,end", "scroll_bottom", "To the end"),
        ),
    ]

    def __init__(self) -> None:
        super().__init__(show_header=False, cursor_type="row", id="methods")
        self.rows_shown: list[MethodRow] = []

    @property
    def current(self) -> MethodRow | None:
        return self.rows_shown[self.cursor_row] if self.rows_shown else None

    def show(self, rows: list[MethodRow]) -> None:
        cursor = self.cursor_row
        self.rows_shown = rows
        narrow = self.app.size.width < NARROW
        names = [row.short if narrow else row.name for row in rows]
        name = max(map(len, names), default=0) + len(GLYPHS.on) + 1
        verb = max((len(row.verb) for row in rows), default=0)
        state = self.size.width - verb - name - _GAPS
        self.clear(columns=True)
        widths = (name, state, verb) if state >= _LEAST_STATE else (name, verb)
        for width in widths:
            self.add_column(Text(), width=width)
        for row, label in zip(rows, names, strict=True):
            sign = GLYPHS.on if row.on else GLYPHS.off
            cells = [f"{sign} {label}", row.state, row.verb]
            if len(widths) < len(cells):
                del cells[1]
            style = "" if row.disabled_reason is None else "dim"
            self.add_row(*(Text(cell, style, no_wrap=True, overflow="ellipsis") for cell in cells))
        if rows:
            self.move_cursor(row=min(cursor, len(rows) - 1), animate=False)

    def on_resize(self, event: events.Resize) -> None:
        self.show(self.rows_shown)
