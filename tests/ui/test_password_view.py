"""The list as one works with it: its pane, what lives, marks, filter, order, what is hidden."""

from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from textual.widgets import OptionList, Tab
from textual.widgets._tabs import Underline

from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.usage import SHOWN_DAYS, LastUse, Used, UsesPerDay
from apppw_tui.ui.dialogs.details import DetailsDialog, HelpDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.widgets.facts import FactList
from apppw_tui.ui.widgets.filter_input import FilterInput
from apppw_tui.ui.widgets.password_table import PasswordTable
from tests.support import House, first_quick
from tests.ui.walks import ACCOUNT, demo_house, house_with, opened

WIDE = (120, 40)
LOOKS = 2000


@dataclass
class Uses:
    """What a test says was used."""

    used: Used = field(default_factory=Used)
    days: UsesPerDay | None = None

    def read(self, _uid: str) -> Used:
        return self.used

    def per_day(self, _uid: str, _today: date) -> UsesPerDay:
        return self.days or {}

    def old_passwords_since(self) -> None:
        """Nobody tells."""

    def forget(self, _uid: str) -> None:
        """Nothing is kept."""


def used_house(*names: str) -> tuple[House, Uses]:
    uses = Uses()
    return replace(house_with(*names), usage=uses), uses


def id_of(house: House, name: str) -> str:
    passwords = house.now(ACCOUNT).app_passwords
    return next(password.id for password in passwords if password.name == name)


def shown(table: PasswordTable) -> list[str]:
    return [str(table.get_row_at(row)[0]) for row in range(table.row_count)]


# --- the pane -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("width", "has_pane"), [(99, False), (100, True), (150, True)])
async def test_pane_is_there_from_a_hundred_columns_on(width: int, has_pane: bool) -> None:
    async with opened(demo_house(), size=(width, 24)) as visit:
        await visit.to_app_passwords()
        await visit.press(*["down"] * 3)
        text = visit.screen_text()
        assert ("▅▄█▆█▂▁▇▇▆█▇▃▅  204 in 14 days" in text) is has_pane
        assert ("smtp     3 h       192.0.2.7" in text) is has_pane
        assert ("SMTP     mail.example.org  587  STARTTLS" in text) is has_pane


@pytest.mark.slow
async def test_list_keeps_to_its_content_from_a_hundred_and_fifty_columns_on() -> None:
    async with opened(demo_house(), size=(200, 50)) as visit:
        await visit.to_app_passwords()
        table = visit.screen.query_one(PasswordTable)
        assert table.size.width == table.drawing.whole < 90
        assert "Thunderbird on the desk" in shown(table)
        await visit.pilot.resize_terminal(120, 40)
        await visit.settle()
        assert table.size.width > table.drawing.whole - 20
        assert "│" in visit.screen_text()


@pytest.mark.slow
@pytest.mark.parametrize("size", first_quick((80, 24), (64, 24), (120, 40), (200, 50)))
async def test_calendar_and_contacts_is_never_cut(size: tuple[int, int]) -> None:
    async with opened(demo_house(), size=size) as visit:
        await visit.to_app_passwords()
        text = visit.screen_text()
        assert "Calendar and contacts" in text or "Calendar" not in text
        assert "Calendar…" not in text


async def test_fact_under_the_cursor_is_copied_and_never_a_secret() -> None:
    async with opened(demo_house(), size=WIDE) as visit:
        await visit.to_app_passwords()
        await visit.press(*["down"] * 3, "tab")
        assert isinstance(visit.focused, FactList)
        await visit.press("G", "y")
        assert visit.sent == ["mail.example.org"]
        assert "✓ Sent to your terminal's clipboard: SMTP." in visit.screen_text()
        assert not visit.app.clipboard_out.holds
        await visit.press("enter")
        assert visit.on(DetailsDialog)
        await visit.press(*["down"] * 8, "y")
        assert visit.sent[-1] == ACCOUNT
        assert "✓ Sent to your terminal's clipboard: Account." in visit.screen_text()


