"""A list to choose one from; what cannot be chosen now says why."""

from dataclasses import dataclass

from textual.binding import Binding
from textual.content import Content
from textual.message import Message

from apppw_tui.ui.glyphs import GLYPHS, PLAIN
from apppw_tui.ui.widgets.menu import Menu

_CHOSEN = "*" if PLAIN else GLYPHS.good
_NOT_NOW = "(not available)"


@dataclass(frozen=True)
class Choice:
    """One row; `disabled_reason` is the sentence why it cannot be chosen now, None if it can."""

    id: str
    label: str
    disabled_reason: str | None = None
    chosen: bool = False


class ChoiceList(Menu):
    """Rows that cannot be chosen are dimmed and marked, and keep the cursor all the same.

    The cursor begins on the one that is chosen. Choosing posts `OptionSelected`, as in any list.
    """

    BINDINGS = [
        Binding("enter", "select", "Choose", id="choose", tooltip="Choose what is highlighted"),
    ]

    class ReasonShown(Message):
        """About one row; its `reason` is why it cannot be chosen now, None if it can."""

        def __init__(self, choices: "ChoiceList", choice: Choice) -> None:
            super().__init__()
            self.choices = choices
            self.choice = choice
            self.reason = choice.disabled_reason

        @property
        def control(self) -> "ChoiceList":
            return self.choices

    class Highlighted(ReasonShown):
        """The cursor is on this one, from the beginning or from now."""

    class ChoiceRefused(ReasonShown):
        """Somebody tried to choose what cannot be chosen now."""

    def __init__(self, *choices: Choice, id: str) -> None:  # noqa: A002
        self._choices = choices
        super().__init__(*((choice.id, _text(choice)) for choice in choices), id=id)
        chosen = [at for at, choice in enumerate(choices) if choice.chosen]
        if chosen:
            self.highlighted = chosen[0]

    @property
    def current(self) -> Choice | None:
        """The one under the cursor."""
        return None if self.highlighted is None else self._choices[self.highlighted]

    def watch_highlighted(self, highlighted: int | None) -> None:
        super().watch_highlighted(highlighted)
        if self.is_mounted:
            self._tell()

    def on_mount(self) -> None:
        """The list moves its cursor while it is being made, when nobody could be told."""
        self._tell()

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self._dim()

    def _tell(self) -> None:
        self._dim()
        if self.current is not None:
            self.post_message(self.Highlighted(self, self.current))

    def _dim(self) -> None:
        """All that cannot be chosen, but what is under the cursor: its colours are the cursor's."""
        style = "dim" if self.app.current_theme.ansi else "$text-disabled"
        for at, choice in enumerate(self._choices):
            if choice.disabled_reason is not None:
                text = Content(_text(choice))
                dimmed = at != self.highlighted or not self.has_focus
                self.replace_option_prompt_at_index(at, text.stylize(style) if dimmed else text)

    def action_select(self) -> None:
        if self.current is not None and self.current.disabled_reason is not None:
            self.post_message(self.ChoiceRefused(self, self.current))
        else:
            super().action_select()


def _text(choice: Choice) -> str:
    mark = _CHOSEN if choice.chosen else " " * len(_CHOSEN)
    why = f" {_NOT_NOW}" if choice.disabled_reason is not None else ""
    return f"{mark} {choice.label}{why}"
