"""A terminal's characters, and the meaning of its sequences: keys, pastes, reports.

Only what is known to be a key or the mouse is handed on; all else is an answer to a question, or
nothing at all, and does nothing (SAFETY 27).
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS, IGNORE_SEQUENCE
from textual._keyboard_protocol import FUNCTIONAL_KEYS

C0, C1 = range(0x20), range(0x7F, 0xA0)
STRING_TERMINATOR = "\x9c"
# The controls that introduce something, by the character that does so behind ESC.
ONE_BYTE_FORMS = {
    "\x8f": "O",
    "\x90": "P",
    "\x98": "X",
    "\x9b": "[",
    "\x9d": "]",
    "\x9e": "^",
    "\x9f": "_",
}
LONGEST_PASTE = 65_536  # characters; what is more is swallowed
_LARGEST_CHARACTER = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_RELEASED = 3  # kitty's kinds of a report: 1 pressed, 2 repeated, 3 released
_MOST_MODIFIERS = 256
_MOST_AT_ONCE = 32  # characters of one report of a key
_LARGEST_MOUSE = 999  # columns or rows
_MORE_BUTTONS = 128  # back, forward: Textual would take them for the left one

_MOUSE = re.compile(r"\x1b\[<([0-9]{1,3});([0-9]{1,4});([0-9]{1,4})[Mm]")
_MODE_REPORT = re.compile(r"\x1b\[\?2026;([0-4])\$y")
# https://sw.kovidgoyal.net/kitty/keyboard-protocol/: number:shifted:base ; modifiers:kind ; text
_KEY = re.compile(
    r"\x1b\[([0-9]{0,7})(?::[0-9:]*)?"
    r"(?:;([0-9]{0,3})(?::([0-9]?))?(?:;([0-9:]*))?)?([u~ABCDEFHPQS])"
)

# What Textual's table has keys for, and terminals send for something else: as an answer, or for a
# key that has another name. (A cursor's position, CPR, looks like F3 with a modifier.)
_MISTAKEN = {"\x1b[c", "\x1b[62~", "\x1b[63~", "\x1b[~"}


class Key(NamedTuple):
    """A key, by a character or by a sequence that Textual has a name for."""

    sequence: str
    alt: bool = False


@dataclass(frozen=True)
class Mouse:
    """A report of the mouse (xterm, Mouse Tracking, mode 1006)."""

    sequence: str


@dataclass(frozen=True)
class Pasted:
    """A whole paste, without NUL and without sequences of its own."""

    text: str


class Report(Enum):
    """The terminal's word about itself, as far as anybody wants to know."""

    FOCUSED = auto()
    BLURRED = auto()
    SYNCHRONIZED_OUTPUT = auto()  # it can do that
    NOT_UTF8 = auto()  # it sent something else, which was dropped


class CharacterDecoder:
    """UTF-8, byte by byte; a control in its one-byte form, which is none, is itself."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def decode(self, byte: int) -> str:
        """The characters that `byte` completes."""
        text = self._decoder.decode(bytes([byte]))
        control = chr(byte)
        if text[-1:] == "\N{REPLACEMENT CHARACTER}" and (
            control in ONE_BYTE_FORMS or control == STRING_TERMINATOR
        ):
            return text[:-1] + control
        return text


class PasteBuffer:
    """The characters of a paste under way, less what no field takes.

    A masked field takes what was pasted as it is; for others the app leaves out what it must.
    """

    def __init__(self) -> None:
        self._characters: list[str] = []

    def add(self, character: str) -> None:
        if character not in ("\0", STRING_TERMINATOR) and len(self._characters) < LONGEST_PASTE:
            self._characters.append(character)

    @property
    def text(self) -> str:
        return "".join(self._characters)


TerminalEvent = Key | Mouse | Pasted | Report


def meaning(sequence: str) -> Iterator[Key | Mouse | Report]:
    """The events of a whole control sequence, none if it is no key and nobody's concern."""
    if sequence in ("\x1b[I", "\x1b[O"):
        yield Report.FOCUSED if sequence[-1] == "I" else Report.BLURRED
    elif (mode := _MODE_REPORT.fullmatch(sequence)) is not None:
        if mode[1] != "0":
            yield Report.SYNCHRONIZED_OUTPUT
    elif (mouse := _MOUSE.fullmatch(sequence)) is not None:
        button, column, row = (int(part) for part in mouse.groups())
        if button < _MORE_BUTTONS and max(column, row) <= _LARGEST_MOUSE:
            yield Mouse(sequence)
    elif (key := _KEY.fullmatch(sequence)) is not None:
        yield from map(Key, _reported(key))
    else:
        yield from known_key(sequence)


def known_key(sequence: str) -> Iterator[Key]:
    """A key by one of the sequences that terminals have had for it, if it is one."""
    if sequence in _MISTAKEN or (sequence[-1] == "R" and sequence[2:3].isdigit()):
        return
    if ANSI_SEQUENCES_KEYS.get(sequence, IGNORE_SEQUENCE) is not IGNORE_SEQUENCE:
        yield Key(sequence)


def _reported(key: re.Match[str]) -> Iterator[str]:
    """The key of a report, once for each of its characters; nothing if there is no such key."""
    number, modifiers, kind, text, final = key.groups(default="")
    code = int(number or "1")
    if kind == str(_RELEASED) or int(modifiers or "1") > _MOST_MODIFIERS:
        return
    # Textual takes a number that it has no name for as that of a character.
    if f"{code}{final}" not in FUNCTIONAL_KEYS and (final != "u" or not _is_character(code)):
        return
    # One report for each: Textual's parser counts them together, and not far.
    characters = [int(part) for part in text.split(":") if part][:_MOST_AT_ONCE]
    if not all(map(_is_character, characters)):
        return
    held = f";{modifiers}" if modifiers or characters else ""
    for typed in [f";{character}" for character in characters] or [""]:
        yield f"\x1b[{code}{held}{typed}{final}"


def _is_character(number: int) -> bool:
    """True if somebody can have typed it: no control character, and Unicode has it."""
    if number in C0 or number in C1 or number in _SURROGATES:
        return False
    return number <= _LARGEST_CHARACTER
