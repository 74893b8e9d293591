"""Rows of label and value: an app password, a line of activity, and the help."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Grid, Horizontal, VerticalScroll
from textual.widgets import Button, Label

from apppw_tui.domain.activity import ActivityEntry, actor_label, describe
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.names import escaped
from apppw_tui.domain.usage import LastUse
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.base import ActionButton, Dialog

Rows = Sequence[tuple[str, str]]
Next = Literal["rename", "delete"]


class DetailsDialog(Dialog[Next | None]):
    """Answers with which of `actions` is to come next, if any."""

    FOOTER: ClassVar[tuple[str, ...]] = ("rename", "delete", "cancel", "help")
    BINDINGS = [
        Binding("r", "next('rename')", "Rename", id="rename", tooltip="Give it another name"),
        Binding("d", "next('delete')", "Delete", id="delete", tooltip="Delete it"),
        Binding("escape,q", "cancel", "Close", id="cancel", tooltip="Back to the list"),
        Binding("down,j", "scroll(1)", "Down", id="move-down", tooltip="Down", show=False),
        Binding("up,k", "scroll(-1)", "Up", id="move-up", tooltip="Up", show=False),
    ]

    def __init__(self, title: str, rows: Rows, actions: tuple[Next, ...] = ()) -> None:
        super().__init__(title)
        self._rows = rows
        self._actions = actions

    def content(self) -> ComposeResult:
        with VerticalScroll(classes="card", can_focus=False), Grid(id="details"):
            for label, value in self._rows:
                yield Label(label, classes="field-label", markup=False)
                yield Label(value, markup=False)
        with Horizontal(classes="buttons"):
            for action in self._actions:
                yield ActionButton(action.capitalize(), action, f"next('{action}')")
            yield ActionButton("Close", "close", "cancel")

    def on_mount(self) -> None:
        self.query_one("#close", Button).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return parameters[0] in self._actions if action == "next" else True

    def action_cancel(self) -> None:
        self.dismiss(None)

    def action_next(self, action: Next) -> None:
        self.dismiss(action)


class HelpDialog(DetailsDialog):
    """The keys of the screen below, and what they do; the key that opened it closes it."""

    FOOTER = ("cancel",)
    BINDINGS = [
        Binding("escape,q,question_mark,f1", "cancel", "Close", id="cancel", tooltip="Close"),
    ]

    def __init__(self, subject: str, keys: Rows) -> None:
        super().__init__(f"Help: {subject}", keys)


def app_password_details(
    app_password: AppPassword, last: LastUse | None, now: datetime
) -> DetailsDialog:
    """All that is known of an app password; it can be renamed or deleted next."""
    expires = app_password.expires
    created = _exactly_and_ago(app_password.created, now)
    if app_password.created_by_admin:
        created = f"{created}, by the administrator"
    rows = (
        ("Name", escaped(app_password.name)),
        ("For", formatting.describe_scope(app_password)),
        ("Last used", "never" if last is None else _last_use(last)),
        ("Created", created),
        ("Expires", "never" if expires is None else formatting.exactly(expires)),
        ("Begins with", app_password.id),
    )
    return DetailsDialog("App password", rows, ("rename", "delete"))


def activity_details(entry: ActivityEntry, account_name: str, now: datetime) -> DetailsDialog:
    """All that is known of one line of activity."""
    rows = [
        ("What", describe(entry)),
        ("When", _exactly_and_ago(entry.time, now)),
        ("By", actor_label(entry, account_name)),
        ("From", escaped(entry.address) if entry.address else "the server itself"),
    ]
    if service := entry.details.get("service"):
        rows.append(("Service", escaped(service)))
    return DetailsDialog("What happened", rows)


def _last_use(last: LastUse) -> str:
    by = f" by {escaped(last.service)}" if last.service else ""
    place = f" from {escaped(last.address)}" if last.address else ""
    return f"{formatting.exactly(last.time)}{by}{place}"


def _exactly_and_ago(moment: datetime, now: datetime) -> str:
    when, ago = formatting.exactly(moment), formatting.ago(moment, now)
    return f"{when} ({ago})" if ago.endswith(("ago", "now")) else when
