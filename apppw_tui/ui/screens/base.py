"""The base of every signed-in screen: header, content, the line that tells, the keys."""

from asyncio import Lock
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import Screen

from apppw_tui.domain.account import Account
from apppw_tui.domain.ports import Clock
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import Session
from apppw_tui.ui.app_options import ConnectionHelp, Demo
from apppw_tui.ui.clipboard import Copied
from apppw_tui.ui.dialogs.account_password import ChangePasswordDialog
from apppw_tui.ui.messages import SignedOut
from apppw_tui.ui.portal_calls import FLOW, NOT_DONE, STILL_AT_WORK, call_portal, is_calling
from apppw_tui.ui.themes import APPEARANCES, add_breakpoints
from apppw_tui.ui.type_ahead import ScreenReady, TypeAhead
from apppw_tui.ui.widgets.footer import KeyFooter, StatusLine
from apppw_tui.ui.widgets.header import PortalHeader

Result = TypeVar("Result")

_LOOK_ON = {
    "dark": "Dark theme on.",
    "light": "Light theme on.",
    "high-contrast": "High contrast on.",
    "terminal": "The terminal's own colours on.",
}
_TOO_FEW_COLOURS = "Kept for other terminals: this one has too few colours, or NO_COLOR is set."


@dataclass(frozen=True)
class Verb(Binding):
    """All about a key in one place: Textual's part, its word now, and why it cannot be used now.

    `label` is what the footer calls it for a screen, if that changes. `reason` is the sentence why
    it cannot be used, None if it can; the action itself says it.
    """

    reason: Callable[[Any], str | None] | None = None
    label: Callable[[Any], str] | None = None


@dataclass
class ScreenContext:
    """The parts that a signed-in screen works with."""

    portal: Portal
    session: Session
    clock: Clock
    host_name: str
    copy: Callable[[Secret], Copied]
    demo: Demo | None = None
    save: Callable[[str, str, datetime, Secret], Path] | None = None
    connecting: ConnectionHelp = field(default_factory=ConnectionHelp)


