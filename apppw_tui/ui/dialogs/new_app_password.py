"""Your app password: shown this once, copied or scanned, tried, closed."""

from collections.abc import Callable, Iterator

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Grid, Horizontal, Vertical, VerticalScroll
from textual.geometry import Size
from textual.widgets import Button, Label

from apppw_tui.domain import connection_settings, scopes, setup_codes
from apppw_tui.domain.app_password import AppPassword, grouped
from apppw_tui.domain.names import escaped
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.app_passwords import IssuedAppPassword
from apppw_tui.ui import formatting
from apppw_tui.ui.app_options import ConnectionHelp
from apppw_tui.ui.clipboard import Copied
from apppw_tui.ui.dialogs.base import ActionButton, Dialog
from apppw_tui.ui.dialogs.choose import ChooseDialog
from apppw_tui.ui.dialogs.one_time_secret import OneTimeSecretDialog
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.themes import NARROW
from apppw_tui.ui.widgets.field import ButtonRow
from apppw_tui.ui.widgets.lists import Choice
from apppw_tui.ui.widgets.qr import QrCode

_MARKS = {True: GLYPHS.good, False: GLYPHS.bad, None: "!"}
_ONCE = "Blanks do not count. You will not see it again after you close this."
_ALIGNED = 36  # columns of a host; behind a longer one, its port follows at once
_BESIDE = 28  # columns, for what to do with the picture
_WIDTH = 72  # columns of the frame, as a rule
_BELOW = 6  # rows, for the same where it does not stand beside
_AROUND = Size(4, 3)  # the frame and the footer
# A camera leaves no trace here: the rule that closing it uncopied needs the key twice still holds.
_UNSEEN = "Close the password only once your phone has it."


class SecretLabel(Label):
    """The plaintext, in groups that can be read and typed."""

    ALLOW_SELECT = False

    def __init__(self, secret: Secret) -> None:
        super().__init__(grouped(secret), id="secret", markup=False)


class NewAppPasswordDialog(OneTimeSecretDialog[bool]):
    """True if it was copied at least once."""

    FOOTER = ("copy", "test", "qr", "close", "help")
    BINDINGS = [
        Binding("t", "test", "Test it", id="test", tooltip="Ask the server, as an app would"),
        Binding("m", "qr", "QR code", id="qr", tooltip="Show it as a QR code for your phone"),
        Binding("up,k", "scroll(-1)", "Up", id="move-up", tooltip="Up", show=False),
        Binding("down,j", "scroll(1)", "Down", id="move-down", tooltip="Down", show=False),
    ]

    def __init__(
        self,
        account_name: str,
        issued: IssuedAppPassword,
        copy: Callable[[Secret], Copied],
        monotonic: Callable[[], float],
        connecting: ConnectionHelp,
        *,
        label: scopes.ScopeLabel = scopes.label,
    ) -> None:
        super().__init__("Your app password", issued.secret, copy, monotonic)
        self._account = account_name
        self._record: AppPassword = issued.app_password
        self._connecting = connecting
        self._label = label

    def content(self) -> ComposeResult:
        record = self._record
        expires = record.expires
        end = "never expires" if expires is None else f"expires {formatting.ending(expires)}"
        facts = (escaped(record.name), self._label(record.scope), end)
        yield Label(f" {GLYPHS.dot} ".join(facts), id="facts", markup=False)
        if self._secret is not None:
            yield SecretLabel(self._secret)
        with VerticalScroll(id="card", classes="card", can_focus=False):
            yield Label(_ONCE, id="once", markup=False)
            with Grid(id="details"):
                for label, value in self._typed_in():
                    yield Label(label, classes="field-label", markup=False)
                    yield Label(value, markup=False)
            yield Label("", id="said", markup=False)
            yield Label("", id="hint", markup=False)
        with ButtonRow():
            yield ActionButton("Copy password to clipboard", "copy")
            with Horizontal(id="besides"):
                if self._connecting.test is not None:
                    yield ActionButton("Test it", "test")
                yield ActionButton("Show QR code", "qr")
            yield ActionButton("Close", "close")

    def _typed_in(self) -> Iterator[tuple[str, str]]:
        """The text to type into an app besides, and what it is called there."""
        yield "Account", self._account
        rows = connection_settings.rows_for(self._connecting.settings, self._record.scope)
        longest = max((len(row.host) for row in rows), default=0)
        aligned = longest <= _ALIGNED and self.app.size.width >= NARROW
        width = longest if aligned else 0
        digits = max((len(str(row.port)) for row in rows), default=0) if aligned else 0
        for row in rows:
            where = f"{row.host:{width}}  {row.port:<{digits}}  {row.security}"
            yield connection_settings.name(row.service), escaped(row.url or where)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._connecting.test is not None if action == "test" else True

    @work(group="test")
    async def action_test(self) -> None:
        """A second one meanwhile does nothing: see `Dialog.ask`."""
        try_it, secret = self._connecting.test, self._secret
        if try_it is None or secret is None:
            return
        service = connection_settings.first_service(self._connecting.settings, self._record.scope)
        tried = await self.ask(
            "#test",
            f"Testing{GLYPHS.more}",
            lambda: try_it(self._account, secret, service),
            lambda error: self.show_status(f"{GLYPHS.bad} {error}", bad=True),
        )
        if tried is not None:
            sentence = f"{_MARKS[tried.ok]} {tried.message}"
            self.show_status(sentence, bad=tried.ok is False, unsure=tried.ok is None)

    @work(group="qr", exclusive=True)
    async def action_qr(self) -> None:
        """Nobody here can see whether it was scanned: it does not count as kept."""
        self._warned = False
        codes = setup_codes.setup_codes(
            self._account, self._connecting.settings, self._record.scope
        )
        chosen: str | None = codes[0].id
        if len(codes) > 1:
            width = max(len(code.app) for code in codes)
            wide = self.app.size.width >= NARROW
            rows = [
                Choice(code.id, f"{code.app:{width}}   {code.gives}" if wide else code.app)
                for code in codes
            ]
            dialog = ChooseDialog("Set up by QR code", "What will you scan it with?", rows, "Back")
            chosen = await self.app.push_screen_wait(dialog)
        secret = self._secret
        for code in codes:
            if code.id == chosen and secret is not None:
                self.app.push_screen(PasswordQrDialog(code.write(secret), code.instruction))

    def action_close(self) -> None:
        if self.confirm_unsaved("close"):
            self._secret = None
            self.dismiss(self.saved)


