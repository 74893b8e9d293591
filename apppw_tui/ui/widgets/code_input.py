"""Fields for the second factor: six digits, or a recovery code."""

import asyncio
import re
import unicodedata
from collections.abc import Callable

from textual import events, work
from textual.binding import Binding
from textual.message import Message
from textual.widgets import Input, Label

from apppw_tui.ui.widgets.inputs import TextInput

DIGITS = 6
_LONGEST_PASTE = 1000  # characters; a code stands near the beginning of whatever came with it
_RECOVERY_CHARACTERS = 60  # a code has fourteen; the rest is for what was copied along with it

_ALONE = re.compile(rf"(?<!\d)\d{{{DIGITS}}}(?!\d)")
_HALVES = re.compile(r"(?<!\d)\d{3}[^\w\r\n]\d{3}(?!\d)")


def digits_of(text: str) -> str:
    """The digits of `text` in ASCII, at most six.

    Of more than six: those that stand together as six, else as three and three, else the first.
    """
    plain = "".join(_ascii_digit(sign) or sign for sign in text[:_LONGEST_PASTE])
    every = re.sub(r"[^0-9]", "", plain)
    if len(every) > DIGITS:
        match = _ALONE.search(plain) or _HALVES.search(plain)
        if match is not None:
            return re.sub(r"[^0-9]", "", match[0])
    return every[:DIGITS]


def _ascii_digit(sign: str) -> str:
    """A decimal digit of any script as ASCII; empty for anything else."""
    value = unicodedata.decimal(sign, None)
    return "" if value is None else str(value)


class CheckedInput(TextInput):
    """A field whose content is being checked for a while; meanwhile it takes nothing."""

    busy = False

    def checking(self, on: bool) -> None:
        """While `on`, keys and pastes have no effect, and neither has Enter."""
        self.busy = on
        self.set_class(on, "-checking")

    def refuse(self) -> None:
        """Empties it for the next try. What stands in its slot stays."""
        self.checking(False)
        with self.prevent(Input.Changed):
            self.clear()

    def replace(self, text: str, start: int, end: int) -> None:
        """Every key and paste that changes the content comes through here."""
        if not self.busy:
            super().replace(text, start, end)

    async def action_submit(self) -> None:
        if not self.busy:
            await super().action_submit()


class CodeInput(CheckedInput):
    """Six digits; tells by itself once they are there.

    It is then `busy` until it is told `refuse()` or `checking(False)`: what is typed after the
    sixth digit, in the same burst, must not become another try. Letters are not for it, so they
    stay keys of its dialog.
    """

    BINDINGS = [
        Binding("enter", "submit", "Verify", id="submit", tooltip="Check the six digits"),
    ]

    class Complete(Message):
        """Six digits are there; once for the same ones."""

        def __init__(self, code: str) -> None:
            super().__init__()
            self.code = code

    class Short(Message):
        """Enter was pressed, and some of the six digits are missing."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.max_length = DIGITS
        self._told = ""
        self._filled = ""
        self._was_refused = False

    def fill(self, code: str) -> None:
        """Shows a code that is given away; Enter sends it. What somebody has typed stays."""
        if code and not self.busy and self.value in ("", self._filled):
            self._told = self._filled = code  # so that it does not submit itself
            with self.prevent(Input.Changed):  # a refusal in its slot is still to be read
                self.value = code
            self._told = ""
            self.action_select_all()  # who types another one all the same replaces it

    def refuse(self) -> None:
        """Empties it; Enter then says nothing, so that the refusal can be read.

        Digits submit themselves, and who presses Enter behind the sixth meant those.
        """
        super().refuse()
        self._was_refused = True

    def checking(self, on: bool) -> None:
        """As for any checked field; once it is over, Enter may send the same digits again."""
        if self.busy and not on:
            self._told = ""
        super().checking(on)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Only digits are text here."""
        return character is not None and _ascii_digit(character) != ""

    async def _on_key(self, event: events.Key) -> None:
        """Textual would take every printable key, a letter too."""
        if event.is_printable and not self.check_consume_key(event.key, event.character):
            event.prevent_default()

    def _on_paste(self, event: events.Paste) -> None:
        """Textual would take the first line, as it is."""
        event.stop()
        event.prevent_default()
        digits = digits_of(event.text)
        if len(digits) == DIGITS:
            self.replace(digits, 0, len(self.value))
        elif digits:
            self.replace(digits, *self.selection)

    def replace(self, text: str, start: int, end: int) -> None:
        """More digits than there is room for are none: half a code must not become a try."""
        super().replace(digits_of(text), start, end)

    def watch_value(self, value: str) -> None:
        if value:
            self._was_refused = False
        if len(value) == DIGITS and not self.busy:
            self._complete()

    async def action_submit(self) -> None:
        if self.busy:
            return
        if len(self.value) == DIGITS:
            self._complete()
        elif not self._was_refused:
            self.post_message(self.Short())

    def _complete(self) -> None:
        if self.value != self._told:
            self._told = self.value
            self.checking(True)
            self.post_message(self.Complete(self.value))


class RecoveryInput(CheckedInput):
    """A recovery code, `xxxx xxxx xxxx`. Letters are text here; Enter submits."""

    BINDINGS = [
        Binding("enter", "submit", "Verify", id="submit", tooltip="Check the recovery code"),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, placeholder="xxxx xxxx xxxx")
        self.max_length = _RECOVERY_CHARACTERS


class DemoCode(Label):
    """The code, given away in a demonstration."""

    def __init__(self, peek: Callable[[], str]) -> None:
        super().__init__("", id="peek", classes="quiet", markup=False)
        self._peek = peek

    def on_mount(self) -> None:
        self.renew()

    @work(group="peek")
    async def renew(self) -> None:
        """Reads it anew: the old one was used, or another was sent."""
        code = await asyncio.to_thread(self._peek)
        self.update(f"A demonstration: the code is {code}." if code else "")
        for entry in self.screen.query(CodeInput):
            entry.fill(code)
