"""The terminal's hidden cursor stands on what has the focus: screen readers follow it."""

import pytest

from tests.ui.walks import Visit, house_with, opened


def under_cursor(visit: Visit) -> str:
    """The text of the cursor's row, from its column on."""
    place = visit.app.cursor_position
    return visit.screen_text().split("\n")[place.y][place.x :]


async def test_it_goes_from_fields_to_buttons() -> None:
    async with opened(house_with()) as visit:
        await visit.settle()
        await visit.type_into("#account", "ada")
        assert under_cursor(visit).strip() == ""  # behind what was typed
        await visit.press("home")
        assert under_cursor(visit).startswith("ada")
        await visit.press("tab", "tab")
        assert under_cursor(visit).strip().startswith("Sign in")


@pytest.mark.slow
async def test_it_stands_on_the_row_of_a_list_and_of_a_table_though_they_scroll() -> None:
    names = [f"App {number:02}" for number in range(20)]
    async with opened(house_with(*names), size=(80, 24)) as visit:
        await visit.settle()
        await visit.sign_in()
        await visit.press("f2", "down", "down")
        assert under_cursor(visit).strip().startswith("Recent activity")
        await visit.to_app_passwords()
        await visit.press("g")
        assert under_cursor(visit).strip().startswith("App 00")
        await visit.press("G")
        assert under_cursor(visit).strip().startswith("App 19")


@pytest.mark.slow
async def test_it_stands_in_the_dialog_that_lies_over_the_rest() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.settle()
        await visit.sign_in()
        await visit.to_app_passwords()
        await visit.press("d")
        assert under_cursor(visit).strip().startswith("No")
