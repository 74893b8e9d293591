"""Sign in, or create the first account."""

from typing import TYPE_CHECKING, NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Input, Label

from apppw_tui.domain.errors import (
    ApppwError,
    InvalidName,
    NameTaken,
    RateLimited,
    SignInRefused,
    WeakPassword,
)
from apppw_tui.ui.app_options import Demo
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.messages import FirstChoice, SignedIn, SignInFailed
from apppw_tui.ui.portal_calls import FLOW, call_portal, is_busy, stay_busy
from apppw_tui.ui.themes import add_breakpoints
from apppw_tui.ui.type_ahead import ScreenReady, TypeAhead
from apppw_tui.ui.widgets.field import ButtonRow, Field
from apppw_tui.ui.widgets.footer import KeyFooter, StatusLine
from apppw_tui.ui.widgets.header import PortalHeader
from apppw_tui.ui.widgets.inputs import AdvancingInput, SubmittingPasswordInput

if TYPE_CHECKING:
    from apppw_tui.portal.portal import Portal
    from apppw_tui.portal.ssh_keys import SeenKey

_ADD = "There are no accounts yet. Add one with: apppw-tui account add NAME"
_ASK = "There are no accounts yet. Ask your administrator."


class Welcome(NamedTuple):
    """The state of the place that Login is told of."""

    host_name: str
    first: bool = False
    no_accounts: bool = False
    kiosk: bool = False
    demo: Demo | None = None
    reason: str = ""
    account_name: str = ""
    shows_key: bool = False  # ssh has verified one
    may_go_back: bool = False  # to the screen that offered this one


