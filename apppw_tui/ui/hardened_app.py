"""An application that gives no secret away and leaves the terminal as it found it."""

import os
import sys
from typing import TYPE_CHECKING, Any

from rich.cells import cached_cell_len
from textual import events, on, work
from textual._styles_cache import StylesCache
from textual.binding import Binding
from textual.driver import Driver
from textual.geometry import Offset
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.worker import WorkerFailed

from apppw_tui.domain.errors import describe_fault
from apppw_tui.domain.ports import ClipboardHelpers
from apppw_tui.domain.secret import Secret
from apppw_tui.exit_codes import FAULT
from apppw_tui.integrations.process_limits import keep_out_of_dumps
from apppw_tui.ui import terminal
from apppw_tui.ui.clipboard import CLEAR_AFTER, Clipboard, Copied, osc52
from apppw_tui.ui.driver import HardenedDriver
from apppw_tui.ui.key_help import display
from apppw_tui.ui.messages import CopyWanted, NotUtf8
from apppw_tui.ui.portal_calls import AsksToQuit
from apppw_tui.ui.type_ahead import TypeAhead
from apppw_tui.ui.widgets.inputs import PasswordInput, TextInput

if TYPE_CHECKING:
    from textual.screen import Screen

    from apppw_tui.ui.dialogs.base import Dialog


