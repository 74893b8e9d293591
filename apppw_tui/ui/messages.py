"""Messages of screens and dialogs to the app, which alone decides where to go."""

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from apppw_tui.portal.sessions import Session


class SignedIn(Message):
    """Somebody proved who they are, perhaps by using up a recovery code.

    `created` names the app password of a first set-up.
    """

    def __init__(
        self, session: "Session", *, created: str | None = None, by_recovery_code: bool = False
    ) -> None:
        super().__init__()
        self.session = session
        self.created = created
        self.by_recovery_code = by_recovery_code


class FirstChoice(Message):
    """On Welcome: `account` to create the first, `demonstration`; or `back` to it."""

    def __init__(self, choice: str) -> None:
        super().__init__()
        self.choice = choice


class SignInFailed(Message):
    """A password or a code was wrong."""


class SignedOut(Message):
    """The session may not go on; `reason` is shown on Login."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class Navigate(Message):
    """To another screen; `by_tab` when the tab bar asked and wants to keep the focus.

    `section` is one of Settings; `perform` the id of an app password, and what to do with it.
    """

    def __init__(
        self,
        place: str,
        *,
        by_tab: bool = False,
        section: str | None = None,
        perform: tuple[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.place = place
        self.by_tab = by_tab
        self.section = section
        self.perform = perform


class AppearanceChosen(Message):
    """Somebody wants it to look otherwise, at once."""

    def __init__(self, appearance: str) -> None:
        super().__init__()
        self.appearance = appearance


class NotUtf8(Message):
    """The terminal sent what is no UTF-8, and it was dropped."""


class CopyWanted(Message):
    """Somebody wants `text`, which is no secret, on the clipboard; `what` is its label there."""

    def __init__(self, text: str, what: str) -> None:
        super().__init__()
        self.text = text
        self.what = what
