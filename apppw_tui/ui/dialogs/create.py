"""Create an app password: asks its name."""

from collections.abc import Callable
from typing import Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Button, Input

from apppw_tui.domain.errors import ApppwError
from apppw_tui.portal.issuing import Issued
from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.patience import busy
from apppw_tui.ui.widgets.field import Field
from apppw_tui.ui.widgets.inputs import NameInput


class CreateDialog(Dialog[Issued | Literal["back", "skip"] | None]):
    """Stays open until the portal accepts; a refusal appears under the name, which is kept.

    As the last `step` of a set-up it can be skipped.
    """

    FOOTER = ("submit", "back", "cancel", "help")
    BINDINGS = [
        Binding("f4", "back", "Back", id="back", tooltip="One step back"),
    ]

    def __init__(
        self,
        create: Callable[[str], Issued],
        *,
        title: str = "Create an app password",
        step: bool = False,
    ) -> None:
        super().__init__(title)
        self._create = create
        self._step = step

    def content(self) -> ComposeResult:
        yield Field("Name: where will you use it?", NameInput(id="name"))
        with Horizontal(classes="buttons"):
            if self._step:
                yield Button("Back", id="back", compact=True)
            yield Button("Next", id="next", compact=True)
            if self._step:
                yield Button("Skip", id="skip", compact=True)
            else:
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        self.query_one("#name", Input).focus()

    @on(Button.Pressed, "#next")
    @on(Input.Submitted, "#name")
    @work
    async def create(self, event: Button.Pressed | Input.Submitted) -> None:
        field = self.query_one(Field)
        name = event.value if isinstance(event, Input.Submitted) else field.value
        try:
            issued = await self.ask("#next", "Creating…", lambda: self._create(name))
        except ApppwError as error:
            field.refuse(str(error))
            return
        if issued is not None:
            self.dismiss(issued)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._step if action == "back" else True

    @on(Button.Pressed, "#back")
    def action_back(self) -> None:
        if not busy(self.query_one("#next", Button)):
            self.dismiss("back")

    @on(Button.Pressed, "#skip")
    @on(Button.Pressed, "#cancel")
    def cancel(self) -> None:
        self.action_cancel()

    def action_cancel(self) -> None:
        if not busy(self.query_one("#next", Button)):
            self.dismiss("skip" if self._step else None)
