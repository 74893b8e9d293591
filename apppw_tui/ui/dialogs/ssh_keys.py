"""An ssh key: named when it is added, looked at, or used to verify who it is."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Button, Input, Label

from apppw_tui.domain.names import escaped
from apppw_tui.domain.ssh_key import ProvenKey, SshKey
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.portal.sessions import Session
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.base import ActionButton, Dialog
from apppw_tui.ui.dialogs.security_code import UntypedDialog
from apppw_tui.ui.widgets.facts import Fact
from apppw_tui.ui.widgets.field import ButtonRow, Field
from apppw_tui.ui.widgets.inputs import TextInput


class AddKeyDialog(Dialog[Session | Literal["back"] | None]):
    """Answers with the session, once `add` has taken the name; a refusal stands under it."""

    FOOTER = ("submit", "back", "cancel", "help")
    BINDINGS = [
        Binding("f4", "back", "Back", id="back", tooltip="One step back"),
    ]

    def __init__(
        self, title: str, key: ProvenKey, add: Callable[[str], Session], *, step: bool = False
    ) -> None:
        super().__init__(title)
        self._key = key
        self._add = add
        self._step = step

    def content(self) -> ComposeResult:
        yield Label(
            "ssh has verified this key. With it, your password is enough to sign in.",
            classes="lead",
            markup=False,
        )
        yield Label(self._key.fingerprint, classes="quiet", markup=False)
        yield Label(self._key.type_label, classes="quiet lead", markup=False)
        yield Field(
            "Name: where is this key?", TextInput(id="name"), hint="Such as Laptop or YubiKey"
        )
        with ButtonRow():
            if self._step:
                yield ActionButton("Back", "back")
            yield Button("Add", id="add", compact=True)
            yield ActionButton("Cancel", "cancel")

    def on_mount(self) -> None:
        self.query_one("#name", Input).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._step if action == "back" else True

    @on(Input.Submitted, "#name")
    @on(Button.Pressed, "#add")
    @work
    async def add(self) -> None:
        field = self.query_one(Field)
        name = field.value
        session = await self.ask("#add", "Adding…", lambda: self._add(name), field.show_error)
        if session is not None:
            self.dismiss(session)

    def action_back(self) -> None:
        self.leave("back")


class KeyDialog(UntypedDialog):
    """Answers with the session that the key gives which ssh has verified."""

    def __init__(self, challenge: Challenge) -> None:
        key = challenge.key
        name = "" if key is None else f' "{escaped(key.name)}"'
        lead = f"ssh has verified your key{name} for this session."
        title = "Additional security verification"
        super().__init__(title, lead, "Use it", challenge.answer_with_key)


def key_facts(key: SshKey, now: datetime) -> list[Fact]:
    """All that is known of a key."""
    used = "never"
    if key.last_used is not None:
        used = formatting.exactly_and_ago(key.last_used, now)
    return [
        Fact("Type", key.type_label),
        Fact("SHA256", key.fingerprint.removeprefix("SHA256:"), key.fingerprint),
        Fact("Added", formatting.exactly_and_ago(key.added, now)),
        Fact("Used", used),
        *([] if key.last_address is None else [Fact("From", escaped(key.last_address))]),
    ]
