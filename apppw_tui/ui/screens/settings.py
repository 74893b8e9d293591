"""Settings: sections on the left, what they hold on the right."""

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.theme import Theme
from textual.widgets import ContentSwitcher, Label, OptionList
from textual.worker import Worker

from apppw_tui.domain.account import Account
from apppw_tui.domain.phone import PHONES
from apppw_tui.domain.usage import Used
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.details import activity_details
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.messages import AppearanceChosen, Navigate, SignedOut
from apppw_tui.ui.portal_calls import FLOW
from apppw_tui.ui.screens.base import PortalScreen, ScreenContext
from apppw_tui.ui.themes import APPEARANCES, LABELS, NARROW
from apppw_tui.ui.widgets.lists import ActivityList, Choice, ChoiceList, Menu
from apppw_tui.ui.widgets.more import MoreLine

SECTIONS = (
    ("security", "Additional security verification"),
    ("password", "Password"),
    ("activity", "Recent activity"),
    ("sessions", "Sessions"),
    ("appearance", "Appearance"),
    ("sign-out", "Sign out"),
)
# The line that tells may be too short for where it is changed.
_NOT_KEPT = "The account password is not kept here. Change it where it says above."
_LINK = f"{GLYPHS.link} "
_NO_PHONES = "Authenticator app, recovery codes"  # what the link leads to where there are none
_SECURITY_LINK = f"{_LINK}Update my phone numbers used for account security"


