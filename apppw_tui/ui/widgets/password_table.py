"""The list of app passwords: one row each, `Delete` at its end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.widgets import DataTable
from textual.widgets.data_table import RowKey

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.names import escaped, name_key
from apppw_tui.domain.usage import LastUse, Used
from apppw_tui.ui import formatting
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.widgets.footer import NARROW, WIDE
from apppw_tui.ui.widgets.lists import moves

_LEAST_NAME = 8
_DELETE = "Delete"


@dataclass(frozen=True)
class _Column:
    key: str
    head: str
    width: int
    cell: Callable[[AppPassword, LastUse | None, datetime], str]
    order: Callable[[AppPassword, LastUse | None], object]
    from_width: int = 0


def _expiry_order(app_password: AppPassword, _: LastUse | None) -> tuple[bool, datetime]:
    return (app_password.expires is None, app_password.expires or app_password.created)


def _use_order(_: AppPassword, last: LastUse | None) -> tuple[bool, float]:
    return (last is None, 0.0 if last is None else -last.time.timestamp())


_COLUMNS = (
    _Column(
        "name", "Name", 0, lambda p, *_: escaped(p.name), lambda p, _: name_key(p.name)
    ),
    _Column(
        "for", "For", 14,
        lambda p, *_: formatting.describe_scope(p),
        lambda p, _: formatting.describe_scope(p),
        NARROW,
    ),
    _Column(
        "used", "Last used", 15, lambda p, last, now: formatting.last_use(last, p.created, now),
        _use_order, NARROW,
    ),
    _Column(
        "created", "Created", 12, lambda p, _, now: formatting.since(p.created, now),
        lambda p, _: p.created, WIDE,
    ),
    _Column(
        "expires", "Expires", 11,
        lambda p, _, now: formatting.describe_expiry(p, now),
        _expiry_order,
    ),
)  # fmt: skip


class PasswordTable(DataTable[Text]):
    """Rows keep their cursor by id; Name takes the width that the other columns leave."""

    BINDINGS = [
        Binding("enter", "open", "Details", id="details", tooltip="Details"),
        Binding("enter", "delete_row", "Delete", id="delete-row", tooltip="Delete this one"),
        Binding(
            "right",
            "to_delete",
            "To Delete",
            id="to-delete",
            tooltip="To Delete at its end",
            show=False,
        ),
        Binding("left", "to_row", "To the row", id="to-row", tooltip="Back to the row", show=False),
        Binding("s", "sort", "Sort", id="sort", tooltip="Sort by the next column", show=False),
        Binding("S", "reverse", "Reverse", id="reverse", tooltip="Reverse the order", show=False),
        Binding("space", "mark", "Mark", id="mark", tooltip="Mark, to delete several", show=False),
        *moves(
            ("j", "cursor_down", "Down"),
            ("k", "cursor_up", "Up"),
            ("g,home", "scroll_top", "To the top"),
            ("G,end", "scroll_bottom", "To the end"),
        ),
    ]

    class Opened(Message):
        """Details of the row under the cursor are wanted."""

    class RowsBelow(Message):
        """The number of rows out of sight, further down."""

        def __init__(self, rows: int) -> None:
            super().__init__()
            self.rows = rows

    class DeleteRequested(Message):
        """The rows that are marked, or the one under the cursor, are to be deleted."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, id="table")
        self._now = now
        self._passwords: tuple[AppPassword, ...] = ()
        self._used = Used()
        self._marked: set[str] = set()
        self._sorted_by = 0
        self._reversed = False
        self._on_delete = False
        self._underlined = 0

    @property
    def current(self) -> AppPassword | None:
        """The app password under the cursor."""
        if not self.row_count:
            return None
        id_ = self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value
        return next((password for password in self._passwords if password.id == id_), None)

    @property
    def selection(self) -> list[AppPassword]:
        """Those that are marked, else the one under the cursor."""
        marked = [password for password in self._passwords if password.id in self._marked]
        return marked or ([self.current] if self.current else [])

    def show(
        self, passwords: tuple[AppPassword, ...], used: Used, cursor: str | None = None
    ) -> None:
        """Shows `passwords`; the cursor goes to the id `cursor`, else stays where it was."""
        cursor_id = cursor or (self.current.id if self.current else None)
        row = self.cursor_row
        self._passwords = passwords
        self._used = used
        self._marked &= {password.id for password in passwords}
        self._draw(cursor_id, row)

    def on_resize(self, event: events.Resize) -> None:
        self._draw(self.current.id if self.current else None, self.cursor_row)

    def _draw(self, cursor: str | None, row: int) -> None:
        width = self.size.width
        if not width:
            return
        columns = [column for column in _COLUMNS if width >= column.from_width - 2]
        fixed = sum(column.width + 2 for column in columns[1:])
        name_width = max(_LEAST_NAME, width - fixed - 2 - (len(_DELETE) + 2))
        self.clear(columns=True)
        for column in columns:
            sorted_ = column is _COLUMNS[self._sorted_by]
            arrow = f" {GLYPHS.down if self._reversed else GLYPHS.up}" if sorted_ else ""
            self.add_column(column.head + arrow, width=column.width or name_width, key=column.key)
        self.add_column("", width=len(_DELETE), key="delete")
        now = self._now()
        rows = sorted(self._passwords, key=lambda p: name_key(p.name))
        last = self._used.by_id
        order = _COLUMNS[self._sorted_by].order
        rows.sort(key=lambda p: order(p, last.get(p.id)), reverse=self._reversed)  # type: ignore[arg-type, return-value]
        for password in rows:
            cells = [
                _cell(column.cell(password, last.get(password.id), now), column.width or name_width)
                for column in columns
            ]
            if password.id in self._marked:
                cells[0] = _cell(f"{GLYPHS.on} {cells[0].plain}", name_width)
            self.add_row(*cells, Text(_DELETE, style="dim"), key=password.id)
        if self.row_count:
            keys = [password.id for password in rows]
            at = keys.index(cursor) if cursor in keys else min(row, len(rows) - 1)
            self.move_cursor(row=at, animate=False)
            self._draw_delete(at)
            self._underlined = at
        self._tell_below()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._tell_below()

    def _tell_below(self) -> None:
        """There is no scroll bar: over SSH it costs more than all the rest."""
        in_sight = self.size.height - self.header_height
        self.post_message(self.RowsBelow(max(0, self.row_count - round(self.scroll_y) - in_sight)))

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        if not has_focus:
            self._to_delete(False)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        self._to_delete(False)
        # Only the two rows concerned: every cell that is drawn again is sent again.
        for at in {self._underlined, self.cursor_row}:
            if at < self.row_count:
                self._draw_delete(at)
        self._underlined = self.cursor_row

    def _draw_delete(self, at: int) -> None:
        """Muted; underlined where the cursor is; reversed once it is what Enter will do."""
        style = "dim"
        if at == self.cursor_row:
            style = "reverse bold" if self._on_delete else "underline"
        key = self._row_key(at)
        self.update_cell(key, "delete", Text(_DELETE, style=style))

    def _row_key(self, at: int) -> RowKey:
        return self.ordered_rows[at].key

    def _to_delete(self, on: bool) -> None:
        if self._on_delete == on:
            return
        self._on_delete = on
        if self.row_count:
            self._draw_delete(self.cursor_row)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter does what the cursor is on."""
        if action == "open":
            return not self._on_delete and self.row_count > 0
        if action == "delete_row":
            return self._on_delete
        return True

    def action_open(self) -> None:
        self.post_message(self.Opened())

    def action_delete_row(self) -> None:
        """Only this row, whatever else is marked."""
        if self._marked:
            self._marked.clear()
            self.show(self._passwords, self._used)
        self.post_message(self.DeleteRequested())

    def action_to_delete(self) -> None:
        self._to_delete(self.row_count > 0)

    def action_to_row(self) -> None:
        self._to_delete(False)

    def action_mark(self) -> None:
        if self.current is None:
            return
        self._marked ^= {self.current.id}
        row = min(self.cursor_row + 1, self.row_count - 1)
        self.show(self._passwords, self._used)
        self.move_cursor(row=row, animate=False)

    def action_sort(self) -> None:
        shown_keys = [column.value for column in self.columns]
        while True:
            self._sorted_by = (self._sorted_by + 1) % len(_COLUMNS)
            if _COLUMNS[self._sorted_by].key in shown_keys:
                break
        self._reversed = False
        self.show(self._passwords, self._used)

    def action_reverse(self) -> None:
        self._reversed = not self._reversed
        self.show(self._passwords, self._used)

    def on_click(self, event: events.Click) -> None:
        """Asks for a click on `Delete`, once Textual has selected its row as for any other."""
        meta = event.style.meta
        row, column = meta.get("row", -1), meta.get("column", -1)
        if row >= 0 and column == len(self.ordered_columns) - 1:
            self.call_next(self.action_delete_row)


def _cell(text: str, width: int) -> Text:
    """One row, cut off with a sign that something is missing; combining marks never split."""
    cell = Text(text, no_wrap=True, overflow="ellipsis", end="")
    if cell_len(text) > width:
        cell.truncate(width, overflow="ellipsis")
    return cell
