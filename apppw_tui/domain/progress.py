"""The progress of a long act, for whoever waits for it; the act does not know if anybody does."""

from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import Protocol, TypeVar

_T = TypeVar("_T")


class ProgressDisplay(Protocol):
    """The place where it is shown."""

    def show(self, act: str, done: int, total: int | None) -> None:
        """So many things are done; `total` is None where nobody knows of how many."""

    def clear(self) -> None:
        """Takes away what is shown, so that something else can be said there."""

    def restart(self) -> None:
        """Nobody has waited for anything yet."""


_display: ProgressDisplay | None = None  # one for the process, as there is one standard error


def progress(items: Iterable[_T], act: str, total: int | None = None) -> Iterator[_T]:
    """The same items; each is done when the next one is asked for.

    `act` is what is done to them, such as "Copying accounts"; `total` is their number, where
    `items` does not tell.
    """
    if _display is None:
        return iter(items)
    if total is None and isinstance(items, Sized):
        total = len(items)
    return _shown(_display, items, act, total)


def clear_progress() -> None:
    """For whoever says something else."""
    if _display is not None:
        _display.clear()


def restart_progress() -> None:
    """For whoever has waited for an answer: what is done from here on may be short."""
    if _display is not None:
        _display.restart()


@contextmanager
def showing_progress(display: ProgressDisplay) -> Iterator[None]:
    """Within it progress is shown there; nothing of it is left afterwards, whatever happens."""
    global _display  # noqa: PLW0603 - see there
    _display = display
    try:
        yield
    finally:
        _display = None
        display.clear()


def _shown(
    display: ProgressDisplay, items: Iterable[_T], act: str, total: int | None
) -> Iterator[_T]:
    try:
        for done, item in enumerate(items, 1):
            yield item
            display.show(act, done, total)
    finally:
        display.clear()
