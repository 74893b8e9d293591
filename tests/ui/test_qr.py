"""The QR code: a phone reads it from every theme, or the screen says that it cannot be shown."""

import asyncio
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.widgets import Label

from apppw_tui.domain.secret import Secret
from apppw_tui.ui.hardened_app import HardenedApp
from apppw_tui.ui.themes import DARK, LIGHT, TERMINAL, THEMES
from apppw_tui.ui.widgets import qr
from apppw_tui.ui.widgets.qr import QrCode, capacity
from tests.services.require import require_program
from tests.support import first_quick
from tests.ui import picture
from tests.ui.picture import Palette
from tests.ui.walks import Visit, opened
from tests.verifier.harness import PATIENCE

KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LONGER = (
    f"otpauth://totp/example.org:ada%40example.org?secret={KEY}&issuer=example.org"  # version 5
)
SHORTER = f"otpauth://totp/ada%40example.org?secret={KEY}"  # version 4
LEAST_QUIET = 2  # modules around a code
LEGIBLE = 150  # of 255, between its white and its black

Read = Callable[[picture.Picture], str]


class OneCode(HardenedApp):
    """As in the dialog: the code at the left, words close by, a footer under it."""

    CSS = """
    Label { width: 1fr; }
    #footer { dock: bottom; height: 1; }
    Vertical { border: round $border; }
    .-fixed QrCode { width: 41; height: 21; }
    """

    def __init__(self, text: str = LONGER, theme: str = DARK) -> None:
        super().__init__()
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme
        self._text = Secret(text)

    def compose(self) -> ComposeResult:
        with Vertical(), Horizontal():
            yield QrCode(self._text, id="code")
            yield Label("Scan this with your authenticator app.\n" * 30)
        yield Label("esc Cancel", id="footer")


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """What a reader finds in a picture."""
    zbarimg = require_program("zbarimg", "zbar-tools")

    def read_it(of: picture.Picture) -> str:
        file = tmp_path / "screen.ppm"
        file.write_bytes(of.ppm())
        result = subprocess.run(
            [zbarimg, "-q", "--raw", str(file)], capture_output=True, text=True, check=False
        )
        return result.stdout.removesuffix("\n")

    return read_it


def code_of(visit: Visit) -> QrCode:
    return visit.app.query_one(QrCode)


