"""pyperclip, as a test wants it."""

import threading
from dataclasses import dataclass, field

from tests.terminal.program import PATIENCE


@dataclass
class FakePyperclip:
    """The clipboard of this machine, as pyperclip has it."""

    held: str = "from before"
    copied: list[str] = field(default_factory=list)
    fails: bool = False
    hangs: threading.Event | None = None

    def copy(self, text: str) -> None:
        self._maybe()
        self.copied.append(text)
        self.held = text

    def paste(self) -> str:
        self._maybe()
        return self.held

    def _maybe(self) -> None:
        if self.fails:
            raise RuntimeError("no display")
        if self.hangs is not None:
            self.hangs.wait(PATIENCE)
