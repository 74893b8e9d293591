"""The one way in which screens, dialogs and flows call the portal.

A call hashes, opens files or waits for a lock: it runs in a thread, never on the event loop.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar, runtime_checkable

from textual.content import ContentText
from textual.dom import DOMNode
from textual.widgets import Button

from apppw_tui.domain.errors import ApppwError, ReverificationRequired, SessionEnded
from apppw_tui.ui.messages import SignedOut

Result = TypeVar("Result")

BUSY_DELAY = 0.15  # seconds that nobody needs to be told about
STILL_AT_WORK = "Still at work. ^q again to quit."
NOT_DONE = "Not done yet."
FLOW = "flow"  # the group of the workers that wait for a dialog
_BUSY = "-busy"
_callers: list[DOMNode] = []  # one for each call that goes on


@runtime_checkable
class CanVerify(Protocol):
    """An app that can ask the person to prove again who they are."""

    async def verify_again(self) -> bool:
        """True once they have. Only within a worker: it waits for a dialog."""


@runtime_checkable
class AsksToQuit(Protocol):
    """A screen or dialog in which something may go on that would be lost."""

    @property
    def why_stay(self) -> str:
        """The reason why `may_quit` said no, for whoever sees what lies over this."""

    def may_quit(self) -> bool:
        """False if something would be lost; then it has been said. True the second time."""


async def call_portal(
    caller: DOMNode,
    call: Callable[[], Result],
    refused: Callable[[ApppwError], None],
    button: Button | None = None,
    waiting: str = "",
) -> Result | None:
    """The result of `call`; None if there is none, and then all has been said.

    Where it needs a fresh verification, that is asked first: `call` must take the session from
    where a new one is put, not hold an old one. That the session has ended is the app's to tell;
    every other refusal goes to `refused`. `button` reads `waiting` if it takes a while, and nothing
    is called while it is busy already. Only within a worker, which ends as cancelled if the caller
    goes meanwhile: there is nobody to show the result to, and nothing to show it in.
    """
    if button is not None and is_busy(button):
        return None
    try:
        with contextlib.nullcontext() if button is None else _busy(button, waiting):
            return await _verified(caller, call)
    except SessionEnded as error:
        caller.post_message(SignedOut(str(error)))
    except ApppwError as error:
        refused(error)
    return None


def is_busy(button: Button) -> bool:
    """True while the call that `button` began goes on."""
    return button.has_class(_BUSY)


def stay_busy(button: Button, waiting: str) -> None:
    """Has `button` read `waiting`, and begin nothing, for as long as its screen is still there."""
    button.add_class(_BUSY)
    _label(button, waiting)


def is_calling(caller: DOMNode) -> bool:
    """True while a call of `caller` goes on; not while the person is asked to verify first."""
    return any(each is caller for each in _callers)


async def _verified(caller: DOMNode, call: Callable[[], Result]) -> Result:
    while True:
        try:
            return await in_thread(caller, call)
        except ReverificationRequired:
            app = caller.app
            if not isinstance(app, CanVerify) or not await app.verify_again():
                raise


async def in_thread(caller: DOMNode, call: Callable[[], Result]) -> Result:
    """The result of `call`, for as long as `caller` is there to show it.

    The portal goes by `call_portal`; a copy or a file has no session that could end.
    """
    _callers.append(caller)
    try:
        return await asyncio.to_thread(call)
    finally:
        _callers.remove(caller)
        # Textual takes a screen's widgets away before it cancels the screen's workers; of what is
        # being taken away it says that it is not displayed.
        if not caller.display:
            raise asyncio.CancelledError


@contextlib.contextmanager
def _busy(button: Button, waiting: str) -> Iterator[None]:
    label = button.label
    button.add_class(_BUSY)
    timer = button.set_timer(BUSY_DELAY, lambda: _label(button, waiting))
    try:
        yield
    finally:
        timer.stop()
        _label(button, label)
        button.remove_class(_BUSY)


def _label(button: Button, text: ContentText) -> None:
    button.label = text
    button.refresh(layout=True)  # Textual leaves it as wide as it was
