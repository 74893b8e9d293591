"""Nobody sits there any more: the line that warns, and the app that ends it."""

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
from apppw_tui.ui.terminal import WARNED_FOR, IdleClock

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
        self._is_warned = False  # each key would else look through all screens for the line

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
            self._is_warned = True
            show_idle_warning(
                self.screen, signed_in=self.signed_in, extends=self.presence.resets_on_key
            )
        elif self.signed_in:
            self.post_message(SignedOut("You were signed out: nothing was pressed for a while."))
        else:
            self.exit_with("Nobody signed in.")

    def _hide_warning(self) -> bool:
        self._is_warned = False
        return hide_idle_warning(self)

    async def on_event(self, event: events.Event) -> None:
        """A key under the warning says that somebody is there, and nothing else."""
        if isinstance(event, _PRESSED):
            self.presence.key_pressed()
            if (
                self._is_warned
                and self.presence.resets_on_key
                and self._hide_warning()
                and getattr(event, "key", "") != _QUIT
            ):
                return
        await super().on_event(event)
