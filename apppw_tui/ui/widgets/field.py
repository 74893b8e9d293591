"""A labelled field with one line under it for what is wrong; and the row of buttons below."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Region, Size
from textual.layout import Layout, WidgetPlacement
from textual.layouts.horizontal import HorizontalLayout
from textual.widget import Widget
from textual.widgets import Input, Label

from apppw_tui.domain.errors import ApppwError
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.widgets.inputs import TextInput


class Field(Vertical):
    """Label, input and slot. The slot says what is wrong with this field, or gives a hint."""

    def __init__(self, label: str, entry: TextInput, *, hint: str = "") -> None:
        super().__init__()
        self._label = label
        self._hint = hint
        self.entry = entry

    def compose(self) -> ComposeResult:
        yield Label(self._label, classes="field-label", markup=False)
        yield self.entry
        yield Label(self._hint, classes="slot", markup=False)

    @property
    def value(self) -> str:
        return self.entry.value

    def show_error(self, reason: str | ApppwError) -> None:
        """Says what is wrong; the focus goes to the field, nothing typed is lost."""
        self._slot(f"{GLYPHS.bad} {reason}", "-bad")
        self.entry.focus()

    def refuse(self, reason: str | ApppwError) -> None:
        """Says what is wrong with a password, and has what is typed next replace it.

        Where a selection cannot be told from a cursor, in sixteen colours, it is emptied.
        """
        self.show_error(reason)
        if self.app.current_theme.ansi:
            with self.entry.prevent(Input.Changed):
                self.entry.clear()
        else:
            self.select_all()

    def show_hint(self, sentence: str, *, good: bool = False) -> None:
        """Puts a remark into the slot."""
        self._slot(sentence, "-good" if good else "")

    def clear(self) -> None:
        """Back to the hint."""
        self._slot(self._hint, "")

    def select_all(self) -> None:
        """Selects what was typed, so that typing replaces it."""
        self.entry.action_select_all()

    def _slot(self, text: str, kind: str) -> None:
        slot = self.query_one(".slot", Label)
        slot.set_class(kind == "-bad", "-bad")
        slot.set_class(kind == "-good", "-good")
        slot.update(text)

    def on_text_input_paste_cut(self, event: TextInput.PasteCut) -> None:
        """Says it under the field, until that changes."""
        event.stop()
        self._slot(f"{GLYPHS.bad} {event.sentence}", "-bad")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Takes the error away: it is being mended."""
        if self.query_one(".slot", Label).has_class("-bad"):
            self.clear()


class WrappedLayout(HorizontalLayout):
    """Side by side as far as there is room, the rest below; none is wider than the row."""

    name = "wrapped"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> list[WidgetPlacement]:
        lines: list[WidgetPlacement] = []
        x, y, height = 0, 0, 0
        for placement in super().arrange(parent, children, size, greedy):
            region = placement.region
            x = x if lines else region.x
            if lines and x + region.width > size.width:
                x, y, height = 0, y + height, 0
            width = min(region.width, size.width)
            lines.append(placement._replace(region=Region(x, y + region.y, width, region.height)))
            x += width + placement.margin.right
            height = max(height, region.bottom)
        return lines


class ButtonRow(Horizontal):
    """Buttons that do not fit side by side go on in the next row.

    Its last widget has the class `-last`.

    `:last-child` would say the same, but then Textual styles every button, and every container of
    which such a rule could speak, with all that is in it, again with each widget that is mounted.
    """

    def __init__(self) -> None:
        super().__init__(classes="buttons")
        self._wrapped = WrappedLayout()
        self._last: Widget | None = None

    @property
    def layout(self) -> Layout:
        """Textual's styles know layouts of its own alone."""
        return self._wrapped

    def compose_add_child(self, widget: Widget) -> None:
        """A widget further right."""
        if self._last is not None:
            self._last.remove_class("-last", update=False)
        self._last = widget.add_class("-last", update=False)
        super().compose_add_child(widget)
