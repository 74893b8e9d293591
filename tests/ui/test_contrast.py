"""Everything that is drawn can be read: in each look, in true colour, 256 colours, 16 and none."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest
from rich.color import ColorSystem

from apppw_tui.ui import themes
from apppw_tui.ui.widgets.qr import QrCode
from tests.ui import contrast, picture
from tests.ui.states import State
from tests.ui.test_snapshots import CAN_DO_LITTLE, STATES, WITH_PANE
from tests.ui.walks import Visit, demo_house, opened

COLOURED = ["dark", "light", "high-contrast"]
SYSTEMS = [ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT]
NOT_NOW = (
    "(not available)",
    "Create",
    "New codes",
)  # the ends of what is dimmed, besides keys in the footer

Look = Callable[[], Awaitable[None]]


async def walk(visit: Visit, look: Look) -> None:
    """A look at a refusal, the list, a dialog with a field, and a new password."""
    await visit.enter_password("not the password")
    await look()
    await visit.sign_in()
    await look()
    await visit.press("c")
    await visit.type_into("#name", "Kitchen tablet")
    await look()
    await visit.press("enter")
    visit.later()
    await look()


def looks_faint(visit: Visit) -> list[str]:
    faint: set[str] = set()
    for system in SYSTEMS:
        faint |= contrast.too_faint(visit.app, system)
    marked = visit.focused is None or contrast.has_focus_mark(visit.app)
    return sorted(faint) + ([] if marked else [f"no mark on {visit.focused}"])


async def require_readable(visit: Visit) -> None:
    for look in COLOURED:
        visit.app.theme = themes.APPEARANCES[look]
        await visit.settle()
        assert looks_faint(visit) == [], f"{look}: {visit.screen_text()}"


@pytest.mark.slow
async def test_contrast_suffices() -> None:
    async with opened(demo_house()) as visit:
        await walk(visit, partial(require_readable, visit))


@pytest.mark.slow
@pytest.mark.parametrize("name", STATES)
async def test_contrast_suffices_in_every_state(name: str) -> None:
    async with opened_in(STATES[name]) as visit:
        await require_readable(visit)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_PANE)
async def test_contrast_suffices_in_the_pane(name: str) -> None:
    async with opened_in(STATES[name], (120, 40)) as visit:
        await require_readable(visit)


@asynccontextmanager
async def opened_in(state: State, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Visit]:
    async with opened(
        state.house(),
        size=size,
        may_create_first=state.first,
        show_demo=state.show_demo,
        place=state.place,
    ) as visit:
        await state.walk(visit)
        yield visit


# --- the terminal's own colours, which nobody can compute -----------------------------------


async def require_its_own_colours(visit: Visit) -> None:
    """Its text on its background, or turned round; dimmed is only what cannot be done now.

    A QR code alone is black on white everywhere.
    """
    assert visit.app.theme == themes.TERMINAL
    codes = [code.region for code in visit.screen.query(QrCode)]
    for palette in (picture.DARK, picture.LIGHT):
        rows = picture.cells(visit.app, palette)
        for at, row in enumerate(rows):
            text = "".join(cell.sign for cell in row)
            for x, cell in enumerate(row):
                if any(code.contains(x, at) for code in codes):
                    continue
                assert {cell.front, cell.back} == {palette.foreground, palette.background}, text
            dimmed = "".join(cell.sign for cell in row if cell.dimmed).strip()
            assert not dimmed or at == len(rows) - 1 or dimmed.endswith(NOT_NOW), text


@pytest.mark.parametrize(
    "terminal", ["16 colours", pytest.param("no colour", marks=pytest.mark.slow)]
)
async def test_terminal_with_few_colours_or_none_shows_all_in_its_own(terminal: str) -> None:
    os.environ.update(CAN_DO_LITTLE[terminal])
    async with opened(demo_house()) as visit:
        await walk(visit, partial(require_its_own_colours, visit))


@pytest.mark.long
@pytest.mark.parametrize("name", STATES)
async def test_terminal_with_few_colours_shows_every_state_in_its_own(name: str) -> None:
    os.environ.update(CAN_DO_LITTLE["16 colours"])
    async with opened_in(STATES[name]) as visit:
        await require_its_own_colours(visit)


# --- the measure itself ---------------------------------------------------------------------


def test_contrast_ratio_is_that_of_the_guidelines() -> None:
    black, white = (0, 0, 0), (255, 255, 255)
    assert contrast.ratio(white, black) == contrast.ratio(black, white) == pytest.approx(21)
    assert contrast.ratio((0x76,) * 3, white) >= 4.5 > contrast.ratio((0x77,) * 3, white)


@pytest.mark.slow
async def test_contrast_of_a_planted_pair_is_too_faint() -> None:
    async with opened(demo_house()) as visit:
        await require_readable(visit)
        visit.app.theme = themes.DARK
        heading = visit.screen.query_one("#heading")
        heading.styles.color = "#787878"
        await visit.settle()
        assert any("#787878 on #121212 4.2:1 'S'" in line for line in looks_faint(visit))
        heading.styles.color = "#909090"
        await visit.settle()
        assert not looks_faint(visit)
        visit.app.theme = themes.HIGH_CONTRAST
        await visit.settle()
        assert any("#909090 on #000000 6.6:1" in line for line in looks_faint(visit))


@pytest.mark.slow
async def test_contrast_of_a_planted_mark_is_too_faint() -> None:
    theme = themes.THEMES[0]
    planted = {"block-cursor-background": "#444444", "block-cursor-foreground": "#ffffff"}
    faint = replace(
        theme, name="faint", variables={**theme.variables, **planted, "rule": "#5faf87"}
    )
    async with opened(demo_house()) as visit:
        visit.app.register_theme(faint)
        await visit.sign_in()
        visit.app.theme = "faint"
        await visit.settle()
        seen = " ".join(looks_faint(visit))
        assert "#444444 on #121212 1.9:1 around the focus" in seen
        assert "in the line of the tabs" in seen
