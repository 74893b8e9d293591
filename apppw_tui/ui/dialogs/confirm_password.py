"""Verify again, where the password is all that there is."""

from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Input, Label

from apppw_tui.portal.sessions import Session
from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.widgets.field import Field
from apppw_tui.ui.widgets.inputs import PasswordInput


class ConfirmPasswordDialog(Dialog[Session | None]):
    """Answers with the session, verified just now."""

    def __init__(self, check: Callable[[str], Session]) -> None:
        super().__init__("Verify that it is you")
        self._check = check

    def content(self) -> ComposeResult:
        yield Label("It is a while since you signed in.", classes="lead", markup=False)
        yield Field("Account password", PasswordInput(id="password"))
        with Horizontal(classes="buttons"):
            yield Button("Verify", id="verify", compact=True)
            yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        self.query_one("#password", Input).focus()

    @on(Button.Pressed, "#verify")
    @on(Input.Submitted, "#password")
    @work
    async def verify(self, event: Button.Pressed | Input.Submitted) -> None:
        field = self.query_one(Field)
        text = event.value if isinstance(event, Input.Submitted) else field.value
        if not text:
            field.show_error("Type your password.")
            return
        session = await self.ask("#verify", "Checking…", lambda: self._check(text), field.refuse)
        if session is not None:
            self.dismiss(session)

    @on(Button.Pressed, "#cancel")
    def cancel(self) -> None:
        self.action_cancel()
