"""The line that asks whether somebody is still there."""

from textual.app import App
from textual.screen import Screen
from textual.widgets import Label

from apppw_tui.ui.idle_clock import WARNED_FOR

_STAY = f"Still there? Press any key, or you are signed out in {WARNED_FOR:.0f} seconds."
_CLOSE = f"Still there? Press any key, or the program ends in {WARNED_FOR:.0f} seconds."
_HURRY = f"You have {WARNED_FOR:.0f} seconds left to sign in."


class IdleWarning(Label):
    """Drawn once, not counted down: a dead connection has to look dead."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, markup=False)


def show_idle_warning(screen: Screen[object], *, signed_in: bool, extends: bool) -> None:
    """Shows the line on `screen`, unless it stands there."""
    if not screen.query(IdleWarning):
        outside = _CLOSE if extends else _HURRY
        screen.mount(IdleWarning(_STAY if signed_in else outside))


def hide_idle_warning(app: App[None]) -> bool:
    """Takes the line away, wherever it stands; True if it stood anywhere."""
    shown = [line for screen in app.screen_stack for line in screen.query(IdleWarning)]
    for line in shown:
        line.remove()
    return bool(shown)
