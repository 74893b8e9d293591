"""Edit an app password: its name, what it is good for, and how long."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Button, Input

from apppw_tui.domain.app_password import AppPassword, AppPasswordEdit
from apppw_tui.domain.names import escaped
from apppw_tui.domain.policy import Policy
from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.widgets.field import ButtonRow, Field
from apppw_tui.ui.widgets.name_input import SavedNameInput
from apppw_tui.ui.widgets.wishes import WishFields


class EditDialog(Dialog[AppPassword | None]):
    """The app password as it is afterwards, once the portal has accepted it.

    It stays open until then; a refusal appears under the name.
    """

    FOOTER = ("choose", "close-list", "submit", "open", "tick", "cancel", "help")

    def __init__(
        self,
        present: AppPassword,
        save: Callable[[AppPasswordEdit], AppPassword],
        now: Callable[[], datetime],
        policy: Policy,
    ) -> None:
        super().__init__(f"Edit {escaped(present.name)}")
        self._present = present
        self._save = save
        self._now = now
        self._policy = policy

    def content(self) -> ComposeResult:
        with VerticalScroll(classes="card", can_focus=False):
            yield Field("Name", SavedNameInput(id="name", value=escaped(self._present.name)))
            yield WishFields(self._policy, self._now, self._present)
        with ButtonRow():
            yield Button("Save", id="save", compact=True)
            yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        field = self.query_one(Field)
        field.entry.focus()
        field.select_all()

    @on(Button.Pressed, "#save")
    @on(Input.Submitted)
    @work
    async def save(self) -> None:
        field = self.query_one(Field)
        wish = self.query_one(WishFields).wish()
        if wish is None:
            return
        # What is shown escaped is not what it is called.
        named = field.value != escaped(self._present.name)
        edit = replace(wish, name=field.value if named else None)
        after = await self.ask("#save", "Saving…", lambda: self._save(edit), field.show_error)
        if after is not None:
            self.dismiss(after)

    @on(Button.Pressed, "#cancel")
    def cancel(self) -> None:
        self.action_cancel()
