"""Pictures of the screen as a terminal paints it, cell by cell, for programs that read them.

The SVG that Textual exports is text in whatever font is there, with gaps between its rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.color import Color, ColorSystem
from textual.app import App
from textual.strip import Strip

WIDTH, HEIGHT = 8, 16  # pixels of one cell
_REST = "\0"  # in the second cell of a wide sign

Pixel = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """What a terminal makes of its sixteen colours, and of none."""

    foreground: Pixel
    background: Pixel
    sixteen: tuple[Pixel, ...]
    bright_backgrounds: bool = True


def _eight(dark: int, light: int) -> tuple[Pixel, ...]:
    part = (dark, light)
    return tuple((part[n & 1], part[n >> 1 & 1], part[n >> 2]) for n in range(8))


_SIXTEEN = _eight(0, 170) + _eight(85, 255)
DARK = Palette((170, 170, 170), (0, 0, 0), _SIXTEEN)
LIGHT = Palette((0, 0, 0), (255, 255, 255), _SIXTEEN)
# Its text can be bright, its background cannot.
LINUX_CONSOLE = Palette((170, 170, 170), (0, 0, 0), _SIXTEEN, bright_backgrounds=False)
# As some light palettes have it: black is the lightest and bright white the darkest.
TURNED_ROUND = Palette((0, 0, 0), (255, 255, 255), _SIXTEEN[::-1])


@dataclass(frozen=True)
class Picture:
    """Rows of pixels, three bytes each."""

    rows: list[bytes]

    def at(self, column: int, row: int) -> Pixel:
        """The pixel in the upper left corner of a cell."""
        red, green, blue = self.rows[row * HEIGHT][column * WIDTH * 3 :][:3]
        return red, green, blue

    def ppm(self) -> bytes:
        return b"P6 %d %d 255\n" % (len(self.rows[0]) // 3, len(self.rows)) + b"".join(self.rows)


@dataclass(frozen=True)
class Cell:
    """One sign as it is drawn; a wide one fills two cells, of which the second holds `_REST`."""

    sign: str
    front: Pixel
    back: Pixel
    dimmed: bool  # by the terminal itself, as far as it likes


def cells(
    app: App[None], palette: Palette = DARK, system: ColorSystem | None = None
) -> list[list[Cell]]:
    """What `app` shows, row by row, from the escape codes that it sends for it.

    `system` is what the terminal can do; None: what Textual takes it for.
    """
    strips = app.screen._compositor.render_strips()  # the only way to see what a person sees
    system = system or app.console._color_system or ColorSystem.TRUECOLOR
    return [[*_cells(strip, system, palette)] for strip in strips]


def picture(app: App[None], palette: Palette = DARK) -> Picture:
    """What `app` shows, pixel by pixel.

    A half block is a half. Any other sign is a whole one, so that it disturbs at its worst.
    """
    rows = []
    for row in cells(app, palette):
        upper = b"".join(
            bytes(cell.back if cell.sign in " ▄" else cell.front) * WIDTH for cell in row
        )
        lower = b"".join(
            bytes(cell.back if cell.sign in " ▀" else cell.front) * WIDTH for cell in row
        )
        rows += [upper] * (HEIGHT // 2) + [lower] * (HEIGHT // 2)
    return Picture(rows)


def _cells(strip: Strip, system: ColorSystem, palette: Palette) -> Iterator[Cell]:
    for text, style, _ in strip:
        codes = "" if style is None else Strip.render_ansi(style, system)
        front, back = _colours(codes, palette)
        dimmed = style is not None and bool(style.dim)
        for sign in text:
            yield from (
                Cell(part, front, back, dimmed)
                for part in (sign, *[_REST] * (cell_len(sign) - 1))
                if cell_len(sign)
            )


def _colours(codes: str, palette: Palette) -> tuple[Pixel, Pixel]:
    """Foreground and background after `CSI codes m` on a clean slate."""
    front, back, turned = palette.foreground, palette.background, False
    numbers = [int(code) for code in codes.split(";") if code]
    while numbers:
        code = numbers.pop(0)
        if code == 7:
            turned = True
        elif code == 38:
            front = _extended(numbers, palette)
        elif code == 48:
            back = _extended(numbers, palette)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            front = palette.sixteen[code - 30 if code < 90 else code - 82]
        elif 40 <= code <= 47:
            back = palette.sixteen[code - 40]
        elif 100 <= code <= 107:
            back = palette.sixteen[code - (92 if palette.bright_backgrounds else 100)]
    return (back, front) if turned else (front, back)


def _extended(numbers: list[int], palette: Palette) -> Pixel:
    """Takes `5;n` or `2;r;g;b` from the front of `numbers`."""
    if numbers.pop(0) == 2:
        return numbers.pop(0), numbers.pop(0), numbers.pop(0)
    number = numbers.pop(0)
    if number < 16:
        return palette.sixteen[number]
    red, green, blue = Color.from_ansi(number).get_truecolor()
    return red, green, blue
