"""The bytes of a terminal, cut into what they mean: keys, pastes and reports.

Textual's own parser takes whatever it does not know for keys, and its thread dies of bytes that are
no UTF-8 or of numbers that are no characters. Whoever can write to the terminal, or has a slow one
whose late replies arrive when nobody waits for them, could type that way. So this stands before it:
a machine for ECMA-48's sequences (section 5.3 the one-byte forms of what ESC introduces, 5.4
control sequences, 5.6 control strings) that hands on what is known to be a key or the mouse, and
swallows everything else whole (SAFETY 27).
"""

import time
from collections.abc import Callable, Iterator
from enum import Enum, auto

from apppw_tui.ui.terminal_events import (
    C0,
    C1,
    ONE_BYTE_FORMS,
    STRING_TERMINATOR,
    CharacterDecoder,
    Key,
    PasteBuffer,
    Pasted,
    Report,
    TerminalEvent,
    known_key,
    meaning,
)

_LONGEST_SEQUENCE = 256  # characters
_LONGEST_REST = 4_096  # characters of a stalled reply that are swallowed once it goes on
_ESC, _BEL, _CAN, _SUB, _DELETE = "\x1b", "\x07", "\x18", "\x1a", "\x7f"
_DIGITS = "0123456789"

# How long nothing may come until what has begun is taken for over, in seconds.
AFTER_ESCAPE, AFTER_SEQUENCE, AFTER_STRING, AFTER_PASTE = 0.1, 0.5, 1.0, 5.0
# How much longer the rest of a reply that has stalled is swallowed, in seconds, whatever comes.
AFTER_REPLY = 3.0

