"""A secret shown this once: copied, then closed; not lost by a hasty key."""

import asyncio
from collections.abc import Callable

from textual import work
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Button, Label

from apppw_tui.domain.secret import Secret
from apppw_tui.ui.clipboard import Copied
from apppw_tui.ui.dialogs.base import Dialog, Reply
from apppw_tui.ui.glyphs import GLYPHS

# An Enter that was meant for the dialog before, or pressed twice, must not destroy the secret.
KEY_GUARD = 0.4  # seconds


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

    def on_mount(self) -> None:
        self.query_one("#copy", Button).focus()

    def ignores_key(self, key: str) -> bool:
        now = self._monotonic()
        if now - self._opened < KEY_GUARD:
            return True
        return key == "enter" and self._kept_at is not None and now - self._kept_at < KEY_GUARD

    def may_quit(self) -> bool:
        return self.confirm_unsaved("quit", "^q")

    @work(group="copy", exclusive=True)
    async def action_copy(self) -> None:
        secret = self._secret
        if secret is None:
            return
        copied = await asyncio.to_thread(self._copy, secret)
        if copied.arrived:
            self.mark_saved(copied.message, copied.hint)
        else:
            self.show_status(f"! {copied.message}", copied.hint, unsure=True)

    def mark_saved(self, sentence: str, hint: str = "") -> None:
        """It is somewhere else now, and may go from the screen."""
        self._kept_at = self._monotonic()
        self.query_one("#hint", Label).update(hint)  # what was said of another way is no more true
        self.show_status(f"{GLYPHS.good} {sentence}")
        self.query_one("#close", Button).focus()

    def show_status(
        self, sentence: str, hint: str = "", *, bad: bool = False, unsure: bool = False
    ) -> None:
        self._warned = False  # whatever was warned of before is no longer what one reads
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
        """True if it was copied, or if whoever leaves has been told that it was not."""
        if self._kept_at is not None or self._warned:
            return True
        self.show_status(
            f"{GLYPHS.bad} {self.UNSAVED} Press {key} again to {verb} anyway.", bad=True
        )
        self._warned = True
        return False

    @property
    def saved(self) -> bool:
        return self._kept_at is not None
