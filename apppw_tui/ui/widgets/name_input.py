"""The field for a name of an app password."""

from textual.binding import Binding

from apppw_tui.domain.names import APP_PASSWORD_NAME_CHARACTERS
from apppw_tui.ui.widgets.inputs import TextInput


class NameInput(TextInput):
    """A name for an app password: a little longer than allowed, so that the rule can be told."""

    def __init__(self, *, id: str, value: str = "") -> None:  # noqa: A002
        super().__init__(id=id, value=value)
        self.max_length = APP_PASSWORD_NAME_CHARACTERS * 4


class SavedNameInput(NameInput):
    """The same, where Enter saves."""

    BINDINGS = [
        Binding("enter", "submit", "Save", id="submit", tooltip="Save it"),
    ]
