"""Things to fill in, one row each: no blinking, and a masked field gives nothing away."""

from collections.abc import Collection, Iterable

from textual import events
from textual.actions import SkipAction
from textual.app import ComposeResult, RenderResult
from textual.binding import Binding
from textual.containers import Grid, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Label, Select
from textual.widgets._select import SelectCurrent, SelectOverlay

from apppw_tui.domain.names import APP_PASSWORD_NAME_CHARACTERS
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.type_ahead import TypeAhead

# Not the limit of any rule: only what a paste by mistake may put into a field.
_LONGEST = 1100
_TOO_LONG = "What was pasted is too long: nothing of it was taken."
_FIRST_LINE = "Only the first line of what was pasted was taken."
_MANY_LINES = "What was pasted has several lines: nothing of it was taken."


class TextInput(Input):
    """One row; its left edge tells whether it has the focus."""

    BINDINGS = [
        Binding("enter", "submit", "Next", id="submit", tooltip="Go on"),
    ]

    # A blinking cursor sends bytes all day and keeps a dead connection looking alive.
    cursor_blink = reactive(False, init=False)

    class PasteCut(Message):
        """Not all that was pasted stands here, as `sentence` says."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    def __init__(self, *, id: str, value: str = "", placeholder: str = "") -> None:  # noqa: A002
        super().__init__(value, id=id, placeholder=placeholder, max_length=_LONGEST)

    def _on_paste(self, event: events.Paste) -> None:
        """Textual would drop what is too long, and all but the first line, without a word."""
        event.stop()
        event.prevent_default()
        pasted = event.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        lines = [line for line in pasted if line.strip()] or pasted[:1]
        start, end = sorted(self.selection)
        if len(lines) > 1 and self.password:  # nobody would see what of it stands there
            self.post_message(self.PasteCut(_MANY_LINES))
        elif len(self.value) - (end - start) + len(lines[0]) > (self.max_length or _LONGEST):
            self.post_message(self.PasteCut(_TOO_LONG))
        else:
            self.replace(lines[0], start, end)
            if len(lines) > 1:
                self.post_message(self.PasteCut(_FIRST_LINE))

    async def _on_key(self, event: events.Key) -> None:
        """As a binding, Enter would have its effect after the keys that follow it in a burst."""
        bound = self._bindings.key_to_bindings.get("enter", [])
        if event.key == "enter" and any(binding.action == "submit" for binding in bound):
            event.stop()
            event.prevent_default()
            await self.action_submit()


class AdvancingInput(TextInput):
    """A field before a masked one: whatever follows Enter or Tab belongs there.

    Textual moves the focus a moment after the key. A password that arrives together with the key,
    from a password manager or over a slow line, would stand here for everyone to read.
    """

    BINDINGS = [
        Binding("enter,tab", "go_on", "Next", id="to-next", tooltip="Go on", priority=True),
    ]

    def action_go_on(self) -> None:
        self.screen.focus_next()


class NameInput(TextInput):
    """A name for an app password: a little longer than allowed, so that the rule can be told."""

    def __init__(self, *, id: str, value: str = "") -> None:  # noqa: A002
        super().__init__(id=id, value=value)
        self.max_length = APP_PASSWORD_NAME_CHARACTERS * 4


class SavedNameInput(NameInput):
    """The same, where Enter saves."""

    BINDINGS = [
        Binding("enter", "submit", "Save", id="submit", tooltip="Save it"),
    ]


class PasswordInput(TextInput):
    """Masked on screen, so also never on the clipboard."""

    def __init__(self, *, id: str, value: str = "") -> None:  # noqa: A002
        super().__init__(id=id, value=value)
        self.password = True

    def on_unmount(self) -> None:
        """Forgets what was typed: Textual keeps the first screen for as long as it runs."""
        self.set_reactive(Input.value, "")

    def action_copy(self) -> None:
        """A masked field gives nothing away; ctrl+c goes on to whoever says how to leave."""
        raise SkipAction

    def action_cut(self) -> None:
        """A masked field gives nothing away."""


class SubmittingPasswordInput(PasswordInput):
    """A masked field that is handed in with Enter: what follows in the same burst is not for it.

    It is for the dialog or the screen that comes. Until `stay()` the field takes no key.
    """

    BINDINGS = [
        Binding("enter", "submit", "Sign in", id="submit", tooltip="Sign in"),
    ]

    handed_in = False

    async def action_submit(self) -> None:
        app = self.app
        if self.value and not self.handed_in and isinstance(app, TypeAhead):
            self.handed_in = True
            app.buffer_keys(impatient="enter")
        await super().action_submit()

    async def _on_key(self, event: events.Key) -> None:
        """Unused here, a key goes on to the app, where it waits."""
        if self.handed_in:
            event.prevent_default()
        else:
            await super()._on_key(event)

    def stay(self) -> None:
        """It was refused, or nothing came of it."""
        self.handed_in = False


class AdvancingPasswordInput(AdvancingInput, PasswordInput):
    """A masked field before another one."""


class FilterInput(TextInput):
    """Enter and down go into the list; esc shows everything again."""

    BINDINGS = [
        Binding("enter", "leave(False)", "To the list", id="to-list", tooltip="To the list"),
        Binding(
            "down", "leave(False)", "To the list", id="step-on", tooltip="To the list", show=False
        ),
        Binding("escape", "leave(True)", "Show all", id="show-all", tooltip="Show all again"),
    ]

    class Left(Message):
        """The list is wanted again; with `clear`, all of it."""

        def __init__(self, *, clear: bool) -> None:
            super().__init__()
            self.clear = clear

    def __init__(self) -> None:
        super().__init__(id="filter", placeholder="name, use, service, address")

    def action_leave(self, clear: bool) -> None:
        self.post_message(self.Left(clear=clear))


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
