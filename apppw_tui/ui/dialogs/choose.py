"""Choose one of several; what cannot be had says why."""

from textual import on
from textual.app import ComposeResult
from textual.widgets import Label, OptionList

from apppw_tui.ui.dialogs.base import ActionButton, Dialog
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.widgets.field import ButtonRow
from apppw_tui.ui.widgets.lists import Choice, ChoiceList


class ChooseDialog(Dialog[str | None]):
    """Answers with the id that was chosen."""

    FOOTER = ("choose", "cancel", "help")

    def __init__(
        self,
        title: str,
        sentence: str,
        choices: list[Choice],
        leave: str = "Cancel",
        *,
        remark: str = "",
    ) -> None:
        super().__init__(title)
        self._remark = remark
        self._sentence = sentence
        self._choices = choices
        self._leave = leave

    def content(self) -> ComposeResult:
        yield Label(self._sentence, classes="lead", markup=False)
        choices = ChoiceList(*self._choices, id="choices")
        choices.add_class("card")
        yield choices
        if self._remark:
            yield Label(self._remark, id="remark", classes="quiet", markup=False)
        yield Label("", id="why", classes="slot", markup=False)
        with ButtonRow():
            yield ActionButton(self._leave, "cancel")

    def on_mount(self) -> None:
        self.query_one(ChoiceList).focus()

    @on(ChoiceList.Highlighted)
    def explain(self, event: ChoiceList.Highlighted) -> None:
        self._why(event.reason or "", bad=False)

    @on(ChoiceList.ChoiceRefused)
    def refuse(self, event: ChoiceList.ChoiceRefused) -> None:
        self._why(f"{GLYPHS.bad} {event.reason}", bad=True)

    def _why(self, sentence: str, *, bad: bool) -> None:
        label = self.query_one("#why", Label)
        label.set_class(bad, "-bad")
        label.update(sentence)

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)
