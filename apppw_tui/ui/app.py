"""The application: wires and navigates, nothing else."""

import asyncio
import gc
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import events, on, work
from textual.binding import Binding
from textual.screen import ModalScreen, Screen
from textual.timer import Timer
from textual.widget import AwaitMount
from textual.widgets import Input

from apppw_tui.domain.errors import ApppwError
from apppw_tui.domain.ports import Clock
from apppw_tui.ui import themes
from apppw_tui.ui.app_options import AppOptions
from apppw_tui.ui.clipboard import Clipboard
from apppw_tui.ui.glyphs import GLYPHS, PLAIN
from apppw_tui.ui.idle import IdleApp
from apppw_tui.ui.key_help import help_keys, palette_entries, where
from apppw_tui.ui.messages import AppearanceChosen, FirstChoice, Navigate, SignedIn, SignedOut
from apppw_tui.ui.screens.login import LoginScreen, Welcome
from apppw_tui.ui.terminal import IdleClock

if TYPE_CHECKING:
    from apppw_tui.domain.account import Account
    from apppw_tui.portal.portal import Portal
    from apppw_tui.portal.sessions import Session
    from apppw_tui.ui.dialogs.palette import PaletteEntry
    from apppw_tui.ui.screens.base import PortalScreen, ScreenContext

_SOON = 0.05  # seconds
_LOOKING = 1.0  # seconds that keys wait for whether there are accounts
_ACCOUNTS = "accounts"  # the group of the worker that looks whether there are any


