"""Writes what a terminal showed, screen after screen, as a recording and as a picture that moves.

The recording is an asciicast, version 2 (https://docs.asciinema.org/manual/asciicast/v2/): a header
and then events `[seconds, "o", output]`, one a line. The output is made anew from the screens, so
that it is the same whenever they are, and so that whoever plays it gets no mouse reports and
nothing on a clipboard, both of which the program asks a terminal for.

The picture is SVG without scripts. All screens lie side by side, a row that several have is drawn
once, and CSS moves the strip from one to the next; for less motion, one of them stands still.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate, groupby, zip_longest
from typing import NamedTuple

import pyte

TITLE = "apppw-tui: an app password is created, copied, scanned and deleted"
CELL, ROW, FONT, MARGIN = 9, 18, 15, 12  # units of the picture
FOREGROUND, BACKGROUND = "e4e4e4", "121212"
# fmt: off
_PALETTE = (
    "121212", "ff8787", "5fd787", "ffd75f", "5fafff", "d787ff", "5fd7ff", "e4e4e4",
    "808080", "ffafaf", "87ffaf", "ffff87", "87d7ff", "ffafff", "87ffff", "ffffff",
)
# fmt: on
_NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
_COLOURS = dict(zip([*_NAMES, *(f"bright{name}" for name in _NAMES)], _PALETTE, strict=True))
# A font may leave a gap between its blocks, and a phone cannot read a QR code that has gaps. Of a
# cell's eighths: left, top, width and height.
_BLOCKS = {
    "▀": (0, 0, 8, 4),
    "▔": (0, 0, 8, 1),
    "▐": (4, 0, 4, 8),
    "▕": (7, 0, 1, 8),
    **{chr(0x2580 + height): (0, 8 - height, 8, height) for height in range(1, 9)},
    **{chr(0x2590 - width): (0, 0, width, 8) for width in range(1, 8)},
}


class Style(NamedTuple):
    """How a piece of text looks; colours are six hexadecimal digits."""

    foreground: str = FOREGROUND
    background: str = BACKGROUND
    bold: bool = False
    italic: bool = False
    underline: bool = False


class Piece(NamedTuple):
    """Text of one look; `text` has as many cells as characters."""

    text: str
    style: Style


Screen = tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True)
class Frame:
    """A screen, and how long it stands."""

    screen: Screen
    seconds: float


def screen_of(terminal: pyte.Screen) -> Screen:
    """What `terminal` shows now."""
    rows = []
    for y in range(terminal.lines):
        cells = [terminal.buffer[y][x] for x in range(terminal.columns)]
        if y == terminal.cursor.y and not terminal.cursor.hidden:
            x = min(terminal.cursor.x, terminal.columns - 1)
            cells[x] = cells[x]._replace(reverse=not cells[x].reverse)
        pieces = [
            Piece("".join(cell.data for cell in alike), style)
            for style, alike in groupby(cells, _style)
        ]
        rows.append(tuple(pieces))
    return tuple(rows)


def _style(cell: pyte.screens.Char) -> Style:
    front = FOREGROUND if cell.fg == "default" else _COLOURS.get(cell.fg, cell.fg)
    back = BACKGROUND if cell.bg == "default" else _COLOURS.get(cell.bg, cell.bg)
    if cell.reverse:
        front, back = back, front
    return Style(front, back, cell.bold, cell.italics, cell.underscore)


def text_of(screen: Screen) -> str:
    return "\n".join("".join(piece.text for piece in row).rstrip() for row in screen)


# --- the recording --------------------------------------------------------------------------------


def cast(frames: Sequence[Frame]) -> str:
    """The frames as an asciicast."""
    first = frames[0].screen
    width, height = sum(len(piece.text) for piece in first[0]), len(first)
    total = round(sum(frame.seconds for frame in frames), 3)
    header = {
        "version": 2,
        "width": width,
        "height": height,
        "duration": total,
        "title": TITLE,
        "env": {"TERM": "xterm-256color"},
        "theme": {
            "fg": f"#{FOREGROUND}",
            "bg": f"#{BACKGROUND}",
            "palette": ":".join(f"#{colour}" for colour in _PALETTE),
        },
    }
    events: list[tuple[float, str, str]] = []
    before: Screen = ()
    for begins, frame in zip(_begins(frames), frames, strict=True):
        drawn = "" if before else "\x1b[?25l\x1b[2J"
        for y, (row, was) in enumerate(zip_longest(frame.screen, before), 1):
            if row != was:
                drawn += f"\x1b[{y}H{''.join(_sgr(piece) for piece in row)}\x1b[m"
        events.append((begins, "o", drawn))
        before = frame.screen
    # A player ends with the last event: the last screen is to stand as long as in the picture.
    events.append((total, "o", f"\x1b[{height};{width}H\x1b[?25h"))
    lines = [header, *events]
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)


def _begins(frames: Sequence[Frame]) -> list[float]:
    """The second at which each frame begins."""
    ends = accumulate((frame.seconds for frame in frames[:-1]), initial=0.0)
    return [round(end, 3) for end in ends]


def _sgr(piece: Piece) -> str:
    style = piece.style
    codes = ["0"]
    for code, is_set in (("1", style.bold), ("3", style.italic), ("4", style.underline)):
        if is_set:
            codes.append(code)
    for code, colour, usual in (
        ("38", style.foreground, FOREGROUND),
        ("48", style.background, BACKGROUND),
    ):
        if colour != usual:
            codes.append(f"{code};2;{';'.join(str(part) for part in bytes.fromhex(colour))}")
    return f"\x1b[{';'.join(codes)}m{piece.text}"


# --- the picture that moves -----------------------------------------------------------------------


def svg(frames: Sequence[Frame], still: int) -> str:
    """The frames as an animation; the one of index `still` is for who wants less motion."""
    first = frames[0].screen
    width, height = CELL * sum(len(piece.text) for piece in first[0]), ROW * len(first)
    total = round(sum(frame.seconds for frame in frames), 3)
    strip = _Strip()
    for index, frame in enumerate(frames):
        strip.add(index * width, frame.screen)
    steps = "".join(
        f"{100 * begins / total:.3f}%{{transform:translateX({-index * width}px)}}"
        for index, begins in enumerate(_begins(frames))
    )
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" role="img" \
viewBox="{-MARGIN} {-MARGIN} {width + 2 * MARGIN} {height + 2 * MARGIN}" \
width="{width + 2 * MARGIN}" height="{height + 2 * MARGIN}">
<title>{escape(TITLE)}</title>
<style>
text{{font:{FONT}px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}}
{strip.css()}
@keyframes film{{{steps}}}
.film{{animation:film {total:g}s step-end infinite}}
@media (prefers-reduced-motion:reduce){{\
.film{{animation:none;transform:translateX({-still * width}px)}}}}
</style>
<rect x="{-MARGIN}" y="{-MARGIN}" width="{width + 2 * MARGIN}" height="{height + 2 * MARGIN}" \
rx="8" fill="#{BACKGROUND}"/>
<defs>
{strip.rows()}
</defs>
<svg width="{width}" height="{height}">
<g class="film">
{strip.frames()}
</g>
</svg>
</svg>
"""


