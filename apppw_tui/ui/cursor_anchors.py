"""Columns that stay where they are, however wide a terminal draws what stands before them.

Terminals disagree on characters that are joined to others: the spacing marks of Indian scripts take
a column in some and none in others, and so it is with conjuncts and with emoji that a joiner makes
one. Nobody can know, so behind them the cursor is put where the next cell or border belongs.
"""

import re
from collections.abc import Iterator

from rich.cells import cell_len

from apppw_tui.domain.lines import column_width

# Scripts with spacing marks, conjuncts or letters in parts; joiners, variation selectors, flags.
_UNSURE = (
    "[\u0900-\u0dff\u0e33\u0eb3\u0f00-\u109f\u1100-\u11ff\u1700-\u18af\u1900-\u1cff"
    "\u200b-\u200d\u20e3\u302e\u302f\ua800-\uabff\ud7b0-\ud7ff\ufe00-\ufe0f"
    "\U00010a00-\U00011fff\U00016f00-\U00016fff\U0001d165-\U0001d172\U0001f1e6-\U0001f1ff"
    "\U0001f3fb-\U0001f3ff\U000e0020-\U000e01ef]"
)
_BORDERS = "\u2500-\u259f"
# Latin, Greek, Cyrillic, borders and signs: most screens have nothing else, and it is told at once.
# The other patterns are compiled, by re, once one has: the first screen need not wait for them.
_BEYOND = re.compile("[^\0-\u08ff\u2010-\u20e2\u20e4-\u2fff]")
_WORD = f"[^ {_BORDERS}]*{_UNSURE}"
# A gap before what has a place of its own, the end of a cell, or a border. One blank that has a
# piece to itself is the cursor of a field, which goes behind the text.
_END = f" {{2,}}|(?<=[^ ]) $|(?=[{_BORDERS}])"
_MOVE = "\x1b\\[[0-9]+;([0-9]+)H"
# A control sequence, a control string, or text up to the next of these.
_PIECE = "(?s)\x1b\\[[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[^\x1b\n]+|."
_WIDE_FORM = "\N{VARIATION SELECTOR-16}"

_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"  # DECAWM: what is too wide must not go to the next row


def anchor_columns(data: str) -> str:
    """Returns what to write to the terminal for `data`, which Textual has made."""
    if _BEYOND.search(data) is None or re.search(_UNSURE, data) is None:
        return data
    return "".join(_rows(data))


def _rows(data: str) -> Iterator[str]:
    """Cuts `data` where the cursor moves: from there on the column of each character is known."""
    moves = [*re.finditer(_MOVE, data)]
    starts = [move.start() for move in moves] or [len(data)]
    yield data[: starts[0]]
    for move, end in zip(moves, [*starts[1:], len(data)], strict=False):
        row = data[move.end() : end]
        yield move[0]
        yield row if re.search(_UNSURE, row) is None else _Row(int(move[1])).anchored(row)


class _Row:
    """One row, or a part of it, drawn from `column` on, which counts from 1."""

    def __init__(self, column: int) -> None:
        self._column = column
        self._done: list[str] = []
        self._run: list[str] = []  # what has no sure width, with its colours; empty: there is none
        self._begun = 0  # its first column

    def anchored(self, row: str) -> str:
        pieces = re.findall(_PIECE, row)
        texts = [at for at, piece in enumerate(pieces) if piece[0] not in "\x1b\n"]
        for at, piece in enumerate(pieces):
            if at in texts:
                self._add(piece, is_last=at == texts[-1])
            else:
                (self._run or self._done).append(piece)
        self._end_run(is_last=True)
        return "".join(self._done)

    def _add(self, text: str, *, is_last: bool) -> None:
        while text:
            if not self._run:
                word = re.search(_WORD, text)
                sure = len(text) if word is None else word.start()
                self._done.append(text[:sure])
                self._column += cell_len(text[:sure])
                self._begun, text = self._column, text[sure:]
                if word is None:
                    return
            end = re.search(_END, text)
            stop, gap = (len(text), 0) if end is None else (end.start(), len(end[0]))
            self._run.append(text[:stop])
            self._column += cell_len(text[:stop]) + gap
            text = text[stop + gap :]
            if end is not None:
                self._end_run(is_last=is_last and not text)

    def _end_run(self, *, is_last: bool) -> None:
        """Draws the run over blanks, since it may be narrower or wider than its room."""
        room = self._column - self._begun
        if is_last:  # nothing follows that would be drawn over what is too wide
            self._cut(room)
        if self._run:
            blanks = " " * room + f"\x1b[{self._begun}G"
            self._done += [blanks, _NO_WRAP, *self._run, _WRAP, f"\x1b[{self._column}G"]
            self._run = []

    def _cut(self, room: int) -> None:
        """Leaves out the end of the run, from where the widest drawing would leave its room."""
        for at, piece in enumerate(self._run):
            if piece[:1] not in "\x1b\n":
                fitting = 0
                for character in piece:
                    room -= 1 if character == _WIDE_FORM else column_width(character)
                    if room < 0:
                        break
                    fitting += 1
                self._run[at] = piece[:fitting]