class SettingsScreen(PortalScreen):
    """Below 64 columns the left list stands alone; Enter shows the right side, esc returns."""

    NAME = "Settings"
    FOOTER = ("open", "choose", "security", "app-passwords", "back", "quit", "help")
    BINDINGS = [
        Binding(
            "escape,q", "back", "Back", id="back", tooltip="To the sections, then App Passwords"
        ),
        Binding("right", "into", "Into the section", id="into", tooltip="To the right", show=False),
        Binding("left", "out", "To the sections", id="out", tooltip="To the left", show=False),
    ]

    def __init__(self, context: ScreenContext, section: str | None = None) -> None:
        super().__init__(context)
        self._section = section or "security"
        self._unread = False  # what the section shows is read once the flow has ended

    def content(self) -> ComposeResult:
        with Horizontal(id="columns"):
            with Vertical(id="sections-column"):
                yield Menu(*SECTIONS, id="sections")
                yield MoreLine("#sections")
            with ContentSwitcher(id="pages", initial=f"page-{self._section}"):
                with Vertical(id="page-security"):
                    yield Label("Additional security verification", classes="page-title")
                    yield Label("", id="protection", classes="page-text", markup=False)
                    yield Menu(
                        ("numbers", _SECURITY_LINK),
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
                    yield MoreLine("#activity")
                with Vertical(id="page-sessions"):
                    yield Label("Sessions", classes="page-title")
                    yield Label("", id="trusted", classes="page-text", markup=False)
                    yield Menu(
                        ("elsewhere", f"{_LINK}Sign out everywhere else"),
                        ("forget", f"{_LINK}Forget the trusted addresses"),
                        id="session-links",
                    )
                with Vertical(id="page-appearance"):
                    yield Label("Appearance", classes="page-title")
                    yield ChoiceList(
                        *(Choice(key, label) for key, label in LABELS.items()),
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
        self._mark_look(self.app.current_theme)
        self.app.theme_changed_signal.subscribe(self, self._mark_look)
        self.open_section(self._section)
        self.load()

    @property
    def section(self) -> str:
        """The section that is shown."""
        return self._section

    def focus_content(self) -> None:
        self.query_one("#sections", Menu).focus()

    def open_section(self, section: str | None) -> None:
        """Has the cursor on `section`, or where it was."""
        sections = [key for key, _ in SECTIONS]
        self.query_one("#sections", Menu).highlighted = sections.index(section or self._section)
        self.focus_content()

    def show_account(self, account: Account) -> None:
        context = self.context
        now = context.clock.now()
        count = len(account.app_passwords)
        passwords = "no app passwords" if not count else f"{count} app password{'s' * (count > 1)}"
        changed = formatting.ago(account.password_changed, now)
        self._protected(account, f"You have {passwords}.")
        offered = context.portal.enrollment.delivery_methods
        if not account.phones and not any(offered(which) for which in PHONES):
            words = Content.assemble(_SECURITY_LINK, (f"\n  {_NO_PHONES}", "$text-muted"))
            self.query_one("#security-links", Menu).replace_option_prompt("numbers", words)
        self.query_one("#password-age", Label).update(
            context.portal.external_passwords_hint
            or f"This password signs you in here only, not in apps. Changed {changed}."
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
        apps = formatting.enforcement_summary(
            account, used.last_legacy_login, now, on_server=context.connecting.on_server
        )
        apps = f"{apps} {count}".lstrip()
        # Where there is little room, the links below it matter more.
        narrow = self.app.size.width < NARROW
        self.query_one("#protection", Label).update(sign_in if narrow else f"{sign_in}\n{apps}")

    @on(OptionList.OptionHighlighted, "#sections")
    def show_section(self, event: OptionList.OptionHighlighted) -> None:
        self._section = event.option_id or self._section
        self.query_one("#pages", ContentSwitcher).current = f"page-{self._section}"
        self._read_section()

    def _read_section(self) -> None:
        """Not during a flow: it may end the session by which this would be read."""
        self._unread = self.in_flow
        if self._unread:
            return
        if self._section == "activity":
            self.load_activity()
        elif self._section == "sessions":
            self.load_sessions()

    @on(Worker.StateChanged)
    def read_unread(self, event: Worker.StateChanged) -> None:
        """Reads what had to wait for a flow."""
        if self._unread and event.worker.group == FLOW:
            self._read_section()

    def _stop_reading(self) -> bool:
        """Drops what is being read by a session that ends; True if the numbers were."""
        for group in ("activity", "sessions"):
            self._unread |= bool(self.workers.cancel_group(self, group))
        return bool(self.workers.cancel_group(self, "numbers"))

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

    @work(exclusive=True, group="sessions")
    async def load_sessions(self) -> None:
        """Counts the trusted addresses afresh whenever somebody looks."""
        context = self.context
        trusted = await self.ask(lambda: context.portal.trusted_addresses(context.session))
        if trusted is not None:
            self.query_one("#trusted", Label).update(formatting.trusted_addresses(trusted))

    @on(OptionList.OptionSelected, "#session-links")
    def change_sessions(self, event: OptionList.OptionSelected) -> None:
        elsewhere = event.option_id == "elsewhere"
        self.start_flow(self._sign_out_elsewhere if elsewhere else self._forget)

    async def _sign_out_elsewhere(self) -> None:
        context = self.context
        stopped = self._stop_reading()
        session = await self.ask(lambda: context.portal.sign_out_elsewhere(context.session))
        if session is not None:
            context.session = session
            self.say_done("Every other session here was signed out.")
        if stopped:
            self.load()

    async def _forget(self) -> None:
        context = self.context

        def forget() -> bool:
            context.portal.forget_trusted_addresses(context.session)
            return True

        if await self.ask(forget):
            self.load_sessions()
            self.say_done("No address is trusted now.")

    @on(OptionList.OptionSelected, "#sections")
    def enter_section(self) -> None:
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
        else:
            self.post_message(Navigate("app-passwords"))

    @on(OptionList.OptionSelected, "#security-links")
    def open_security(self, event: OptionList.OptionSelected) -> None:
        self.post_message(Navigate("security" if event.option_id == "numbers" else "app-passwords"))

    @on(OptionList.OptionSelected, "#password-links")
    def change_password(self) -> None:
        self.start_flow(self._change_password)

    async def _change_password(self) -> None:
        stopped = self._stop_reading()
        if await self.ask_new_password() or stopped:
            self.load()

    @on(ChoiceList.ChoiceRefused, "#password-links")
    def say_where(self, event: ChoiceList.ChoiceRefused) -> None:
        self.say(event.reason or "")

    @on(OptionList.OptionSelected, "#appearance-links")
    def change_appearance(self, event: OptionList.OptionSelected) -> None:
        self.post_message(AppearanceChosen(event.option_id or ""))

    def _mark_look(self, theme: Theme) -> None:
        """The look that is seen: a terminal with few colours has its own, whatever was chosen."""
        (look,) = (key for key, name in APPEARANCES.items() if name == theme.name)
        self.query_one("#appearance-links", ChoiceList).mark(look)

    @on(OptionList.OptionSelected, "#sign-out-links")
    def sign_out(self) -> None:
        self.post_message(SignedOut("You are signed out."))