class PasswordQrDialog(Dialog[None]):
    """Lies over the password that it shows; leaving it leads back there."""

    FOOTER = ("back", "help")
    BINDINGS = [
        Binding("escape,q,m", "back", "Back", id="back", tooltip="Back to the password"),
    ]

    def __init__(self, secret: Secret, instruction: str) -> None:
        super().__init__("QR code for your phone")
        self._secret: Secret | None = secret
        self._instruction = instruction

    def content(self) -> ComposeResult:
        secret, self._secret = self._secret, None
        if secret is None:
            return
        with Horizontal(id="scan"):
            yield QrCode(secret)
            with Vertical(id="beside"):
                yield Label("", id="too-small", markup=False)
                yield Label(self._instruction, id="do", markup=False)
                yield Label(_UNSEEN, id="unseen", classes="quiet", markup=False)
                with ButtonRow():
                    yield ActionButton("Back", "back")

    def on_mount(self) -> None:
        self.query_one("#back", Button).focus()

    def on_resize(self) -> None:
        """The words stand beside the picture or, where it is narrow, below; or there is none."""
        code = self.query_one(QrCode)
        beside = code.needs + _AROUND + Size(_BESIDE, 0)
        below = code.needs + _AROUND + Size(0, _BELOW)
        needs = min(beside, below, key=self._lacking)
        narrow = needs == below
        self.set_class(narrow, "-below")
        self.set_class(not self._has(needs), "-no-picture")
        # A wider quiet zone would take the rows that the words need.
        self.query_one("#frame").styles.width = max(_WIDTH, needs.width)
        code.styles.max_width, code.styles.max_height = code.needs if narrow else (None, None)
        room = f"{needs.width}{GLYPHS.by}{needs.height}"
        note = f"Enlarge the window to {room} to see a QR code, or type the password."
        self.query_one("#too-small", Label).update(note)

    def _lacking(self, room: Size) -> int:
        """The cells by which the window would have to grow; a row is as high as two columns."""
        columns, rows = room.width - self.size.width, room.height - self.size.height
        return max(0, columns) + 2 * max(0, rows)

    def _has(self, room: Size) -> bool:
        return self.size.width >= room.width and self.size.height >= room.height

    def action_back(self) -> None:
        self.dismiss(None)
