"""The second question: a code, from an app, a message or paper; or the administrator's word."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Button, Input, Label

from apppw_tui.domain.errors import ApppwError, InvalidCode
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.portal.sessions import Session
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.base import ActionButton, Dialog
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.messages import SignInFailed
from apppw_tui.ui.portal_calls import BUSY_DELAY, call_portal
from apppw_tui.ui.themes import NARROW
from apppw_tui.ui.widgets.code_input import CheckedInput, CodeInput, DemoCode, RecoveryInput
from apppw_tui.ui.widgets.field import ButtonRow, Field

Instead = Literal["different", "back"]


@dataclass(frozen=True)
class CodeQuestion:
    """The question for a code, and what happens with the answer.

    `send` sends a code, once more if it is told True, and returns the sentence that says so;
    None where nothing need be sent. `alternatives` are the other ways out than to cancel.
    `demo_code` gives the code away, in a demonstration.
    """

    title: str
    sentence: str
    check: Callable[[str], Session]
    send: Callable[[bool], str] | None = None
    recovery: bool = False
    alternatives: tuple[Instead, ...] = ("different",)
    demo_code: Callable[[], str] | None = None


class SecurityCodeDialog(Dialog[Session | Instead | None]):
    """Answers with the session that the right code gives. Six digits submit themselves."""

    FOOTER = ("different", "back", "again", "submit", "cancel", "help")
    BINDINGS = [
        Binding("o,f3", "instead('different')", "Different option", id="different",
                tooltip="Use a different verification option"),
        Binding("b,f4", "instead('back')", "Back", id="back", tooltip="One step back"),
        Binding("r,f5", "again", "Send again", id="again", tooltip="Send a new code"),
    ]  # fmt: skip

    def __init__(self, question: CodeQuestion) -> None:
        super().__init__(question.title)
        self._question = question
        self._working = False

    def content(self) -> ComposeResult:
        question = self._question
        yield Label(question.sentence, id="sentence", classes="lead", markup=False)
        if question.recovery:
            yield Field("Recovery code", RecoveryInput(id="code"))
        else:
            yield Field("Code", CodeInput(id="code"))
        if question.demo_code is not None:
            yield DemoCode(question.demo_code)
        with ButtonRow():
            if "back" in question.alternatives:
                yield ActionButton("Back", "back", "instead('back')")
            if "different" in question.alternatives:
                yield ActionButton(different_label(self), "different", "instead('different')")
            if question.send is not None:
                yield ActionButton("Send again", "again")
            yield ActionButton("Cancel", "cancel")

    def on_mount(self) -> None:
        self._entry.focus()
        if self._question.send is not None:
            self.send(again=False)

    @property
    def _entry(self) -> CheckedInput:
        return self.query_one("#code", CheckedInput)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only the ways out that this question has."""
        if action == "instead":
            return parameters[0] in self._question.alternatives
        if action == "again":
            return self._question.send is not None
        return True

    # --- sending ----------------------------------------------------------------------------

    def action_again(self) -> None:
        self.send(again=True)

    @work(group="send")
    async def send(self, *, again: bool) -> None:
        """One message at a time; what became of it stands in the sentence or under the field."""
        send = self._question.send
        if send is None or self._working:
            return
        self._working = True
        field = self.query_one(Field)
        field.show_hint("Sending…")
        try:
            sentence = await call_portal(self, lambda: send(again), field.show_error)
        finally:
            self._working = False
        if sentence is not None:
            self.query_one("#sentence", Label).update(sentence)
            field.show_hint("Sent again." if again else "")
        self._renew_demo_code()

    # --- answering --------------------------------------------------------------------------

    @on(CodeInput.Complete)
    def complete(self, event: CodeInput.Complete) -> None:
        self.check(event.code)

    @on(CodeInput.Short)
    def short(self) -> None:
        self.query_one(Field).show_error("A code has six digits.")

    @on(Input.Submitted, "#code")
    def submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._entry.checking(True)
            self.check(event.value)
        else:
            self.query_one(Field).show_error("Type one of your recovery codes.")

    @work(group="check", exclusive=True)
    async def check(self, text: str) -> None:
        """Hands `text` to the portal; the field takes nothing meanwhile."""
        field = self.query_one(Field)
        timer = self.set_timer(BUSY_DELAY, lambda: field.show_hint("Checking…"))
        session = await self.call(lambda: self._question.check(text), self._refuse)
        timer.stop()
        if session is not None:
            self.dismiss(session)

    def _refuse(self, error: ApppwError) -> None:
        self.query_one(Field).show_error(error)
        if isinstance(error, InvalidCode):
            self.post_message(SignInFailed())
        if not self._question.recovery:
            self._entry.refuse()
        self._entry.checking(False)
        self._renew_demo_code()

    def _renew_demo_code(self) -> None:
        for demo_code in self.query(DemoCode):
            demo_code.renew()

    # --- leaving ----------------------------------------------------------------------------

    def action_instead(self, answer: Instead) -> None:
        self.leave(answer)


def different_label(dialog: Dialog[Any]) -> str:
    """The button's label that a dialog has room for."""
    is_narrow = dialog.app.size.width < NARROW
    return "Different option" if is_narrow else "Use a different verification option"


class UntypedDialog(Dialog[Session | Literal["different"] | None]):
    """A way in at which nothing is typed; answers with the session that `use` gives."""

    FOOTER = ("cancel", "help")

    def __init__(self, title: str, lead: str, verb: str, use: Callable[[], Session]) -> None:
        super().__init__(title)
        self._lead = lead
        self._verb = verb
        self._use = use

    def content(self) -> ComposeResult:
        yield Label(self._lead, classes="lead", markup=False)
        yield Label("", id="why", classes="slot", markup=False)
        with ButtonRow():
            yield Button(self._verb, id="now", compact=True)
            yield Button(different_label(self), id="different", compact=True)
            yield ActionButton("Cancel", "cancel")

    def on_mount(self) -> None:
        self.query_one("#now", Button).focus()

    @on(Button.Pressed, "#now")
    @work
    async def use(self) -> None:
        session = await self.ask("#now", "Checking…", self._use, self._refuse)
        if session is not None:
            self.dismiss(session)

    @on(Button.Pressed, "#different")
    def differently(self) -> None:
        self.leave("different")

    def _refuse(self, error: ApppwError) -> None:
        label = self.query_one("#why", Label)
        label.add_class("-bad")
        label.update(f"{GLYPHS.bad} {error}")


class BypassDialog(UntypedDialog):
    """Answers with a session that may set up a method, and nothing else."""

    def __init__(self, challenge: Challenge) -> None:
        until = challenge.bypass_until
        end = "" if until is None else f" until {formatting.exactly(until)}"
        lead = (
            f"Your administrator lets you in once without a code{end}. "
            "Set up a new verification method first."
        )
        super().__init__("Set up a new method", lead, "Set it up now", challenge.use_bypass)
