"""The terminal's hidden cursor stands on what has the focus: screen readers follow it."""

from textual.pilot import Pilot

from tests.ui.walks import (
    ACCOUNT,
    house_with,
    portal_app,
    press,
    press_button,
    settle,
    sign_in,
    to_app_passwords,
    type_into,
)


def under_cursor(pilot: Pilot[None]) -> str:
    """The text of the cursor's row, from its column on."""
    place = pilot.app.cursor_position
    return pilot.app.screen._compositor.render_strips()[place.y].text[place.x :]


async def test_it_goes_from_fields_to_buttons() -> None:
    app = portal_app(house_with())
    async with app.run_test() as pilot:
        await settle(pilot)
        await type_into(pilot, "#account", "ada")
        assert under_cursor(pilot).strip() == ""  # behind what was typed
        await press(pilot, "home")
        assert under_cursor(pilot).startswith("ada")
        await press(pilot, "tab", "tab")
        assert under_cursor(pilot).strip().startswith("Sign in")


async def test_it_stands_on_the_row_of_a_list_and_of_a_table_though_they_scroll() -> None:
    names = [f"App {number:02}" for number in range(20)]
    app = portal_app(house_with(*names))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await sign_in(pilot, ACCOUNT)
        await press(pilot, "f2")
        await press(pilot, "down", "down")
        assert under_cursor(pilot).strip().startswith("Recent activity")
        await to_app_passwords(pilot)
        await press(pilot, "g")
        assert under_cursor(pilot).strip().startswith("App 00")
        await press(pilot, "G")
        assert under_cursor(pilot).strip().startswith("App 19")


async def test_it_stands_in_the_dialog_that_lies_over_the_rest() -> None:
    app = portal_app(house_with("Laptop"))
    async with app.run_test() as pilot:
        await settle(pilot)
        await sign_in(pilot, ACCOUNT)
        await to_app_passwords(pilot)
        await press(pilot, "d")
        assert under_cursor(pilot).strip().startswith("No")
        await press_button(pilot, "no")
