"""Keys typed ahead of what they are meant for.

Over a slow line, from a macro or a paste, several keys arrive in one burst. Textual looks at each
at once, while the one before is still on its way: `Tab Enter` would press what had the focus before
Tab, and of `p c Laptop` all but the first would go to the screen that is about to leave, the name
as commands. So a key waits until the one before has had its effect, and until a screen or dialog
that is on its way has come. None of them answers a question that nobody has read yet.
"""

from collections import deque
from typing import Any

from textual import events, on
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

# A hash may wait for its turn for thirty of these seconds; but whatever keeps a screen from coming
# must not take the keyboard with it.
_LONGEST = 40.0
_MOST = 256  # keys and pastes that wait; whoever types more than that ahead is no person
_QUIT = "ctrl+q"  # never waits: whoever wants to leave need not wait for a screen first
# What a key does is done by messages that follow it: the press of a button, what that calls for,
# and the focus that it moves.
_STEPS = 3
_LOST = 0.05  # seconds after which it is looked whether a step can still come
_MOST_LOOKS = 20


class ScreenReady(Message):
    """A screen or dialog is there, and its focus where work begins.

    `screen` says so of itself; None where nothing comes that keys could wait for.
    """

    def __init__(self, screen: Screen[Any] | None = None) -> None:
        super().__init__()
        self.screen = screen


class Followed(Message, verbose=True):
    """Takes the way of a key, right behind it and what it called for."""

    def __init__(self, step: int, number: int) -> None:
        super().__init__()
        self.step = step
        self.number = number


class TypeAhead(App[None]):
    """Holds keys while another has its effect or a screen is on its way; then in their order."""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._holding: Timer | None = None
        self._impatient = ""
        self._swallows = False
        self._left: Screen[Any] | None = None  # the screen that keys wait to see gone
        self._question: Screen[Any] | None = None  # what no key may answer until it is there
        self._held: deque[events.Key | events.Paste] = deque()
        self._number = 0  # of the key that has its effect now
        self._step: Followed | None = None  # None: none has
        self._at: DOMNode | None = None  # where its present step began
        self._looks = 0
        self._looking: Timer | None = None

    @property
    def waits_for_screen(self) -> bool:
        """True while keys wait for one; then there may be but so many, and the rest is lost."""
        return self._holding is not None

    @property
    def at_rest(self) -> bool:
        """True if no key waits and none is having its effect."""
        return not self._held and self._step is None

    @property
    def typed_ahead(self) -> int:
        """Keys and pastes that wait."""
        return len(self._held)

    def buffer_keys(
        self,
        *,
        longest: float | None = None,
        impatient: str = "",
        swallow: bool = False,
        leaving: Screen[Any] | None = None,
    ) -> None:
        """From now until the next screen has arrived, or nothing has come of it, keys wait.

        No `longest` seconds where one can go on without it; else as long as a hash may take.
        An `impatient` key is one pressed again because nothing seems to happen: it does nothing.
        With `swallow` none does: what comes is a question that nobody has read yet. `leaving` is
        the screen that another is to replace: it may only now get ready, and is not waited for.
        """
        if self._holding is None:
            self._impatient = impatient
            self._swallows = False
            self._holding = self.set_timer(longest or _LONGEST, self.flush_keys)
        self._left = leaving or self._left
        self._swallows = swallow or self._swallows
        while self._held and (self._swallows or self._is_impatient(self._held[0])):
            self._held.popleft()

    # Overloaded there, and called with whatever one of its forms takes.
    def push_screen(self, screen: Any, *arguments: Any, **options: Any) -> Any:
        """As Textual's; a question that must be read first takes no key until it can be."""
        pushed = super().push_screen(screen, *arguments, **options)
        if getattr(screen, "READ_FIRST", False):
            self._question = screen
            self.buffer_keys(swallow=True)
        return pushed

    def pop_screen(self) -> AwaitComplete:
        """As Textual's; what a flow does after its dialog is waited for like the dialog itself."""
        popped = super().pop_screen()
        if getattr(self.screen, "in_flow", False):
            self.buffer_keys()
        return popped

    def discard_keys(self) -> None:
        """Drops the keys that were meant for another dialog than the one that comes."""
        self._held.clear()

    @on(ScreenReady)
    async def screen_ready(self, event: ScreenReady) -> None:
        asks = self._question is not None and self._question in self.screen_stack
        if asks and event.screen is not self._question:
            return
        if event.screen is None or event.screen is not self._left:
            await self.flush_keys()

    async def flush_keys(self) -> None:
        """Hands on what waits, until a key among it calls for yet another screen."""
        if self._holding is not None:
            self._holding.stop()
            self._holding = self._left = self._question = None
        await self._next()

    async def _next(self) -> None:
        while self._held and self._holding is None and self._step is None:
            await self.on_event(self._held.popleft())

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key | events.Paste) or _leaves(event):
            await super().on_event(event)
        elif event.is_forwarded:
            # It has been to the screen and is back, unused; where another comes it is for that.
            if self._holding is not None:
                self._wait(event)
            else:
                await super().on_event(event)
        elif self._holding is not None or self._step is not None:
            self._wait(event)
        else:
            target = self.focused or self.screen
            await super().on_event(event)
            if not _is_text(event, target):
                self._number += 1
                self._looks = 0
                self._follow(1, target)

    def _wait(self, event: events.Key | events.Paste) -> None:
        """A copy of it waits, to go its way anew."""
        if self._holding is not None:
            if self._swallows or len(self._held) >= _MOST:
                return
            if not self._held and self._is_impatient(event):
                return
        if isinstance(event, events.Key):
            self._held.append(events.Key(event.key, event.character))
        else:
            self._held.append(events.Paste(event.text))

    def _is_impatient(self, event: events.Event) -> bool:
        return isinstance(event, events.Key) and event.key == self._impatient

    # --- until a key has had its effect -----------------------------------------------------

    def _follow(self, step: int, target: DOMNode) -> None:
        self._step, self._at = Followed(step, self._number), target
        if not target.post_message(self._step):
            self._at = None
        if self._looking is None:
            self._looking = self.set_interval(_LOST, self._find_lost)

    @on(Followed)
    async def followed(self, event: Followed) -> None:
        """Everything that was called for before it has been done."""
        event.stop()
        if event is not self._step:
            return
        if event.step < _STEPS:
            self._follow(event.step + 1, self.focused or self.screen)
        else:
            self._step = self._at = None
            await self._next()

    async def _find_lost(self) -> None:
        """A step is lost with the widget that it was to pass, when a dialog goes.

        On a busy machine that takes longer than a look or two.
        """
        step, self._looks = self._step, self._looks + 1
        if step is None:
            if self._looking is not None:
                self._looking.stop()
                self._looking = None
        elif self._looks >= _MOST_LOOKS or self._at is None or not self._at.is_attached:
            await self.followed(step)


def _leaves(event: events.Key | events.Paste) -> bool:
    return isinstance(event, events.Key) and event.key == _QUIT


def _is_text(event: events.Key | events.Paste, target: DOMNode) -> bool:
    """True if it only goes into a field: what follows may go after it at once."""
    if not isinstance(target, Input):
        return False
    return isinstance(event, events.Paste) or target.check_consume_key(event.key, event.character)
