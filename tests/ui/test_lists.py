"""A list of which not everything can be chosen now."""

import pytest
from textual.app import ComposeResult
from textual.widgets import OptionList

from apppw_tui.ui.hardened_app import HardenedApp
from apppw_tui.ui.themes import DARK, LIGHT, TERMINAL, THEMES
from apppw_tui.ui.widgets.lists import Choice, ChoiceList
from tests.ui.walks import Visit, opened

WHY = "There is no office phone yet."
APP = Choice("app", "Use verification code from app")
OFFICE = Choice("office", "Call my office phone [/]", WHY)
TEXT = Choice("text", "Text code to my authentication phone", chosen=True)


class OneList(HardenedApp):
    CSS = "ChoiceList { height: auto; border: none; background: $background; }"

    def __init__(self, *choices: Choice, theme: str = DARK) -> None:
        super().__init__()
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme
        self._all = choices or (APP, OFFICE, TEXT)
        self.told: list[tuple[str, str | None]] = []

    def compose(self) -> ComposeResult:
        yield ChoiceList(*self._all, id="options")

    def on_choice_list_highlighted(self, event: ChoiceList.Highlighted) -> None:
        self.told.append(("highlighted", event.reason))

    def on_choice_list_choice_refused(self, event: ChoiceList.ChoiceRefused) -> None:
        self.told.append(("refused", event.reason))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.told.append(("selected", event.option_id))


def rows(visit: Visit) -> list[str]:
    return visit.screen_text().splitlines()[:3]


async def test_rows_say_what_is_chosen_and_what_is_not_available() -> None:
    async with opened(OneList()) as visit:
        await visit.pilot.pause()
        assert [row.strip() for row in rows(visit)] == [
            "Use verification code from app",
            "Call my office phone [/] (not available)",
            "✓ Text code to my authentication phone",
        ]
        words = ("Use", "Call", "Text")
        starts = [row.index(word) for row, word in zip(rows(visit), words, strict=True)]
        assert len(set(starts)) == 1


async def test_the_cursor_begins_on_the_chosen_one() -> None:
    app = OneList()
    async with opened(app) as visit:
        await visit.pilot.press("enter")
        assert app.told == [("highlighted", None), ("selected", "text")]


async def test_with_none_chosen_it_begins_at_the_top_and_says_why_not() -> None:
    app = OneList(OFFICE, APP)
    async with opened(app) as visit:
        await visit.pilot.pause()
        assert app.told == [("highlighted", WHY)]


async def test_one_that_is_not_available_keeps_the_cursor_and_says_why() -> None:
    app = OneList()
    async with opened(app) as visit:
        await visit.pilot.press("up")
        assert app.told[-1] == ("highlighted", WHY)
        await visit.pilot.press("enter")
        assert app.told[-1] == ("refused", WHY)
        await visit.pilot.press("k", "enter")
        assert app.told[-2:] == [("highlighted", None), ("selected", "app")]
        assert ("selected", "office") not in app.told


async def test_a_click_on_it_refuses_too() -> None:
    app = OneList()
    async with opened(app) as visit:
        await visit.pilot.click("#options", offset=(5, 1))
        assert app.told[-1] == ("refused", WHY)
        await visit.pilot.click("#options", offset=(5, 0))
        assert app.told[-1] == ("selected", "app")


@pytest.mark.parametrize("theme", [DARK, LIGHT, TERMINAL])
async def test_it_is_dimmed_until_the_cursor_is_on_it(theme: str) -> None:
    app = OneList(theme=theme)
    async with opened(app) as visit:

        def styles(row: int) -> set[tuple[object, ...]]:
            strip = app.screen._compositor.render_strips()[row]
            shown = [style for text, style, _ in strip if text.strip() and style]
            return {(s.color, s.bgcolor, s.dim, s.reverse, s.bold) for s in shown}

        await visit.pilot.pause()
        usual, dimmed, cursor = (styles(row) for row in range(3))
        assert not dimmed & (usual | cursor)
        await visit.pilot.press("up")
        assert styles(1) == cursor
        await visit.pilot.press("down")
        assert (styles(0), styles(1), styles(2)) == (usual, dimmed, cursor)