async def test_set_up_card_is_shown_again_without_the_password() -> None:
    async with opened(demo_house()) as visit:
        await visit.to_app_passwords()
        await visit.press(*["down"] * 3, "i")
        text = visit.screen_text()
        assert "Set up Laptop" in text
        assert "IMAP     mail.example.org  993  TLS" in text
        await visit.press("y", "escape")
        assert visit.sent == [ACCOUNT]
        assert visit.on(AppPasswordsScreen)


# --- it lives -------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_use_elsewhere_is_seen_without_a_key_and_the_cursor_stays() -> None:
    house, uses = used_house("Laptop", "Phone", "Tablet")
    async with opened(house, size=WIDE) as visit:
        await visit.to_app_passwords()
        await visit.press("down")
        phone = id_of(house, "Phone")
        uses.used = Used.of([(phone, LastUse(house.clock.now(), IMAP, "192.0.2.7"))])
        uses.days = {phone: (*[0] * (SHOWN_DAYS - 1), 1)}
        for _ in range(LOOKS):  # no key is pressed, and nothing is called for
            await visit.pilot.pause(0.05)
            text = visit.screen_text()  # the pane is drawn after the list
            if "now · imap" in text and "1 in 14 days" in text:
                break
        assert "now · imap" in visit.screen_text()
        assert "▁▁▁▁▁▁▁▁▁▁▁▁▁█  1 in 14 days" in visit.screen_text()
        current = visit.screen.query_one(PasswordTable).current
        assert current is not None
        assert current.name == "Phone"


@pytest.mark.slow
async def test_nothing_is_looked_for_while_the_list_is_covered() -> None:
    """Else the list would be drawn again and again below the palette."""
    house, uses = used_house("Laptop")
    async with opened(house, size=WIDE) as visit:
        await visit.to_app_passwords()
        screen = visit.screen
        assert isinstance(screen, AppPasswordsScreen)
        await visit.press(":")
        before = screen.view.overview
        uses.used = Used.of([(id_of(house, "Laptop"), LastUse(house.clock.now(), IMAP, "::1"))])
        screen.look_again()
        await visit.settle()
        assert screen.view.overview is before
        await visit.press("escape")
        screen.look_again()
        await visit.settle()
        assert screen.view.overview is not before


async def test_change_elsewhere_keeps_the_row_at_its_place_on_the_screen() -> None:
    house = house_with(*(f"Device {number}" for number in range(30)))
    async with opened(house) as visit:
        await visit.to_app_passwords()
        await visit.press("G", *["k"] * 3)
        lines = visit.screen_text().splitlines()
        row = next(number for number, line in enumerate(lines) if "vice 26" in line)
        other = house.session(ACCOUNT)
        house.portal.delete_app_password(other, id_of(house, "Device 29"))
        house.portal.create_app_password(other, "Device 28b")
        screen = visit.screen
        assert isinstance(screen, AppPasswordsScreen)
        screen.look_again()
        await visit.settle()
        assert "Device 28b" in visit.screen_text()
        assert "vice 26" in visit.screen_text().splitlines()[row]
        assert screen.view.table.current is not None
        assert screen.view.table.current.name == "Device 26"


async def test_nothing_is_drawn_while_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    house, _ = used_house("Laptop", "Phone")
    async with opened(house) as visit:
        await visit.to_app_passwords()
        screen = visit.screen
        assert isinstance(screen, AppPasswordsScreen)
        drawn: list[object] = []
        monkeypatch.setattr(type(visit.app), "_display", lambda *_: drawn.append(1))
        house.clock.advance(3600)
        for _ in range(3):
            screen.look_again()
            await visit.settle()
        assert not drawn
        await visit.press("down")
        screen.look_again()
        await visit.settle()
        assert drawn


@pytest.mark.slow
async def test_session_that_was_ended_elsewhere_ends_here_without_a_key() -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.to_app_passwords()
        with house.store.transaction(ACCOUNT, house.now(ACCOUNT).uid) as change:
            change.account = replace(
                change.existing, session_generation=change.existing.session_generation + 1
            )
        screen = visit.screen
        assert isinstance(screen, AppPasswordsScreen)
        screen.look_again()
        await visit.settle()
        assert "Sign in" in visit.screen_text()


