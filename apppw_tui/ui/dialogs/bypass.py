"""The administrator lets somebody in, once, to set up a verification method."""

from typing import Literal

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Label

from apppw_tui.domain.errors import ApppwError
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.portal.sessions import Session
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.glyphs import GLYPHS


class BypassDialog(Dialog[Session | Literal["different"] | None]):
    """Answers with a session that may set up a method, and nothing else."""

    FOOTER = ("cancel", "help")

    def __init__(self, challenge: Challenge) -> None:
        super().__init__("Set up a new method")
        self._challenge = challenge

    def content(self) -> ComposeResult:
        until = self._challenge.bypass_until
        end = "" if until is None else f" until {formatting.exactly(until)}"
        yield Label(
            f"Your administrator lets you in once without a security code{end}. "
            "You can set up a new verification method, and nothing else before that.",
            classes="lead",
            markup=False,
        )
        yield Label("", id="why", classes="slot", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Set it up now", id="now", compact=True)
            yield Button("Use a different verification option", id="different", compact=True)
            yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        self.query_one("#now", Button).focus()

    @on(Button.Pressed, "#now")
    @work
    async def use(self) -> None:
        session = await self.ask("#now", "Checking…", self._challenge.use_bypass, self._refuse)
        if session is not None:
            self.dismiss(session)

    def _refuse(self, error: ApppwError) -> None:
        label = self.query_one("#why", Label)
        label.add_class("-bad")
        label.update(f"{GLYPHS.bad} {error}")

    @on(Button.Pressed, "#different")
    def different(self) -> None:
        self.dismiss("different")

    @on(Button.Pressed, "#cancel")
    def cancel(self) -> None:
        self.action_cancel()
