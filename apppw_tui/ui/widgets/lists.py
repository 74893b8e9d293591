"""Lists of things to open or to choose, for arrows, letters and Enter."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from apppw_tui.domain.activity import ActivityEntry, describe
from apppw_tui.domain.names import escaped
from apppw_tui.ui import formatting
from apppw_tui.ui.glyphs import GLYPHS, PLAIN

_CHOSEN = "*" if PLAIN else GLYPHS.good
_NOT_NOW = "(not available)"
_EMPTY = "Nothing yet."
_MARK = "!"  # as in the list of app passwords: worth a look
_GAPS = 2  # columns: the list's edges


_CONSOLE = Console(width=500, file=None)  # for folding text alone
_LEAST_ROOM = 8  # columns


def folded(text: str, room: int, indent: int) -> str:
    """`text` in lines of `room` columns; the further ones stand under the first, `indent` in."""
    lines = Text(text).wrap(_CONSOLE, max(_LEAST_ROOM, room))
    return ("\n" + " " * indent).join(line.plain.rstrip() for line in lines)


def moves(*keys_and_actions: tuple[str, str, str]) -> list[Binding]:
    """Bindings that move about in a list; they need no place in footer or help."""
    return [
        Binding(
            keys, action, label, id=f"move-{action}", tooltip=f"{label} in the list", show=False
        )
        for keys, action, label in keys_and_actions
    ]


class Menu(OptionList):
    """One choice per row; never markup."""

    BINDINGS = [
        Binding("enter", "select", "Open", id="open", tooltip="Open what is highlighted"),
        *moves(
            ("j", "cursor_down", "Down"),
            ("k", "cursor_up", "Up"),
            ("g", "first", "To the top"),
            ("G", "last", "To the end"),
        ),
    ]

    def __init__(self, *options: tuple[str, str], id: str) -> None:  # noqa: A002
        super().__init__(
            *(Option(text, id=option_id) for option_id, text in options),
            id=id,
            markup=False,
            compact=True,
        )

    def get_visual_style(self, *component_classes: str, partial: bool = False) -> Style:
        """The component's style, `reverse` included, which Textual 8.2 leaves out here.

        In sixteen colours the cursor is nothing but reversed.
        """
        style = super().get_visual_style(*component_classes, partial=partial)
        if any(self.get_component_styles(name).text_style.reverse for name in component_classes):
            style += Style(reverse=True)
        return style


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

    def mark(self, id_: str) -> None:
        """From now on this one is chosen alone; without the focus the cursor goes there."""
        self._choices = tuple(replace(choice, chosen=choice.id == id_) for choice in self._choices)
        for at, choice in enumerate(self._choices):
            self.replace_option_prompt_at_index(at, _text(choice))
            if choice.chosen and not self.has_focus:
                self.highlighted = at

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


class ActivityList(Menu):
    """Choosing a line posts `EntryOpened`."""

    BINDINGS = [
        Binding("enter", "select", "Details", id="open", tooltip="Exactly when, and by whom"),
    ]

    class EntryOpened(Message):
        """Somebody wants to know all about one line."""

        def __init__(self, entry: ActivityEntry) -> None:
            super().__init__()
            self.entry = entry

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._entries: Sequence[ActivityEntry] = ()
        self._now: datetime | None = None

    def show(self, entries: Sequence[ActivityEntry], now: datetime) -> None:
        """Fills the list, the cursor on the line where it was."""
        self._entries, self._now = entries, now
        cursor = self.highlighted or 0
        times = [formatting.since(entry.time, now) for entry in entries]
        width = max(map(len, times), default=0)
        room = self.size.width - _GAPS
        self.clear_options()
        self.add_options(
            Option(self._line(entry, f"{time:>{width}}", room))
            for entry, time in zip(entries, times, strict=True)
        )
        if not entries:
            self.add_option(Option(_EMPTY))
        self.highlighted = min(cursor, max(0, len(entries) - 1))

    def on_resize(self, event: events.Resize) -> None:
        if self._now is not None:
            self.show(self._entries, self._now)

    def action_select(self) -> None:
        if self._entries and self.highlighted is not None:
            self.post_message(self.EntryOpened(self._entries[self.highlighted]))

    def _line(self, entry: ActivityEntry, time: str, room: int) -> str:
        """With where it came from, if there is room for that; what is too long is folded."""
        begin = f"{time} {_MARK if entry.is_suspicious else ' '} "
        line = begin + folded(describe(entry), room - cell_len(begin), cell_len(begin))
        place = escaped(entry.address or "")
        gap = room - cell_len(line) - cell_len(place)
        return f"{line}{' ' * gap}{place}" if place and gap > 1 and "\n" not in line else line