class HardenedApp(TypeAhead):
    """Textual's App, less what would log, print, keep, draw or lose what it must not."""

    def __init__(
        self, clipboard: Clipboard | None = None, tools: ClipboardHelpers | None = None
    ) -> None:
        # Told before the theme is known, Textual would draw black on black under NO_COLOR.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.animation_level = "none"
        self.clipboard_out = clipboard or Clipboard(self.copy_to_clipboard, tools=tools)
        self._clearing: Timer | None = None
        self.fault: str | None = None
        self._on_terminal = False
        self._told_to_leave: int | None = None

    def get_driver_class(self) -> type[Driver]:
        """The one driver there is, whatever the environment asks for."""
        return HardenedDriver

    @property
    def cursor_position(self) -> Offset:
        """The place of the terminal's hidden cursor: on what has the focus.

        Screen readers and magnifiers follow it. Textual moves it with fields alone.
        """
        focused = self.focused if self.screen_stack else None
        return Offset(0, 0) if focused is None else _place(focused)

    @cursor_position.setter
    def cursor_position(self, _position: Offset) -> None:
        """It is where the focus is, whatever a field says of itself."""

    # --- leaving --------------------------------------------------------------------------

    def run_guarded(self) -> int:
        """Runs until the person leaves, or something makes it; the exit code."""
        keep_out_of_dumps()
        terminal.quiet_threads()
        self._on_terminal = True
        self.run()
        if self.fault is not None:
            return FAULT
        return self._told_to_leave or self.return_code or 0

    def on_load(self) -> None:
        """Before the terminal is touched: from then on a signal must not just kill."""
        if self._on_terminal:
            terminal.on_signals(self._leave)
            terminal.on_hang_up(self._leave)

    def end_within(self, seconds: float) -> None:
        """From now on a terminal that takes nothing more cannot hold the program up for longer."""
        if self._on_terminal:
            terminal.end_within(seconds)

    def _leave(self, code: int) -> None:
        self._told_to_leave = code
        self.exit()

    def _fatal_error(self) -> None:
        """Instead of a traceback with the passwords that are in its variables."""
        # A screen that is taken away while it opens stumbles; that is no fault.
        if self._told_to_leave is None:
            error: BaseException = self._exception or RuntimeError()
            if isinstance(error, WorkerFailed):
                error = error.error
            self.fault = self.fault or describe_fault(error)
        self._close_messages_no_wait()

    def panic(self, *renderables: object) -> None:
        """Called with a rendered traceback; only the sentence is kept."""
        self._fatal_error()

    async def action_quit(self) -> None:
        """Asks everything that may say no: a password may lie under the dialog that is seen."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, AsksToQuit) and not screen.may_quit():
                seen = _dialog(self.screen)
                if seen is not None and seen is not screen:
                    seen.say(f"{screen.why_stay} ^q again to quit.")
                return
        self.exit()

    def action_help_quit(self) -> None:
        """ctrl+c: people try it; it must neither kill nor be silent.

        A screen that has another way out takes it by its `interrupt()`: some terminals keep
        ^q to themselves.
        """
        interrupt = getattr(self.screen, "interrupt", None)
        if interrupt is not None:
            interrupt()
            return
        dialog = _dialog(self.screen)
        if dialog is not None:
            dialog.say("esc closes this, ^q quits.")
            return
        self._say("Press ^q to quit. If that does nothing: F2, and Sign out.")

    @on(NotUtf8)
    def say_what_it_does_not_send(self) -> None:
        """A password would otherwise be set that is another than the one typed."""
        self._say("This terminal does not send UTF-8: a letter was left out.")

    @on(TextInput.PasteCut)
    def say_what_was_cut(self, event: TextInput.PasteCut) -> None:
        """For a field that has no line of its own."""
        self._say(event.sentence)

    def _say(self, sentence: str) -> None:
        """On the screen or in the dialog that is seen, if it has a place for it."""
        say = getattr(self.screen, "say", None)
        if say is not None:
            say(sentence)

    # --- what comes in --------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Drops keys that come too early to be meant, and escape codes in what is pasted.

        See `Dialog.ignores_key`. Textual would draw them as they are. A masked field takes every
        character as it comes.
        """
        screen = self.screen_stack[-1] if self.screen_stack else None
        if screen is None and isinstance(event, events.Key | events.Paste):
            return  # there is nothing yet, or no longer, that it could be meant for
        if isinstance(event, events.Key):
            dialog = _dialog(screen)
            if dialog is not None and dialog.ignores_key(event.key):
                return
        if isinstance(event, events.Paste) and not isinstance(self.focused, PasswordInput):
            event.text = "".join(
                sign for sign in event.text if sign.isprintable() or sign in "\r\n"
            )
        await super().on_event(event)

    # --- what is kept ---------------------------------------------------------------------

    @on(events.Mount)
    def watch_screens(self) -> None:
        self.screen_change_signal.subscribe(self, self._forget_texts)

    def _forget_texts(self, _screen: "Screen[Any]") -> None:
        """Drops what the screen before had typed and shown, once the present one is drawn.

        Rich keeps the last 4,096 texts that it measured, those of masked fields among them, and
        Textual, with the last 1,024 frames, the lines that were drawn inside them.
        """

        def clear() -> None:
            cached_cell_len.cache_clear()
            StylesCache.get_inner_outer.cache_clear()

        self.call_after_refresh(clear)

    # --- what goes out --------------------------------------------------------------------

    def copy_secret(self, secret: Secret) -> Copied:
        """Copies, and has it cleared later where that is possible. May block."""
        copied = self.clipboard_out.copy(secret)
        if copied.clearable:
            self.call_from_thread(self._clear_later)
        return copied

    @on(CopyWanted)
    @work(thread=True)
    def copy_text(self, event: CopyWanted) -> None:
        """Copies what is no secret, and has the screen say where it went."""
        said = self.clipboard_out.copy_text(event.text, event.what)
        self.call_from_thread(self._say, said)

    def _clear_later(self) -> None:
        if self._clearing is not None:
            self._clearing.stop()
        self._clearing = self.set_timer(CLEAR_AFTER, self._clear_clipboard)

    @work(thread=True)
    def _clear_clipboard(self) -> None:
        self.clipboard_out.clear()

    def copy_to_clipboard(self, text: str) -> None:
        """OSC 52; Textual would keep the text, and know nothing of GNU screen."""
        if self._driver is not None:
            for sequence in osc52(text):
                self._driver.write(sequence)

    def get_key_display(self, binding: Binding) -> str:
        return binding.key_display or display(binding.key)


def _place(widget: Widget) -> Offset:
    """The place on the screen of what `widget` has under its own cursor, or of its first sign."""
    if isinstance(widget, Input):
        return widget.cursor_screen_offset
    row = 0
    if isinstance(widget, OptionList):
        row = widget._index_to_line.get(widget.highlighted or 0, 0)
    elif "textual.widgets._data_table" in sys.modules:  # which Login has no use for
        from textual.widgets import DataTable

        if isinstance(widget, DataTable):
            head = widget.header_height if widget.show_header else 0
            row = head + sum(row.height for row in widget.ordered_rows[: widget.cursor_row])
    return widget.content_region.offset + Offset(0, row - widget.scroll_offset.y)


def _dialog(screen: "Screen[Any] | None") -> "Dialog[Any] | None":
    """`screen`, if it is a dialog of ours; Login alone needs none of them."""
    if not isinstance(screen, ModalScreen):
        return None
    from apppw_tui.ui.dialogs.base import Dialog

    return screen if isinstance(screen, Dialog) else None