@pytest.mark.parametrize("window", [(80, 24), (120, 40)], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("text", [LONGER, SHORTER], ids=["version-5", "version-4"])
@pytest.mark.parametrize("theme", first_quick(TERMINAL, DARK, LIGHT))
async def test_it_is_read_from_the_screen(
    theme: str, text: str, window: tuple[int, int], read: Read
) -> None:
    app = OneCode(text, theme)
    async with opened(app, size=window) as visit:
        assert code_of(visit).fits
        assert read(picture.picture(app)) == text


# TERM, COLORTERM, NO_COLOR, and what the terminal makes of colours
TERMINALS = {
    "256": ("xterm-256color", "", False, picture.DARK),
    "sixteen, dark": ("xterm", "", False, picture.DARK),
    "sixteen, light": ("xterm", "", False, picture.LIGHT),
    "console": ("linux", "", False, picture.LINUX_CONSOLE),
    "no colour": ("xterm-256color", "truecolor", True, picture.DARK),
    "no colour of sixteen": ("linux", "", True, picture.LINUX_CONSOLE),
    "turned round": ("xterm-256color", "truecolor", False, picture.TURNED_ROUND),
    "turned round, 256": ("xterm-256color", "", False, picture.TURNED_ROUND),
}


@pytest.mark.parametrize(
    ("term", "colorterm", "no_color", "palette"), TERMINALS.values(), ids=TERMINALS
)
async def test_it_is_black_on_white_whatever_the_terminal(
    term: str, colorterm: str, no_color: bool, palette: Palette, read: Read
) -> None:
    os.environ.update(TERM=term, COLORTERM=colorterm, **({"NO_COLOR": "1"} if no_color else {}))
    app = OneCode(theme=TERMINAL)
    async with app.run_test(size=(80, 24)):
        seen = picture.picture(app, palette)
        assert read(seen) == LONGER
        # Not all readers take white on black. Behind the border: two of quiet, then the finder.
        quiet, finder = seen.at(1, 1), seen.at(3, 2)
        assert max(finder) == 0
        assert min(quiet) >= LEGIBLE
        at_once = {seen.at(column, row) for column in range(1, 42) for row in range(1, 22)}
        assert at_once == {quiet, finder}


@pytest.mark.parametrize(
    ("text", "modules", "columns", "rows"), [(LONGER, 37, 45, 23), (SHORTER, 33, 41, 21)]
)
async def test_four_quiet_modules_are_around_it_where_there_is_room(
    text: str, modules: int, columns: int, rows: int
) -> None:
    assert QrCode(Secret(text)).needs.width == modules + 2 * LEAST_QUIET
    app = OneCode(text)
    async with opened(app, size=(120, 40)) as visit:
        assert code_of(visit).size == (columns, rows)
        lines = [line[1 : 1 + columns] for line in visit.screen_text().splitlines()[1:][:rows]]
        assert [line[:4].strip() + line[-4:].strip() for line in lines] == [""] * rows
        assert not "".join(lines[:2] + lines[-2:]).strip()
        assert code_of(visit).needs == (modules + 4, (modules + 5) // 2)


async def test_two_are_enough_where_there_is_less() -> None:
    async with opened(OneCode()) as visit:
        assert code_of(visit).size == (41, 21)
        assert code_of(visit).fits


@pytest.mark.parametrize("window", [(80, 23), (42, 24), (40, 12)], ids="{0[0]}x{0[1]}".format)
async def test_without_the_room_it_says_what_it_needs(window: tuple[int, int]) -> None:
    app = OneCode()
    async with opened(app, size=window) as visit:
        await visit.pilot.pause()
        assert not code_of(visit).fits
        assert "Needs 41\N{MULTIPLICATION SIGN}21" in visit.screen_text()
        assert "▀" not in visit.screen_text()


async def test_it_decides_anew_when_the_room_changes(read: Read) -> None:
    app = OneCode()
    async with opened(app) as visit:
        for window, fits in [((80, 20), False), ((80, 24), True), ((60, 40), True)]:
            await visit.pilot.resize_terminal(*window)
            async with asyncio.timeout(PATIENCE):
                while code_of(visit).fits is not fits:
                    await visit.pilot.pause()
            assert read(picture.picture(app)) == (LONGER if fits else "")


@pytest.mark.parametrize("no_color", [False, True])
async def test_without_utf8_it_is_drawn_of_blanks_alone(
    monkeypatch: pytest.MonkeyPatch, no_color: bool, read: Read
) -> None:
    monkeypatch.setattr(qr, "ASCII_ONLY", True)
    if no_color:
        os.environ.update(NO_COLOR="1")
    app = OneCode()
    async with opened(app, size=(120, 50)) as visit:
        assert code_of(visit).size == (90, 45)
        assert code_of(visit).fits
        assert read(picture.picture(app)) == LONGER
        rows = [line[1:91] for line in visit.screen_text().splitlines()[1:46]]
        assert rows == [90 * " "] * 45
        assert read(picture.picture(app, picture.LINUX_CONSOLE)) == LONGER


async def test_without_utf8_it_says_what_the_blanks_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(qr, "ASCII_ONLY", True)
    async with opened(OneCode()) as visit:
        assert not code_of(visit).fits
        assert code_of(visit).needs == (82, 41)
        assert "Needs 82" in visit.screen_text()
        assert capacity(Size(90, 45)) > capacity(Size(89, 45)) == capacity(Size(80, 24))


async def test_a_code_that_is_cut_off_counts_as_none() -> None:
    app = OneCode()
    app.add_class("-fixed")
    async with opened(app) as visit:
        assert code_of(visit).fits
        await visit.pilot.resize_terminal(80, 23)
        await visit.pilot.pause()
        assert code_of(visit).size == (41, 21)
        assert not code_of(visit).fits
        assert "Needs 41\N{MULTIPLICATION SIGN}21" in visit.screen_text()


async def test_what_it_holds_is_in_no_description_and_cannot_be_selected() -> None:
    async with opened(OneCode()) as visit:
        code = code_of(visit)
        assert not code.ALLOW_SELECT
        held = [repr(code), str(code), *(repr(value) for value in vars(code).values())]
        assert KEY not in "".join(held)
        assert not any(isinstance(value, Secret) for value in vars(code).values())
