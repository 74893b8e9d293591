"""The few signs that are not letters, in what the terminal's font can show."""

import os
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple


class Glyphs(NamedTuple):
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
    by: str = "×"  # noqa: RUF001 - it is meant
    none: str = "–"  # noqa: RUF001 - it is meant
    bars: str = "▁▂▃▄▅▆▇█"


# The Linux console's font has 256 or 512 signs; what it lacks would all look alike.
_ASCII = Glyphs(
    "", ">", "x", "OK:", "[x]", "[ ]", "v", "*", "Enter", "^", "v", "-", "...", "x", "-", "_.:-=+*#"
)

# What Textual itself draws, and its nearest ASCII of the same width.
_NEAREST = str.maketrans("…•▼▲║│─━╸╺▀▄█×", ".*v^#|----###x")  # noqa: RUF001 - they are meant


def is_ascii_only(environment: Mapping[str, str]) -> bool:
    """True if the locale says that the terminal shows no UTF-8; where none is said, it does."""
    locales = [environment.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    if locales[2] and locales[1] in ("C.UTF-8", "C.utf8"):
        locales[1] = ""  # Python itself puts it there, where LANG is C or not known here (PEP 538)
    locale = next(filter(None, locales), "UTF-8")
    return "utf8" not in locale.lower().replace("-", "")


def as_ascii(text: str) -> str:
    """`text` in as many columns, with letters that any terminal has."""
    return text if text.isascii() else "".join(map(_nearest, text.translate(_NEAREST)))


def _nearest(sign: str) -> str:
    if sign.isascii():
        return sign
    from rich.cells import cell_len  # the plain portal loads no part of what draws screens

    base = "".join(part for part in unicodedata.normalize("NFKD", sign) if part.isascii())
    width = cell_len(sign)
    return base if len(base) == width else "?" * width


ASCII_ONLY = is_ascii_only(os.environ)
PLAIN = ASCII_ONLY or os.environ.get("TERM", "") == "linux"
GLYPHS = _ASCII if PLAIN else Glyphs()