class LoginScreen(Screen[None]):
    """Both faces of the door; which one is decided before it is drawn."""

    AUTO_FOCUS = ""
    NAME = "Sign in"
    FOOTER = ("to-next", "submit", "leave", "quit", "help")
    BINDINGS = [
        Binding("escape", "leave", "Leave", id="leave", tooltip="Back, or twice to leave"),
        Binding("down", "app.focus_next", "On", id="step-on", tooltip="Next field", show=False),
        Binding("up", "app.focus_previous", "Back", id="step-back", tooltip="Back", show=False),
    ]

    def __init__(self, portal: "Portal", welcome: Welcome) -> None:
        super().__init__()
        self._portal = portal
        self._welcome = welcome
        self._leaving = False
        self._filled: list[str] = []  # what the fields held before anybody typed

    def compose(self) -> ComposeResult:
        add_breakpoints(self)
        welcome = self._welcome
        heading = "Create the first account" if welcome.first else "Sign in"
        account_name = welcome.demo.account_name if welcome.demo else welcome.account_name
        yield PortalHeader(welcome.host_name)
        with VerticalScroll(id="door", can_focus=False):
            yield Label(heading, id="heading", markup=False)
            hint = "Such as ada or ada@example.org" if welcome.first else ""
            yield Field("Account", AdvancingInput(id="account", value=account_name), hint=hint)
            if welcome.first:
                from apppw_tui.ui.widgets.new_password import NewPassword

                yield NewPassword(lambda: self.query_one("#account", Input).value, "Password")
            else:
                given = welcome.demo.password if welcome.demo else ""
                yield Field("Password", SubmittingPasswordInput(id="password", value=given))
            with ButtonRow():
                yield Button(heading, id="enter", compact=True)
            if welcome.demo:
                yield Label(
                    f"A demonstration; nothing is kept. {GLYPHS.enter} signs you in.\n"
                    f"The password is: {welcome.demo.password}",
                    id="demo",
                    markup=False,
                )
        yield StatusLine()
        yield KeyFooter(self.FOOTER)

    def on_mount(self) -> None:
        account = self.query_one("#account", Input)
        self._filled = [entry.value for entry in self.query(Input)]
        if account.value and not self._welcome.first:
            self.query_one("#password", Input).focus()
        else:
            account.focus()
        if self._welcome.reason:
            self.say(self._welcome.reason)
        elif self._welcome.no_accounts:
            self.say(_ASK if self._welcome.kiosk else _ADD)

        if self._welcome.shows_key and not self._welcome.first:
            self.call_after_refresh(self.recognize)  # what it takes to know is loaded afterwards

    @work(group="key")
    async def recognize(self) -> None:
        """Says which ssh key was verified, and fills in the account that knows it."""

        def look() -> "SeenKey | None":
            return self._portal.ssh_keys.seen()  # which is loaded here, and takes its time

        seen = await call_portal(self, look, self._refuse)
        if seen is None:
            return
        account = self.query_one("#account", Input)
        if seen.account_name is not None and not account.value:
            account.value = seen.account_name
            if self.focused in (None, account):
                self.query_one("#password", Input).focus()
        if not str(self.query_one(StatusLine).content):
            self.say(str(seen))

    def say(self, sentence: str) -> None:
        self._leaving = False
        self.query_one(StatusLine).say(sentence)

    def label_of(self, action: str) -> str | None:
        """Goes back to the screen that offered this one, if one did."""
        return "Back" if action == "leave" and self._welcome.may_go_back else None

    def action_leave(self) -> None:
        """esc, or ctrl+c, twice: VS Code's terminal and zellij keep ^q to themselves."""
        if self._welcome.may_go_back:
            if self._leaving or not self._is_typed:
                self.post_message(FirstChoice("back"))
                return
            self.say("Press esc again to go back. What you typed is dropped.")
            self._leaving = True
        else:
            self._leave_by("esc")

    @property
    def is_untouched(self) -> bool:
        """True while nothing is typed, and none of what stands there was changed."""
        return self._filled == [entry.value for entry in self.query(Input)]

    @property
    def _is_typed(self) -> bool:
        """True if a name stands there that somebody has typed."""
        return self._welcome.demo is None and bool(self.query_one("#account", Input).value)

    def interrupt(self) -> None:
        """ctrl+c: the same, in words for who has not pressed esc."""
        self._leave_by("esc or ^c")

    def _leave_by(self, keys: str) -> None:
        if self._leaving:
            self.app.exit()
            return
        self.say(f"Press {keys} again to leave." if keys == "esc" else f"Press {keys} to leave.")
        self._leaving = True

    @on(Input.Changed)
    def stay(self) -> None:
        """Forgets that somebody wanted to leave: they go on typing."""
        if self._leaving:
            self.say("")

    @on(Input.Submitted, "#password")
    @on(Button.Pressed, "#enter")
    @work(group=FLOW)
    async def enter(self) -> None:
        button = self.query_one("#enter", Button)
        if is_busy(button):
            return
        self.say("")
        arrived = await (self._create(button) if self._welcome.first else self._sign_in(button))
        if arrived is not None:
            stay_busy(button, "Signing in…")  # until the screen that comes takes its place
            self.post_message(arrived)
        elif isinstance(self.app, TypeAhead):
            # What was typed ahead was meant for whoever had been let in.
            self.app.discard_keys()
            for entry in self.query(SubmittingPasswordInput):
                entry.stay()
            self.post_message(ScreenReady())

    def on_new_password_submitted(self) -> None:
        self.enter()

    def _hold(self) -> None:
        """A code that arrives together with the password is for the dialog that comes."""
        if isinstance(self.app, TypeAhead):
            self.app.buffer_keys(impatient="enter")

    async def _sign_in(self, button: Button) -> SignedIn | None:
        account, password = self.query(Field)
        if not account.value:
            account.show_error("Type the name of your account.")
            return None
        if not password.value:
            password.show_error("Type your password.")
            return None
        name, text = account.value, password.value
        self._hold()
        answer = await call_portal(
            self, lambda: self._portal.sign_in(name, text), self._refuse, button, "Checking…"
        )
        if answer is None:
            return None
        # Both are loaded by whoever has answered.
        from apppw_tui.portal.sessions import Session
        from apppw_tui.ui.flows.verify import verify_identity

        if isinstance(answer, Session):
            return SignedIn(answer)
        session = await verify_identity(self.app, answer, self._welcome.demo)
        if session is None:
            if self._welcome.demo is None:
                password.entry.clear()
            password.entry.focus()
            return None
        return SignedIn(session, by_recovery_code=answer.used_recovery_code)

    async def _create(self, button: Button) -> SignedIn | None:
        from apppw_tui.ui.widgets.new_password import NewPassword

        account, new = self.query(Field).first(), self.query_one(NewPassword)
        if not account.value:
            account.show_error("Choose a name for the account.")
            return None
        if not new.is_valid():
            return None
        name, text = account.value, new.value
        self._hold()
        session = await call_portal(
            self,
            lambda: self._portal.create_first_account(name, text),
            self._refuse,
            button,
            "Creating…",
        )
        return None if session is None else SignedIn(session)

    def _refuse(self, error: ApppwError) -> None:
        """Says it under the field that it is about; what is about none, on the line that tells."""
        account, password = list(self.query(Field))[:2]
        if isinstance(error, InvalidName | NameTaken):
            account.show_error(error)
        elif isinstance(error, RateLimited | WeakPassword):
            password.show_error(error)
        elif isinstance(error, SignInRefused):
            self.post_message(SignInFailed())
            password.refuse(error)
        else:
            self.say(f"{GLYPHS.bad} {error}")
