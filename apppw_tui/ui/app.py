"""The application: wires and navigates, nothing else."""

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass

from textual import events, on, work
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.command import CommandPalette
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from apppw_tui.domain.clock import Clock
from apppw_tui.domain.errors import ApppwError
from apppw_tui.domain.secret import Secret
from apppw_tui.exits import FAULT
from apppw_tui.fault import describe
from apppw_tui.portal.portal import Portal, Session
from apppw_tui.ui import terminal, themes
from apppw_tui.ui.clipboard import CLEAR_AFTER, Clipboard, Copied
from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.dialogs.help import HelpDialog
from apppw_tui.ui.glyphs import GLYPHS, PLAIN
from apppw_tui.ui.keys import commands, display, help_keys, where
from apppw_tui.ui.messages import Go, PasswordChanged, SessionOver, SignedIn
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.base import Desk, PortalScreen
from apppw_tui.ui.screens.login import LoginScreen, Welcome
from apppw_tui.ui.screens.security import SecurityScreen
from apppw_tui.ui.screens.settings import SettingsScreen


@dataclass(frozen=True)
class Surroundings:
    """What the program knows of where it runs."""

    host_name: str
    may_create_first: bool = False
    demo: tuple[str, str] | None = None
    appearance: str | None = None


class QuietPalette(CommandPalette):
    """The command palette, without the blinking cursor."""

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False


