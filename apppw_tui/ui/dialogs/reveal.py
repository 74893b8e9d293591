"""Your app password: shown this once, copied, closed."""

import asyncio
from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Grid, Horizontal, VerticalScroll
from textual.widgets import Button, Label

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.names import shown
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.symbols import grouped
from apppw_tui.portal.issuing import Issued
from apppw_tui.ui import words
from apppw_tui.ui.clipboard import Copied
from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.glyphs import GLYPHS

# An Enter that was meant for the dialog before, or pressed twice, must not destroy the password.
EAGER = 0.4  # seconds


class SecretLabel(Label):
    """The plaintext; the only widget that ever holds one."""

    ALLOW_SELECT = False

    def __init__(self, secret: Secret) -> None:
        super().__init__(grouped(secret), id="secret", markup=False)


class RevealDialog(Dialog[bool]):
    """True if it was copied at least once."""

    FOOTER = ("copy", "close", "help")
    BINDINGS = [
        Binding("c", "copy", "Copy", id="copy", tooltip="Copy password to clipboard"),
        Binding("escape,q", "close", "Close", id="close", tooltip="Close; it is not shown again"),
    ]

    def __init__(
        self,
        account: str,
        issued: Issued,
        copy: Callable[[Secret], Copied],
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__("Your app password")
        self._account = account
        self._record: AppPassword = issued.app_password
        self._secret: Secret | None = issued.secret
        self._copy = copy
        self._monotonic = monotonic
        self._opened = monotonic()
        self._copied_at: float | None = None
        self._warned = False

    def content(self) -> ComposeResult:
        record = self._record
        expires = record.expires
        end = "never expires" if expires is None else f"expires {words.exactly(expires)}"
        facts = (shown(record.name), words.scope(record), end)
        yield Label(f" {GLYPHS.dot} ".join(facts), id="facts", markup=False)
        if self._secret is not None:
            yield SecretLabel(self._secret)
        with VerticalScroll(id="card", can_focus=False):
            yield Label("You will not see it again after you close this.", id="once", markup=False)
            with Grid(id="details"):
                yield Label("Account", classes="field-label", markup=False)
                yield Label(self._account, markup=False)
            yield Label("", id="said", markup=False)
            yield Label("", id="hint", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Copy password to clipboard", id="copy", compact=True)
            yield Button("Close", id="close", compact=True)

    def on_mount(self) -> None:
        self.query_one("#copy", Button).focus()

    def deaf(self, key: str) -> bool:
        now = self._monotonic()
        if now - self._opened < EAGER:
            return True
        return key == "enter" and self._copied_at is not None and now - self._copied_at < EAGER

    def may_quit(self) -> bool:
        return self._sure("quit")

    @on(Button.Pressed, "#copy")
    def copy_pressed(self) -> None:
        self.action_copy()

    @on(Button.Pressed, "#close")
    def close_pressed(self) -> None:
        self.action_close()

    @work(exclusive=True)
    async def action_copy(self) -> None:
        secret = self._secret
        if secret is None:
            return
        copied = await asyncio.to_thread(self._copy, secret)
        self._copied_at = self._monotonic()
        said = self.query_one("#said", Label)
        said.remove_class("-bad")
        said.update(f"{GLYPHS.good} {copied.said}")
        hint = self.query_one("#hint", Label)
        hint.update(copied.hint)
        self._card_to_end()
        self.query_one("#close", Button).focus()

    def action_close(self) -> None:
        if self._sure("close"):
            self._secret = None
            self.dismiss(self._copied_at is not None)

    def _sure(self, verb: str) -> bool:
        """True if it was copied, or if whoever leaves has been told that it was not."""
        if self._copied_at is not None or self._warned:
            return True
        self._warned = True
        said = self.query_one("#said", Label)
        said.add_class("-bad")
        said.update(f"{GLYPHS.bad} Not copied yet. Press again to {verb}.")
        self._card_to_end()
        return False

    def _card_to_end(self) -> None:
        card = self.query_one("#card", VerticalScroll)
        self.call_after_refresh(card.scroll_end, animate=False)
