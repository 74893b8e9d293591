"""Everything about one app password, and what can be done with it."""

from datetime import datetime
from typing import Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Grid, Horizontal
from textual.widgets import Button, Label

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.names import escaped
from apppw_tui.domain.usage import LastUse
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.base import Dialog

Next = Literal["rename", "delete"]


class DetailsDialog(Dialog[Next | None]):
    """Answers with what to do next, if anything."""

    FOOTER = ("rename", "delete", "cancel", "help")
    BINDINGS = [
        Binding("r", "next('rename')", "Rename", id="rename", tooltip="Give it another name"),
        Binding("d", "next('delete')", "Delete", id="delete", tooltip="Delete it"),
        Binding("escape,q", "cancel", "Close", id="cancel", tooltip="Back to the list"),
    ]

    def __init__(self, app_password: AppPassword, last: LastUse | None, now: datetime) -> None:
        super().__init__("App password")
        self._password = app_password
        self._last = last
        self._now = now

    def content(self) -> ComposeResult:
        password = self._password
        expires = password.expires
        created = formatting.exactly(password.created)
        if (ago := formatting.ago(password.created, self._now)).endswith(("ago", "now")):
            created = f"{created} ({ago})"
        if password.created_by_admin:
            created = f"{created}, by the administrator"
        with Grid(id="details"):
            for label, value in (
                ("Name", escaped(password.name)),
                ("For", formatting.describe_scope(password)),
                ("Last used", self._last_use()),
                ("Created", created),
                ("Expires", "never" if expires is None else formatting.exactly(expires)),
                ("Begins with", password.id),
            ):
                yield Label(label, classes="field-label", markup=False)
                yield Label(value, markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Rename", id="rename", compact=True)
            yield Button("Delete", id="delete", compact=True)
            yield Button("Close", id="close", compact=True)

    def _last_use(self) -> str:
        last = self._last
        if last is None:
            return "never"
        by = f" by {escaped(last.service)}" if last.service else ""
        place = f" from {escaped(last.address)}" if last.address else ""
        return f"{formatting.exactly(last.time)}{by}{place}"

    def on_mount(self) -> None:
        self.query_one("#close", Button).focus()

    @on(Button.Pressed, "#rename")
    def rename(self) -> None:
        self.dismiss("rename")

    @on(Button.Pressed, "#delete")
    def delete(self) -> None:
        self.dismiss("delete")

    @on(Button.Pressed, "#close")
    def close(self) -> None:
        self.dismiss(None)

    def action_next(self, what: Next) -> None:
        self.dismiss(what)
