"""Security Verification: what protects the account."""

from collections.abc import Callable
from dataclasses import dataclass

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import DataTable, Label

from apppw_tui.domain.account import Account
from apppw_tui.ui import words
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.messages import Go
from apppw_tui.ui.screens.base import Desk, PortalScreen
from apppw_tui.ui.widgets.menu import moves
from apppw_tui.ui.widgets.tab_bar import TabBar


@dataclass(frozen=True)
class Protection:
    """One row: what it is, how it stands, and what Enter does about it."""

    name: str
    state: str
    verb: str
    do: Callable[[], object]


class ProtectionTable(DataTable[Text]):
    """What protects the account; Enter does what stands at the row's right."""

    BINDINGS = [
        Binding("enter", "select_cursor", "Open", id="open", tooltip="Do what stands at the right"),
        *moves(("j", "cursor_down", "Down"), ("k", "cursor_up", "Up")),
    ]

    def __init__(self) -> None:
        super().__init__(show_header=False, cursor_type="row", id="protections")
        self.protections: list[Protection] = []

    def show(self, protections: list[Protection]) -> None:
        row = self.cursor_row
        self.protections = protections
        verb = max((len(protection.verb) for protection in protections), default=0)
        name = max((len(protection.name) for protection in protections), default=0) + 2
        state = max(0, self.size.width - verb - name - 6)
        self.clear(columns=True)
        for key, width in (("name", name), ("state", state), ("verb", verb)):
            self.add_column("", width=width, key=key)
        for protection in protections:
            cells = (f"{GLYPHS.on} {protection.name}", protection.state, protection.verb)
            self.add_row(*(Text(cell, no_wrap=True, overflow="ellipsis") for cell in cells))
        if protections:
            self.move_cursor(row=min(row, len(protections) - 1), animate=False)

    def on_resize(self, event: events.Resize) -> None:
        self.show(self.protections)


class SecurityScreen(PortalScreen):
    """One row for each thing that protects the account; verification methods are such rows too."""

    NAME = "Security Verification"
    FOOTER = ("open", "app-passwords", "back", "help")
    BINDINGS = [
        Binding("escape,q", "back", "Settings", id="back", tooltip="Back to Settings"),
    ]

    def __init__(self, desk: Desk, *, by_tab: bool) -> None:
        super().__init__(desk)
        self._by_tab = by_tab

    def content(self) -> ComposeResult:
        yield TabBar("security")
        yield Label("What protects your account", classes="page-title", markup=False)
        yield ProtectionTable()
        yield Label("", id="explanation", classes="page-text", markup=False)

    def on_mount(self) -> None:
        if self._by_tab:
            self.query_one(TabBar).focus()
        else:
            self.focus_content()
        self.load()

    def focus_content(self) -> None:
        self.query_one(ProtectionTable).focus()

    def show_account(self, account: Account) -> None:
        now = self.desk.clock.now()
        limit = self.desk.portal.policy.app_passwords_per_account
        changed = words.ago(account.password_changed, now)
        self.query_one(ProtectionTable).show(
            [
                Protection(
                    "Account password", f"changed {changed}", "Change", self.change_password
                ),
                Protection(
                    "App passwords",
                    f"{len(account.app_passwords)} of {limit}",
                    "Manage",
                    lambda: self.post_message(Go("app-passwords")),
                ),
            ]
        )
        self.query_one("#explanation", Label).update(
            "The account password opens these settings and no app. "
            "An app password opens an app and never these settings."
        )

    @on(DataTable.RowSelected, "#protections")
    def do(self, event: DataTable.RowSelected) -> None:
        self.query_one(ProtectionTable).protections[event.cursor_row].do()

    def change_password(self) -> None:
        self.start_flow(self._change_password)

    async def _change_password(self) -> None:
        if await self.ask_new_password():
            self.load()

    def action_back(self) -> None:
        self.post_message(Go("settings"))
