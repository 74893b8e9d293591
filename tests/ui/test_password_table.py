"""Names are never markup, never break a row, and never lose their end unseen."""

import pytest
from rich.cells import cell_len
from textual.widgets import Label

from apppw_tui.domain.names import app_password_name, escaped
from apppw_tui.ui.widgets.password_columns import Listing, Order, draw
from apppw_tui.ui.widgets.password_table import PasswordTable
from tests.support import first_quick
from tests.ui.walks import ACCOUNT, house_with, opened

NAMES = [
    "[bold red]Laptop[/]",
    "[/x]",
    "[@click=app.quit]press[/]",
    "$accent {name} %s \\[b]",
    "Küche 👩",
    "❤️ phone",
    "e\u0301\u0323 combined",
    "טלפון של עדה",
    "電話" * 16,
    "x" * 64,
    "👍" * 64,
    "a" + "\u0301" * 63,
    "\u06af\u0648\u0634\u06cc\u200c\u0647\u0627",
    "फ़ोन क्‍ष",
    "ഫോണ്‍",
    "👨‍👩‍👧‍👦 tablet",
    "👩🏽‍💻",
    "電話\u3000六",
]
KEPT = {escaped(app_password_name(name)) for name in NAMES}


@pytest.mark.parametrize("size", first_quick((40, 30), (80, 30), (120, 40)))
async def test_every_name_is_shown_literally_and_keeps_the_columns(size: tuple[int, int]) -> None:
    async with opened(house_with(*NAMES), size=size) as visit:
        await visit.to_app_passwords()
        # Rich takes a blank behind a joiner for joined; on the screen each stands for itself.
        screen = visit.screen_text().replace("\u200d ", " ")
        # From 100 columns on, what stands behind the line is the second pane's.
        lines = [line.partition("│")[0].rstrip() for line in screen.splitlines()]
        rows = [line for line in lines if line.endswith("Delete")]
        assert len(rows) == len(NAMES)
        assert len({cell_len(row[: row.index("never")]) for row in rows}) == 1
        assert len({cell_len(row) for row in rows}) == 1
        assert cell_len(rows[0]) == size[0] - 2 or size[0] >= 100
        table = visit.screen.query_one(PasswordTable)
        assert table.max_scroll_x == 0
        for number in range(table.row_count):
            cell = str(table.get_row_at(number)[0])
            whole = [name for name in KEPT if name == cell]
            # A sign of two columns leaves a blank where only one of them would fit.
            cut = [name for name in KEPT if name.startswith(cell.removesuffix("…").rstrip())]
            assert whole or (cell.endswith("…") and cut), cell


def test_columns_stay_while_names_keep_fourteen() -> None:
    house = house_with("Thunderbird on the desk")
    passwords = house.now(ACCOUNT).app_passwords
    listing, now = Listing(passwords, passwords), house.clock.now()
    for width, facts in ((54, ["for", "used", "expires"]), (53, ["used", "expires"])):
        columns = draw(listing, Order(), now, width, narrow=False).columns
        assert [column.key for column, _ in columns] == ["name", *facts]
    (_, name_width), *_ = draw(listing, Order(), now, 54, narrow=False).columns
    assert name_width == 14


@pytest.mark.slow
async def test_the_question_before_deleting_shows_it_whole_and_literally() -> None:
    async with opened(house_with(*NAMES)) as visit:
        await visit.to_app_passwords()
        seen = set()
        for _ in NAMES:
            await visit.press("d")
            seen.add(str(visit.screen.query(".strong").first(Label).content))
            await visit.press("n", "down")
        assert seen == KEPT
