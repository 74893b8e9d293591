"""A terminal draws the same, whether a run of colours is opened once or at every piece."""

import re

from hypothesis import given
from hypothesis import strategies as st

from apppw_tui.ui.driver import joined_runs

GREY, BOLD = "38;5;247;48;5;233", "1;38;5;81"
_PIECES = st.lists(
    st.one_of(
        st.builds(
            lambda style, text: f"\x1b[{style}m{text}\x1b[0m",
            st.sampled_from([GREY, BOLD, "7"]),
            st.sampled_from(["", " ", "Laptop", "4 min"]),
        ),
        st.sampled_from(["plain", "\x1b[7;2H", "\r\n", "\x1b[?2026h"]),
    )
)

_TOKEN = re.compile("\x1b\\[([0-9;]*)m|(\x1b\\[[^m]*?[A-Za-z])|([^\x1b])")


def drawn(data: str) -> list[tuple[str, str]]:
    """Each character with the colours it is drawn in; cursor moves and modes as themselves."""
    style, cells = "", []
    for codes, other, text in _TOKEN.findall(data):
        if other or text:
            cells.append((other or text, "" if other else style))
        else:
            style = "" if codes == "0" else codes
    return cells


@given(_PIECES)
def test_what_is_drawn_stays_the_same(pieces: list[str]) -> None:
    data = "".join(pieces)
    joined = joined_runs(data)
    assert drawn(joined) == drawn(data)
    assert len(joined) <= len(data)


def test_run_of_cells_in_one_colour_is_opened_once() -> None:
    cells = "".join(f"\x1b[{GREY}m{cell}\x1b[0m" for cell in (" Name ", " For ", ""))
    assert joined_runs(cells) == f"\x1b[{GREY}m Name  For \x1b[0m"
