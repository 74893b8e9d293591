"""The lines of what files hold, programs print and logs say."""

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from apppw_tui.domain.names import escaped

LINE_BYTES = 4096
_VALUE_CHARACTERS = (512, 128, 32, 8, 0)  # tried in turn until the line is short enough
_BARE = r"(?a)[A-Za-z0-9._:/@+()-]+"  # needs no quotes
_WORD = "( *)([^ ]+)"


_MOST_OF_A_UNIT = 60


def lines(text: str) -> list[str]:
    r"""Those that end at LF or CR LF, and nowhere else.

    `str.splitlines` ends them at VT, FF, NEL, U+2028 and others too, and text files that are opened
    as such at CR alone: what people name, such as a place in the file system, would make lines.
    """
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []


def log_line(time: datetime, event: str, facts: Mapping[str, str]) -> str:
    """One line of a log: the time in UTC, what happened, and `key=value` for each fact.

    A value that is no single word stands in quotes; nothing in the line acts on a terminal.
    """
    pairs = (
        f"{key if key.isidentifier() else escaped(key)}={_quoted(value)}"
        for key, value in facts.items()
    )
    words = (utc_seconds(time), escaped(event) if event else "", *pairs)
    return " ".join(word for word in words if word)


def fitted(
    values: Mapping[str, object],
    line: Callable[[dict[str, str]], str],
    uncut: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """The line of these values, cut to what LINE_BYTES have room for; its end is a newline.

    `line` makes it of them and of what is `uncut`. A sign says where there was more.
    """
    encoded = b""
    for most in _VALUE_CHARACTERS:
        texts = {key: str(value) for key, value in values.items()}
        cut = {key: text if len(text) <= most else f"{text[:most]}…" for key, text in texts.items()}
        encoded = line({**cut, **uncut}).encode()
        if len(encoded) < LINE_BYTES:
            break
    return encoded[: LINE_BYTES - 1] + b"\n"


def utc_seconds(time: datetime) -> str:
    """The time as files and logs have it: `2026-11-22T12:00:00Z`."""
    return f"{time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _quoted(text: str) -> str:
    if re.fullmatch(_BARE, text):
        return text
    return '"' + escaped(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def describe_wait(wait: float) -> str:
    """A waiting time in seconds, rounded up, as it is said to a person."""
    for size, unit in ((1, "s"), (60, "min")):
        if math.ceil(wait / size) < _MOST_OF_A_UNIT:
            return f"{math.ceil(wait / size)} {unit}"
    return f"{math.ceil(wait / 3600)} h"


def columns(text: str) -> int:
    """The width of `text` as most terminals have it: spacing marks take a column of their own."""
    return len(text) if text.isascii() else sum(map(column_width, text))


def column_width(character: str) -> int:
    """0 for what is drawn over the character before, 2 for the wide ones of East Asia."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def wrapped(text: str, width: int, indent: int = 0) -> str:
    """`text` in rows of so many columns, broken at blanks; all but the first begin `indent` in.

    A longer word has a row of its own, whole where it is ASCII, such as an address to be copied.
    """
    return "\n".join(row for part in text.split("\n") for row in _rows(part, width, " " * indent))


def _rows(text: str, width: int, indent: str) -> Iterator[str]:
    row = ""
    for gap, word in re.findall(_WORD, text):
        if row and columns(f"{row}{gap}{word}") > width:
            yield row
            row = f"{indent}{word}"
        else:
            row += f"{gap}{word}"
        while columns(row) > width and not word.isascii():
            beginning = _beginning(row, width)
            yield beginning
            row = f"{indent}{row[len(beginning) :]}"
    yield row


def cut(text: str, width: int, sign: str = "…") -> str:
    """`text` in so many columns at most; where it has more, `sign` ends it."""
    return text if columns(text) <= width else _beginning(text, width - columns(sign)) + sign


def _beginning(text: str, width: int) -> str:
    taken = 0
    for place, character in enumerate(text):
        taken += column_width(character)
        if taken > width:
            return text[:place]
    return text
