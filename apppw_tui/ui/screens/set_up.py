"""Before anything else: an account that needs a second factor and has none."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Label, OptionList

from apppw_tui.domain.account import Account
from apppw_tui.ui.flows.first_setup import FirstSetup
from apppw_tui.ui.flows.methods import MAKING_CODES
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.messages import SignedIn, SignedOut
from apppw_tui.ui.screens.base import LeavingScreen, ScreenContext
from apppw_tui.ui.type_ahead import ScreenReady, TypeAhead
from apppw_tui.ui.widgets.header import PortalHeader
from apppw_tui.ui.widgets.lists import Menu

_LINK = f"{GLYPHS.link} "
_NONE_YET = "Protect your account with a second step. It takes a minute."
_BYPASS = "Your administrator let you in once without a code. Set up a new verification method now."


class SetUpScreen(LeavingScreen):
    """One way on, one way out."""

    NAME = "Set it up now"
    FOOTER = ("open", "leave", "quit", "help")
    BINDINGS = [
        Binding("escape,q", "leave", "Sign out", id="leave", tooltip="Sign out, pressed twice"),
    ]

    def __init__(self, context: ScreenContext) -> None:
        super().__init__(context)
        self._walk = FirstSetup(self, self._go_on)

    def header(self) -> PortalHeader:
        return PortalHeader(self.context.host_name)

    def content(self) -> ComposeResult:
        why = _BYPASS if self.context.session.restriction == "bypass" else _NONE_YET
        with Vertical(id="set-up"):
            yield Label("Additional security verification", classes="page-title", markup=False)
            yield Label(why, classes="page-text", markup=False)
            yield Label(MAKING_CODES, id="going-on", classes="page-text", markup=False)
            yield Menu(
                ("now", f"{_LINK}Set it up now"), ("out", f"{_LINK}Sign out"), id="set-up-links"
            )

    def on_mount(self) -> None:
        self.focus_content()
        self.call_after_refresh(self.post_message, ScreenReady(self))

    def focus_content(self) -> None:
        self.query_one(Menu).focus()

    @on(OptionList.OptionSelected, "#set-up-links")
    def choose(self, event: OptionList.OptionSelected) -> None:
        if event.option_id == "now":
            self.start_flow(self._set_up)
        else:
            self.post_message(SignedOut("You are signed out."))

    def _go_on(self) -> None:
        """Says that work goes on, instead of offering to begin, until the next step lies over it.

        Making codes takes seconds. Keys do nothing meanwhile: nobody has read yet what comes.
        """
        self.add_class("-going-on")
        if isinstance(self.app, TypeAhead):
            self.app.buffer_keys(swallow=True)

    def _offer(self) -> None:
        """Offers the set-up again."""
        if self.has_class("-going-on"):
            self.remove_class("-going-on")
            self.call_after_refresh(self.focus_content)

    def on_screen_suspend(self) -> None:
        """The step that lies over it says more."""
        super().on_screen_suspend()
        self._offer()

    def action_leave(self) -> None:
        self.leave()

    @on(OptionList.OptionHighlighted)
    def go_on(self) -> None:
        self.stay()

    async def _set_up(self) -> None:
        account: Account | None = await self.read_account()
        if account is None:
            return
        done = await self._walk.walk(account)
        # From the last step on, whatever came of it.
        if done or self.context.session.restriction is None:
            if isinstance(self.app, TypeAhead):
                self.app.buffer_keys(leaving=self)
            self.post_message(SignedIn(self.context.session, created=self._walk.created))
        else:
            self._offer()
