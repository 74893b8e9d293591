"""Create an app password: its name, what it is for, and how long."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Button, Input

from apppw_tui.domain.policy import Policy
from apppw_tui.domain.scopes import ANY_APP
from apppw_tui.portal.app_passwords import IssuedAppPassword
from apppw_tui.ui.dialogs.base import ActionButton, Dialog
from apppw_tui.ui.widgets.field import ButtonRow, Field
from apppw_tui.ui.widgets.name_input import NameInput
from apppw_tui.ui.widgets.wishes import WishFields


class CreateDialog(Dialog[IssuedAppPassword | Literal["back", "skip"] | None]):
    """Stays open until the portal accepts; a refusal appears under the name, which is kept.

    As the last `step` of a set-up it can be skipped.
    """

    FOOTER = ("choose", "close-list", "submit", "open", "tick", "back", "cancel", "help")
    BINDINGS = [
        Binding("f4", "back", "Back", id="back", tooltip="One step back"),
    ]

    def __init__(
        self,
        create: Callable[[str, tuple[str, ...], datetime | None], IssuedAppPassword],
        now: Callable[[], datetime],
        policy: Policy,
        *,
        title: str = "Create an app password",
        step: bool = False,
    ) -> None:
        super().__init__(title)
        self._create = create
        self._now = now
        self._policy = policy
        self._step = step

    def content(self) -> ComposeResult:
        with VerticalScroll(classes="card", can_focus=False):
            yield Field("Name: where will you use it?", NameInput(id="name"))
            yield WishFields(self._policy, self._now)
        with ButtonRow():
            if self._step:
                yield ActionButton("Back", "back")
            yield Button("Next", id="next", compact=True)
            if self._step:
                yield ActionButton("Skip", "skip", "cancel")
            else:
                yield ActionButton("Cancel", "cancel")

    def on_mount(self) -> None:
        self.query_one("#name", Input).focus()

    @on(Button.Pressed, "#next")
    @on(Input.Submitted)
    @work
    async def create(self, event: Button.Pressed | Input.Submitted) -> None:
        field = self.query_one(Field)
        name = field.value
        if isinstance(event, Input.Submitted) and event.input is field.entry:
            name = event.value
        wish = self.query_one(WishFields).wish()
        if wish is None:
            return
        scope, expires = wish.scope or (ANY_APP,), wish.expires_at
        issued = await self.ask(
            "#next", "Creating…", lambda: self._create(name, scope, expires), field.show_error
        )
        if issued is not None:
            self.dismiss(issued)

    def label_of(self, action: str) -> str | None:
        """In a set-up the account is open by now, and nothing is cancelled."""
        return "Skip" if action == "cancel" and self._step else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._step if action == "back" else True

    def action_back(self) -> None:
        self.leave("back")

    def action_cancel(self) -> None:
        self.leave("skip" if self._step else None)
