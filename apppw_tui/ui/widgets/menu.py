"""A list of things to open, for arrows, letters and Enter."""

from textual.binding import Binding
from textual.style import Style
from textual.widgets import OptionList
from textual.widgets.option_list import Option


def moves(*keys_and_actions: tuple[str, str, str]) -> list[Binding]:
    """Bindings that move about in a list; they need no place in footer or help."""
    return [
        Binding(
            keys, action, label, id=f"move-{action}", tooltip=f"{label} in the list", show=False
        )
        for keys, action, label in keys_and_actions
    ]


class Menu(OptionList):
    """One choice per row; never markup."""

    BINDINGS = [
        Binding("enter", "select", "Open", id="open", tooltip="Open what is highlighted"),
        *moves(
            ("j", "cursor_down", "Down"),
            ("k", "cursor_up", "Up"),
            ("g", "first", "To the top"),
            ("G", "last", "To the end"),
        ),
    ]

    def __init__(self, *options: tuple[str, str], id: str) -> None:  # noqa: A002
        super().__init__(
            *(Option(text, id=option_id) for option_id, text in options),
            id=id,
            markup=False,
            compact=True,
        )

    def get_visual_style(self, *component_classes: str, partial: bool = False) -> Style:
        """The component's style, `reverse` included, which Textual 8.2 leaves out here.

        In sixteen colours the cursor is nothing but reversed.
        """
        style = super().get_visual_style(*component_classes, partial=partial)
        if any(self.get_component_styles(name).text_style.reverse for name in component_classes):
            style += Style(reverse=True)
        return style
