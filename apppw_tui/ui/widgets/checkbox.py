"""Something to tick, or not."""

from textual import events
from textual.app import RenderResult
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from apppw_tui.ui.glyphs import GLYPHS


class CheckBox(Widget, can_focus=True):
    """One row; its sign tells whether it is ticked, and its colours whether it has the focus."""

    ALLOW_SELECT = False
    BINDINGS = [
        Binding("space,enter", "tick", "Tick", id="tick", tooltip="Tick it, or take it back"),
    ]
    DEFAULT_CSS = """
    CheckBox {
        width: auto;
        max-width: 100%;
        height: 1;
        padding: 0 1;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        &:hover { text-style: underline; }
        &:focus {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
    }
    """

    value = reactive(False, init=False)

    class Changed(Message):
        """It was ticked, or is no longer."""

        def __init__(self, tick: "CheckBox", value: bool) -> None:
            super().__init__()
            self.tick = tick
            self.value = value

        @property
        def control(self) -> "CheckBox":
            return self.tick

    def __init__(self, label: str, *, id: str, value: bool = False) -> None:  # noqa: A002
        super().__init__(id=id)
        self._label = label
        self.set_reactive(CheckBox.value, value)

    def render(self) -> RenderResult:
        return Content(f"{GLYPHS.on if self.value else GLYPHS.off} {self._label}")

    def watch_value(self, value: bool) -> None:
        self.post_message(self.Changed(self, value))

    def action_tick(self) -> None:
        self.value = not self.value

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_tick()
