"""Rows keep their columns, whatever a terminal makes of the names in them."""

import re
import unicodedata
from collections.abc import Callable

import pytest
from rich.cells import cell_len

from apppw_tui.ui.cursor_anchors import anchor_columns

HINDI = "क्षेत्र मेरा फ़ोन"
FAMILY = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}\N{SKULL AND CROSSBONES}\N{VARIATION SELECTOR-16}"
COLUMNS = 40

# What terminals make of a character: of the same row, each something else.
TERMINALS: dict[str, Callable[[str], int]] = {
    "marks of no width": cell_len,
    "spacing marks that space": lambda sign: int(unicodedata.category(sign) not in ("Mn", "Cf")),
    "everything by itself": lambda sign: 2 if ord(sign) > 0x1F000 else 1,
}


def drawn(data: str, width: Callable[[str], int], before: str = "") -> list[str]:
    """The cells of one row of a terminal on which `before` stood."""
    cells = [*before.ljust(COLUMNS)]
    column = 0
    for move, sign in re.findall("(\x1b\\[[0-9;?]*[A-Za-z])|(.)", data):
        if move[-1:] in ("H", "G") and move:
            column = int(re.findall("[0-9]+", move)[-1]) - 1
        elif sign and not width(sign):
            cells[column - 1] += sign
        elif sign:
            for at in range(column, column + width(sign)):
                cells[min(at, COLUMNS - 1)] = sign if at == column else ""
            column = min(column + width(sign), COLUMNS)
    return cells


def row(*cells: tuple[str, int]) -> str:
    """What Textual writes for them: text, padded to a number of columns."""
    padded = [f"\x1b[1m {text}{' ' * (room - cell_len(text))}\x1b[0m" for text, room in cells]
    return "\x1b[5;3H" + "".join(padded)


@pytest.mark.parametrize("terminal", TERMINALS)
@pytest.mark.parametrize("name", [HINDI, FAMILY, f"my {HINDI}", f"{HINDI} {FAMILY}"])
def test_what_follows_stands_where_it_belongs(terminal: str, name: str) -> None:
    plain, unsure = row(("Laptop", 20), ("Mail", 6)), row((name, 20), ("Mail", 6))
    wanted = drawn(plain, cell_len)
    seen = drawn(anchor_columns(unsure + "│"), TERMINALS[terminal], before="x" * COLUMNS)
    assert seen[23:28] == wanted[23:28] == [" ", *"Mail"]
    assert seen[30] == "│"
    assert "x" not in seen[3:30], "nothing is left of what stood there"


@pytest.mark.parametrize("terminal", TERMINALS)
def test_a_name_that_fills_its_part_of_a_row_spares_its_neighbour(terminal: str) -> None:
    data = f"\x1b[5;3H\x1b[1m{HINDI}\x1b[0m"
    seen = drawn(anchor_columns(data), TERMINALS[terminal], before="│" * COLUMNS)
    behind = 2 + cell_len(HINDI)
    if terminal != "everything by itself":  # it draws what no other does, and is not ours to serve
        assert set(seen[behind:]) == {"│"}


def test_a_field_has_its_cursor_behind_the_text() -> None:
    data = f"\x1b[5;3H\x1b[1m{HINDI}\x1b[0m\x1b[7m \x1b[0m\x1b[1m      \x1b[0m│"
    assert f"{HINDI}\x1b[0m\x1b[7m \x1b[0m" in anchor_columns(data)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "\x1b[1;1Hplain \x1b[1mtext\x1b[0m\n\x1b[2;1H│ Müller … ✓ │",
        "\x1b[1;1H日本語 Ελληνικά Русский",
        HINDI,
        f"\x1b]0;{HINDI}\x07",
    ],
)
def test_what_is_sure_or_has_no_place_is_written_as_it_is(data: str) -> None:
    assert anchor_columns(data) == data


def test_only_the_row_concerned_is_changed() -> None:
    plain = "\x1b[4;1H│ one │\n"
    anchored = anchor_columns(f"{plain}\x1b[5;1H│ {HINDI}   │\n{plain}")
    assert anchored.startswith(plain)
    assert anchored.endswith(plain)
