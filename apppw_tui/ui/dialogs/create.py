"""Create an app password: asks its name."""

from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Input

from apppw_tui.domain.errors import ApppwError
from apppw_tui.portal.issuing import Issued
from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.widgets.field import Field
from apppw_tui.ui.widgets.inputs import NameInput


class CreateDialog(Dialog[Issued | None]):
    """Stays open until the portal accepts; a refusal appears under the name, which is kept."""

    def __init__(self, create: Callable[[str], Issued]) -> None:
        super().__init__("Create an app password")
        self._create = create

    def content(self) -> ComposeResult:
        yield Field("Name: where will you use it?", NameInput(id="name"))
        with Horizontal(classes="buttons"):
            yield Button("Next", id="next", compact=True)
            yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        self.query_one("#name", Input).focus()

    @on(Button.Pressed, "#next")
    @on(Input.Submitted, "#name")
    @work
    async def create(self) -> None:
        field = self.query_one(Field)
        name = field.value
        try:
            issued = await self.ask("#next", "Creating…", lambda: self._create(name))
        except ApppwError as error:
            field.refuse(str(error))
            return
        if issued is not None:
            self.dismiss(issued)

    @on(Button.Pressed, "#cancel")
    def cancel(self) -> None:
        self.action_cancel()
