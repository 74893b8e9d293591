"""The app password as a QR code: from this screen to a phone, over nothing but light."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.widgets import Button, Label

from apppw_tui.domain.secret import Secret
from apppw_tui.ui.dialogs.base import Dialog
from apppw_tui.ui.widgets.qr import QrCode

_BESIDE = 28  # columns, for what to do with the picture
_BELOW = 6  # rows, for the same where it does not stand beside
_AROUND = Size(4, 3)  # the frame and the footer

_DO = (
    "Point your phone's camera at it and copy the text that it finds. Do not search the web for it."
)
# A camera leaves no trace here: the rule that closing it uncopied needs the key twice still holds.
_UNSEEN = "Close the password only once your phone has it."


class PasswordQrDialog(Dialog[None]):
    """Lies over the password that it shows; leaving it leads back there."""

    FOOTER = ("back", "help")
    BINDINGS = [
        Binding("escape,q,m", "back", "Back", id="back", tooltip="Back to the password"),
    ]

    def __init__(self, secret: Secret) -> None:
        super().__init__("QR code for your phone")
        self._secret: Secret | None = secret

    def content(self) -> ComposeResult:
        secret, self._secret = self._secret, None
        if secret is None:
            return
        with Horizontal(id="scan"):
            yield QrCode(secret)
            with Vertical(id="beside"):
                yield Label("", id="too-small", markup=False)
                yield Label(_DO, id="do", markup=False)
                yield Label(_UNSEEN, id="unseen", classes="quiet", markup=False)
                with Horizontal(classes="buttons"):
                    yield Button("Back", id="back", compact=True)

    def on_mount(self) -> None:
        self.query_one("#back", Button).focus()

    def on_resize(self) -> None:
        """The words stand beside the picture or, where it is narrow, below; or there is none."""
        code = self.query_one(QrCode)
        beside = code.needs + _AROUND + Size(_BESIDE, 0)
        below = code.needs + _AROUND + Size(0, _BELOW)
        narrow = self.size.width < beside.width
        needs = below if narrow else beside
        self.set_class(narrow, "-below")
        self.set_class(not self._has(needs), "-no-picture")
        # A wider quiet zone would take the rows that the words need.
        code.styles.max_width, code.styles.max_height = code.needs if narrow else (None, None)
        room = f"{needs.width} x {needs.height}"
        note = f"For a picture to scan, this needs {room}. Without one, type the password."
        self.query_one("#too-small", Label).update(note)

    def _has(self, room: Size) -> bool:
        return self.size.width >= room.width and self.size.height >= room.height

    @on(Button.Pressed, "#back")
    def action_back(self) -> None:
        self.dismiss(None)