class PortalApp(App[None]):
    """Where a person looks after their app passwords."""

    TITLE = "App passwords"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (64, "-medium"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]
    BINDINGS = [
        Binding("v", "security", "Security", id="security", tooltip="Go to Security Verification"),
        Binding("p", "app_passwords", "App passwords", id="app-passwords",
                tooltip="Go to App Passwords"),
        Binding("f2,comma", "settings", "Settings", id="settings", tooltip="Go to Settings"),
        Binding("ctrl+p,colon", "command_palette", "Palette", id="palette",
                tooltip="Find anything that can be done here"),
        Binding("question_mark,f1", "help", "Help", id="help", tooltip="What the keys do"),
        Binding("ctrl+q", "quit", "Quit", id="quit", tooltip="Leave the program", priority=True),
    ]  # fmt: skip

    def __init__(
        self,
        portal: Portal,
        clock: Clock,
        surroundings: Surroundings,
        clipboard: Clipboard | None = None,
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self.portal = portal
        self.clock = clock
        self.surroundings = surroundings
        self.clipboard_out = clipboard or Clipboard(self.copy_to_clipboard)
        self.fault: str | None = None
        self._on_terminal = False
        self._told_to_leave: int | None = None
        self._desk: Desk | None = None
        self._came_from: str | None = None
        for theme in themes.THEMES:
            self.register_theme(theme)
        self._look(surroundings.appearance)
        self.set_class(PLAIN, "-plain")

    # --- starting and leaving -------------------------------------------------------------

    def run_portal(self) -> int:
        """Runs until the person leaves; the exit code. `last_words` is what to say then."""
        terminal.quiet_threads()
        self._on_terminal = True
        self.run()
        if self.fault is not None:
            return FAULT
        return self._told_to_leave or self.return_code or 0

    @property
    def last_words(self) -> str | None:
        """A sentence for the shell that one returns to, if there is any reason."""
        if self.fault is not None:
            return self.fault
        if self.clipboard_out.holds:
            return "the clipboard still holds an app password; copy something else to remove it."
        return None

    def on_load(self) -> None:
        """Before the terminal is touched: from then on a signal must not just kill."""
        if self._on_terminal:
            terminal.on_signals(self._leave)
            terminal.on_hang_up(self._leave)

    async def on_mount(self) -> None:
        await self.push_screen(self._login())

    def _leave(self, code: int) -> None:
        self._told_to_leave = code
        self.exit()

    def _login(self, reason: str = "", account: str = "") -> LoginScreen:
        welcome = Welcome(self.surroundings.host_name, reason=reason, account=account)
        try:
            # One listing of a folder, before anything is drawn.
            none = not self.portal.has_accounts()
        except ApppwError as error:
            welcome = Welcome(self.surroundings.host_name, reason=f"{GLYPHS.bad} {error}")
            none = False
        first = none and self.surroundings.may_create_first
        return LoginScreen(
            self.portal,
            Welcome(
                welcome.host_name,
                first=first,
                no_accounts=none and not first,
                demo=self.surroundings.demo,
                reason=welcome.reason,
                account=welcome.account,
            ),
        )

    def _fatal_error(self) -> None:
        """Instead of a traceback with the passwords that are in its variables."""
        # A screen that is taken away while it opens stumbles; that is no fault.
        if self._told_to_leave is None:
            self.fault = self.fault or describe(self._exception or RuntimeError())
        self._close_messages_no_wait()

    def panic(self, *renderables: object) -> None:
        """Called with a rendered traceback; only the sentence is kept."""
        self._fatal_error()

    # --- where to go ----------------------------------------------------------------------

    @on(SignedIn)
    @work
    async def enter(self, event: SignedIn) -> None:
        self._desk = Desk(self.portal, event.session, self.clock, self.surroundings.host_name)
        self._came_from = None
        await self.switch_screen(SettingsScreen(self._desk, None))
        await self._own_look(event.session)

    @on(SessionOver)
    async def leave_session(self, event: SessionOver) -> None:
        account = self._desk.session.account if self._desk else ""
        self._desk = None
        self._look(self.surroundings.appearance)
        while isinstance(self.screen, ModalScreen):
            await self.pop_screen()
        await self.switch_screen(self._login(event.reason, account))

    @on(PasswordChanged)
    def keep_session(self, event: PasswordChanged) -> None:
        if self._desk is not None:
            self._desk.session = event.session

    @on(Go)
    async def go(self, event: Go) -> None:
        desk = self._desk
        if desk is None or isinstance(self.screen, ModalScreen):
            return
        here = self.screen
        if event.place == "settings":
            if not isinstance(here, SettingsScreen):
                await self.switch_screen(SettingsScreen(desk, self._came_from))
        elif event.place == "security":
            self._came_from = "security"
            if isinstance(here, SecurityScreen):
                here.focus_content()
            else:
                await self.switch_screen(SecurityScreen(desk, by_tab=event.by_tab))
        elif isinstance(here, AppPasswordsScreen):
            here.focus_content()
        else:
            self._came_from = "app-passwords"
            copy = self.copy_secret
            await self.switch_screen(AppPasswordsScreen(desk, copy, by_tab=event.by_tab))

    # --- what keys do everywhere ----------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Signed out, or under a dialog, there is nowhere to go."""
        if action in ("settings", "security", "app_passwords"):
            return self._desk is not None and isinstance(self.screen, PortalScreen)
        return True

    def action_settings(self) -> None:
        self.post_message(Go("settings"))

    def action_security(self) -> None:
        self.post_message(Go("security"))

    def action_app_passwords(self) -> None:
        self.post_message(Go("app-passwords"))

    def action_help(self) -> None:
        if not isinstance(self.screen, HelpDialog | CommandPalette):
            self.push_screen(HelpDialog(where(self.screen), help_keys(self)))

    def action_sign_out(self) -> None:
        self.post_message(SessionOver("You are signed out."))

    def action_command_palette(self) -> None:
        """Not over a dialog: a command could leave it behind, with a password that nobody saw."""
        if not isinstance(self.screen, ModalScreen):
            self.push_screen(QuietPalette(id="--command-palette"))

    async def action_quit(self) -> None:
        if not isinstance(self.screen, Dialog) or self.screen.may_quit():
            self.exit()

    def action_help_quit(self) -> None:
        """ctrl+c: people try it; it must neither kill nor be silent."""
        say = getattr(self.screen, "say", None)
        if say is not None:
            say("Press ^q to quit.")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the bindings can do here; none of Textual's, which write screens to files."""
        yield from commands(self, screen)
        if self._desk is not None:
            yield SystemCommand("Sign out", "End this session", self.action_sign_out)

    def get_key_display(self, binding: Binding) -> str:
        return binding.key_display or display(binding.key)

    async def on_event(self, event: events.Event) -> None:
        """Some keys come too early to be meant (see `Dialog.deaf`)."""
        screen = self.screen_stack[-1] if self.screen_stack else None
        if isinstance(event, events.Key) and isinstance(screen, Dialog) and screen.deaf(event.key):
            return
        await super().on_event(event)

    # --- the clipboard and the look -------------------------------------------------------

    def copy_to_clipboard(self, text: str) -> None:
        """OSC 52; Textual would keep the text."""
        super().copy_to_clipboard(text)
        self._clipboard = ""

    def copy_secret(self, secret: Secret) -> Copied:
        """Copies, and has it cleared later where that is possible. May block."""
        copied = self.clipboard_out.copy(secret)
        if copied.clearable:
            self.call_from_thread(self.set_timer, CLEAR_AFTER, self._clear_clipboard)
        return copied

    @work(thread=True)
    def _clear_clipboard(self) -> None:
        self.clipboard_out.clear()

    async def _own_look(self, session: Session) -> None:
        try:
            account = await asyncio.to_thread(self.portal.account, session)
        except ApppwError:
            return  # the screen that has just opened says so
        self._look(account.appearance or self.surroundings.appearance)

    def _look(self, appearance: str | None) -> None:
        self.theme = themes.pick(
            appearance,
            self.console.color_system,
            no_color="NO_COLOR" in os.environ,
        )
