"""The field above a list, which then shows what fits."""

from textual.binding import Binding
from textual.message import Message

from apppw_tui.ui.widgets.inputs import TextInput


class FilterInput(TextInput):
    """Enter and down go into the list; esc shows everything again."""

    BINDINGS = [
        Binding("enter", "leave(False)", "To the list", id="to-list", tooltip="To the list"),
        Binding(
            "down", "leave(False)", "To the list", id="step-on", tooltip="To the list", show=False
        ),
        Binding("escape", "leave(True)", "Show all", id="show-all", tooltip="Show all again"),
    ]

    class Left(Message):
        """The list is wanted again; with `clear`, all of it."""

        def __init__(self, *, clear: bool) -> None:
            super().__init__()
            self.clear = clear

    def __init__(self) -> None:
        super().__init__(id="filter", placeholder="name, use, service, address")

    def action_leave(self, clear: bool) -> None:
        self.post_message(self.Left(clear=clear))
