"""A bare Textual program with as many widgets as the portal's first screen: what one has to pay.

The argument is the number of fields: two are Login, three the form of a first account. With `table`
it is a list as long as that of bench/cursor.py.
"""

import sys
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, DataTable, Footer, Input, Label


class Bare(App[None]):
    CSS = """
    Horizontal, Vertical, Label, Input, Button { height: auto; }
    Input, Button { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help"),
        Binding("ctrl+q", "quit", "Quit"),
    ]

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Label("App passwords")
            yield Label("mail.example.org")
        with VerticalScroll():
            yield Label("Sign in")
            for number in range(int(sys.argv[1])):
                with Vertical():
                    yield Label("A field")
                    field = Input(password=number > 0)
                    field.cursor_blink = False  # ours stands still, too: nothing is sent while idle
                    yield field
                    yield Label()
            with Horizontal():
                yield Button("Enter", compact=True)
        yield Label()
        yield Footer(show_command_palette=False, compact=True)


class BareTable(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", "Quit")]

    def compose(self) -> ComposeResult:
        table = DataTable[str](cursor_type="row")
        table.add_columns("Name", "For", "Last used", "Ends", "")
        for number in range(1, 13):
            table.add_row(f"Device {number:02}", "Any app", "never", "-", "Delete")
        yield table
        yield Footer(show_command_palette=False, compact=True)


if __name__ == "__main__":
    (BareTable() if sys.argv[1] == "table" else Bare()).run()
