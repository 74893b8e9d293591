"""The same line at the top of every screen."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Label

from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.messages import Navigate


class PortalHeader(Horizontal):
    """The line at the top: the program, its host, who is signed in, and the way to Settings."""

    def __init__(self, host_name: str, account_name: str | None = None) -> None:
        super().__init__()
        self._host_name = host_name
        self._account = account_name

    def compose(self) -> ComposeResult:
        yield Label("App passwords", id="title", markup=False)
        if self._account is None:
            yield Label(self._host_name, id="host", classes="right", markup=False)
            return
        yield Label(f" {GLYPHS.dot} {self._host_name}", id="host", markup=False)
        yield Label(self._account, id="who", classes="right", markup=False)
        yield Button(f"{GLYPHS.gear}Settings F2", id="gear", compact=True)

    @on(Button.Pressed, "#gear")
    def open_settings(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(Navigate("settings"))
