"""The palette: everything that can be done here, everywhere one can go, and the app passwords."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from apppw_tui.domain.names import escaped, name_key
from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.themes import NARROW
from apppw_tui.ui.widgets.inputs import TextInput
from apppw_tui.ui.widgets.lists import Menu

_NAMES, _FEW = 21, 12  # cells, and in a narrow window; what a longer name does follows it
_EDGES = 2  # cells that a row keeps free
_GAPS = 3  # cells between name, what it does, and key
_NOTHING = "No match."


@dataclass(frozen=True)
class PaletteEntry:
    """One thing to do: `name` and `what` are searched; `key` does the same without the palette."""

    name: str
    what: str
    key: str
    run: Callable[[], object]

    def rank(self, wanted: str) -> int | None:
        """The smaller, the better it fits to every word of `wanted`; None: it does not."""
        name, all_of_it = name_key(self.name), name_key(f"{self.name} {self.what}")
        if not all(word in all_of_it for word in wanted.split()):
            return None
        if name.startswith(wanted):
            return 0
        return 1 if any(word.startswith(wanted) for word in name.split()) else 2


class PaletteEntryInput(TextInput):
    """The field of the palette; what moves in a list moves in the one below."""

    BINDINGS = [
        Binding("enter", "screen.choose", "Do it", id="submit", tooltip="Do what is highlighted"),
        Binding("down", "screen.move('cursor_down')", "Down", id="step-on", tooltip="Down",
                show=False),
        Binding("up", "screen.move('cursor_up')", "Up", id="step-back", tooltip="Up", show=False),
        Binding("pagedown", "screen.move('page_down')", "Page down", id="step-page-down",
                tooltip="A page down", show=False),
        Binding("pageup", "screen.move('page_up')", "Page up", id="step-page-up",
                tooltip="A page up", show=False),
    ]  # fmt: skip


class PaletteDialog(Dialog[PaletteEntry | None]):
    """Answers with what was chosen."""

    FOOTER = ("submit", "cancel", "help")
    BINDINGS = [
        Binding("ctrl+p", "cancel", "Close", id="close-palette", tooltip="Close", show=False),
    ]

    def __init__(self, entries: Sequence[PaletteEntry]) -> None:
        super().__init__("Do, or go to")
        self._entries = entries
        self._shown: list[PaletteEntry] = []

    def content(self) -> ComposeResult:
        yield PaletteEntryInput(id="wanted", placeholder="part of a name")
        entries = Menu(id="entries")
        entries.can_focus = False
        entries.add_class("card")
        yield entries

    def on_mount(self) -> None:
        self.query_one("#wanted", Input).focus()

    def on_resize(self) -> None:
        super().on_resize()
        self.call_after_refresh(self.show_fitting)

    @on(Input.Changed, "#wanted")
    def show_fitting(self) -> None:
        """The entries that fit, the best first, else in the order in which they were given."""
        wanted = " ".join(name_key(self.query_one("#wanted", Input).value).split())
        ranked = [(entry.rank(wanted), at) for at, entry in enumerate(self._entries)]
        order = sorted((rank, at) for rank, at in ranked if rank is not None)
        self._shown = [self._entries[at] for _, at in order]
        entries = self.query_one("#entries", Menu)
        room = entries.size.width - _EDGES
        widest = max((cell_len(escaped(entry.name)) for entry in self._shown), default=0)
        width = min(_NAMES if self.app.size.width >= NARROW else _FEW, widest)
        entries.clear_options()
        entries.add_options(Option(_row(entry, width, room)) for entry in self._shown)
        entries.highlighted = 0 if self._shown else None
        self.say("" if self._shown else _NOTHING)

    def action_move(self, how: str) -> None:
        getattr(self.query_one("#entries", Menu), f"action_{how}")()

    def action_choose(self) -> None:
        highlighted = self.query_one("#entries", Menu).highlighted
        if highlighted is not None:
            self.dismiss(self._shown[highlighted])

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """By a click."""
        self.dismiss(self._shown[event.option_index])

    def action_copy_text(self) -> None:
        """ctrl+c leaves it, as esc does: nothing is lost."""
        self.action_cancel()


def _row(entry: PaletteEntry, name_width: int, room: int) -> str:
    """The key is never cut, nor what it does where there is room; a long name is, with a sign."""
    rest = cell_len(entry.what) + cell_len(entry.key) + _GAPS
    name = escaped(entry.name)
    width = max(name_width, min(cell_len(name), room - rest))
    what_width = max(0, room - width - cell_len(entry.key) - _GAPS)
    return f"{_cut(name, width)}  {_cut(entry.what, what_width)} {entry.key}"


def _cut(text: str, width: int) -> str:
    """`text` in so many columns, with a sign that something is missing."""
    if cell_len(text) > width > 0:
        text = set_cell_size(text, width - len(GLYPHS.more)) + GLYPHS.more
    return set_cell_size(text, width)
