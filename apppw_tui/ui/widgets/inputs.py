"""Text fields of one row: no blinking, and a masked one gives nothing away."""

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding
from textual.reactive import reactive
from textual.widgets import Input

from apppw_tui.domain.names import APP_PASSWORD_NAME_CHARACTERS
from apppw_tui.ui.type_ahead import A_HASH, TypeAhead

# Not the limit of any rule: only what a paste by mistake may put into a field.
_LONGEST = 1100


class TextInput(Input):
    """One row; its left edge tells whether it has the focus."""

    BINDINGS = [
        Binding("enter", "submit", "Next", id="submit", tooltip="Go on"),
    ]

    # A blinking cursor sends bytes all day and keeps a dead connection looking alive.
    cursor_blink = reactive(False, init=False)

    def __init__(self, *, id: str, value: str = "", placeholder: str = "") -> None:  # noqa: A002
        super().__init__(value, id=id, placeholder=placeholder, max_length=_LONGEST)

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
        Binding("enter,tab", "go_on", "Next", id="submit", tooltip="Go on", priority=True),
    ]

    def action_go_on(self) -> None:
        self.screen.focus_next()


class NameInput(TextInput):
    """A name for an app password: a little longer than allowed, so that the rule can be told."""

    def __init__(self, *, id: str, value: str = "") -> None:  # noqa: A002
        super().__init__(id=id, value=value)
        self.max_length = APP_PASSWORD_NAME_CHARACTERS * 4


class NewNameInput(NameInput):
    """The same, where Enter renames."""

    BINDINGS = [
        Binding("enter", "submit", "Rename", id="submit", tooltip="Rename it"),
    ]


class PasswordInput(TextInput):
    """Masked on screen, so also never on the clipboard."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.password = True

    def action_copy(self) -> None:
        """A masked field gives nothing away; ctrl+c goes on to whoever says how to leave."""
        raise SkipAction

    def action_cut(self) -> None:
        """A masked field gives nothing away."""


class SubmittingPasswordInput(PasswordInput):
    """A masked field that is handed in with Enter: what follows in the same burst is not for it.

    It is for the dialog or the screen that comes. Until `stay()` the field takes no key.
    """

    handed_in = False

    async def action_submit(self) -> None:
        app = self.app
        if self.value and not self.handed_in and isinstance(app, TypeAhead):
            self.handed_in = True
            app.buffer_keys(A_HASH, impatient="enter")
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
