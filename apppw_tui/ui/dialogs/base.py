"""The base of every dialog: a frame with its question, buttons, keys of its own, and help."""

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button

from apppw_tui.domain.errors import ApppwError
from apppw_tui.ui.portal_calls import NOT_DONE, STILL_AT_WORK, call_portal, is_busy, is_calling
from apppw_tui.ui.themes import add_breakpoints
from apppw_tui.ui.type_ahead import ScreenReady
from apppw_tui.ui.widgets.footer import KeyFooter
from apppw_tui.ui.widgets.more import MoreLine

Reply = TypeVar("Reply")
Result = TypeVar("Result")


class ActionButton(Button):
    """Does what the dialog's `action` does: the one of its own id, unless another is given."""

    def __init__(self, label: str, id_: str, action: str | None = None) -> None:
        super().__init__(label, id=id_, action=f"screen.{action or id_}", compact=True)


class Dialog(ModalScreen[Reply], Generic[Reply]):
    """A question that returns a typed answer, or None if it was cancelled.

    `FOOTER` holds binding ids. `READ_FIRST`: no key that was typed before it is seen answers it.
    Subclasses yield what is inside the frame in `content()`.
    """

    AUTO_FOCUS = ""
    FOOTER: ClassVar[tuple[str, ...]] = ("to-next", "submit", "tick", "cancel", "help")
    READ_FIRST: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,q", "cancel", "Cancel", id="cancel", tooltip="Leave without doing anything"
        ),
        Binding("question_mark,f1", "app.help", "Help", id="help", tooltip="What the keys do"),
        Binding(
            "left,up", "app.focus_previous", "Back", id="step-back", tooltip="Back", show=False
        ),
        Binding("right,down", "app.focus_next", "On", id="step-on", tooltip="On", show=False),
    ]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._late: list[Reply | None] = []
        self._before: str | None = None  # what stood in the frame before ^q was warned of

    def compose(self) -> ComposeResult:
        add_breakpoints(self)
        with Vertical(id="frame") as frame:
            frame.border_title = self._title
            yield from self.content()
            yield MoreLine(".card")
        yield KeyFooter(self.FOOTER)

    def content(self) -> ComposeResult:
        """The widgets inside the frame."""
        yield from ()

    def on_mount(self) -> None:
        """After the refresh the focus is where the subclass's own `on_mount` has put it."""
        self.call_after_refresh(self.post_message, ScreenReady(self))

    def on_resize(self) -> None:
        self.call_after_refresh(self._fit_card)

    def _fit_card(self) -> None:
        """Gives `.card`, the one part that scrolls, the rows that the fixed parts leave."""
        for card in self.query(".card"):
            frame = card.parent
            if not isinstance(frame, Widget):
                continue
            fixed = sum(
                child.outer_size.height + child.styles.margin.height
                for child in frame.children
                if child is not card and child.display
            )
            room = self.size.height - 1 - frame.gutter.height - fixed  # 1: the footer
            card.styles.max_height = max(1, room)

    def ignores_key(self, key: str) -> bool:
        """True while `key` must not do anything, to save people from their own speed."""
        return False

    def may_quit(self) -> bool:
        """False if something would be lost; then it has been said. True the second time."""
        if self._before is not None or not (self.is_working and is_calling(self)):
            return True
        self._before = self.query_one("#frame").border_subtitle or ""
        self.say(STILL_AT_WORK)
        return False

    @property
    def why_stay(self) -> str:
        """The reason why `may_quit` said no, for whoever sees what lies over this."""
        return NOT_DONE

    def _take_back(self) -> None:
        """The call is over: what was said of it is true no more, and what it hid is seen again."""
        before, self._before = self._before, None
        if before is not None and self.query_one("#frame").border_subtitle == STILL_AT_WORK:
            self.say(before)

    def dismiss(self, result: Reply | None = None) -> AwaitComplete:
        """Answers; while something lies over it, help perhaps, once that has gone.

        Textual would take away what lies over it, and leave this dialog there, answered.
        """
        if self.is_active:
            return super().dismiss(result)
        self._late = [result]
        return AwaitComplete()

    def on_screen_resume(self) -> None:
        if self._late and self.is_active:
            super().dismiss(self._late.pop())

    def say(self, sentence: str) -> None:
        """Puts a remark into the frame, where there is room for it in every dialog."""
        self.query_one("#frame").border_subtitle = sentence

    def action_copy_text(self) -> None:
        """ctrl+c, where nothing is selected: no key of the app's arrives while a dialog is open."""
        try:
            super().action_copy_text()
        except SkipAction:
            self.app.action_help_quit()

    async def ask(
        self,
        button: str,
        waiting: str,
        call: Callable[[], Result],
        refused: Callable[[ApppwError], None],
    ) -> Result | None:
        """See `call_portal`; `button` is a selector."""
        return await self.call(call, refused, self.query_one(button, Button), waiting)

    async def call(
        self,
        call: Callable[[], Result],
        refused: Callable[[ApppwError], None],
        button: Button | None = None,
        waiting: str = "",
    ) -> Result | None:
        """See `call_portal`; ^q asks first while it goes on."""
        if button is not None and is_busy(button):
            return None
        result = await call_portal(self, call, refused, button, waiting)
        self._take_back()
        return result

    def action_scroll(self, rows: int) -> None:
        """Scrolls `.card`; where all is in sight, the arrows move between the buttons."""
        card = self.query_one(".card", VerticalScroll)
        if card.max_scroll_y > 0:
            card.scroll_relative(y=rows, animate=False)
        elif rows < 0:
            self.focus_previous()
        else:
            self.focus_next()

    def action_cancel(self) -> None:
        self.leave(None)

    def leave(self, result: Reply | None) -> None:
        """Answers, unless something is being done: its outcome would never be seen."""
        if not self.is_working:
            self.dismiss(result)

    @property
    def is_working(self) -> bool:
        """True while what a button began goes on, or a code is checked, which may be used up."""
        return any(is_busy(button) for button in self.query(Button)) or bool(
            self.query(".-checking")
        )
