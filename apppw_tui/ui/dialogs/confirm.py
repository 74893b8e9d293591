"""Yes or No, and No is nearer."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Button, Label

from apppw_tui.ui.dialogs.base import Dialog


class ConfirmDialog(Dialog[bool]):
    """True for Yes."""

    FOOTER = ("yes", "no", "help")
    BINDINGS = [
        Binding("y", "answer(True)", "Yes", id="yes", tooltip="Do it now"),
        Binding("n", "answer(False)", "No", id="no", tooltip="Leave it as it is"),
        Binding("escape,q", "answer(False)", "No", id="cancel", tooltip="Leave it as it is"),
    ]

    def __init__(self, title: str, *sentences: str) -> None:
        super().__init__(title)
        self._sentences = sentences

    def content(self) -> ComposeResult:
        yield from self.body()
        with Horizontal(classes="buttons"):
            yield Button("Yes", id="yes", compact=True)
            yield Button("No", id="no", compact=True)

    def body(self) -> ComposeResult:
        """The text between question and buttons."""
        for sentence in self._sentences:
            yield Label(sentence, markup=False)

    def on_mount(self) -> None:
        self.query_one("#no", Button).focus()

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)
