"""Every key of a footer, pressed: it does something, or says why it cannot."""

from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.screen import ModalScreen, Screen
from textual.widgets._footer import FooterKey

from tests.ui.tours import TOURS, Tour
from tests.ui.walks import Visit, opened

WALKED = ("welcome", "sign-in", "set-up", "list", "settings", "empty list")
# They open a dialog, or end the program, wherever one is.
_EVERYWHERE = ("app.help", "help", "quit", "app.quit")


@asynccontextmanager
async def arrived(tour: Tour, at: int) -> AsyncIterator[Visit]:
    """Somebody at that stop of the tour, by the way that leads there."""
    async with opened(tour.house(), **tour.options) as visit:
        for stop in tour.stops[: at + 1]:
            await stop.way(visit)
        yield visit


def perceived(visit: Visit) -> Hashable:
    """All that a person can notice: what is drawn, how, and what went to the clipboard."""
    if not visit.app.is_running:
        return None
    strips = visit.screen._compositor.render_strips()
    drawn = tuple((piece.text, str(piece.style)) for strip in strips for piece in strip)
    return drawn, len(visit.sent)


async def without_effect(
    tour: Tour, at: int, names: list[str], try_one: Callable[[Visit, int], Any]
) -> list[str]:
    """Those of `names` of which trying them, by their number, changes nothing at that stop."""
    idle, left = [], list(range(len(names)))
    while left:
        async with arrived(tour, at) as visit:
            before = perceived(visit)
            while left and before == perceived(visit):
                number = left.pop(0)
                await try_one(visit, number)
                await visit.settle()
                if perceived(visit) == before:
                    idle.append(f"{tour.stops[at].name}: {names[number]} does nothing")
                elif visit.app.is_running and isinstance(visit.screen, ModalScreen):
                    await visit.press("escape")  # mostly one is back then, else one comes anew
    return idle


async def chosen_stops(
    tour: Tour, key_of: Callable[[Visit], Hashable | None]
) -> dict[Hashable, int]:
    """The first stop of each kind; those of which there is no key are left out."""
    stops: dict[Hashable, int] = {}
    async with opened(tour.house(), **tour.options) as visit:
        for at, stop in enumerate(tour.stops):
            await stop.way(visit)
            key = key_of(visit)
            if key is not None:
                stops.setdefault(key, at)
    return stops


def footer_of(screen: Screen[Any]) -> list[FooterKey]:
    return [key for key in screen.query(FooterKey) if key.action not in _EVERYWHERE]


@pytest.mark.long
@pytest.mark.parametrize("name", WALKED)
async def test_every_key_of_a_footer_does_something_or_says_why_not(name: str) -> None:
    tour = TOURS[name]

    def kind(visit: Visit) -> Hashable:
        shown = tuple((key.key, key.description, key.disabled) for key in footer_of(visit.screen))
        return (type(visit.screen), shown) if shown else None

    findings = []
    for at in (await chosen_stops(tour, kind)).values():
        async with arrived(tour, at) as visit:
            keys = [key.key for key in footer_of(visit.screen)]

        async def press(visit: Visit, number: int, keys: list[str] = keys) -> None:
            visit.later()  # where a secret is shown, keys count only after a while
            await visit.press(keys[number])

        findings += await without_effect(tour, at, keys, press)
    assert findings == []
