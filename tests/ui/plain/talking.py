"""The plain portal without a terminal: what is typed stands in a list, what is shown in a text."""

import io
import math
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from apppw_tui.domain.secret import Secret
from apppw_tui.ui.app_options import AppOptions, ConnectionHelp, Kiosk
from apppw_tui.ui.plain.conversation import Conversation
from apppw_tui.ui.plain.line_input import Ended
from apppw_tui.ui.plain.portal import PlainPortal
from apppw_tui.ui.terminal import IdleClock
from tests.support import PASSWORD, House
from tests.ui.walks import DemoHouse

ACCOUNT = "ada@example.org"
IN = (ACCOUNT, PASSWORD)
END = object()  # ^D
Answer = str | Callable[[str], str] | object  # or what follows from the text so far


class Typed:
    """Answers each question by the next of `answers`; then the person leaves."""

    def __init__(self, output: io.StringIO, answers: list[Answer]) -> None:
        self._output = output
        self._answers = answers
        self.hidden: list[str] = []

    def write(self, text: str) -> None:
        self._output.write(text)

    def read(self, prompt: str, *, echoes: bool) -> str:
        if not self._answers:
            raise Ended(0, "all was answered")
        self._output.write(prompt)
        answer = self._answers.pop(0)
        if answer is END:
            raise Ended(0)
        text = str(answer(self._output.getvalue()) if callable(answer) else answer)
        self._output.write(f"{text if echoes else ''}\n")
        if not echoes:
            self.hidden.append(text)
        return text


class Talk:
    """One run of the plain portal over `house`; `text` is all that was shown."""

    def __init__(self, house: House, *answers: Answer, **options: Any) -> None:
        self._output = io.StringIO()
        presence = IdleClock(house.clock.monotonic, math.inf)
        kiosk: Kiosk | None = options.get("kiosk")
        self.conversation = Conversation(presence, kiosk, self._output)
        self.typed = Typed(self._output, list(answers))
        self.conversation.input = self.typed  # type: ignore[assignment]
        if isinstance(house, DemoHouse):
            says = house.says
            options.setdefault("connecting", ConnectionHelp(house.rows, lambda *_: says))
        surroundings = AppOptions("mail.example.org", **options)
        app = PlainPortal(house.portal, house.clock, surroundings, self.conversation)
        try:
            app.serve()
        except Ended as end:
            self.reason = end.reason

    @property
    def text(self) -> str:
        return self._output.getvalue()

    @property
    def words(self) -> str:
        """The text without its line ends."""
        return " ".join(self.text.split())

    def after(self, words: str) -> str:
        """What was shown after `words`, which stand there once."""
        (_, rest) = self.words.split(words)
        return rest


def keep(into: list[str]) -> Callable[[str, str, datetime, Secret], Path]:
    """Saves recovery codes to a list."""

    def save(_host: str, _name: str, _made: datetime, codes: Secret) -> Path:
        into.append(codes.reveal())
        return Path("/home/ada/codes.txt")

    return save
