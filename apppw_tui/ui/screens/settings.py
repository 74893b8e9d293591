"""Settings: sections on the left, what they hold on the right."""

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import ContentSwitcher, Label, OptionList

from apppw_tui.domain.account import Account
from apppw_tui.domain.usage import Used
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.details import activity_details
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.messages import AppearanceChosen, Navigate, SignedOut
from apppw_tui.ui.screens.base import PortalScreen, ScreenContext
from apppw_tui.ui.widgets.footer import NARROW
from apppw_tui.ui.widgets.lists import ActivityList, Choice, ChoiceList, Menu

_SECTIONS = (
    ("security", "Additional security verification"),
    ("password", "Password"),
    ("activity", "Recent activity"),
    ("appearance", "Appearance"),
    ("sign-out", "Sign out"),
)
_LOOKS = {"dark": "Dark", "light": "Light", "terminal": "The terminal's own colours"}
# The line that tells may be too short for where it is changed.
_NOT_KEPT = "The account password is not kept here. Change it where it says above."
_LINK = f"{GLYPHS.link} "


class SettingsScreen(PortalScreen):
    """Below 64 columns the left list stands alone; Enter shows the right side, esc returns."""

    NAME = "Settings"
    FOOTER = ("open", "security", "app-passwords", "back", "quit", "help")
    BINDINGS = [
        Binding("escape,q", "back", "Back", id="back", tooltip="Back to where you came from"),
        Binding("right", "into", "Into the section", id="into", tooltip="To the right", show=False),
        Binding("left", "out", "To the sections", id="out", tooltip="To the left", show=False),
    ]

    def __init__(
        self, context: ScreenContext, came_from: str | None, section: str = "security"
    ) -> None:
        super().__init__(context)
        self._came_from = came_from
        self._section = section

    def content(self) -> ComposeResult:
        with Horizontal(id="columns"):
            yield Menu(*_SECTIONS, id="sections")
            with ContentSwitcher(id="pages", initial=f"page-{self._section}"):
                with Vertical(id="page-security"):
                    yield Label("Additional security verification", classes="page-title")
                    yield Label("", id="protection", classes="page-text", markup=False)
                    yield Menu(
                        ("numbers", f"{_LINK}Update my phone numbers used for account security"),
                        ("app-passwords", f"{_LINK}Create and manage app passwords"),
                        id="security-links",
                    )
                with Vertical(id="page-password"):
                    yield Label("Password", classes="page-title")
                    yield Label("", id="password-age", classes="page-text", markup=False)
                    yield self._change_link()
                with Vertical(id="page-activity"):
                    yield Label("Recent activity", classes="page-title")
                    yield ActivityList(id="activity")
                with Vertical(id="page-appearance"):
                    yield Label("Appearance", classes="page-title")
                    yield Label("How this looks, for you.", classes="page-text")
                    yield Menu(
                        *((key, f"{_LINK}{label}") for key, label in _LOOKS.items()),
                        id="appearance-links",
                    )
                with Vertical(id="page-sign-out"):
                    yield Label("Sign out", classes="page-title")
                    yield Label(
                        f"You are signed in as {self.context.session.account_name}.",
                        classes="page-text",
                        markup=False,
                    )
                    yield Menu(("sign-out", f"{_LINK}Sign out now"), id="sign-out-links")

    def _change_link(self) -> Menu:
        label = "Change the account password"
        if self.context.portal.external_passwords_hint is not None:
            return ChoiceList(Choice("change-password", label, _NOT_KEPT), id="password-links")
        return Menu(("change-password", f"{_LINK}{label}"), id="password-links")

    def on_mount(self) -> None:
        sections = self.query_one("#sections", Menu)
        sections.highlighted = [key for key, _ in _SECTIONS].index(self._section)
        self.focus_content()
        self.load()

    def focus_content(self) -> None:
        self.query_one("#sections", Menu).focus()

    def show_account(self, account: Account) -> None:
        now = self.context.clock.now()
        count = len(account.app_passwords)
        passwords = "no app passwords" if not count else f"{count} app password{'s' * (count > 1)}"
        changed = formatting.ago(account.password_changed, now)
        self._protected(account, f"You have {passwords}.")
        self.query_one("#password-age", Label).update(
            self.context.portal.external_passwords_hint
            or f"It opens these settings and nothing else. Changed {changed}."
        )

    @work(exclusive=True, group="numbers")
    async def _protected(self, account: Account, count: str) -> None:
        """The numbers are sealed: to open them is work, and may fail where the rest does not."""
        context = self.context
        numbers = await self.ask(
            lambda: context.portal.enrollment.numbers(context.session, account)
        )
        used = await self.ask(lambda: context.portal.usage(context.session, account)) or Used()
        sign_in = formatting.sign_in_summary(account, numbers or {})
        now = context.clock.now()
        apps = formatting.enforcement_summary(account, used.last_legacy_login, now) + f" {count}"
        # Where there is little room, the links below it matter more.
        narrow = self.app.size.width < NARROW
        self.query_one("#protection", Label).update(sign_in if narrow else f"{sign_in}\n{apps}")

    @on(OptionList.OptionHighlighted, "#sections")
    def show_section(self, event: OptionList.OptionHighlighted) -> None:
        self._section = event.option_id or self._section
        self.query_one("#pages", ContentSwitcher).current = f"page-{self._section}"
        if self._section == "activity":
            self.load_activity()

    @work(exclusive=True, group="activity")
    async def load_activity(self) -> None:
        """Reads it afresh whenever somebody looks."""
        context = self.context
        entries = await self.ask(lambda: context.portal.activity(context.session))
        if entries is not None:
            self.query_one("#activity", ActivityList).show(entries, context.clock.now())

    @on(ActivityList.EntryOpened)
    def open_line(self, event: ActivityList.EntryOpened) -> None:
        context = self.context
        self.app.push_screen(
            activity_details(event.entry, context.session.account_name, context.clock.now())
        )

    @on(OptionList.OptionSelected, "#sections")
    def open_section(self) -> None:
        self.action_into()

    def action_into(self) -> None:
        self.set_class(True, "-open")
        self.query_one(f"#page-{self._section} Menu", Menu).focus()

    def action_out(self) -> None:
        self.set_class(False, "-open")
        self.focus_content()

    def action_back(self) -> None:
        if self.focused is not None and self.focused.id != "sections":
            self.action_out()
        elif self._came_from is not None:
            self.post_message(Navigate(self._came_from))
        else:
            self.say("Sign out is the last entry on the left.")

    @on(OptionList.OptionSelected, "#security-links")
    def open_security(self, event: OptionList.OptionSelected) -> None:
        self.post_message(Navigate("security" if event.option_id == "numbers" else "app-passwords"))

    @on(OptionList.OptionSelected, "#password-links")
    def change_password(self) -> None:
        self.start_flow(self._change_password)

    async def _change_password(self) -> None:
        if await self.ask_new_password():
            self.load()

    @on(ChoiceList.ChoiceRefused, "#password-links")
    def say_where(self, event: ChoiceList.ChoiceRefused) -> None:
        self.say(event.reason or "")

    @on(OptionList.OptionSelected, "#appearance-links")
    @work
    async def change_appearance(self, event: OptionList.OptionSelected) -> None:
        appearance = event.option_id or ""
        self.post_message(AppearanceChosen(appearance))
        context = self.context

        def remember() -> bool:
            context.portal.set_appearance(context.session, appearance)
            return True

        if await self.ask(remember):
            self.say(f"{_LOOKS[appearance]}, from now on.", good=True)

    @on(OptionList.OptionSelected, "#sign-out-links")
    def sign_out(self) -> None:
        self.post_message(SignedOut("You are signed out."))