@pytest.mark.slow
async def test_u_reads_the_list_again() -> None:
    house = house_with("Laptop")
    async with opened(house) as visit:
        await visit.to_app_passwords()
        house.portal.create_app_password(house.session(ACCOUNT), "Made elsewhere")
        await visit.press("u")
        assert "Made elsewhere" in visit.screen_text()


# --- marks, and the way back ----------------------------------------------------------------------


@pytest.mark.slow
async def test_marks_all_that_are_shown_and_the_footer_counts() -> None:
    async with opened(house_with("Tablet", "Laptop", "Table lamp")) as visit:
        await visit.to_app_passwords()
        await visit.press("slash", *"tab", "enter", "a")
        assert "d Delete 2" in visit.screen_text()
        await visit.press("a")
        assert "d Delete  " in visit.screen_text()


@pytest.mark.slow
async def test_range_marks_from_where_it_began_to_the_cursor() -> None:
    async with opened(house_with(*"ABCDE")) as visit:
        await visit.to_app_passwords()
        table = visit.screen.query_one(PasswordTable)
        await visit.press("down", "V", "down", "down")
        assert [password.name for password in table.marked] == [*"BCD"]
        await visit.press("up")
        assert [password.name for password in table.marked] == [*"BC"]
        await visit.press("V", "down", "down")
        assert [password.name for password in table.marked] == [*"BC"]
        assert "d Delete 2" in visit.screen_text()


@pytest.mark.slow
async def test_esc_takes_back_marks_then_the_filter_then_leaves() -> None:
    async with opened(house_with("Tablet", "Laptop")) as visit:
        await visit.to_app_passwords()
        table = visit.screen.query_one(PasswordTable)
        await visit.press("slash", *"tab", "enter", "space")
        await visit.press("escape")
        assert not table.marked
        assert table.row_count == 1
        await visit.press("escape")
        assert table.row_count == 2
        assert visit.screen.query_one(FilterInput).value == ""
        assert visit.on(AppPasswordsScreen)
        await visit.press("escape")
        assert "Press esc again to sign out" in visit.screen_text()


# --- the filter and the order ---------------------------------------------------------------------


async def test_filter_looks_at_name_scope_service_and_address() -> None:
    async with opened(demo_house(), size=WIDE) as visit:
        await visit.to_app_passwords()
        await visit.press("slash")
        for text, names in {
            "thunder": ["Thunderbird on the desk"],
            "calendar and": ["Phone calendar"],
            "carddav": ["Contacts sync", "Phone calendar"],
            "198.51": ["Phone calendar", "Tablet"],
            "2001:db8": ["Mutt"],
        }.items():
            visit.screen.query_one(FilterInput).value = text
            await visit.settle()
            table = visit.screen.query_one(PasswordTable)
            passwords = [table._listing.passwords[at].name for at in range(table.row_count)]
            assert passwords == names
            assert f'{len(names)} of 12 · "{text}"' in visit.screen_text()


@pytest.mark.slow
async def test_numbers_in_names_are_in_the_order_of_numbers() -> None:
    async with opened(house_with("Device 10", "Device 2", "device 1")) as visit:
        await visit.to_app_passwords()
        assert shown(visit.screen.query_one(PasswordTable)) == ["device 1", "Device 2", "Device 10"]


@pytest.mark.slow
async def test_click_on_a_heading_sorts_by_it_and_once_more_reverses() -> None:
    async with opened(demo_house(), size=(80, 24)) as visit:
        await visit.to_app_passwords()
        table = visit.screen.query_one(PasswordTable)
        line = next(row for row in visit.screen_text().splitlines() if "Last used" in row)
        at = line.index("Last used") - table.region.x + 2
        await visit.pilot.click(PasswordTable, offset=(at, 0))
        await visit.settle()
        assert "Last used ↑" in visit.screen_text()
        assert shown(table)[0] == "Laptop"
        await visit.pilot.click(PasswordTable, offset=(at, 0))
        await visit.settle()
        assert "Last used ↓" in visit.screen_text()
        assert shown(table)[-1] == "Laptop"


# --- what is hidden, and what is gone ---


