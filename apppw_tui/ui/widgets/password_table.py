"""The list of app passwords: one row each, `Delete` at its end; one, several or a range marked."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.binding import Binding
from textual.message import Message
from textual.strip import Strip
from textual.widgets import DataTable

from apppw_tui.domain import scopes
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.usage import Used
from apppw_tui.ui.themes import NARROW
from apppw_tui.ui.widgets.lists import moves
from apppw_tui.ui.widgets.password_columns import DELETE, Drawing, Listing, Order, draw

_UNDIMMED = Style(dim=False)
_UNDER_CURSOR = Style(underline=True, dim=False)
_NEXT = Style(reverse=True, bold=True, dim=False)  # what Enter will do


class PasswordTable(DataTable[Text]):
    """Rows keep their cursor by id; Name takes the width that the other columns leave."""

    BINDINGS = [
        Binding("enter", "open", "Details", id="details", tooltip="Details"),
        Binding("enter", "delete_row", "Delete", id="delete-row", tooltip="Delete this one"),
        Binding(
            "right", "to_delete", "To Delete", id="to-delete", tooltip="To Delete at its end",
            show=False,
        ),
        Binding("left", "to_row", "To the row", id="to-row", tooltip="Back to the row", show=False),
        Binding("s", "sort", "Sort", id="sort", tooltip="Sort by the next column", show=False),
        Binding("S", "reverse", "Reverse", id="reverse", tooltip="Reverse the order", show=False),
        Binding("space", "mark", "Mark", id="mark", tooltip="Mark, or take it back", show=False),
        Binding(
            "V", "range", "Mark a range", id="range", show=False,
            tooltip="Mark as far as you move; again to end",
        ),
        Binding("a", "mark_all", "Mark all", id="mark-all", tooltip="Mark all shown", show=False),
        *moves(
            ("j", "cursor_down", "Down"),
            ("k", "cursor_up", "Up"),
            ("g,home", "scroll_top", "To the top"),
            ("G,end", "scroll_bottom", "To the end"),
        ),
    ]  # fmt: skip

    class Opened(Message):
        """Details of the row under the cursor are wanted."""

    class DeleteRequested(Message):
        """The rows that are marked, or the one under the cursor, are to be deleted."""

    class Current(Message):
        """The cursor is on another row (it has `moved`), or what stands in the rows is new."""

        def __init__(self, *, moved: bool = False) -> None:
            super().__init__()
            self.moved = moved

    def __init__(
        self, now: Callable[[], datetime], label: scopes.ScopeLabel = scopes.label
    ) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, id="table")
        self._now = now
        self._listing = Listing(label=label)
        self._order = Order()
        self._range: tuple[str, frozenset[str]] | None = None  # where it begins; marked before
        self._on_delete = False
        self.drawing = Drawing()

    @property
    def current(self) -> AppPassword | None:
        """The app password under the cursor."""
        at, passwords = self.cursor_row, self._listing.passwords
        return passwords[at] if self.row_count and at < len(passwords) else None

    @property
    def marked(self) -> list[AppPassword]:
        listing = self._listing
        return [password for password in listing.passwords if password.id in listing.marked]

    @property
    def selection(self) -> list[AppPassword]:
        """Those that are marked, else the one under the cursor."""
        return self.marked or ([self.current] if self.current else [])

    def show(
        self,
        passwords: Sequence[AppPassword],
        used: Used,
        everything: Sequence[AppPassword],
        cursor: str | None = None,
    ) -> None:
        """Shows `passwords`; the cursor goes to the id `cursor`, else stays where it was.

        The columns are wide enough for `everything`, so that a filter moves none of them.
        """
        marked = self._listing.marked & {password.id for password in passwords}
        listing = Listing(passwords, everything, used, marked, self._listing.label)
        self._draw(listing, cursor)

    def on_resize(self, event: events.Resize) -> None:
        self._draw(self._listing)

    # --- drawing --------------------------------------------------------------------------

    def _draw(self, listing: Listing, cursor: str | None = None) -> None:
        """Draws what is another, and everything only where rows or columns are others."""
        row = self.cursor_row
        cursor = cursor or (self.current.id if self.current else None)
        recounted = listing.marked != self._listing.marked
        self._listing = listing.in_order(self._order)
        if recounted:
            self.refresh_bindings()  # the footer says how many
        if not self.size.width:
            return
        before, narrow = self.drawing, self.app.size.width < NARROW
        self.drawing = draw(self._listing, self._order, self._now(), self.size.width, narrow=narrow)
        if self.drawing.has_places_of(before):
            self._update(before)
        else:
            self._fill()
        ids = [*self.drawing.rows]
        at = ids.index(cursor) if cursor in ids else min(row, len(ids) - 1)
        if ids and at != self.cursor_row:
            self.move_cursor(row=at, animate=False)
        self.post_message(self.Current())

    def _update(self, before: Drawing) -> None:
        for id_, texts in self.drawing.rows.items():
            for (column, width), text, old in zip(
                self.drawing.columns, texts, before.rows[id_], strict=True
            ):
                if text != old:
                    self.update_cell(id_, column.key, _cell(text, width))

    def _fill(self) -> None:
        top, columns = self.scroll_y, self.drawing.columns
        self.clear(columns=True)
        for head, (column, width) in zip(self.drawing.heads, columns, strict=True):
            self.add_column(Text(head), width=width, key=column.key)  # str would load emoji: 1 MB
        self.add_column(Text(), width=len(DELETE), key="delete")
        for id_, texts in self.drawing.rows.items():
            cells = [_cell(text, width) for text, (_, width) in zip(texts, columns, strict=True)]
            self.add_row(*cells, Text(DELETE, style="dim"), key=id_)
        if top:
            self.call_after_refresh(self.scroll_to, y=top, animate=False)

    def render_line(self, y: int) -> Strip:
        """With `Delete` underlined where the cursor is, and reversed once Enter means it.

        As other cells they would have the whole table sent anew at each step of the cursor.
        """
        strip = super().render_line(y)
        row = y - self.header_height + round(self.scroll_y)
        under_cursor = row == self.cursor_row
        # In its own colours a terminal would dim `Delete` as far as it likes, and it is to be read.
        if not under_cursor and not self.app.current_theme.ansi:
            return strip
        if y < self.header_height or row >= self.row_count:
            return strip
        segments = list(strip)
        at = max((n for n, piece in enumerate(segments) if piece.text == DELETE), default=None)
        if at is not None:
            style = _UNDIMMED
            if under_cursor:
                style = _NEXT if self._on_delete else _UNDER_CURSOR
            text, before, control = segments[at]
            segments[at] = Segment(text, style if before is None else before + style, control)
        return Strip(segments, strip.cell_length)

    # --- the cursor, and what Enter does --------------------------------------------------

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        if not has_focus:
            self._to_delete(False)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        self._to_delete(False)
        self._extend_range()
        self.post_message(self.Current(moved=True))

    def _to_delete(self, on: bool) -> None:
        if self._on_delete == on:
            return
        self._on_delete = on
        self.refresh_row(self.cursor_row)
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
        self.unmark()
        self.post_message(self.DeleteRequested())

    def action_to_delete(self) -> None:
        self._to_delete(self.row_count > 0)

    def action_to_row(self) -> None:
        self._to_delete(False)

    # --- marks ----------------------------------------------------------------------------

    def unmark(self) -> bool:
        """Takes all marks back; False if there are none."""
        had_any = bool(self._listing.marked) or self._range is not None
        self._range = None
        self._mark(frozenset())
        return had_any

    def _mark(self, ids: frozenset[str]) -> None:
        if ids != self._listing.marked:
            self._draw(replace(self._listing, marked=ids))

    def action_mark(self) -> None:
        if self.current is None:
            return
        self._range = None
        self._mark(self._listing.marked ^ {self.current.id})
        self.move_cursor(row=min(self.cursor_row + 1, self.row_count - 1), animate=False)

    def action_mark_all(self) -> None:
        """All that are shown; where they are marked already, none."""
        self._range = None
        shown = frozenset(self.drawing.rows)
        self._mark(frozenset() if shown <= self._listing.marked else shown)

    def action_range(self) -> None:
        if self._range is not None:
            self._range = None
        elif self.current is not None:
            self._range = self.current.id, self._listing.marked
            self._extend_range()

    def _extend_range(self) -> None:
        """Marks what lies between where the range began and the cursor, and nothing further."""
        ids = [*self.drawing.rows]
        if self._range is None or self._range[0] not in ids:
            self._range = None
            return
        begin, before = self._range
        first, last = sorted((ids.index(begin), self.cursor_row))
        self._mark(before | set(ids[first : last + 1]))

    # --- the order ------------------------------------------------------------------------

    def action_sort(self) -> None:
        keys = [column.key for column, _ in self.drawing.columns]
        at = keys.index(self._order.by) if self._order.by in keys else -1
        self._sort(Order(keys[(at + 1) % len(keys)]))

    def action_reverse(self) -> None:
        self._sort(Order(self._order.by, not self._order.reverse))

    @on(DataTable.HeaderSelected)
    def sort_by_click(self, event: DataTable.HeaderSelected) -> None:
        """By the column whose head was clicked, or the other way round if it is by that already."""
        key = event.column_key.value
        if key == self._order.by:
            self.action_reverse()
        elif key in [column.key for column, _ in self.drawing.columns]:
            self._sort(Order(str(key)))

    def _sort(self, order: Order) -> None:
        self._order = order
        self._draw(self._listing)

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
