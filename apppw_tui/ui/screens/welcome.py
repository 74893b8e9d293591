"""The first screen of a store that has no accounts yet: the first of them, or a demonstration."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Label

from apppw_tui.ui.messages import FirstChoice
from apppw_tui.ui.themes import add_breakpoints
from apppw_tui.ui.widgets.footer import KeyFooter, StatusLine
from apppw_tui.ui.widgets.header import PortalHeader


class WelcomeScreen(Screen[None]):
    """Two ways on; what has been chosen is told to the app, which brings them back as well."""

    AUTO_FOCUS = ""
    NAME = "Welcome"
    FOOTER = ("leave", "quit", "help")
    BINDINGS = [
        Binding(
            "escape,q", "leave", "Leave", id="leave", tooltip="Leave the program, pressed twice"
        ),
        Binding("down,j", "app.focus_next", "On", id="step-on", tooltip="Next", show=False),
        Binding("up,k", "app.focus_previous", "Back", id="step-back", tooltip="Back", show=False),
    ]

    def __init__(self, host_name: str, place: str) -> None:
        super().__init__()
        self._host_name = host_name
        self._place = place
        self._leaving = False

    def compose(self) -> ComposeResult:
        add_breakpoints(self)
        yield PortalHeader(self._host_name)
        with VerticalScroll(id="door", can_focus=False):
            yield Label("Welcome", id="heading", markup=False)
            yield Label(f"There are no accounts in {self._place} yet.", id="why", markup=False)
            yield Button("Create the first account", id="account", compact=True)
            yield Button("Look around in a demonstration", id="demonstration", compact=True)
            yield Label("Made-up accounts; nothing is kept.", classes="slot", markup=False)
        yield StatusLine()
        yield KeyFooter(self.FOOTER)

    def on_mount(self) -> None:
        self.query_one("#account", Button).focus()

    @on(Button.Pressed)
    def choose(self, event: Button.Pressed) -> None:
        self.post_message(FirstChoice(event.button.id or ""))

    def say(self, sentence: str) -> None:
        self._leaving = False
        self.query_one(StatusLine).say(sentence)

    def action_leave(self) -> None:
        """esc, or ctrl+c, twice, as on Login."""
        if self._leaving:
            self.app.exit()
            return
        self.say("Press esc again to leave.")
        self._leaving = True

    def interrupt(self) -> None:
        """ctrl+c: some terminals keep ^q to themselves."""
        self.action_leave()
