"""Messages of screens and dialogs to the app, which alone decides where to go."""

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from apppw_tui.portal.sessions import Session


class SignedIn(Message):
    """Somebody proved who they are."""

    def __init__(self, session: "Session") -> None:
        super().__init__()
        self.session = session


class SignInFailed(Message):
    """A password or a code was wrong."""


class SignedOut(Message):
    """The session may not go on; `reason` is shown on Login."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class Navigate(Message):
    """To another screen; `by_tab` when the tab bar asked and wants to keep the focus."""

    def __init__(self, place: str, *, by_tab: bool = False) -> None:
        super().__init__()
        self.place = place
        self.by_tab = by_tab


class AppearanceChosen(Message):
    """Somebody wants it to look otherwise, at once."""

    def __init__(self, appearance: str) -> None:
        super().__init__()
        self.appearance = appearance


class NotUtf8(Message):
    """The terminal sent what is no UTF-8, and it was dropped."""
