"""Rename an app password."""

from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Input

from apppw_tui.domain.names import escaped
from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.widgets.field import Field
from apppw_tui.ui.widgets.inputs import NewNameInput


class RenameDialog(Dialog[bool | None]):
    """True once the portal has accepted the new name."""

    def __init__(self, name: str, rename: Callable[[str], None]) -> None:
        super().__init__("Rename this app password")
        self._name_now = name
        self._rename = rename

    def content(self) -> ComposeResult:
        yield Field("New name", NewNameInput(id="name", value=escaped(self._name_now)))
        with Horizontal(classes="buttons"):
            yield Button("Rename", id="rename", compact=True)
            yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        field = self.query_one(Field)
        field.entry.focus()
        field.select_all()

    @on(Button.Pressed, "#rename")
    @on(Input.Submitted, "#name")
    @work
    async def rename(self) -> None:
        field = self.query_one(Field)
        name = field.value

        def call() -> bool:
            self._rename(name)
            return True

        if await self.ask("#rename", "Renaming…", call, field.show_error):
            self.dismiss(True)

    @on(Button.Pressed, "#cancel")
    def cancel(self) -> None:
        self.action_cancel()
