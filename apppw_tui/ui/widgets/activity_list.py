"""The account's events, the newest first: one line each, and Enter opens it."""

from collections.abc import Sequence
from datetime import datetime

from rich.cells import cell_len
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.widgets.option_list import Option

from apppw_tui.domain.activity import ActivityEntry, describe
from apppw_tui.domain.names import escaped
from apppw_tui.ui import formatting
from apppw_tui.ui.widgets.menu import Menu

_EMPTY = "Nothing yet."
_MARK = "!"  # as in the list of app passwords: worth a look
_GAPS = 2  # columns: the list's edges


class ActivityList(Menu):
    """Choosing a line posts `Told`."""

    BINDINGS = [
        Binding("enter", "select", "Details", id="open", tooltip="Exactly when, and by whom"),
    ]

    class Told(Message):
        """Somebody wants to know all about one line."""

        def __init__(self, activity: "ActivityList", entry: ActivityEntry) -> None:
            super().__init__()
            self.activity = activity
            self.entry = entry

        @property
        def control(self) -> "ActivityList":
            return self.activity

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._entries: Sequence[ActivityEntry] = ()
        self._now: datetime | None = None

    def show(self, entries: Sequence[ActivityEntry], now: datetime) -> None:
        """Fills the list, the cursor on the line where it was."""
        self._entries, self._now = entries, now
        cursor = self.highlighted or 0
        times = [formatting.since(entry.time, now) for entry in entries]
        width = max(map(len, times), default=0)
        room = self.size.width - _GAPS
        self.clear_options()
        self.add_options(
            Option(self._line(entry, f"{time:>{width}}", room))
            for entry, time in zip(entries, times, strict=True)
        )
        if not entries:
            self.add_option(Option(_EMPTY))
        self.highlighted = min(cursor, max(0, len(entries) - 1))

    def on_resize(self, event: events.Resize) -> None:
        if self._now is not None:
            self.show(self._entries, self._now)

    def action_select(self) -> None:
        if self._entries and self.highlighted is not None:
            self.post_message(self.Told(self, self._entries[self.highlighted]))

    def _line(self, entry: ActivityEntry, time: str, room: int) -> str:
        """With where it came from, if there is room for that."""
        line = f"{time} {_MARK if entry.is_suspicious else ' '} {describe(entry)}"
        place = escaped(entry.address or "")
        gap = room - cell_len(line) - cell_len(place)
        return f"{line}{' ' * gap}{place}" if place and gap > 1 else line
