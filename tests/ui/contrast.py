"""The contrast of everything that is drawn, by the formula of WCAG 2.2."""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from rich.color import ColorSystem
from textual.color import Color

from apppw_tui.ui import themes
from apppw_tui.ui.app import PortalApp
from tests.ui.picture import Cell, Pixel, cells

TEXT, MARK = 4.5, 3.0  # 1.4.3 and 1.4.11, both AA
TEXT_HIGH = 7.0  # 1.4.6, AAA
# Lines, bars and blocks; everything else is to be read.
_DRAWN = range(0x2500, 0x25A0)
_HEAVY = "━╸╺"


@cache
def ratio(each: Pixel, other: Pixel) -> float:
    """The contrast ratio: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    light, dark = sorted((luminance(each), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(pixel: Pixel) -> float:
    """The relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in pixel)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def too_faint(app: PortalApp, system: ColorSystem) -> set[str]:
    """Every pair of colours on the screen that cannot be told apart well enough, with its text."""
    least = TEXT_HIGH if app.theme == themes.HIGH_CONTRAST else TEXT
    rows = cells(app, system=system)
    rule = _drawn(app, "rule", system)
    return {
        *_faint_signs(rows, least, rule),
        *_faint_marks(rows, rule),
        *_faint_edges(rows, _drawn(app, "block-cursor-background", system)),
    }


def has_focus_mark(app: PortalApp) -> bool:
    """True if what has the focus is drawn in the colours of the cursor, or stands at a bar."""
    assert app.focused is not None
    region = app.focused.region
    mark = _drawn(app, "block-cursor-background", ColorSystem.TRUECOLOR)
    rows = cells(app, system=ColorSystem.TRUECOLOR)
    return any(
        cell.back == mark or (cell.front == mark and cell.sign == "█")
        for row in rows[region.y : region.bottom]
        for cell in row[region.x : region.right]
    )


def _drawn(app: PortalApp, variable: str, system: ColorSystem) -> Pixel:
    """The colour that the terminal makes of one of the theme."""
    color = Color.parse(app.theme_variables[variable]).rich_color
    red, green, blue = color.downgrade(system).get_truecolor()
    return red, green, blue


def _faint_signs(rows: list[list[Cell]], least: float, rule: Pixel) -> Iterator[str]:
    for row in rows:
        text = "".join(cell.sign for cell in row).strip()
        for cell in row:
            if cell.sign in " \0":
                continue
            drawn = ord(cell.sign) in _DRAWN
            if drawn and cell.front in (cell.back, rule):
                continue  # a gap that is drawn as a line, or the line that the tabs stand on
            if ratio(cell.front, cell.back) < (MARK if drawn else least):
                yield f"{_pair(cell.front, cell.back)} {cell.sign!r} in {text!r}"


def _faint_marks(rows: list[list[Cell]], rule: Pixel) -> Iterator[str]:
    """The mark of the tab where one is, against the line that it is a part of."""
    for row in rows:
        for cell, other in pairwise(row):
            ours = {cell.front, other.front}
            in_line = cell.sign in _HEAVY and other.sign in _HEAVY and rule in ours
            if in_line and ratio(min(ours), max(ours)) < MARK and len(ours) == 2:
                yield f"{_pair(min(ours), max(ours))} in the line of the tabs"


def _faint_edges(rows: list[list[Cell]], mark: Pixel) -> Iterator[str]:
    """The focus mark against what is beside, above and below it."""
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if cell.back != mark:
                continue
            beside = [*row[max(0, x - 1) : x + 2]]
            beside += [other[x] for other in rows[max(0, y - 1) : y + 2] if x < len(other)]
            for other in beside:
                if other.back != mark and ratio(mark, other.back) < MARK:
                    yield f"{_pair(mark, other.back)} around the focus"


def _pair(front: Pixel, back: Pixel) -> str:
    sides = " on ".join("#{:02x}{:02x}{:02x}".format(*side) for side in (front, back))
    return f"{sides} {ratio(front, back):.1f}:1"
