"""Work that takes a while, off the event loop, with a button that says so."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from textual.widgets import Button

Result = TypeVar("Result")

_UNNOTICED = 0.15  # seconds that nobody needs to be told about
_BUSY = "-busy"


def busy(button: Button) -> bool:
    """True while the work that `button` began goes on; a second press does nothing."""
    return button.has_class(_BUSY)


async def patiently(button: Button, waiting: str, call: Callable[[], Result]) -> Result:
    """The result of `call`, run in a thread; `button` reads `waiting` if that takes a while."""
    label = button.label

    def say_so() -> None:
        button.label = waiting

    button.add_class(_BUSY)
    timer = button.set_timer(_UNNOTICED, say_so)
    try:
        return await asyncio.to_thread(call)
    finally:
        timer.stop()
        button.label = label
        button.remove_class(_BUSY)
