"""A secret shown this once: copied, then closed; not lost by a hasty key."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from textual import work
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Label

from apppw_tui.domain.secret import Secret
from apppw_tui.ui.clipboard import Copied
from apppw_tui.ui.dialogs.base import Dialog, Reply
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.portal_calls import BUSY_DELAY, in_thread

# An Enter that was meant for the dialog before, or pressed twice, must not destroy the secret.
KEY_GUARD = 0.4  # seconds
_KEEPING = {"copy": "copying", "save": "saving"}  # by the action, and the button's id


class OneTimeSecretDialog(Dialog[Reply]):
    """Subclasses yield `#card` with `#said` and `#hint` in it, and buttons `#copy` and `#close`."""

    UNSAVED = "Not copied."
    BINDINGS = [
        Binding("c", "copy", "Copy", id="copy", tooltip="Copy to clipboard"),
        Binding("escape,q", "close", "Close", id="close", tooltip="Close; it is not shown again"),
    ]

    def __init__(
        self,
        title: str,
        secret: Secret,
        copy: Callable[[Secret], Copied],
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__(title)
        self._secret: Secret | None = secret
        self._copy = copy
        self._monotonic = monotonic
        self._opened = monotonic()
        self._kept_at: float | None = None
        self._warned = False
        self._keeping: list[str] = []  # what is under way, the latest last
        self._telling: Timer | None = None

    def on_mount(self) -> None:
        self.query_one("#copy", Button).focus()

    def ignores_key(self, key: str) -> bool:
        now = self._monotonic()
        if now - self._opened < KEY_GUARD:
            return True
        if key != "enter" or self.focused is None or self.focused.id != "close":
            return False
        return self._kept_at is not None and now - self._kept_at < KEY_GUARD

    def may_quit(self) -> bool:
        """Not before it is there to be seen, either."""
        return bool(self.query("#said")) and self.confirm_unsaved("quit", "^q")

    @property
    def why_stay(self) -> str:
        return super().why_stay if self.is_keeping else "Not copied yet."

    @work(group="copy", exclusive=True)
    async def action_copy(self) -> None:
        secret = self._secret
        if secret is None:
            return
        at = self.focused
        with self.keeping("copy"):
            copied = await in_thread(self, lambda: self._copy(secret))
        if copied.arrived:
            self.mark_saved(copied.message, copied.hint, at)
        else:
            self.show_status(f"! {copied.message}", copied.hint, unsure=True)

    @contextmanager
    def keeping(self, how: str) -> Iterator[None]:
        """Nobody leaves unwarned while it is brought elsewhere; if that takes a while, it says so.

        What is said meanwhile stands: one way of keeping it may end while the other goes on.
        """
        self._warned = False
        self._keeping.append(_KEEPING[how])
        self._tell_later(f"{_KEEPING[how].capitalize()}{GLYPHS.more}")
        try:
            yield
        finally:
            self._keeping.remove(_KEEPING[how])

    def _tell_later(self, sentence: str) -> None:
        self._tell_no_more()
        self._telling = self.set_timer(BUSY_DELAY, lambda: self._tell(sentence))

    def _tell(self, sentence: str) -> None:
        if self.display:  # else it is being taken apart, and has no line any more
            self.show_status(sentence)

    def _tell_no_more(self) -> None:
        if self._telling is not None:
            self._telling.stop()
            self._telling = None

    def mark_saved(self, sentence: str, hint: str, at: Widget | None) -> None:
        """It is somewhere else now, and may go from the screen.

        Who is still at the button that has done it, `at`, is led on; a key pressed elsewhere was
        meant for what is there.
        """
        self._kept_at = self._monotonic()
        self.query_one("#hint", Label).update(hint)  # what was said of another way is no more true
        self.show_status(f"{GLYPHS.good} {sentence}")
        if at is not None and at is self.focused and at.id in _KEEPING:
            self.query_one("#close", Button).focus()

    def show_status(
        self, sentence: str, hint: str = "", *, bad: bool = False, unsure: bool = False
    ) -> None:
        self._warned = False  # whatever was warned of before is no longer what one reads
        self._tell_no_more()
        label = self.query_one("#said", Label)
        label.set_class(bad, "-bad")
        label.set_class(unsure, "-unsure")
        label.update(sentence)
        if hint:
            self.query_one("#hint", Label).update(hint)
        card = self.query_one("#card", VerticalScroll)
        # All that follows where there is room for it; else its beginning.
        self.call_after_refresh(card.scroll_to_widget, label, animate=False, top=True)

    def say(self, sentence: str) -> None:
        """Not in the frame, which may say that more follows."""
        self.show_status(sentence)

    def action_close(self) -> None:
        """Subclasses answer here, once `confirm_unsaved`."""

    def confirm_unsaved(self, verb: str, key: str = "esc") -> bool:
        """True if it was copied, or if whoever leaves has been told that it was not.

        While it is being copied, nobody can tell yet. A disk that hangs holds nobody for ever.
        """
        if self._warned or (self.saved and not self.is_keeping):
            return True
        anyway = f"Press {key} again to {verb} anyway."
        if self.is_keeping:
            self.show_status(f"! Still {self._keeping[-1]}. {anyway}", unsure=True)
        else:
            self.show_status(f"{GLYPHS.bad} {self.UNSAVED} {anyway}", bad=True)
        self._warned = True
        return False

    @property
    def is_keeping(self) -> bool:
        """True while a copy or a save goes on."""
        return bool(self._keeping)

    @property
    def saved(self) -> bool:
        return self._kept_at is not None
