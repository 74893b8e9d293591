"""A QR code that a phone can read from any terminal: black on white, whatever the theme."""

from collections.abc import Sequence
from itertools import groupby

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.errors import NoWidget
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from apppw_tui.domain.secret import Secret
from apppw_tui.ui.glyphs import ASCII_ONLY, PLAIN

# Light modules around it. ISO/IEC 18004 asks for four; two leave room for a dialog in 24 rows.
_QUIET, _LEAST_QUIET = 4, 2
# ISO/IEC 18004, table 7: of versions 5 to 10 at level L. 24 rows have room for the first.
_BYTES = (106, 134, 154, 192, 230, 271)
_FIRST_SIDE = 37  # modules
_TIMES = "x" if PLAIN else "\N{MULTIPLICATION SIGN}"


def capacity(room: Size) -> int:
    """The number of bytes in a code that fits into `room`; those of the smallest at least."""
    held = _BYTES[0]
    for step, bytes_ in enumerate(_BYTES):
        side = _FIRST_SIDE + 4 * step + 2 * _LEAST_QUIET
        if _within(_cells(side), room):
            held = bytes_
    return held


class QrCode(Widget):
    """Two modules per cell; where there is no room for it, one line that says what it needs.

    A terminal without UTF-8 has no halves of a cell: there it is two cells per module.

    As the room changes it decides anew. Left to itself (`width: auto`, `height: auto`) it is as
    large as its code.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    QrCode { width: auto; height: auto; }
    """

    def __init__(self, text: Secret, *, id: str | None = None) -> None:  # noqa: A002
        """Raises ValueError if `text` is more than a QR code can hold: 2953 bytes."""
        super().__init__(id=id)
        self._matrix = _modules(text)
        self._fitted: bool | None = None  # at the last look
        self._drawn: tuple[int, bool, list[Strip]] | None = None

    @property
    def needs(self) -> Size:
        """The least room, in columns and rows."""
        return self._cells(_LEAST_QUIET)

    @property
    def fits(self) -> bool:
        """True if the whole code is in sight, so that it can be read."""
        return self._quiet() is not None

    # --- what room there is ---------------------------------------------------------------

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return self._wanted(container, viewport).width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._wanted(container, viewport).height

    def _wanted(self, container: Size, viewport: Size) -> Size:
        room = Size(min(container.width, viewport.width), min(container.height, viewport.height))
        for quiet in (_QUIET, _LEAST_QUIET):
            cells = self._cells(quiet)
            if _within(cells, room):
                return cells
        return Size(len(self._note), 1)

    def _quiet(self) -> int | None:
        """The quiet zone that leaves the code whole and in sight; None if none does."""
        if not self.is_attached:
            return None
        try:
            clip = self.screen.find_widget(self).clip
        except NoWidget:
            return None
        content = self.content_region
        for quiet in (_QUIET, _LEAST_QUIET):
            cells = self._cells(quiet)
            drawn = Region.from_offset(content.offset, cells)
            if _within(cells, content.size) and clip.contains_region(drawn):
                return quiet
        return None

    def _cells(self, quiet: int) -> Size:
        return _cells(len(self._matrix) + 2 * quiet)

    def on_mount(self) -> None:
        """Watches what is around it.

        A part that is cut off changes without a change of its own size.
        """
        self.screen.screen_layout_refresh_signal.subscribe(self, self._laid_out)

    def on_resize(self) -> None:
        self._decide()

    def _laid_out(self, screen: Screen[object]) -> None:
        self._decide()

    def _decide(self) -> None:
        """Draws it, or what it needs, where that is not what stands there."""
        fits = self.fits
        if fits != self._fitted:
            self._fitted = fits
            self.refresh()

    # --- how it is drawn ------------------------------------------------------------------

    def get_line_filters(self) -> Sequence[LineFilter]:
        """None of the app's: under NO_COLOR they would leave nothing of a code but blanks."""
        return super().get_line_filters() if self._quiet() is None else ()

    def render_line(self, y: int) -> Strip:
        quiet = self._quiet()
        if quiet is None:
            return Strip([Segment(self._note if y == 0 else "", self.rich_style)])
        strips = self._strips(quiet)
        return strips[y] if y < len(strips) else Strip([])

    @property
    def _note(self) -> str:
        return f"Needs {self.needs.width}{_TIMES}{self.needs.height}"

    def _strips(self, quiet: int) -> list[Strip]:
        exact = self.app.console.color_system in ("256", "truecolor")
        if self._drawn is None or self._drawn[:2] != (quiet, exact):
            self._drawn = (quiet, exact, _draw(self._matrix, quiet, exact=exact))
        return self._drawn[2]


def _modules(text: Secret) -> tuple[bytes, ...]:
    """Rows of modules, 1 for dark."""
    import segno

    code = segno.make(text.reveal(), error="l", micro=False, boost_error=False)
    return tuple(bytes(row) for row in code.matrix)


def _within(cells: Size, room: Size) -> bool:
    return cells.width <= room.width and cells.height <= room.height


def _cells(side: int) -> Size:
    """The columns and rows that `side` by `side` modules take."""
    return Size(2 * side, side) if ASCII_ONLY else Size(side, (side + 1) // 2)


def _draw(matrix: tuple[bytes, ...], quiet: int, *, exact: bool) -> list[Strip]:
    """The code and its quiet zone, as blanks or as two rows of modules in one row of cells.

    White is always a background, so that it is one white where a terminal has two; black is one
    wherever a cell is all black, so that no gap between rows runs through it.
    """
    black, white = _black_and_white(exact=exact)
    styles = {True: Style(color=white, bgcolor=black), False: Style(color=black, bgcolor=white)}
    side = len(matrix) + 2 * quiet
    margin = bytes(quiet)
    blank = bytes(side)
    rows = [
        *[blank] * quiet,
        *(margin + row + margin for row in matrix),
        *[blank] * quiet,
    ]
    if ASCII_ONLY:
        return [
            Strip([Segment("  " * len([*run]), styles[dark == 1]) for dark, run in groupby(row)])
            for row in rows
        ]
    rows += [blank] * (side % 2)  # half a row of cells more, where the last one is odd
    strips = []
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        segments = []
        for all_black, run in groupby(
            zip(upper, lower, strict=True), key=lambda cell: cell == (1, 1)
        ):
            signs = "".join(" " if high == low else "▀" if high else "▄" for high, low in run)
            segments.append(Segment(signs, styles[all_black]))
        strips.append(Strip(segments, side))
    return strips


def _black_and_white(*, exact: bool) -> tuple[Color, Color]:
    """The very colours where the terminal can; else of its sixteen those that come nearest.

    Some light palettes have their black and white the other way round.
    """
    if exact:
        return Color.from_rgb(0, 0, 0), Color.from_rgb(255, 255, 255)
    return Color.parse("black"), Color.parse("bright_white")