class PortalScreen(Screen[None]):
    """`FOOTER` holds binding ids; `NAME` heads the help."""

    AUTO_FOCUS = ""
    NAME: ClassVar[str] = ""
    FOOTER: ClassVar[tuple[str, ...]] = ("help",)

    def __init__(self, context: ScreenContext) -> None:
        super().__init__()
        self.context = context
        self._remembering = Lock()
        self._makes = self._asked = False

    def compose(self) -> ComposeResult:
        add_breakpoints(self)
        yield self.header()
        with Vertical(id="content"):
            yield from self.content()
        yield StatusLine()
        yield KeyFooter(self.FOOTER)

    def header(self) -> PortalHeader:
        return PortalHeader(self.context.host_name, self.context.session.account_name)

    def content(self) -> ComposeResult:
        """The widgets between header and footer."""
        yield from ()

    def focus_content(self) -> None:
        """Puts the focus where work begins."""
        self.focus_next()

    def show_account(self, account: Account) -> None:
        """Fills the screen with what the store holds now."""

    @work(exclusive=True)
    async def load(self) -> None:
        """Reads the account afresh and shows it."""
        account = await self.read_account()
        if account is not None:
            self.show_account(account)
        self.call_after_refresh(self.post_message, ScreenReady(self))

    async def read_account(self) -> Account | None:
        return await self.ask(lambda: self.context.portal.account(self.context.session))

    async def begin(self) -> Account | None:
        """The account, once the person is freshly verified: before a dialog that needs it."""
        context = self.context

        def call() -> Account:
            context.portal.check_fresh(context.session)
            return context.portal.account(context.session)

        account = await self.ask(call)
        if account is None:
            self._drop_keys()
        return account

    def _drop_keys(self) -> None:
        """Of a dialog that does not come, what was typed ahead is no command to this screen."""
        if isinstance(self.app, TypeAhead):
            self.app.discard_keys()

    def why_not(self, action: str) -> str | None:
        """The reason why `action` cannot be done now; None if it can."""
        for verb in self.BINDINGS:
            if isinstance(verb, Verb) and verb.action == action and verb.reason is not None:
                return verb.reason(self)
        return None

    def label_of(self, action: str) -> str | None:
        """The word for `action` on this screen now; None: the usual one."""
        for verb in self.BINDINGS:
            if isinstance(verb, Verb) and verb.action == action and verb.label is not None:
                return verb.label(self)
        return None

    def can(self, action: str) -> bool:
        """True if `action` can be done now; else it says why not."""
        reason = self.why_not(action)
        self.say(reason or "")
        if reason is not None:
            self._drop_keys()
        return reason is None

    def say(self, sentence: str, *, good: bool = False) -> None:
        self.query_one(StatusLine).say(sentence, good=good)

    @contextmanager
    def making_once(self) -> Iterator[None]:
        """From now on, until the end, ^q asks first: what is made is shown this once."""
        self._makes, self._asked = True, False
        try:
            yield
        finally:
            self._makes = False
            for line in self.query(StatusLine):  # none where the screen is being taken apart
                line.unsay(STILL_AT_WORK)

    @property
    def why_stay(self) -> str:
        """The reason why `may_quit` said no, for whoever sees what lies over this."""
        return NOT_DONE

    def may_quit(self) -> bool:
        """False if something would be lost; then it has been said. True the second time."""
        if self._asked or not (self._makes and is_calling(self)):
            return True
        self._asked = True
        self.say(STILL_AT_WORK)
        return False

    def say_done(self, sentence: str, *, good: bool = True) -> None:
        """Says the outcome of an act, and what the store has to say of it besides."""
        amended = self.context.portal.amended(sentence)
        self.say(amended, good=good and amended == sentence)

    @property
    def in_flow(self) -> bool:
        """True from when a flow of dialogs is called for until its outcome is shown."""
        return any(
            worker.node is self and not worker.is_finished
            for worker in self.workers
            if worker.group == FLOW
        )

    def start_flow(self, flow: Callable[[], Awaitable[None]], *, ahead: bool = True) -> None:
        """Starts `flow`, unless another is on its way to a dialog and this key was meant for that.

        Keys typed `ahead` wait for the dialog, or for the end of the flow; never where one of them
        could be a Yes.
        """
        if not self.in_flow:
            app = self.app
            if isinstance(app, TypeAhead):
                app.buffer_keys(swallow=not ahead)
            self.run_worker(self._run(flow), group=FLOW)

    async def _run(self, flow: Callable[[], Awaitable[None]]) -> None:
        try:
            await flow()
        finally:
            if self.is_active:  # else what lies over it says so, or what has taken its place
                self.post_message(ScreenReady(self))

    async def ask(self, call: Callable[[], Result]) -> Result | None:
        """See `call_portal`; a refusal stands on the line that tells."""
        return await call_portal(self, call, lambda error: self.say(str(error)))

    @work(group="appearance")
    async def remember_look(self, appearance: str) -> None:
        """Keeps `appearance`, which is seen by now where the terminal can show it.

        One after the other: what was chosen last is what stays.
        """
        context = self.context

        def remember() -> bool:
            context.portal.set_appearance(context.session, appearance)
            return True

        async with self._remembering:
            remembered = await self.ask(remember)
        if remembered:
            shown = self.app.theme == APPEARANCES[appearance]
            self.say_done(_LOOK_ON[appearance] if shown else _TOO_FEW_COLOURS, good=shown)

    async def ask_new_password(self) -> bool:
        """Lets the person change the account password; True if it was changed."""
        context = self.context
        account = await self.begin()
        if account is None:
            return False
        session = await self.app.push_screen_wait(
            ChangePasswordDialog(
                context.session.account_name,
                len(account.app_passwords),
                lambda current, new, too: context.portal.change_password(
                    context.session, current, new, delete_app_passwords=too
                ),
            )
        )
        if session is None:
            return False
        context.session = session
        besides = context.portal.besides
        left = await self.ask(lambda: len(context.portal.account(session).app_passwords))
        gone = 0 if left is None else len(account.app_passwords) - left
        deleted = f"; {gone} app password{'' if gone == 1 else 's'} deleted" if gone > 0 else ""
        self.say_done(
            f"Password changed{deleted}. Other sessions were signed out.{besides}", good=not besides
        )
        return True


class LeavingScreen(PortalScreen):
    """A screen from which esc signs out, pressed twice, if nothing comes between."""

    def __init__(self, context: ScreenContext) -> None:
        super().__init__(context)
        self._leaving = False

    def leave(self) -> None:
        """Says how one gets out; the second time, signs out."""
        if self._leaving:
            self.post_message(SignedOut("You are signed out."))
        else:
            self.say("Press esc again to sign out, ^q to quit.")
            self._leaving = True

    def stay(self) -> None:
        """Takes the hint back: the person goes on working, and did not mean to leave."""
        if self._leaving:
            self.say("")

    def on_screen_suspend(self) -> None:
        """The esc that leaves a dialog is no second one."""
        self.stay()

    def say(self, sentence: str, *, good: bool = False) -> None:
        self._leaving = False
        super().say(sentence, good=good)
