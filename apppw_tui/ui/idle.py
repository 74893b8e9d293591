"""Nobody sits there any more: the clock that notices, the line that warns, the app that ends it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from textual import events, on
from textual.app import App
from textual.screen import Screen
from textual.widgets import Label

from apppw_tui.integrations.process_limits import bound_memory
from apppw_tui.ui import terminal
from apppw_tui.ui.app_options import AppOptions
from apppw_tui.ui.clipboard import Clipboard
from apppw_tui.ui.hardened_app import HardenedApp
from apppw_tui.ui.messages import SignedOut, SignInFailed

WARNED_FOR = 30.0  # seconds before the end, in which a line says that it comes
_GRACE = 30.0  # seconds after the end, in which the program may still leave in good order
_STAY = f"Still there? Press any key, or you are signed out in {WARNED_FOR:.0f} seconds."
_CLOSE = f"Still there? Press any key, or the program ends in {WARNED_FOR:.0f} seconds."
_HURRY = f"You have {WARNED_FOR:.0f} seconds left to sign in."
_LOOK_EVERY = 1.0  # seconds
_QUIT = "ctrl+q"
_PRESSED = (
    events.Key,
    events.Paste,
    events.MouseDown,
    events.MouseScrollUp,
    events.MouseScrollDown,
)


@dataclass
class IdleClock:
    """Ends `limit` seconds after the last key; all in the clock's monotonic seconds.

    With `door`, whoever has not signed in has that many seconds in all, whatever they press.
    """

    monotonic: Callable[[], float]
    limit: float
    door: float | None = None
    _since: float = field(default=0.0, init=False)
    is_signed_out: bool = field(default=True, init=False)  # nobody is signed in

    def __post_init__(self) -> None:
        self._since = self.monotonic()

    def signed_out(self) -> None:
        """From now on nobody is signed in."""
        self._since, self.is_signed_out = self.monotonic(), True

    def signed_in(self) -> None:
        """From now on somebody is."""
        self._since, self.is_signed_out = self.monotonic(), False

    def key_pressed(self) -> None:
        """Somebody pressed something."""
        if self.resets_on_key:
            self._since = self.monotonic()

    @property
    def resets_on_key(self) -> bool:
        """True if a key puts the end off."""
        return not self.is_signed_out or self.door is None

    @property
    def seconds_left(self) -> float:
        """Seconds to the end."""
        limit = self.limit if self.resets_on_key or self.door is None else self.door
        return limit - (self.monotonic() - self._since)

    @property
    def at_most(self) -> float:
        """Seconds after which it should have ended: a terminal perhaps takes nothing more."""
        return self.seconds_left + _GRACE


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


class IdleApp(HardenedApp):
    """`parting` is what the shell, or ssh's client, is told at the end."""

    def __init__(
        self, presence: IdleClock, options: AppOptions, clipboard: Clipboard | None
    ) -> None:
        super().__init__(clipboard, options.tools)
        self.presence = presence
        self.parting: str | None = None
        self._kiosk = options.kiosk
        self._mistakes = 0

    @property
    def signed_in(self) -> bool:
        """True while there is a session to end."""
        return not self.presence.is_signed_out

    def start_idle_timer(self) -> None:
        """From now on it is looked who is there."""
        self.set_interval(_LOOK_EVERY, self.sign_out_when_idle)

    def run_guarded(self) -> int:
        """Sets the bounds before the terminal is looked at: its first word may be an attack."""
        if self._kiosk is not None:
            bound_memory()
        terminal.end_within(self.presence.at_most)
        return super().run_guarded()

    def exit_with(self, reason: str) -> None:
        """Ends the program."""
        self.parting = reason
        self.exit()

    @on(SignInFailed)
    def count_mistakes(self) -> None:
        """Ends the program of somebody who tries and tries: they have to knock anew."""
        kiosk = self._kiosk
        self._mistakes += 1
        if kiosk is not None and not self.signed_in and self._mistakes >= kiosk.max_failures:
            self.exit_with("Too many wrong tries.")

    def sign_out_when_idle(self) -> None:
        """Warns in time, then signs out whoever pressed nothing, or was too slow at the door."""
        self.end_within(self.presence.at_most)
        left = self.presence.seconds_left
        if left > WARNED_FOR:
            return
        if left > 0:
            show_idle_warning(
                self.screen, signed_in=self.signed_in, extends=self.presence.resets_on_key
            )
        elif self.signed_in:
            self.post_message(SignedOut("You were signed out: nothing was pressed for a while."))
        else:
            self.exit_with("Nobody signed in.")

    async def on_event(self, event: events.Event) -> None:
        """A key under the warning says that somebody is there, and nothing else."""
        if isinstance(event, _PRESSED):
            self.presence.key_pressed()
            if (
                self.presence.resets_on_key
                and hide_idle_warning(self)
                and getattr(event, "key", "") != _QUIT
            ):
                return
        await super().on_event(event)
