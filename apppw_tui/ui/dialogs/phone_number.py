"""A telephone number: typed, then proved by a code that is sent there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Button, Input, Label

from apppw_tui.domain.ports import DeliveryMethod
from apppw_tui.portal.enrollment import PhoneEnrollment
from apppw_tui.ui.dialogs.base import ActionButton, Dialog
from apppw_tui.ui.widgets.field import ButtonRow, Field
from apppw_tui.ui.widgets.inputs import TextInput

_LABELS: dict[DeliveryMethod, str] = {
    "text": "Text me a code",
    "call": "Call me",
    "notify": "Notify me",
}


@dataclass(frozen=True)
class PhoneChoice:
    """A number that may exist, and how its owner wants to be reached."""

    set_up: PhoneEnrollment
    kind: DeliveryMethod


class PhoneNumberDialog(Dialog[PhoneChoice | Literal["back"] | None]):
    """`begin` judges the number; a refusal appears under it, and what was typed is kept."""

    FOOTER = ("submit", "back", "cancel", "help")
    BINDINGS = [
        Binding("f4", "back", "Back", id="back", tooltip="One step back"),
    ]

    def __init__(
        self,
        title: str,
        kinds: list[DeliveryMethod],
        begin: Callable[[str], PhoneEnrollment],
        typed: str = "",
        *,
        step: bool = False,
    ) -> None:
        super().__init__(title)
        self._kinds = kinds
        self._begin = begin
        self._typed = typed
        self._step = step

    def content(self) -> ComposeResult:
        yield Label(
            "A code is sent there, to make sure that the number is yours.",
            classes="lead",
            markup=False,
        )
        hint = "Start with + and the country code, such as +49 151 23456789"
        yield Field("Number", TextInput(id="number", value=self._typed), hint=hint)
        with ButtonRow():
            if self._step:
                yield ActionButton("Back", "back")
            for kind in self._kinds:
                yield Button(_LABELS[kind], id=f"kind-{kind}", classes="kind", compact=True)
            yield ActionButton("Cancel", "cancel")

    def on_mount(self) -> None:
        self.query_one("#number", Input).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._step if action == "back" else True

    @on(Input.Submitted, "#number")
    def submitted(self, event: Input.Submitted) -> None:
        self.begin(self._kinds[0], event.value)

    @on(Button.Pressed, ".kind")
    def pressed(self, event: Button.Pressed) -> None:
        chosen = (event.button.id or "").removeprefix("kind-")
        kind = next(kind for kind in self._kinds if kind == chosen)
        self.begin(kind, self.query_one(Field).value)

    @work
    async def begin(self, kind: DeliveryMethod, typed: str) -> None:
        set_up = await self.ask(
            f"#kind-{kind}",
            "Checking…",
            lambda: self._begin(typed),
            self.query_one(Field).show_error,
        )
        if set_up is not None:
            self.dismiss(PhoneChoice(set_up, kind))

    def action_back(self) -> None:
        self.leave("back")
