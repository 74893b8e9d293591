"""The few signs that are not letters, in what the terminal's font can show."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Glyphs:
    gear: str = "⚙ "
    link: str = "›"  # noqa: RUF001 - it is meant
    bad: str = "✗"
    good: str = "✓"
    on: str = "☑"
    off: str = "☐"
    drop: str = "▾"
    mask: str = "•"
    enter: str = "⏎"
    up: str = "↑"
    down: str = "↓"
    dot: str = "·"
    more: str = "…"


# The Linux console's font has 256 or 512 signs; what it lacks would all look alike.
_ASCII = Glyphs("", ">", "x", "OK:", "[x]", "[ ]", "v", "*", "Enter", "^", "v", "-", "...")

PLAIN = os.environ.get("TERM", "") == "linux"
GLYPHS = _ASCII if PLAIN else Glyphs()