class PortalApp(themes.ThemedApp, IdleApp):
    """The application in which people look after their app passwords."""

    TITLE = "App passwords"
    CSS_PATH = "login.tcss"
    ENABLE_COMMAND_PALETTE = False  # Textual's own; ours is a dialog
    BINDINGS = [
        Binding("v", "go_to('security')", "Security", id="security",
                tooltip="Go to Security Verification"),
        Binding("p", "go_to('app-passwords')", "App passwords", id="app-passwords",
                tooltip="Go to App Passwords"),
        Binding("f2,comma", "go_to('settings')", "Settings", id="settings",
                tooltip="Go to Settings"),
        Binding("ctrl+p,colon", "palette", "Palette", id="palette",
                tooltip="Find anything that can be done here"),
        Binding("question_mark,f1", "help", "Help", id="help", tooltip="What the keys do"),
        Binding("ctrl+q", "quit", "Quit", id="quit", tooltip="Leave the program", priority=True),
    ]  # fmt: skip

    def __init__(
        self,
        portal: "Portal",
        clock: Clock,
        surroundings: AppOptions,
        clipboard: Clipboard | None = None,
    ) -> None:
        kiosk = surroundings.kiosk
        patience = None if kiosk is None else kiosk.sign_in_timeout
        presence = IdleClock(clock.monotonic, portal.policy.sign_out_after, patience)
        super().__init__(presence, surroundings, clipboard)
        self.portal = portal
        self.clock = clock
        self.surroundings = surroundings
        self._screen_context: ScreenContext | None = None
        self._first: tuple[AppOptions, Portal] | None = None  # while away from Welcome
        self._first_welcome = self._welcome()
        self._prepare = surroundings.prepare
        self.begin_with(surroundings.appearance)
        self.set_class(PLAIN, "-plain")

    # --- the first screen, the last words --------------------------------------------------

    @property
    def last_words(self) -> str | None:
        """A sentence for the shell that one returns to, if there is any reason."""
        if self.fault is not None:
            return self.fault
        if self.parting is not None:
            return self.parting
        if self.clipboard_out.holds:
            return "the clipboard still holds an app password; copy something else to remove it."
        return None

    def get_default_screen(self) -> Screen[None]:
        """Login, and not an empty screen under it that would be drawn first."""
        screen = self._door(self._first_welcome)
        themes.add_breakpoints(screen)
        screen._push_result_callback(self, None)  # switch_screen takes one away
        return screen

    async def on_mount(self) -> None:
        # Nothing is drawn before its fields are there.
        await AwaitMount(self.screen, [self.screen])
        self._keys_await_focus()
        self.start_idle_timer()
        # Not the builtin itself: Textual asks for signatures, which of builtins are parsed.
        self.call_after_refresh(_collect_garbage)

    async def on_event(self, event: events.Event) -> None:
        """The first key says that a sign-in may follow: while the rest is typed, it is loaded."""
        if isinstance(event, events.Key | events.Paste) and self._prepare is not None:
            prepare, self._prepare = self._prepare, None
            self.run_worker(partial(_prepare, prepare), thread=True, exit_on_error=False)
        await super().on_event(event)

    def _welcome(self, reason: str = "", account_name: str = "") -> Welcome:
        """The state of things for Login. May block."""
        none = False
        try:
            none = not self.portal.has_accounts()
        except ApppwError as error:
            reason = f"{GLYPHS.bad} {error}"
        return self._welcome_where(reason, account_name, none=none)

    def _welcome_where(self, reason: str, account_name: str, *, none: bool) -> Welcome:
        """The same, where it is known whether there are accounts. Does not block."""
        around = self.surroundings
        first = none and around.may_create_first and self.portal.creates_accounts
        return Welcome(
            around.host_name,
            first=first,
            no_accounts=none and not first,
            kiosk=around.kiosk is not None,
            demo=around.demo,
            reason=reason,
            account_name=account_name,
            shows_key=around.shows_key,
            may_go_back=self._first is not None,
        )

    def _door(self, welcome: Welcome) -> Screen[None]:
        """The screen for somebody who is not signed in."""
        around = self.surroundings
        if not welcome.first or around.demonstration is None:
            return LoginScreen(self.portal, welcome)
        from apppw_tui.ui.screens.welcome import WelcomeScreen

        return WelcomeScreen(around.host_name, around.place)

    @on(FirstChoice)
    async def choose_first(self, event: FirstChoice) -> None:
        """Opens the form, or the demonstration, or goes back to where they are offered."""
        self.workers.cancel_group(self, _ACCOUNTS)
        self._await_screen()
        if self._first is not None and event.choice == "back":
            (self.surroundings, self.portal), self._first = self._first, None
            screen = self._door(await asyncio.to_thread(self._welcome))
        else:
            self._first = self.surroundings, self.portal
            if event.choice == "demonstration" and self.surroundings.demonstration is not None:
                made = await asyncio.to_thread(self.surroundings.demonstration)
                self.surroundings, self.portal = made
            screen = LoginScreen(self.portal, await asyncio.to_thread(self._welcome))
        await self._replace(screen)
        self._keys_await_focus()

    # --- where to go ----------------------------------------------------------------------

    @on(SignedIn)
    @work
    async def enter(self, event: SignedIn) -> None:
        self._await_screen()
        from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
        from apppw_tui.ui.screens.base import ScreenContext
        from apppw_tui.ui.screens.set_up import SetUpScreen

        around = self.surroundings
        context = ScreenContext(
            self.portal,
            event.session,
            self.clock,
            around.host_name,
            self.copy_secret,
            around.demo,
            around.save,
            around.connecting,
        )
        self._screen_context = context
        self.presence.signed_in()
        if around.kiosk is not None:
            around.kiosk.on_signed_in()
        await self._own_look(event.session)
        if event.session.restriction is not None:
            await self._replace(SetUpScreen(context))
        else:
            await self._replace(AppPasswordsScreen(context, arrived=event))

    @on(SignedOut)
    async def leave_session(self, event: SignedOut) -> None:
        if self.surroundings.kiosk is not None:
            self.exit_with(event.reason)
            return
        self.presence.signed_out()
        account = self._screen_context.session.account_name if self._screen_context else ""
        for screen in self.screen_stack:
            if isinstance(screen, LoginScreen):
                account = account or screen.query_one("#account", Input).value
        self._screen_context = None
        self.look(self.surroundings.appearance)
        # First of all a secret goes from the screen; the store may take for ever to say the rest.
        login = LoginScreen(self.portal, self._welcome_where(event.reason, account, none=False))
        await self._replace(login)
        self.discard_keys()  # they were meant for the session that has ended
        await self.flush_keys()
        # Another screen may come; where the store is slow, Login takes them, and it does not.
        self.buffer_keys(longest=_LOOKING)
        self._look_for_accounts(login, event.reason, account, self._holding)

    @work(exclusive=True, group=_ACCOUNTS)
    async def _look_for_accounts(
        self, login: LoginScreen, reason: str, account_name: str, hold: Timer | None
    ) -> None:
        """Offers the first account if there is none, and ends `hold`; says what the store says.

        Whoever has begun to type is left alone.
        """
        welcome = await asyncio.to_thread(self._welcome, reason, account_name)
        if self.screen is login and login.is_untouched and not self.is_signed_in:
            if welcome.first:
                self._await_screen()
                await self._replace(self._door(welcome))
                self._keys_await_focus()
                return
            if welcome.reason != reason:
                login.say(welcome.reason)
        if self._holding is hold:  # no longer, if it took long: then another may wait for a code
            self.call_later(self.flush_keys)

    def _keys_await_focus(self) -> None:
        """Has keys wait until a field of the screen that is new has the focus.

        Textual gives it a moment after the screen has come. The first key would go to the screen,
        which has no use for it, and the name that was typed would lack its first letter.
        """
        self.buffer_keys()
        self.call_later(self.flush_keys)

    def _await_screen(self) -> None:
        """Has keys wait for the screen that is sure to come, however long a busy machine takes."""
        self.buffer_keys(leaving=self.screen)

    async def _replace(self, screen: Screen[None]) -> None:
        """Shows `screen` instead of the present one and of whatever dialog lies over it."""
        while isinstance(over := self.screen, ModalScreen):
            # Textual does not survive that it is taken away before; a turn or two of the loop.
            while not over.is_mounted:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0)
            await self.pop_screen()
        await self.switch_screen(screen)

    async def verify_again(self) -> bool:
        """Asks the person to prove again who they are. Only within a worker.

        Raises:
            StoreError, SessionEnded: it cannot be asked.
        """
        context = self._screen_context
        if context is None:
            return False
        from apppw_tui.ui.flows.verify import verify_identity

        self.discard_keys()
        challenge = await asyncio.to_thread(self.portal.verify_again, context.session)
        session = await verify_identity(self, challenge, self.surroundings.demo)
        if session is not None:
            context.session = session
        return session is not None

    async def _verify_then_go(self, screen: "PortalScreen", event: Navigate) -> None:
        """Opens what is behind the security link, for somebody who has just proved who they are."""
        from apppw_tui.ui.widgets.tab_bar import TabBar

        if await screen.begin() is not None:
            self.navigate(event)
        else:
            for tabs in screen.query(TabBar):
                tabs.stay()
            await self.flush_keys()

    @on(Navigate)
    async def go(self, event: Navigate) -> None:
        context = self._screen_context
        here = self.screen
        if context is None or context.session.restriction or isinstance(here, ModalScreen):
            await self.flush_keys()
            return
        from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
        from apppw_tui.ui.screens.base import PortalScreen
        from apppw_tui.ui.screens.security import SecurityScreen
        from apppw_tui.ui.screens.settings import SettingsScreen

        if isinstance(here, PortalScreen) and here.in_flow:
            # Its dialog is on its way, or its outcome is being shown. Textual does not survive
            # that a screen is taken from under a dialog that is just being pushed.
            self.set_timer(_SOON, partial(self.post_message, event))
            return
        stale = event.place == "security" and not self.portal.is_fresh(context.session)
        if stale and isinstance(here, PortalScreen) and not isinstance(here, SecurityScreen):
            here.start_flow(partial(self._verify_then_go, here, event))
            return
        self._await_screen()
        if isinstance(here, SettingsScreen) and event.place == "settings":
            if event.section is not None:  # else it keeps the focus where it is
                here.open_section(event.section)
            await self.flush_keys()
        elif event.place == "settings":
            await self.switch_screen(SettingsScreen(context, event.section))
        elif event.place == "security":
            if isinstance(here, SecurityScreen):
                here.focus_content()
                await self.flush_keys()
            else:
                await self.switch_screen(SecurityScreen(context, by_tab=event.by_tab))
        elif isinstance(here, AppPasswordsScreen):
            here.come_back(event.perform)
            if not here.in_flow:
                await self.flush_keys()
        else:
            await self.switch_screen(
                AppPasswordsScreen(context, by_tab=event.by_tab, perform=event.perform)
            )

    # --- what keys do everywhere ----------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Signed out, or under a dialog, there is nowhere to go."""
        if action == "go_to":
            context = self._screen_context
            if context is None or context.session.restriction is not None:
                return False
            from apppw_tui.ui.screens.base import PortalScreen

            return isinstance(self.screen, PortalScreen)
        return True

    @property
    def is_signed_in(self) -> bool:
        """True from when somebody proved who they are until the session ends."""
        return self._screen_context is not None

    def action_go_to(self, place: str) -> None:
        self.navigate(Navigate(place))

    def action_help(self) -> None:
        from apppw_tui.ui.dialogs.details import HelpDialog

        if not isinstance(self.screen, HelpDialog):
            self.push_screen(HelpDialog(where(self.screen), help_keys(self)))

    def sign_out(self) -> None:
        self.post_message(SignedOut("You are signed out."))

    # --- the palette ----------------------------------------------------------------------

    def action_palette(self) -> None:
        """Not over a dialog: a command could leave it behind, with a password that nobody saw."""
        screen = self.screen
        if isinstance(screen, ModalScreen):
            return
        from apppw_tui.ui.screens.base import PortalScreen

        if isinstance(screen, PortalScreen) and screen.context.session.restriction is None:
            screen.start_flow(partial(self._palette_with_account, screen))
        else:
            self._show_palette(screen, None)

    async def _palette_with_account(self, screen: "PortalScreen") -> None:
        account = await screen.ask(lambda: self.portal.account(screen.context.session))
        if account is not None:
            self._show_palette(screen, account)

    def _show_palette(self, screen: Screen[Any], account: "Account | None") -> None:
        from apppw_tui.ui.dialogs.palette import PaletteDialog

        entries = list(palette_entries(self, screen, account))
        self.push_screen(PaletteDialog(entries), self._run_entry)

    def _run_entry(self, entry: "PaletteEntry | None") -> None:
        if entry is not None:
            self.call_after_refresh(entry.run)

    def navigate(self, event: Navigate) -> None:
        self._await_screen()
        self.post_message(event)

    # --- the look -------------------------------------------------------------------------

    async def _own_look(self, session: "Session") -> None:
        try:
            account = await asyncio.to_thread(self.portal.after_sign_in, session)
        except ApppwError:
            return  # the screen that has just opened says so
        self.look(account.appearance or self.surroundings.appearance)

    @on(AppearanceChosen)
    def change_look(self, event: AppearanceChosen) -> None:
        """At once; it is kept with the account, or by this program until somebody signs in."""
        self.look(event.appearance)
        screen = self.screen
        if self._screen_context is None:
            self.surroundings = self.surroundings._replace(appearance=event.appearance)
        elif (remember := getattr(screen, "remember_look", None)) is not None:
            remember(event.appearance)


def _prepare(prepare: Callable[[], object]) -> None:
    from apppw_tui.ui.flows import verify  # noqa: F401
    from apppw_tui.ui.screens import app_passwords, set_up  # noqa: F401

    prepare()


def _collect_garbage() -> None:
    gc.enable()
