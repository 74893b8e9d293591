"""Delete this app password: Yes or No, and No is nearer."""

from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Button, Label

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.names import shown
from apppw_tui.ui import words
from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.glyphs import GLYPHS

_LISTED = 5


class DeleteDialog(Dialog[bool]):
    """True for Yes."""

    FOOTER = ("yes", "no", "help")
    BINDINGS = [
        Binding("y", "answer(True)", "Yes", id="yes", tooltip="Delete it now"),
        Binding("n", "answer(False)", "No", id="no", tooltip="Keep it"),
        Binding("escape,q", "answer(False)", "No", id="cancel", tooltip="Keep it"),
    ]

    def __init__(self, passwords: list[AppPassword], now: datetime) -> None:
        many = len(passwords) > 1
        super().__init__(f"Delete these {len(passwords)}?" if many else "Delete this app password?")
        self._passwords = passwords
        self._now = now

    def content(self) -> ComposeResult:
        many = len(self._passwords) > 1
        for password in self._passwords[:_LISTED]:
            yield Label(shown(password.name), classes="strong", markup=False)
        if len(self._passwords) > _LISTED:
            yield Label(f"and {len(self._passwords) - _LISTED} more", markup=False)
        if not many:
            password = self._passwords[0]
            made = words.ago(password.created, self._now)
            yield Label(f"{words.scope(password)} {GLYPHS.dot} created {made}", markup=False)
        it = "them" if many else "it"
        yield Label(
            f"Whatever uses {it} stops working at once. This cannot be undone.",
            classes="spaced",
            markup=False,
        )
        with Horizontal(classes="buttons"):
            yield Button("Yes", id="yes", compact=True)
            yield Button("No", id="no", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no", Button).focus()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)
