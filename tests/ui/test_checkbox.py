"""Something to tick: by key, by mouse, and plain to see in every theme."""

import pytest
from textual.app import ComposeResult

from apppw_tui.ui.hardened_app import HardenedApp
from apppw_tui.ui.themes import DARK, HIGH_CONTRAST, LIGHT, TERMINAL, THEMES
from apppw_tui.ui.widgets.choices import CheckBox
from tests.ui.walks import Visit, opened

LABEL = "Delete all app passwords [too]"


class TwoTicks(HardenedApp):
    """The first is not ticked, the second is."""

    def __init__(self, theme: str = DARK) -> None:
        super().__init__()
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme

    def compose(self) -> ComposeResult:
        yield CheckBox(LABEL, id="first")
        yield CheckBox("Tell them", id="second", value=True)


def rows(visit: Visit) -> list[str]:
    return [row.strip() for row in visit.screen_text().splitlines()[:2]]


async def test_its_sign_tells_whether_it_is_ticked() -> None:
    app = TwoTicks()
    async with opened(app) as visit:
        assert rows(visit) == [f"☐ {LABEL}", "☑ Tell them"]


@pytest.mark.parametrize("key", ["space", "enter"])
async def test_a_key_ticks_it_and_takes_it_back(key: str) -> None:
    app = TwoTicks()
    async with opened(app) as visit:
        await visit.pilot.press(key)
        assert rows(visit)[0] == f"☑ {LABEL}"
        await visit.pilot.press(key, "tab", key)
        assert rows(visit) == [f"☐ {LABEL}", "☐ Tell them"]


async def test_a_click_ticks_it() -> None:
    app = TwoTicks()
    async with opened(app) as visit:
        await visit.pilot.click("#first")
        assert app.query_one("#first", CheckBox).value


async def test_a_value_set_by_the_program_is_shown() -> None:
    app = TwoTicks()
    async with opened(app) as visit:
        app.query_one("#first", CheckBox).value = True
        await visit.pilot.pause()
        assert rows(visit)[0].startswith("☑")


@pytest.mark.parametrize("theme", [DARK, LIGHT, HIGH_CONTRAST, TERMINAL])
async def test_the_one_with_the_focus_looks_like_nothing_else(theme: str) -> None:
    app = TwoTicks(theme)
    async with opened(app) as visit:
        await visit.pilot.pause()
        strips = app.screen._compositor.render_strips()
        focused, other = (
            {style for text, style, _ in strip if text.strip() and style} for strip in strips[:2]
        )
        assert not focused & other
        for style in focused:
            assert style.bold
            assert style.reverse or theme != TERMINAL


async def test_a_long_label_is_cut_off_with_a_sign_that_it_is() -> None:
    app = TwoTicks()
    async with opened(app, size=(24, 6)) as visit:
        assert rows(visit) == ["☐ Delete all app pass…", "☑ Tell them"]
