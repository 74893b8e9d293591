"""Your app password: shown this once, copied, closed."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Grid, Horizontal, VerticalScroll
from textual.widgets import Button, Label

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.names import shown
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.symbols import grouped
from apppw_tui.portal.issuing import Issued
from apppw_tui.ui import words
from apppw_tui.ui.clipboard import Copied
from apppw_tui.ui.dialogs.once import OnceDialog
from apppw_tui.ui.glyphs import GLYPHS


class SecretLabel(Label):
    """The plaintext; the only widget that ever holds one."""

    ALLOW_SELECT = False

    def __init__(self, secret: Secret) -> None:
        super().__init__(grouped(secret), id="secret", markup=False)


class RevealDialog(OnceDialog[bool]):
    """True if it was copied at least once."""

    FOOTER = ("copy", "close", "help")

    def __init__(
        self,
        account: str,
        issued: Issued,
        copy: Callable[[Secret], Copied],
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__("Your app password", issued.secret, copy, monotonic)
        self._account = account
        self._record: AppPassword = issued.app_password

    def content(self) -> ComposeResult:
        record = self._record
        expires = record.expires
        end = "never expires" if expires is None else f"expires {words.exactly(expires)}"
        facts = (shown(record.name), words.scope(record), end)
        yield Label(f" {GLYPHS.dot} ".join(facts), id="facts", markup=False)
        if self._secret is not None:
            yield SecretLabel(self._secret)
        with VerticalScroll(id="card", classes="card", can_focus=False):
            yield Label("You will not see it again after you close this.", id="once", markup=False)
            with Grid(id="details"):
                yield Label("Account", classes="field-label", markup=False)
                yield Label(self._account, markup=False)
            yield Label("", id="said", markup=False)
            yield Label("", id="hint", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Copy password to clipboard", id="copy", compact=True)
            yield Button("Close", id="close", compact=True)

    def action_close(self) -> None:
        if self.sure("close"):
            self._secret = None
            self.dismiss(self.was_kept)
