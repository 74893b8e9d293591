"""The account password: changed, or typed once more to verify who it is."""

from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Button, Input, Label

from apppw_tui.domain.errors import ApppwError, RateLimited, SignInRefused
from apppw_tui.portal.sessions import Session
from apppw_tui.ui.dialogs.base import ActionButton, Dialog
from apppw_tui.ui.widgets.choices import CheckBox
from apppw_tui.ui.widgets.field import ButtonRow, Field
from apppw_tui.ui.widgets.inputs import PasswordInput
from apppw_tui.ui.widgets.new_password import AdvancingPasswordInput, NewPassword


class ChangePasswordDialog(Dialog[Session | None]):
    """Answers with the session that goes on; every other one has ended."""

    def __init__(
        self, account_name: str, app_passwords: int, change: Callable[[str, str, bool], Session]
    ) -> None:
        super().__init__("Change the account password")
        self._account = account_name
        self._app_passwords = app_passwords
        self._change = change

    def content(self) -> ComposeResult:
        with VerticalScroll(classes="card", can_focus=False):
            yield Field("Current password", AdvancingPasswordInput(id="current"))
            yield NewPassword(lambda: self._account, "New password")
        if self._app_passwords:
            # Not ticked: what destroys things is chosen, never left as it stands.
            count = "the one app password" if self._app_passwords == 1 else "all app passwords"
            yield CheckBox(f"Delete {count} too", id="delete-all")
        with ButtonRow():
            yield Button("Change", id="change", compact=True)
            yield ActionButton("Cancel", "cancel")

    def on_mount(self) -> None:
        self.query_one("#current", Input).focus()

    @on(Button.Pressed, "#change")
    @on(NewPassword.Submitted)
    @work
    async def change(self) -> None:
        current = self.query_one(Field)
        new = self.query_one(NewPassword)
        if not current.value:
            current.show_error("Type your current password.")
            return
        if not new.is_valid():
            return
        old, fresh = current.value, new.value
        too = any(tick.value for tick in self.query(CheckBox))
        session = await self.ask(
            "#change", "Checking…", lambda: self._change(old, fresh, too), self._refuse
        )
        if session is not None:
            self.dismiss(session)

    def _refuse(self, error: ApppwError) -> None:
        if isinstance(error, SignInRefused | RateLimited):
            self.query_one(Field).refuse(error)
        else:
            self.query_one(NewPassword).show_error(error)


class ConfirmPasswordDialog(Dialog[Session | None]):
    """Answers with the session, verified just now."""

    def __init__(self, check: Callable[[str], Session]) -> None:
        super().__init__("Verify that it is you")
        self._check = check

    def content(self) -> ComposeResult:
        yield Label("It has been a while since you signed in.", classes="lead", markup=False)
        yield Field("Account password", PasswordInput(id="password"))
        with ButtonRow():
            yield Button("Verify", id="verify", compact=True)
            yield ActionButton("Cancel", "cancel")

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
