"""Keys typed ahead of the screen that they are meant for.

Over a slow line several keys arrive in one burst. Without this, all but the first would go to the
screen that is about to leave: `p c Laptop` would lose its c, and the name would be commands.
"""

from collections import deque

from textual import events, on
from textual.app import App
from textual.message import Message
from textual.timer import Timer

_LONGEST = 1.0  # seconds; whatever keeps a screen from coming must not take the keyboard with it


A_HASH = 40.0  # seconds; one may wait for its turn for thirty of them
_MOST = 256  # keys and pastes that wait; whoever types more than that ahead is no person
_QUIT = "ctrl+q"  # never waits: whoever wants to leave need not wait for a screen first


class Arrived(Message):
    """A screen or dialog is there, and its focus where work begins."""


class TypeAhead(App[None]):
    """Holds keys while a screen is on its way, then hands them on in their order."""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._holding: Timer | None = None
        self._impatient = ""
        self._held: deque[events.Key | events.Paste] = deque()

    def hold(self, longest: float = _LONGEST, *, impatient: str = "") -> None:
        """From now until the next screen has arrived, but no `longest` seconds, keys wait.

        An `impatient` key is one pressed again because nothing seems to happen: it does nothing.
        """
        if self._holding is None:
            self._impatient = impatient
            self._holding = self.set_timer(longest, self.release)

    def forget(self) -> None:
        """What waits was meant for another dialog than the one that comes."""
        self._held.clear()

    @on(Arrived)
    async def release(self) -> None:
        """Hands on what waits, until a key among it calls for yet another screen."""
        if self._holding is not None:
            self._holding.stop()
            self._holding = None
        while self._held and self._holding is None:
            await self.on_event(self._held.popleft())

    async def on_event(self, event: events.Event) -> None:
        # It may have been to the screen before and come back; a copy goes its way anew.
        if self._holding is not None and isinstance(event, events.Key) and event.key != _QUIT:
            if len(self._held) >= _MOST:
                return
            if self._held or event.key != self._impatient:
                self._held.append(events.Key(event.key, event.character))
        elif self._holding is not None and isinstance(event, events.Paste):
            if len(self._held) < _MOST:
                self._held.append(events.Paste(event.text))
        else:
            await super().on_event(event)
