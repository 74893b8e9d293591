"""Choices, which are not typed: one of several, or as many as are ticked."""

from collections.abc import Collection, Iterable

from textual import events
from textual.app import ComposeResult, RenderResult
from textual.binding import Binding
from textual.containers import Grid, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Label, Select
from textual.widgets._select import SelectCurrent, SelectOverlay

from apppw_tui.ui.glyphs import GLYPHS


class OpenList(SelectOverlay):
    """The rows of a `RequiredSelect` that is open; letters go to the one that begins so."""

    BINDINGS = [
        Binding("enter", "select", "Choose", id="choose", tooltip="Choose what is highlighted"),
        Binding("escape", "dismiss", "Close", id="close-list", tooltip="Leave it as it was"),
    ]


class RequiredSelect(Select[str]):
    """Always has a value; Enter, Space or an arrow opens it."""

    BINDINGS = [
        Binding("enter,space", "show_overlay", "Open", id="open", tooltip="Show what there is"),
    ]

    def __init__(self, options: Iterable[tuple[str, str]], value: str, *, id: str) -> None:  # noqa: A002
        super().__init__(options, value=value, allow_blank=False, compact=True, id=id)

    def compose(self) -> ComposeResult:
        """Textual's own list has no names for its keys, which the footer needs."""
        yield SelectCurrent(self.prompt)
        yield OpenList().data_bind(compact=Select.compact)


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

    def __init__(self, label: str, *, id: str, value: bool = False) -> None:  # noqa: A002
        super().__init__(id=id)
        self._label = label
        self.set_reactive(CheckBox.value, value)

    def render(self) -> RenderResult:
        return Content(f"{GLYPHS.on if self.value else GLYPHS.off} {self._label}")

    @property
    def label(self) -> str:
        return self._label

    def action_tick(self) -> None:
        self.value = not self.value

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_tick()


class ServiceTicks(Vertical):
    """The services that an app password may be for, each to be ticked, three in a row."""

    DEFAULT_CSS = """
    ServiceTicks {
        height: auto;
        Grid { grid-size: 3; grid-rows: 1; grid-columns: 1fr 1fr 1fr; height: auto; }
    }
    """

    def __init__(self, services: Iterable[tuple[str, str]], ticked: Collection[str] = ()) -> None:
        """`services` are labels and names; those of `ticked` are ticked to begin with."""
        super().__init__()
        self._services = tuple(services)
        self._ticked = frozenset(ticked)

    def compose(self) -> ComposeResult:
        yield Label("Services", classes="field-label")
        with Grid():
            for label, service in self._services:
                # Textual's ids have no full stop, names of services may have one.
                id_ = f"service-{service.replace('.', '_')}"
                yield CheckBox(label, id=id_, value=service in self._ticked)
        yield Label("", classes="slot", markup=False)

    @property
    def ticked(self) -> tuple[str, ...]:
        boxes = zip(self._services, self.query(CheckBox), strict=True)
        return tuple(service for (_, service), box in boxes if box.value)

    def focus_first(self) -> None:
        self.query(CheckBox).first().focus()

    def show_error(self, reason: object) -> None:
        """Says under them what is wrong; the focus goes to the first."""
        slot = self.query_one(".slot", Label)
        slot.add_class("-bad")
        slot.update(f"{GLYPHS.bad} {reason}")
        self.focus_first()

    def on_mount(self) -> None:
        for box in self.query(CheckBox):
            self.watch(box, "value", self._clear, init=False)

    def _clear(self) -> None:
        """Takes the error away: it is being mended."""
        self.query_one(".slot", Label).update("")
