"""The bytes of a terminal, cut into what they mean: keys, pastes and reports.

Textual's own parser takes whatever it does not know for keys, and its thread dies of bytes that are
no UTF-8 or of numbers that are no characters. Whoever can write to the terminal, or has a slow one
whose late replies arrive when nobody waits for them, could type that way. So this stands before it:
a machine for ECMA-48's sequences (section 5.4 control sequences, 5.6 control strings) that hands on
what is known to be a key or the mouse, and swallows everything else whole (SAFETY 27).
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS, IGNORE_SEQUENCE
from textual._keyboard_protocol import FUNCTIONAL_KEYS

LONGEST_PASTE = 65_536  # characters; what is more is swallowed
_LONGEST_SEQUENCE = 256  # bytes
_ESC, _BEL, _CAN, _SUB, _DELETE = 0x1B, 0x07, 0x18, 0x1A, 0x7F
_FIRST_OF_UTF8 = 0x80
_LARGEST_CHARACTER = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_C0, _C1 = range(0x20), range(0x7F, 0xA0)
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

# How long nothing may come until what has begun is taken for over, in seconds.
AFTER_ESCAPE, AFTER_SEQUENCE, AFTER_STRING, AFTER_PASTE = 0.1, 0.5, 1.0, 5.0


@dataclass(frozen=True)
class Key:
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


TerminalEvent = Key | Mouse | Pasted | Report


class _State(Enum):
    GROUND = auto()
    ESCAPE = auto()
    SEQUENCE = auto()  # ESC [ …
    SHIFTED = auto()  # ESC O …
    STRING = auto()  # ESC ] … and its like
    STRING_ESCAPE = auto()
    OLD_MOUSE = auto()  # three bytes after ESC [ M
    CONSOLE_KEY = auto()  # one after ESC [ [


_PATIENCE = {
    _State.ESCAPE: AFTER_ESCAPE,
    _State.SEQUENCE: AFTER_SEQUENCE,
    _State.SHIFTED: AFTER_ESCAPE,
    _State.STRING: AFTER_STRING,
    _State.STRING_ESCAPE: AFTER_STRING,
    _State.OLD_MOUSE: AFTER_SEQUENCE,
    _State.CONSOLE_KEY: AFTER_SEQUENCE,
}


class TerminalInput:
    """Takes bytes in any portions; the outcome is that of all of them at once."""

    def __init__(self) -> None:
        self._state = _State.GROUND
        self._sequence = bytearray()
        self._left = 0  # bytes of an old mouse report
        self._ends_at_bell = False
        self._pasted: list[str] | None = None  # None: no paste is under way
        self._pasted_length = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def patience(self) -> float | None:
        """Seconds without a byte after which `give_up` is to be called; None: nothing has begun."""
        if self._state is not _State.GROUND:
            return _PATIENCE[self._state]
        return None if self._pasted is None else AFTER_PASTE

    def feed(self, data: bytes) -> Iterator[TerminalEvent]:
        """Takes `data`; yields the events that it completes."""
        for byte in data:
            yield from self._take(byte)

    def give_up(self) -> Iterator[TerminalEvent]:
        """Ends what has begun: an ESC alone was the key, all else is dropped."""
        state, self._state = self._state, _State.GROUND
        if state is _State.ESCAPE:
            yield from self._key(Key("\x1b"))
        elif state is _State.SHIFTED and len(self._sequence) == 2:  # noqa: PLR2004 - ESC O
            yield from self._key(Key("O", alt=True))
        elif state is _State.GROUND and self._pasted is not None:
            yield from self._end_of_paste()

    # --- the machine ----------------------------------------------------------------------

    def _take(self, byte: int) -> Iterator[TerminalEvent]:
        match self._state:
            case _State.GROUND:
                yield from self._ground(byte)
            case _State.ESCAPE:
                yield from self._escape(byte)
            case _State.SEQUENCE:
                yield from self._in_sequence(byte)
            case _State.SHIFTED:
                yield from self._shifted(byte)
            case _State.STRING:
                yield from self._string(byte)
            case _State.STRING_ESCAPE:
                self._state = _State.GROUND
                if byte != ord("\\"):
                    self._begin()
                    yield from self._escape(byte)
            case _State.OLD_MOUSE:
                self._left -= 1
                if not self._left:
                    self._state = _State.GROUND
            case _State.CONSOLE_KEY:
                self._state = _State.GROUND
                yield from self._known(f"\x1b[[{chr(byte)}")

    def _begin(self) -> None:
        self._state = _State.ESCAPE
        self._sequence = bytearray([_ESC])
        self._decoder.reset()

    def _ground(self, byte: int) -> Iterator[TerminalEvent]:
        if byte == _ESC:
            yield from self._characters(self._decoder.decode(b"", final=True))
            self._begin()
            return
        yield from self._characters(self._decoder.decode(bytes([byte])))

    def _escape(self, byte: int) -> Iterator[TerminalEvent]:
        self._sequence.append(byte)
        character = chr(byte)
        self._state = _State.GROUND
        if character == "[":
            self._state = _State.SEQUENCE
        elif character == "O":
            self._state = _State.SHIFTED
        elif character in "]P_^X":
            self._state = _State.STRING
            self._ends_at_bell = character == "]"
        elif byte == _ESC:
            yield from self._key(Key("\x1b"))
            self._begin()
        elif character == "\\":
            pass  # the end of a string whose beginning nobody saw
        elif byte < _FIRST_OF_UTF8:
            yield from self._key(Key(character, alt=True))
        else:
            yield from self._ground(byte)

    def _in_sequence(self, byte: int) -> Iterator[TerminalEvent]:
        if byte < 0x20 or byte >= _DELETE:  # noqa: PLR2004 - no part of any sequence
            self._state = _State.GROUND
            if byte == _ESC:
                self._begin()
            elif byte not in (_CAN, _SUB):
                yield from self._ground(byte)
            return
        first = len(self._sequence) == 2  # noqa: PLR2004 - ESC [
        if len(self._sequence) < _LONGEST_SEQUENCE:
            self._sequence.append(byte)
        if first and byte == ord("["):
            self._state = _State.CONSOLE_KEY
        elif first and byte == ord("M"):
            self._state, self._left = _State.OLD_MOUSE, 3
        elif byte == ord("$") and self._sequence[2:-1].isdigit():
            self._state = _State.GROUND  # rxvt's keys with shift, which end so
            yield from self._known(self._sequence.decode())
        elif byte >= 0x40:  # noqa: PLR2004 - ECMA-48 section 5.4: the final byte
            self._state = _State.GROUND
            if len(self._sequence) < _LONGEST_SEQUENCE:
                yield from self._complete(self._sequence.decode())

    def _shifted(self, byte: int) -> Iterator[TerminalEvent]:
        if 0x30 <= byte < 0x40 and len(self._sequence) < _LONGEST_SEQUENCE:  # noqa: PLR2004
            self._sequence.append(byte)
            return
        self._state = _State.GROUND
        if 0x20 <= byte < _DELETE:  # noqa: PLR2004
            yield from self._known(self._sequence.decode() + chr(byte))
        else:
            if len(self._sequence) == 2:  # noqa: PLR2004 - ESC O, and then something else
                yield from self._key(Key("O", alt=True))
            yield from self._ground(byte)

    def _string(self, byte: int) -> Iterator[TerminalEvent]:
        if byte == _ESC:
            self._state = _State.STRING_ESCAPE
        elif byte in (_CAN, _SUB) or (byte == _BEL and self._ends_at_bell):
            self._state = _State.GROUND
        return iter(())

    # --- what it means --------------------------------------------------------------------

    def _characters(self, text: str) -> Iterator[TerminalEvent]:
        for character in text:
            number = ord(character)
            if character == "\N{REPLACEMENT CHARACTER}":
                yield Report.NOT_UTF8
            elif self._pasted is not None:
                self._paste(character)
            elif number not in _C1 or number == _DELETE:
                yield Key(character)

    def _complete(self, sequence: str) -> Iterator[TerminalEvent]:
        if sequence == "\x1b[200~":
            if self._pasted is None:
                self._pasted = []
        elif sequence == "\x1b[201~":
            yield from self._end_of_paste()
        elif sequence in ("\x1b[I", "\x1b[O"):
            yield Report.FOCUSED if sequence[-1] == "I" else Report.BLURRED
        elif (mode := _MODE_REPORT.fullmatch(sequence)) is not None:
            if mode[1] != "0":
                yield Report.SYNCHRONIZED_OUTPUT
        elif (mouse := _MOUSE.fullmatch(sequence)) is not None:
            button, column, row = (int(part) for part in mouse.groups())
            if button < _MORE_BUTTONS and max(column, row) <= _LARGEST_MOUSE:
                yield from self._unless_pasting(Mouse(sequence))
        elif (key := _KEY.fullmatch(sequence)) is not None:
            for one in _reported(key):
                yield from self._key(Key(one))
        else:
            yield from self._known(sequence)

    def _known(self, sequence: str) -> Iterator[TerminalEvent]:
        """A key by one of the sequences that terminals have had for it, if it is one."""
        if sequence in _MISTAKEN or (sequence[-1] == "R" and sequence[2:3].isdigit()):
            return
        if ANSI_SEQUENCES_KEYS.get(sequence, IGNORE_SEQUENCE) is not IGNORE_SEQUENCE:
            yield from self._key(Key(sequence))

    def _key(self, key: Key) -> Iterator[TerminalEvent]:
        return self._unless_pasting(key)

    def _unless_pasting(self, sent: TerminalEvent) -> Iterator[TerminalEvent]:
        """Within a paste nothing is a key: it is part of what was pasted, or a late reply."""
        if self._pasted is None:
            yield sent

    def _paste(self, character: str) -> None:
        assert self._pasted is not None  # noqa: S101 - for mypy
        # A masked field takes what was pasted as it is; for others the app leaves out what it must.
        if character != "\0" and self._pasted_length < LONGEST_PASTE:
            self._pasted.append(character)
            self._pasted_length += 1

    def _end_of_paste(self) -> Iterator[TerminalEvent]:
        pasted, self._pasted, self._pasted_length = self._pasted, None, 0
        if pasted:
            yield Pasted("".join(pasted))


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
    for typed in [f";{one}" for one in characters] or [""]:
        yield f"\x1b[{code}{held}{typed}{final}"


def _is_character(number: int) -> bool:
    """True if somebody can have typed it: no control character, and Unicode has it."""
    if number in _C0 or number in _C1 or number in _SURROGATES:
        return False
    return number <= _LARGEST_CHARACTER
