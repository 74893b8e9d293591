"""Create an app password: its name, what it is for, and how long; give it another name."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Label

from apppw_tui.domain import expiry, scopes
from apppw_tui.domain.errors import Refused
from apppw_tui.domain.names import escaped
from apppw_tui.domain.policy import Policy
from apppw_tui.portal.app_passwords import IssuedAppPassword
from apppw_tui.ui.dialogs.base import ActionButton, Dialog
from apppw_tui.ui.portal_calls import is_busy
from apppw_tui.ui.widgets.field import Field
from apppw_tui.ui.widgets.inputs import (
    NameInput,
    NewNameInput,
    RequiredSelect,
    ServiceTicks,
    TextInput,
)

_SINGLE, _DATE = "single", "date"
_LAST_DAY = "Such as 2027-01-31; until the end of that day, in this server's time"


class CreateDialog(Dialog[IssuedAppPassword | Literal["back", "skip"] | None]):
    """Stays open until the portal accepts; a refusal appears under the name, which is kept.

    As the last `step` of a set-up it can be skipped.
    """

    FOOTER = ("submit", "open", "tick", "back", "cancel", "help")
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
            with Horizontal(id="wishes"):
                with Vertical():
                    yield Label("For", classes="field-label")
                    offered = _scopes(self._policy)
                    yield RequiredSelect(offered, offered[0][1], id="for")
                with Vertical():
                    yield Label("Expires", classes="field-label")
                    ends = _ends(self._policy)
                    yield RequiredSelect(ends, ends[0][1], id="expires")
            with Vertical(id="more-services", classes="more"):
                yield ServiceTicks(self._policy.service_choices)
            with Vertical(id="more-date", classes="more"):
                yield Field("Last day", TextInput(id="last-day"), hint=_LAST_DAY)
        with Horizontal(classes="buttons"):
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
        field = self._field("name")
        name = field.value
        if isinstance(event, Input.Submitted) and event.input is field.entry:
            name = event.value
        scope, expires = self._scope(), self._expiry()
        if scope is None or isinstance(expires, str):
            return
        issued = await self.ask(
            "#next", "Creating…", lambda: self._create(name, scope, expires), field.show_error
        )
        if issued is not None:
            self.dismiss(issued)

    # --- For and Expires --------------------------------------------------------------------

    @on(RequiredSelect.Changed)
    def ask_more(self, event: RequiredSelect.Changed) -> None:
        """Certain services are ticked and a date is typed; nothing else needs these fields."""
        self.set_class(self.query_one("#for", RequiredSelect).value == _SINGLE, "-services")
        self.set_class(self.query_one("#expires", RequiredSelect).value == _DATE, "-date")
        if event.value == _SINGLE:
            self.call_after_refresh(self.query_one(ServiceTicks).focus_first)
        elif event.value == _DATE:
            self.call_after_refresh(self._field("last-day").entry.focus)

    def _scope(self) -> tuple[str, ...] | None:
        """The scope that was chosen; None if it cannot be that, which has been said."""
        chosen = self.query_one("#for", RequiredSelect).value
        if chosen != _SINGLE:
            return (str(chosen),)
        ticks = self.query_one(ServiceTicks)
        try:
            scope = scopes.read_scope(ticks.ticked)
            self._policy.check_scope(scope)
        except Refused as error:
            ticks.show_error(error)
            return None
        return scope

    def _expiry(self) -> datetime | Literal["refused"] | None:
        chosen = self.query_one("#expires", RequiredSelect).value
        field = self._field("last-day")
        try:
            expires = expiry.parse(field.value if chosen == _DATE else str(chosen), self._now())
            self._policy.check_expiry(expires, self._now())
        except Refused as error:
            field.show_error(error)
            return "refused"
        return expires

    def _field(self, id_: str) -> Field:
        return next(field for field in self.query(Field) if field.entry.id == id_)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._step if action == "back" else True

    def action_back(self) -> None:
        if not is_busy(self.query_one("#next", Button)):
            self.dismiss("back")

    def action_cancel(self) -> None:
        if not is_busy(self.query_one("#next", Button)):
            self.dismiss("skip" if self._step else None)


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
            yield ActionButton("Cancel", "cancel")

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


def _scopes(policy: Policy) -> list[tuple[str, str]]:
    groups = [(scopes.label([word]), word) for word in policy.scope_choices]
    return [*groups, ("Only certain services…", _SINGLE)]


def _ends(policy: Policy) -> list[tuple[str, str]]:
    ends = [
        ("Never", "never") if days is None else (f"In {days} days", str(days))
        for days in policy.expiry_choices
    ]
    return [*ends, ("Until a date…", _DATE)]
