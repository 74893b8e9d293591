"""Yes or No, and No is nearer; what is deleted is named."""

from datetime import datetime

from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Button, Label

from apppw_tui.domain import scopes
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.names import escaped
from apppw_tui.domain.usage import Used
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.base import ActionButton, Dialog
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.themes import TALL
from apppw_tui.ui.widgets.field import ButtonRow

_LISTED, _LISTED_IF_SHORT = 5, 2  # so that Yes and No are in sight under all the rest


class ConfirmDialog(Dialog[bool]):
    """True for Yes."""

    FOOTER = ("yes", "no", "help")
    READ_FIRST = True
    BINDINGS = [
        Binding("y", "answer(True)", "Yes", id="yes", tooltip="Do it now"),
        Binding("n", "answer(False)", "No", id="no", tooltip="Leave it as it is"),
        Binding("escape,q", "answer(False)", "No", id="cancel", tooltip="Leave it as it is"),
    ]

    def __init__(self, title: str, *sentences: str) -> None:
        super().__init__(title)
        self._sentences = sentences

    def content(self) -> ComposeResult:
        yield from self.body()
        with ButtonRow():
            yield ActionButton("Yes", "yes", "answer(True)")
            yield ActionButton("No", "no", "answer(False)")

    def body(self) -> ComposeResult:
        """The text between question and buttons."""
        for sentence in self._sentences:
            yield Label(sentence, markup=False)

    def on_mount(self) -> None:
        self.query_one("#no", Button).focus()

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)


class DeleteDialog(ConfirmDialog):
    """True for Yes."""

    def __init__(
        self,
        passwords: list[AppPassword],
        used: Used,
        now: datetime,
        *,
        ends_sessions: bool,
        label: scopes.ScopeLabel = scopes.label,
    ) -> None:
        many = len(passwords) > 1
        super().__init__(f"Delete these {len(passwords)}?" if many else "Delete this app password?")
        self._passwords = passwords
        self._used = used
        self._now = now
        self._ends_sessions = ends_sessions
        self._label = label

    def body(self) -> ComposeResult:
        many = len(self._passwords) > 1
        short = self._ends_sessions and self.app.size.height < TALL
        listed = _LISTED_IF_SHORT if short else _LISTED
        for password in self._passwords[:listed]:
            yield Label(escaped(password.name), classes="strong", markup=False)
        if len(self._passwords) > listed:
            yield Label(f"and {len(self._passwords) - listed} more", markup=False)
        if not many:
            password = self._passwords[0]
            last = self._used.by_id.get(password.id)
            if last is None:
                fact = f"never used, created {formatting.ago(password.created, self._now)}"
            else:
                by = f" by {escaped(last.service)}" if last.service else ""
                fact = f"last used {formatting.ago(last.time, self._now)}{by}"
            yield Label(f"{self._label(password.scope)} {GLYPHS.dot} {fact}", markup=False)
        it = "them" if many else "it"
        yield Label(
            f"Whatever uses {it} stops working at once. This cannot be undone.",
            classes="spaced",
            markup=False,
        )
        if self._ends_sessions:
            yield Label("All your mail sessions end; your other devices reconnect.", markup=False)
