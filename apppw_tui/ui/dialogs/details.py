"""Facts about an app password or a line of activity, a line each; and the help."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Grid, VerticalScroll
from textual.widgets import Button, Label, OptionList

from apppw_tui.domain.activity import ActivityEntry, actor_label, describe
from apppw_tui.domain.names import escaped
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.base import ActionButton, Dialog
from apppw_tui.ui.widgets.facts import Fact, FactList
from apppw_tui.ui.widgets.field import ButtonRow

Next = Literal["edit", "pause", "resume", "delete", "remove"]
Rows = Sequence[tuple[str, str]]


class DetailsDialog(Dialog[Next | None]):
    """Answers with which of `actions` is to come next, if any."""

    FOOTER: ClassVar[tuple[str, ...]] = (
        "copy-fact",
        "edit",
        "pause",
        "resume",
        "delete",
        "remove",
        "cancel",
        "help",
    )
    BINDINGS = [
        Binding("y", "copy", "Copy", id="copy-fact", tooltip="Copy this line"),
        Binding("e,r", "next('edit')", "Edit", id="edit", tooltip="Its name, for what, how long"),
        Binding("x", "next('pause')", "Pause", id="pause", tooltip="Refuse it for now"),
        Binding("x", "next('resume')", "Resume", id="resume", tooltip="Let it in again"),
        Binding("d", "next('delete')", "Delete", id="delete", tooltip="Delete it"),
        Binding("d", "next('remove')", "Remove", id="remove", tooltip="Remove it"),
        Binding("escape,q", "cancel", "Close", id="cancel", tooltip="Back to the list"),
    ]

    def __init__(
        self,
        title: str,
        *groups: Sequence[Fact],
        actions: tuple[Next, ...] = (),
    ) -> None:
        super().__init__(title)
        self._groups = groups
        self._actions = actions

    def content(self) -> ComposeResult:
        facts = FactList(*self._groups, id="facts")
        facts.add_class("card")
        yield facts
        with ButtonRow():
            yield ActionButton("Copy", "copy")
            for action in self._actions:
                yield ActionButton(action.capitalize(), action, f"next('{action}')")
            yield ActionButton("Close", "close", "cancel")

    def on_mount(self) -> None:
        self.query_one(FactList).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return parameters[0] in self._actions if action == "next" else True

    @on(OptionList.OptionSelected)
    def action_cancel(self) -> None:
        self.dismiss(None)

    def action_copy(self) -> None:
        self.query_one(FactList).action_copy()

    def action_next(self, action: Next) -> None:
        self.dismiss(action)


class HelpDialog(Dialog[None]):
    """The keys of the screen below, and what they do; the key that opened it closes it."""

    FOOTER = ("cancel",)
    BINDINGS = [
        Binding("escape,q,question_mark,f1", "cancel", "Close", id="cancel", tooltip="Close"),
        Binding("down,j", "scroll(1)", "Down", id="move-down", tooltip="Down", show=False),
        Binding("up,k", "scroll(-1)", "Up", id="move-up", tooltip="Up", show=False),
    ]

    def __init__(self, subject: str, keys: Rows) -> None:
        super().__init__(f"Help: {subject}")
        self._keys = keys

    def content(self) -> ComposeResult:
        with VerticalScroll(classes="card", can_focus=False), Grid(id="details"):
            for keys, sentence in self._keys:
                yield Label(keys, classes="field-label", markup=False)
                yield Label(sentence, markup=False)
        with ButtonRow():
            yield ActionButton("Close", "close", "cancel")

    def on_mount(self) -> None:
        self.query_one("#close", Button).focus()


def activity_details(entry: ActivityEntry, account_name: str, now: datetime) -> DetailsDialog:
    """All that is known of one line of activity."""
    facts = [
        Fact("What", describe(entry)),
        Fact("When", formatting.exactly_and_ago(entry.time, now)),
        Fact("By", actor_label(entry, account_name)),
        Fact("From", escaped(entry.address) if entry.address else "the server itself"),
    ]
    if service := entry.details.get("service"):
        facts.append(Fact("Service", escaped(service)))
    return DetailsDialog("What happened", facts)
