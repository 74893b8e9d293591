"""Questions and answers, line by line: nothing is ever redrawn, and nothing has a colour."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TextIO, TypeVar

from apppw_tui.domain.lines import cut, wrapped
from apppw_tui.domain.secret import Secret
from apppw_tui.ui.app_options import Kiosk
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.plain.line_input import Back, Ended, LineInput
from apppw_tui.ui.terminal import IdleClock

Value = TypeVar("Value")

LIST_AGAIN = "for the list"
_LEAST_BEGINNING = 2  # characters; one alone would be a key that was mistyped
_INDENT = 4  # columns, behind the number of a choice
_NARROWEST, _WIDEST = 20, 79  # columns, whatever a terminal says of itself


@dataclass(frozen=True)
class PlainChoice(Generic[Value]):
    """A numbered line; `key` chooses it too, `reason` says why it cannot be chosen now.

    The `detail` goes on behind the label, of which a word that is wider than a row is cut.
    """

    value: Value
    label: str
    key: str = ""
    reason: str | None = None
    detail: str = ""


class Conversation:
    """Questions and answers, line by line; see LineInput for what ends it."""

    def __init__(self, presence: IdleClock, kiosk: Kiosk | None, output: TextIO) -> None:
        self.presence = presence
        self.input = LineInput(presence, output)
        self._kiosk = kiosk
        self._output = output
        self._failures = 0

    # --- what is shown ----------------------------------------------------------------------------

    def say(self, text: str = "", *, indent: int = 0) -> None:
        """Shows `text`, broken between words; all lines but the first begin `indent` columns in."""
        self.input.write(f"{self._broken(text, indent)}\n")

    def _broken(self, text: str, indent: int = 0) -> str:
        return wrapped(text, self._width, indent)

    def head(self, text: str) -> None:
        """Begins something new: an empty line, then `text`."""
        self.say(f"\n{text}")

    def show(self, text: str) -> None:
        """Shows what must not be broken, such as a secret, on a row of its own."""
        self.input.write(f"{text}\n")

    @property
    def _width(self) -> int:
        try:
            columns = os.get_terminal_size(self._output.fileno()).columns
        except (OSError, ValueError):
            columns = 0
        return max(_NARROWEST, min(columns - 1, _WIDEST)) if columns > 0 else _WIDEST

    # --- what is asked ----------------------------------------------------------------------------

    def ask(self, question: str, default: str | None = None) -> str:
        """Returns the line that is typed; `default` for an empty one. Raises Back."""
        text = self._answer(question, echoes=True).strip()
        if not text and default is None:
            raise Back
        return text or str(default)

    def ask_secret(self, question: str, default: Secret | None = None) -> Secret:
        """The same without echo, and exactly as it is typed. Raises Back."""
        text = self._answer(f"{question} (not shown)", echoes=False)
        if not text and default is None:
            raise Back
        return Secret(text) if text else default or Secret("")

    def confirm(self, question: str) -> bool:
        """True for yes; whatever else is typed is no."""
        try:
            return self.ask(f"{question} Type yes or no").lower() in ("y", "yes")
        except Back:
            return False

    def choose(
        self,
        question: str,
        choices: Sequence[PlainChoice[Value]],
        enter: str = "to go back",
        default: Value | None = None,
        *,
        remark: str = "",
        lists: bool = True,
    ) -> Value:
        """Lists the choices by number; `enter` says what Enter alone does. Raises Back.

        The `remark` says what there is besides. Without `lists` all is known, and shown only to
        whoever asks for it.
        """
        if lists:
            self._list(question, choices, remark)
        again = "" if lists or enter == LIST_AGAIN else ", ?"
        while True:
            typed = self.ask(
                f"Number{again}, or Enter {enter}", "" if default is not None else None
            )
            if not typed and default is not None:
                return default
            matching = _matching(choices, typed)
            if typed == "?":
                self._list(question, choices, remark, keys=True)
            elif len(matching) != 1:
                several = "Several begin so. " if matching else ""
                numbers = "1" if len(choices) == 1 else f"a number from 1 to {len(choices)}"
                self.say(f"{several}Type {numbers}, or ? for the list.")
            elif matching[0].reason is not None:
                self.say(matching[0].reason)
            else:
                return matching[0].value

    def _list(
        self,
        question: str,
        choices: Sequence[PlainChoice[Value]],
        remark: str,
        *,
        keys: bool = False,
    ) -> None:
        if question:
            self.head(question)
        for number, choice in enumerate(choices, 1):
            key = f" (or {choice.key})" if keys and choice.key else ""
            not_now = "" if choice.reason is None else " (not now)"
            room = self._width - _INDENT - len(",")
            label = " ".join(cut(word, room, GLYPHS.more) for word in choice.label.split(" "))
            self.say(f"{number:2}  {label}{choice.detail}{key}{not_now}", indent=_INDENT)
        if remark:
            self.say(remark)

    def record_failure(self) -> None:
        """Counts a wrong password or code; at the kiosk's door the last one ends the program."""
        self._failures += 1
        kiosk = self._kiosk
        if kiosk is None or not self.presence.is_signed_out:
            return
        if self._failures >= kiosk.max_failures:
            raise Ended(0, "Too many wrong tries.")

    def _answer(self, question: str, *, echoes: bool) -> str:
        prompt = self._broken(question if question.endswith("?") else f"{question}:")
        return self.input.read(f"{prompt} ", echoes=echoes)


def _matching(choices: Sequence[PlainChoice[Value]], typed: str) -> Sequence[PlainChoice[Value]]:
    """The choices that `typed` may mean: a number or a key is one alone, a beginning may be more.

    What ends at a comma is the whole name: `Phone` is not `Phone calendar`. Of several, those count
    that can be chosen now.
    """
    for number, choice in enumerate(choices, 1):
        if typed.lower() in (str(number), choice.key):
            return [choice]
    if len(typed) < _LEAST_BEGINNING or typed.isdecimal():
        return []
    beginning = typed.casefold()
    labels = [(choice, f"{choice.label}{choice.detail}".casefold()) for choice in choices]
    whole = [choice for choice, label in labels if f"{label},".startswith(f"{beginning},")]
    several = whole or [choice for choice, label in labels if label.startswith(beginning)]
    return [choice for choice in several if choice.reason is None] or several
