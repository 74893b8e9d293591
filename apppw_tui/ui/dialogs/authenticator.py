"""Set up Authenticator app: a QR code or the key, and a code that proves it."""

from collections.abc import Callable
from typing import Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.widgets import Button, Label

from apppw_tui.domain.app_password import grouped
from apppw_tui.domain.errors import ApppwError
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.enrollment import AuthenticatorEnrollment
from apppw_tui.portal.sessions import Session
from apppw_tui.ui.clipboard import Copied
from apppw_tui.ui.dialogs.base import ActionButton, Dialog
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.portal_calls import in_thread
from apppw_tui.ui.widgets.code_input import CodeInput, DemoCode
from apppw_tui.ui.widgets.field import ButtonRow, Field
from apppw_tui.ui.widgets.qr import QrCode, capacity

_BESIDE = 30  # columns, for what to do with the picture
_WIDTH = 80  # columns of the frame, as a rule


class KeyLabel(Label):
    """The key in plain text."""

    ALLOW_SELECT = False

    def __init__(self, secret: Secret) -> None:
        groups = grouped(secret).split()
        half = len(groups) // 2
        text = " ".join(groups[:half]) + "\n" + " ".join(groups[half:])
        super().__init__(text, id="key", markup=False)


class AuthenticatorDialog(Dialog[Session | Literal["back"] | None]):
    """Answers with the session, verified just now, once a code from the app was accepted."""

    FOOTER = ("key", "copy", "back", "cancel", "help")
    BINDINGS = [
        Binding("k,f3", "key", "Show the key", id="key", tooltip="Show the key, to type it"),
        Binding("c", "copy", "Copy the key", id="copy", tooltip="Copy the key to the clipboard"),
        Binding("b,f4", "back", "Back", id="back", tooltip="One step back"),
    ]

    def __init__(
        self,
        title: str,
        set_up: AuthenticatorEnrollment,
        confirm: Callable[[str], Session],
        copy: Callable[[Secret], Copied],
        *,
        peek: Callable[[], str] | None = None,
        step: bool = False,
    ) -> None:
        super().__init__(title)
        self._set_up = set_up
        self._confirm = confirm
        self._copy = copy
        self._give_away = peek
        self._step = step

    def content(self) -> ComposeResult:
        with Horizontal(id="scan"):
            yield QrCode(self._set_up.uri(self._room()))
            with Vertical(id="beside"):
                yield Label("", id="too-small", classes="quiet", markup=False)
                yield Label("1  Scan this with your authenticator app.", id="do", markup=False)
                yield Label("Type this key into your authenticator app:", id="type", markup=False)
                yield KeyLabel(self._set_up.secret)
                yield Field("2  Type the code it shows.", CodeInput(id="code"))
                if self._give_away is not None:
                    yield DemoCode(self._give_away)
                yield Button("Show the key instead", id="show", compact=True)
                yield Label("", id="copied", classes="quiet", markup=False)
                with ButtonRow():
                    if self._step:
                        yield ActionButton("Back", "back")
                    yield ActionButton("Cancel", "cancel")

    def _room(self) -> int:
        """So many bytes the picture may have."""
        window = self.app.size
        return capacity(Size(window.width - 2 - _BESIDE, window.height - 3))

    def on_mount(self) -> None:
        self.query_one(CodeInput).focus()
        needs = self._needs
        note = f"Enlarge the window to {needs.width}{GLYPHS.by}{needs.height} to see a QR code."
        self.query_one("#too-small", Label).update(note)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The key can be copied where it can be seen."""
        if action == "back":
            return self._step
        if action in ("key", "copy"):
            seen = self.has_class("-key") or self.has_class("-no-picture")
            return seen is (action == "copy")
        return True

    def on_resize(self) -> None:
        """Shows the key where there is no room for the picture."""
        room, needs = self.size, self._needs
        self.set_class(room.width < needs.width or room.height < needs.height, "-no-picture")
        if needs.width > _WIDTH:  # of blanks it is twice as wide
            self.query_one("#frame").styles.width = needs.width
        self.refresh_bindings()

    @property
    def _needs(self) -> Size:
        """The room for the picture, the frame with the footer, and what stands beside it."""
        picture = self.query_one(QrCode).needs
        return Size(picture.width + 2 + _BESIDE, picture.height + 3)

    @on(Button.Pressed, "#show")
    def action_key(self) -> None:
        self.add_class("-key")
        self.query_one(CodeInput).focus()
        self.refresh_bindings()

    @work(group="copy", exclusive=True)
    async def action_copy(self) -> None:
        copied = await in_thread(self, lambda: self._copy(self._set_up.secret))
        self.query_one("#copied", Label).update(
            f"{GLYPHS.good} {copied.message}" if copied.arrived else f"! {copied.message}"
        )

    @on(CodeInput.Short)
    def short(self) -> None:
        self.query_one(Field).show_error("A code has six digits.")

    @on(CodeInput.Complete)
    @work(group="check", exclusive=True)
    async def check(self, event: CodeInput.Complete) -> None:
        session = await self.call(lambda: self._confirm(event.code), self._refuse)
        if session is not None:
            self.dismiss(session)

    def _refuse(self, error: ApppwError) -> None:
        self.query_one(CodeInput).refuse()
        self.query_one(Field).show_error(error)
        for demo_code in self.query(DemoCode):
            demo_code.renew()

    def action_back(self) -> None:
        self.leave("back")