@pytest.mark.slow
@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 20)])
async def test_rows_out_of_sight_are_counted_above_and_below(size: tuple[int, int]) -> None:
    async with opened(
        house_with(*(f"Device {number}" for number in range(1, 40))), size=size
    ) as visit:
        await visit.to_app_passwords()
        table = visit.screen.query_one(PasswordTable)
        seen = table.size.height - 1
        assert f"↓ {39 - seen} more" in visit.screen_text()
        await visit.press(*["down"] * seen)
        assert f"↑ 1 more  ↓ {38 - seen} more" in visit.screen_text()
        await visit.press("G")
        assert f"↑ {39 - seen} more" in visit.screen_text()
        assert "↓" not in visit.screen_text()


@pytest.mark.slow
async def test_other_lists_and_dialogs_count_them_too() -> None:
    async with opened(demo_house(), size=(40, 12)) as visit:
        await visit.to_app_passwords()
        await visit.press("question_mark")
        assert visit.on(HelpDialog)
        assert " more " in visit.screen_text().splitlines()[-2]
        await visit.press("escape", "enter")
        assert "more" in visit.screen_text().splitlines()[-2]


@pytest.mark.slow
async def test_help_says_what_the_sign_means() -> None:
    async with opened(demo_house(), size=(80, 50)) as visit:
        await visit.to_app_passwords()
        assert "! ends soon, or unused for 90 days" in visit.screen_text()
        await visit.press("question_mark")
        assert "Ends soon, or unused for 90 days" in visit.screen_text()


@pytest.mark.slow
async def test_after_the_last_is_deleted_it_says_that_everything_is() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.to_app_passwords()
        await visit.press("d", "y")
        assert "Everything is deleted. Create one" in visit.screen_text()
        assert "No app passwords yet." not in visit.screen_text()


@pytest.mark.slow
async def test_many_that_are_deleted_are_counted_where_a_line_could_not_name_them() -> None:
    async with opened(house_with(*"ABCDE")) as visit:
        await visit.to_app_passwords()
        await visit.press("space", "space", "d", "y")
        assert "✓ Deleted A, B." in visit.screen_text()
        await visit.press("k", "k", "a", "d", "y")
        assert "✓ Deleted 3" not in visit.screen_text()
        assert "✓ Deleted C, D, E." in visit.screen_text()


@pytest.mark.slow
async def test_how_many_there_may_be_is_said_only_while_there_is_no_room() -> None:
    house = house_with(*(f"Device {number}" for number in range(40)))
    async with opened(house) as visit:
        await visit.to_app_passwords()
        await visit.press("c")
        assert "You have 40 of 40." in visit.screen_text()
        house.portal.delete_app_password(house.session(ACCOUNT), id_of(house, "Device 7"))
        screen = visit.screen
        assert isinstance(screen, AppPasswordsScreen)
        screen.look_again()
        await visit.settle()
        assert "of 40" not in visit.screen_text()


@pytest.mark.slow
async def test_labels_are_muted_but_the_one_under_the_cursor() -> None:
    async with opened(demo_house()) as visit:
        await visit.to_app_passwords()
        await visit.press("enter")
        facts = visit.screen.query_one(FactList)
        prompts = [facts.get_option_at_index(at).prompt for at in range(facts.option_count)]
        muted = [bool(getattr(prompt, "spans", ())) for prompt in prompts]
        assert muted == [False, *[True] * (len(prompts) - 1)]
        assert isinstance(facts, OptionList)


@pytest.mark.slow
async def test_footer_keeps_the_verb_that_counts_where_there_is_little_room() -> None:
    async with opened(house_with("A", "B"), size=(40, 12)) as visit:
        await visit.to_app_passwords()
        await visit.press("a")
        assert "d Delete 2" in visit.screen_text()


@pytest.mark.slow
async def test_line_under_the_tab_is_right_after_a_resize() -> None:
    async with opened(house_with("A")) as visit:
        await visit.to_app_passwords()
        for size in ((40, 12), (80, 24), (50, 20)):
            await visit.pilot.resize_terminal(*size)
            await visit.settle()
            tab = visit.screen.query_one("#app-passwords", Tab)
            line = visit.screen.query_one(Underline)
            region = tab.virtual_region.shrink(tab.styles.gutter)
            assert (line.highlight_start, line.highlight_end) == region.column_span
