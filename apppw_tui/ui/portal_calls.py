"""Work that takes a while, with a button that says so."""

from collections.abc import Awaitable
from typing import TypeVar

from textual.content import ContentText
from textual.widgets import Button

Result = TypeVar("Result")

BUSY_DELAY = 0.15  # seconds that nobody needs to be told about
_BUSY = "-busy"


def show_busy(button: Button) -> bool:
    """True while the work that `button` began goes on; a second press does nothing."""
    return button.has_class(_BUSY)


async def with_busy_button(button: Button, waiting: str, work: Awaitable[Result]) -> Result:
    """The result of `work`; `button` reads `waiting` if that takes a while."""
    label = button.label

    def label_it(text: ContentText) -> None:
        button.label = text
        button.refresh(layout=True)  # Textual leaves it as wide as it was

    button.add_class(_BUSY)
    timer = button.set_timer(BUSY_DELAY, lambda: label_it(waiting))
    try:
        return await work
    finally:
        timer.stop()
        label_it(label)
        button.remove_class(_BUSY)