# These two characters can also be a key with Alt. How a reply goes on then, and no person: keys
# that follow such a key are keys, these characters are the rest of a reply that stalled early.
_REPLY_GOES_ON = {"[": "<=>?", "]": _DIGITS, "P": f"{_DIGITS}!$>", "_": "G"}


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

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._state = _State.GROUND
        self._sequence = ""
        self._introducer = ""  # of what is under way, as it stands behind ESC
        self._may_be_key = False  # nothing has come but ESC and one character
        self._is_late = False  # it has stalled, and only its rest is waited for
        self._rest = 0  # characters that it may still have then
        self._left = 0  # bytes of an old mouse report
        self._paste: PasteBuffer | None = None  # None: none is under way
        self._decoder = CharacterDecoder()
        self._deadline: float | None = None

    @property
    def deadline(self) -> float | None:
        """The clock's instant at which `give_up` is to be called, unless bytes have come.

        None: nothing has begun.
        """
        return self._deadline

    def feed(self, data: bytes) -> Iterator[TerminalEvent]:
        """Takes `data`; yields the events that it completes."""
        if self._is_late and self._deadline is not None and self._clock() >= self._deadline:
            yield from self.give_up()
        for byte in data:
            if self._state is _State.OLD_MOUSE:  # no UTF-8
                self._left -= 1
                if not self._left:
                    self._enter(_State.GROUND)
                continue
            for character in self._decoder.decode(byte):
                yield from self._take(character)
        if not self._is_late:
            self._wait()

    def give_up(self) -> Iterator[TerminalEvent]:
        """Ends what has begun: an ESC alone was the key, all else is dropped.

        Of what is no key the rest is dropped as well, if it comes within a while.
        """
        state = self._state
        if self._is_late:
            self._enter(_State.GROUND)
        elif state is _State.ESCAPE:
            self._enter(_State.GROUND)
            yield from self._key(Key(_ESC))
        elif state is _State.SHIFTED:
            self._enter(_State.GROUND)
            if self._may_be_key:
                yield from self._key(Key("O", alt=True))
        elif state is not _State.GROUND:
            self._is_late = True
            self._rest = _LONGEST_REST
            self._deadline = self._clock() + AFTER_REPLY
            return
        elif self._paste is not None:
            yield from self._end_of_paste()
        self._wait()

    def _wait(self) -> None:
        if self._state is not _State.GROUND:
            self._deadline = self._clock() + _PATIENCE[self._state]
        else:
            self._deadline = None if self._paste is None else self._clock() + AFTER_PASTE

    # --- the machine ----------------------------------------------------------------------

    def _enter(self, state: _State) -> None:
        self._state = state
        self._is_late = False

    def _take(self, character: str) -> Iterator[TerminalEvent]:
        if self._is_late and self._is_over(character):
            self._enter(_State.GROUND)
        if self._state is _State.CONSOLE_KEY:
            self._enter(_State.GROUND)
            yield from self._known(f"\x1b[[{character}")
            return
        if (introducer := ONE_BYTE_FORMS.get(character)) is not None:
            if self._state is _State.ESCAPE:
                yield from self._key(Key(_ESC))
            self._introduce(introducer)
            return
        match self._state:
            case _State.GROUND:
                yield from self._ground(character)
            case _State.ESCAPE:
                yield from self._escape(character)
            case _State.SEQUENCE:
                yield from self._in_sequence(character)
            case _State.SHIFTED:
                yield from self._shifted(character)
            case _State.STRING:
                self._string(character)
            case _State.STRING_ESCAPE:
                self._enter(_State.GROUND)
                if character not in ("\\", STRING_TERMINATOR):
                    self._begin()
                    yield from self._escape(character)

    def _is_over(self, character: str) -> bool:
        """True if `character` is not the rest of a reply that has stalled, but a key."""
        self._rest -= 1
        if self._rest < 0:
            return True
        if self._may_be_key:
            self._may_be_key = False
            return character not in _REPLY_GOES_ON.get(self._introducer, "")
        if self._state is _State.STRING_ESCAPE:
            return character != "\\"
        if self._state is _State.STRING:
            is_control = ord(character) in C0 or character == _DELETE
            return is_control and character not in (_ESC, _BEL)
        return False

    def _begin(self) -> None:
        self._enter(_State.ESCAPE)

    def _introduce(self, introducer: str, *, may_be_key: bool = False) -> None:
        """Begins what ESC and `introducer` do, or the one character that stands for both."""
        self._introducer, self._may_be_key = introducer, may_be_key
        self._sequence = _ESC + introducer
        states = {"[": _State.SEQUENCE, "O": _State.SHIFTED}
        self._enter(states.get(introducer, _State.STRING))

    def _ground(self, character: str) -> Iterator[TerminalEvent]:
        if character == _ESC:
            self._begin()
        else:
            yield from self._character(character)

    def _escape(self, character: str) -> Iterator[TerminalEvent]:
        self._enter(_State.GROUND)
        if character in ONE_BYTE_FORMS.values():
            self._introduce(character, may_be_key=True)
        elif character == _ESC:
            yield from self._key(Key(_ESC))
            self._begin()
        elif character == "\\":
            pass  # the end of a string whose beginning nobody saw
        elif character.isascii():
            yield from self._key(Key(character, alt=True))
        else:
            yield from self._ground(character)

    def _in_sequence(self, character: str) -> Iterator[TerminalEvent]:
        if not " " <= character < _DELETE:  # no part of any sequence
            self._enter(_State.GROUND)
            if character not in (_CAN, _SUB):
                yield from self._ground(character)
            return
        first, self._may_be_key = self._sequence == "\x1b[", False
        is_short = len(self._sequence) < _LONGEST_SEQUENCE
        if is_short:
            self._sequence += character
        if first and character == "[":
            self._enter(_State.CONSOLE_KEY)
        elif first and character == "M":
            self._left = 3
            self._enter(_State.OLD_MOUSE)
        elif character == "$" and self._sequence[2:-1].isdigit():
            self._enter(_State.GROUND)  # rxvt's keys with shift, which end so
            yield from self._known(self._sequence)
        elif character >= "@":  # ECMA-48 section 5.4: the final byte
            self._enter(_State.GROUND)
            if is_short:
                yield from self._complete(self._sequence)

    def _shifted(self, character: str) -> Iterator[TerminalEvent]:
        if "0" <= character < "@" and len(self._sequence) < _LONGEST_SEQUENCE:
            self._sequence += character
            self._may_be_key = False
            return
        self._enter(_State.GROUND)
        if " " <= character < _DELETE:
            yield from self._known(self._sequence + character)
        else:
            if self._may_be_key:
                yield from self._key(Key("O", alt=True))
            yield from self._ground(character)

    def _string(self, character: str) -> None:
        self._may_be_key = False
        if character == _ESC:
            self._state = _State.STRING_ESCAPE
        elif character in (_CAN, _SUB, STRING_TERMINATOR) or (
            character == _BEL and self._introducer == "]"
        ):
            self._enter(_State.GROUND)

    # --- what it means --------------------------------------------------------------------

    def _character(self, character: str) -> Iterator[TerminalEvent]:
        if character == "\N{REPLACEMENT CHARACTER}":
            yield Report.NOT_UTF8
        elif self._paste is not None:
            self._paste.add(character)
        elif ord(character) not in C1 or character == _DELETE:
            yield Key(character)

    def _complete(self, sequence: str) -> Iterator[TerminalEvent]:
        if sequence == "\x1b[200~":
            self._paste = self._paste or PasteBuffer()
        elif sequence == "\x1b[201~":
            yield from self._end_of_paste()
        else:
            for sent in meaning(sequence):
                yield from [sent] if isinstance(sent, Report) else self._unless_pasting(sent)

    def _known(self, sequence: str) -> Iterator[TerminalEvent]:
        for key in known_key(sequence):
            yield from self._key(key)

    def _key(self, key: Key) -> Iterator[TerminalEvent]:
        return self._unless_pasting(key)

    def _unless_pasting(self, sent: TerminalEvent) -> Iterator[TerminalEvent]:
        """Within a paste nothing is a key: it is part of what was pasted, or a late reply."""
        if self._paste is None:
            yield sent

    def _end_of_paste(self) -> Iterator[TerminalEvent]:
        paste, self._paste = self._paste, None
        if paste is not None and (text := paste.text):
            yield Pasted(text)
