"""The columns that a text takes in a terminal."""

import unicodedata


def columns(text: str) -> int:
    """The width of `text` as most terminals have it: spacing marks take a column of their own."""
    return len(text) if text.isascii() else sum(map(column_width, text))


def column_width(character: str) -> int:
    """0 for what is drawn over the character before, 2 for the wide ones of East Asia."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
