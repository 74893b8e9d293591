"""The help: what the keys do here, made from the bindings themselves."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Grid, Horizontal, VerticalScroll
from textual.widgets import Button, Label

from apppw_tui.ui.dialogs.base import Dialog

Keys = list[tuple[str, str]]


class HelpDialog(Dialog[None]):
    """Two columns: the keys, and what they do."""

    FOOTER = ("cancel",)
    BINDINGS = [
        Binding("escape,q,question_mark,f1", "cancel", "Close", id="cancel", tooltip="Close"),
        Binding("down,j", "scroll(1)", "Down", id="scroll-down", tooltip="Down", show=False),
        Binding("up,k", "scroll(-1)", "Up", id="scroll-up", tooltip="Up", show=False),
    ]

    def __init__(self, where: str, keys: Keys) -> None:
        super().__init__(f"Help: {where}")
        self._keys = keys

    def content(self) -> ComposeResult:
        with VerticalScroll(id="card", classes="card"), Grid(id="keys"):
            for keys, does in self._keys:
                yield Label(keys, classes="key", markup=False)
                yield Label(does, markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Close", id="close", compact=True)

    def on_mount(self) -> None:
        self.query_one("#close", Button).focus()

    @on(Button.Pressed, "#close")
    def close(self) -> None:
        self.dismiss(None)

    def action_scroll(self, rows: int) -> None:
        self.query_one("#card", VerticalScroll).scroll_relative(y=rows, animate=False)
