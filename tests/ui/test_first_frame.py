"""The first frame: little is done for it, and it is the same as with everything."""

import gc
from collections import Counter, defaultdict
from typing import Any

import pytest
from textual.css.stylesheet import Stylesheet
from textual.geometry import Size
from textual.widgets import Input
from textual.widgets._footer import FooterKey

from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.app_options import AppOptions
from tests.support import House
from tests.ui.walks import house_with, opened

# The widgets, their parts that are styled apart, and each footer key once more for its look.
MOST_STYLED = 110
# When it is mounted, when its screen comes, with its fill of text, and for the focus.
MOST_TIMES = 5


def login(*, first: bool = False) -> PortalApp:
    house = House()
    if not first:
        house.add("ada")
    return PortalApp(house.portal, house.clock, AppOptions("mail.example.org", first))


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("size", [(80, 24), (40, 12), (120, 40)])
async def test_login_looks_the_same_with_the_styles_of_all_screens(
    size: tuple[int, int], *, first: bool
) -> None:
    app = login(first=first)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        nodes = list(app.screen.walk_children(with_self=True))
        before = [node.styles.base.get_rules() for node in nodes]
        parsed = len(app.stylesheet.rules)
        app.get_screen(app.screen)
        app.stylesheet.update(app.screen)
        assert len(app.stylesheet.rules) > parsed
        assert [node.styles.base.get_rules() for node in nodes] == before


async def test_every_rule_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # A second pass is made by another sheet, or for other variables.
    passes: defaultdict[object, set[object]] = defaultdict(set)

    def parse(
        sheet: Stylesheet, css: str, read_from: tuple[str, str], *more: Any, **named: Any
    ) -> Any:
        passes[read_from].add((id(sheet), frozenset(sheet._variables.items())))
        return original(sheet, css, read_from, *more, **named)

    original = Stylesheet._parse_rules
    monkeypatch.setattr(Stylesheet, "_parse_rules", parse)
    app = login()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert passes.keys() == app.stylesheet.source.keys()
        assert {len(contexts) for contexts in passes.values()} == {1}


@pytest.fixture
def styled(monkeypatch: pytest.MonkeyPatch) -> Counter[object]:
    """How often each widget has been styled so far."""
    times: Counter[object] = Counter()

    def apply(sheet: Stylesheet, node: Any, **named: Any) -> None:
        times[node] += 1
        original(sheet, node, **named)

    original = Stylesheet.apply
    monkeypatch.setattr(Stylesheet, "apply", apply)
    return times


async def test_every_widget_is_styled_but_a_few_times(styled: Counter[object]) -> None:
    app = login()
    async with app.run_test(size=Size(80, 24)) as pilot:
        await pilot.pause()
        assert sum(styled.values()) <= MOST_STYLED


@pytest.mark.slow
async def test_screens_and_dialogs_are_styled_but_a_few_times(styled: Counter[object]) -> None:
    async with opened(house_with("Laptop", "Phone"), size=(120, 40)) as visit:
        await visit.sign_in()
        for key in ("c", "escape", "f2", "v", "p", "d"):
            styled.clear()
            await visit.press(key)
            assert max(styled.values()) <= MOST_TIMES, key


@pytest.mark.slow
async def test_the_keys_below_are_drawn_anew_only_if_they_change() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.sign_in()
        await visit.press("c")
        keys = list(visit.screen.query(FooterKey))
        await visit.press("tab")
        changed = list(visit.screen.query(FooterKey))
        await visit.press("tab")
        assert list(visit.screen.query(FooterKey)) == changed != keys


async def test_what_a_sign_in_needs_is_loaded_at_the_first_key_alone() -> None:
    prepared: list[None] = []
    house = House()
    house.add("ada")
    options = AppOptions("mail.example.org", prepare=lambda: prepared.append(None))
    app = PortalApp(house.portal, house.clock, options)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert not prepared
        await pilot.press("a", "d", "a")
        await app.workers.wait_for_complete()
        assert len(prepared) == 1


async def test_what_cannot_be_loaded_ahead_ends_nothing() -> None:
    def prepare() -> None:
        raise StoreUnusable("It has gone.")

    house = House()
    house.add("ada")
    app = PortalApp(house.portal, house.clock, AppOptions("mail.example.org", prepare=prepare))
    async with app.run_test() as pilot:
        await pilot.press("a", "d", "a")
        await pilot.pause()
        assert app.is_running
        assert app.screen.query_one("#account", Input).value == "ada"


async def test_memory_is_looked_through_again_once_it_is_drawn() -> None:
    app = login()
    gc.disable()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert gc.isenabled()
