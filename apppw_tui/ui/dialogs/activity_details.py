"""Everything about one line of activity."""

from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Grid, Horizontal
from textual.widgets import Button, Label

from apppw_tui.domain.activity import ActivityEntry, actor_label, describe
from apppw_tui.domain.names import escaped
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.base import Dialog


class ActivityDetailsDialog(Dialog[None]):
    """Asks nothing."""

    FOOTER = ("cancel", "help")
    BINDINGS = [
        Binding("escape,q", "cancel", "Close", id="cancel", tooltip="Back to the list"),
    ]

    def __init__(self, entry: ActivityEntry, account_name: str, now: datetime) -> None:
        super().__init__("What happened")
        self._entry = entry
        self._account = account_name
        self._now = now

    def content(self) -> ComposeResult:
        entry = self._entry
        when, ago = formatting.exactly(entry.time), formatting.ago(entry.time, self._now)
        service = entry.details.get("service")
        with Grid(id="details"):
            for label, value in (
                ("What", describe(entry)),
                ("When", f"{when} ({ago})" if ago.endswith(("ago", "now")) else when),
                ("By", actor_label(entry, self._account)),
                ("From", escaped(entry.address) if entry.address else "the server itself"),
                ("Service", escaped(service) if service else None),
            ):
                if value is not None:
                    yield Label(label, classes="field-label", markup=False)
                    yield Label(value, markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Close", id="close", compact=True)

    def on_mount(self) -> None:
        self.query_one("#close", Button).focus()

    @on(Button.Pressed, "#close")
    def close(self) -> None:
        self.dismiss(None)
