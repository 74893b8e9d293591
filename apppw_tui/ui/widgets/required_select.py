"""One of a few, in one row: opens below it."""

from collections.abc import Iterable

from textual.binding import Binding
from textual.widgets import Select


class RequiredSelect(Select[str]):
    """Always has a value; Enter, Space or an arrow opens it."""

    BINDINGS = [
        Binding("enter,space", "show_overlay", "Open", id="open", tooltip="Show what there is"),
    ]

    def __init__(self, options: Iterable[tuple[str, str]], value: str, *, id: str) -> None:  # noqa: A002
        super().__init__(options, value=value, allow_blank=False, compact=True, id=id)
