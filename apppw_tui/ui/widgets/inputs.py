"""Things to fill in, one row each: no blinking, and a masked field gives nothing away.

Those of the sign-in: each widget that is defined costs time, which the first frame has to wait for.
"""

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input

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