class _Strip:
    """Collects the frames, with each row and each style once."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Piece, ...], str] = {}  # as they are drawn
        self._names: dict[tuple[Piece, ...], str] = {}
        self._styles: dict[Style, str] = {}
        self._frames: list[str] = []

    def add(self, left: int, screen: Screen) -> None:
        uses = []
        for y, row in enumerate(screen):
            if row not in self._rows:
                self._names[row] = f"r{len(self._rows)}"
                self._rows[row] = "".join(self._drawn(row))
            if self._rows[row]:
                uses.append(f'<use href="#{self._names[row]}" y="{y * ROW}"/>')
        self._frames.append(f'<g transform="translate({left})">{"".join(uses)}</g>')

    def frames(self) -> str:
        return "\n".join(self._frames)

    def rows(self) -> str:
        return "\n".join(
            f'<g id="{self._names[row]}">{drawn}</g>' for row, drawn in self._rows.items() if drawn
        )

    def css(self) -> str:
        return "".join(
            f".{name}{{fill:#{style.foreground}"
            f"{';font-weight:bold' * style.bold}{';font-style:italic' * style.italic}"
            f"{';text-decoration:underline' * style.underline}}}"
            for style, name in self._styles.items()
        )

    def _drawn(self, row: tuple[Piece, ...]) -> Iterator[str]:
        """Backgrounds first, or one would cut off what reaches beyond its cell."""
        for column, piece in _columns(row):
            if piece.style.background != BACKGROUND:
                yield (
                    f'<rect x="{column * CELL}" width="{len(piece.text) * CELL}" height="{ROW}" '
                    f'fill="#{piece.style.background}" shape-rendering="crispEdges"/>'
                )
        for column, piece in _columns(row):
            yield from self._signs(column, piece)

    def _signs(self, column: int, piece: Piece) -> Iterator[str]:
        """The piece's blocks as a shape, and its words as text that keeps to the cells."""
        blocks = [
            (x, _BLOCKS[sign]) for x, sign in enumerate(piece.text, column) if sign in _BLOCKS
        ]
        if blocks:
            shape = "".join(
                f"M{x * CELL + left * CELL / 8:g} {top * ROW / 8:g}"
                f"h{across * CELL / 8:g}v{down * ROW / 8:g}h{-across * CELL / 8:g}z"
                for x, (left, top, across, down) in blocks
            )
            yield (
                f'<path class="{self._class(piece.style)}" d="{shape}" '
                'shape-rendering="crispEdges"/>'
            )
        for begins, words in _words(piece.text):
            yield (
                f'<text class="{self._class(piece.style)}" '
                f'x="{(column + begins) * CELL}" y="{FONT - 1}" '
                f'textLength="{len(words) * CELL}" lengthAdjust="spacingAndGlyphs">'
                f"{escape(words, quote=False)}</text>"
            )

    def _class(self, style: Style) -> str:
        # The background is drawn by itself.
        return self._styles.setdefault(
            style._replace(background=BACKGROUND), f"s{len(self._styles)}"
        )


def _columns(row: tuple[Piece, ...]) -> Iterator[tuple[int, Piece]]:
    """Each piece with the column in which it begins."""
    begins = accumulate((len(piece.text) for piece in row), initial=0)
    return zip(begins, row, strict=False)


def _words(text: str) -> Iterator[tuple[int, str]]:
    """What stands between two or more blanks, since SVG makes one of them; with where it begins."""
    for block in _BLOCKS:
        text = text.replace(block, " ")
    begins = 0
    for words in text.split("  "):
        if words.strip():
            yield begins + len(words) - len(words.lstrip()), words.strip()
        begins += len(words) + 2
