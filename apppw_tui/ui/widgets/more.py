"""The one sign for what is out of sight: `↑ 3 more  ↓ 12 more`, wherever something scrolls.

There are no scroll bars: over ssh one costs more than all the rest.
"""

from rich.cells import cell_len
from textual.dom import DOMNode
from textual.scroll_view import ScrollView
from textual.widget import Widget
from textual.widgets import Label

from apppw_tui.ui.glyphs import GLYPHS

_GAP = 2  # columns


class MoreLine(Label):
    """A row under what scrolls; within a dialog, the lower border of its frame.

    It takes its row only while it has anything to say. `selector` is what scrolls, beside it.
    """

    def __init__(self, selector: str) -> None:
        super().__init__("", classes="more-line", markup=False)
        self.display = False
        self._selector = selector
        self._note = ""
        self._hint = ""

    def on_mount(self) -> None:
        self.screen.screen_layout_refresh_signal.subscribe(self, lambda _: self._tell())
        for target in self._targets():
            self.watch(target, "scroll_y", self._tell, init=False)
            self.watch(target, "virtual_size", self._tell, init=False)

    def note(self, sentence: str) -> None:
        """Says `sentence` at the right, where there is room."""
        self._note = sentence
        self._tell()

    def _targets(self) -> list[Widget]:
        parent = self.parent
        return list(parent.query(self._selector)) if isinstance(parent, DOMNode) else []

    def _tell(self) -> None:
        hint = "".join(hidden_rows(target) for target in self._targets() if target.size.height)
        frame = self.parent
        if isinstance(frame, Widget) and frame.id == "frame":
            if hint != self._hint:  # else a remark that stands there would go
                frame.border_subtitle = hint
        else:
            room = frame.size.width if isinstance(frame, Widget) else 0
            self._show(hint, room - 2 * _GAP)
        self._hint = hint

    def _show(self, hint: str, room: int) -> None:
        gap = room - cell_len(hint) - cell_len(self._note)
        line = f"{hint}{' ' * gap}{self._note}" if gap >= (_GAP if hint else 0) else hint
        # Where rows are few, the note alone is not worth one.
        self.display = bool(hint) or (bool(line) and not self.screen.has_class("-short"))
        if line != self.content:
            self.update(line)


def hidden_rows(widget: Widget) -> str:
    """The numbers of rows out of sight, above and below; nothing where all are seen."""
    above = round(widget.scroll_y)
    below = _end(widget) - above - widget.scrollable_content_region.height
    hidden = {GLYPHS.up: above, GLYPHS.down: below}
    return "  ".join(f"{arrow} {rows} more" for arrow, rows in hidden.items() if rows > 0)


def _end(widget: Widget) -> int:
    """The row after the last one that has anything on it."""
    if isinstance(widget, ScrollView):
        return widget.virtual_size.height
    filled = [
        child for child in widget.children if not isinstance(child, Label) or str(child.content)
    ]
    return max((child.virtual_region.bottom for child in filled), default=0)
