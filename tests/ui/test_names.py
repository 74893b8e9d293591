"""Names are never markup, never break a row, and never lose their end unseen."""

import pytest
from rich.cells import cell_len

from apppw_tui.ui.widgets.password_table import PasswordTable
from tests.ui.walks import house_with, portal_app, press, screen_text, to_app_passwords

NAMES = [
    "[bold red]Laptop[/]",
    "[/x]",
    "[@click=app.quit]press[/]",
    "$accent {name} %s \\[b]",
    "Küche 👩‍🍳".replace("\u200d", ""),
    "❤️ phone",
    "e\u0301\u0323 combined",
    "טלפון של עדה",
    "電話" * 16,
    "x" * 64,
    "👍" * 64,
    "a" + "\u0301" * 63,
]


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (120, 40)])
@pytest.mark.parametrize("name", NAMES)
async def test_a_name_is_shown_literally_and_keeps_the_columns(
    name: str, size: tuple[int, int]
) -> None:
    app = portal_app(house_with(name, "Plain"))
    async with app.run_test(size=size) as pilot:
        await to_app_passwords(pilot)
        rows = [row for row in screen_text(pilot).splitlines() if "never" in row]
        assert len(rows) == 2
        ends = {cell_len(row[: row.index("never")]) for row in rows}
        assert len(ends) == 1, "the columns are out of line"
        assert all(row.endswith("Delete") for row in rows)
        table = app.screen.query_one(PasswordTable)
        assert table.max_scroll_x == 0
        kept = str(table.get_row_at(0 if "Plain" in rows[1] else 1)[0])
        assert kept.rstrip("… ")[:4] in app_name(name)

        # The dialogs show it whole, and literally.
        await press(pilot, "home" if "Plain" in rows[1] else "end", "d")
        text = screen_text(pilot).replace("\n", "")
        assert all(part in text for part in app_name(name).split()[:1] if cell_len(part) < 30)


def app_name(name: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFC", name)
