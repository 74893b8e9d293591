"""App passwords in the plain portal."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from apppw_tui.commands import demo
from apppw_tui.domain.app_password import grouped
from apppw_tui.domain.connection_settings import ConnectionTestResult
from apppw_tui.domain.lines import columns
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.secret import Secret
from apppw_tui.ui.app_options import ConnectionHelp
from apppw_tui.ui.plain.session import symbol_name
from tests.support import House
from tests.terminal.program import shown_password
from tests.ui.plain.talking import ACCOUNT, END, IN, Talk
from tests.ui.walks import demo_house, house_with


@pytest.fixture
def house() -> House:
    return house_with("Phone", "Laptop")


def names(house: House) -> list[str]:
    return [password.name for password in house.now().app_passwords]


def test_a_new_one_is_shown_this_once_with_what_to_type_besides(house: House) -> None:
    talk = Talk(house, *IN, "c", "Ledger", "2", "", "", connecting=ConnectionHelp(demo.ROWS))
    secret = shown_password(talk.text)
    assert f"\n{grouped(Secret(secret))}\n" in talk.text
    assert "Ledger, Mail, never expires." in talk.words
    assert "stays in the scroll-back of your terminal" in talk.words
    assert "IMAP: mail.example.org, port 993, TLS" in talk.words
    assert "Created Ledger." in talk.words


def test_its_symbols_are_read_one_by_one(house: House) -> None:
    talk = Talk(house, *IN, "c", "Ledger", "", "", "1")
    secret = shown_password(talk.text)
    lines = talk.text.split("\n")
    for place, symbol in enumerate(secret, 1):
        assert f"{place}: {symbol}, {symbol_name(symbol)}" in lines


@pytest.mark.parametrize(
    ("symbol", "name"), [("0", "zero"), ("k", "Kilo"), ("K", "Kilo"), ("z", "Zulu"), ("7", "seven")]
)
def test_a_symbol_has_a_name_that_cannot_be_misheard(symbol: str, name: str) -> None:
    assert symbol_name(symbol) == name


def test_it_is_tested_as_an_app_would(house: House) -> None:
    made = (*IN, "c", "Ledger", "", "", "t")
    assert "Test it" not in Talk(house, *made).words  # where nothing answers
    house.operator.delete_app_password(ACCOUNT, house.now().app_passwords[-1].id)
    tried: list[str] = []

    def test(_account: str, secret: Secret, service: str) -> ConnectionTestResult:
        tried.extend((secret.reveal(), service))
        return ConnectionTestResult(True, "It opens IMAP.")

    talk = Talk(house, *made, connecting=ConnectionHelp(test=test))
    assert tried == [shown_password(talk.text), "imap"]
    assert "Testing. It opens IMAP." in talk.words


def test_a_name_that_cannot_be_is_asked_for_again_at_once(house: House) -> None:
    talk = Talk(house, *IN, "c", "laptop", "a" * 65, "Tablet", "3", "2", "")
    assert "You already have one called Laptop. Another name: aaa" in talk.words
    assert "A name has at most 64 characters; this one has 65. Another name: Tablet" in talk.words
    assert names(house)[-1] == "Tablet"


def test_a_name_that_was_taken_meanwhile_is_asked_for_again_and_the_rest_stays(
    house: House,
) -> None:
    def taken(_: str) -> str:
        house.issue("Desk", ACCOUNT)
        return "2"

    talk = Talk(house, *IN, "c", "desk", "3", taken, "Tablet", "")
    assert "You already have one called Desk." in talk.words
    made = house.now().app_passwords[-1]
    assert (made.name, made.scope) == ("Tablet", ("sending",))
    assert made.expires is not None


def test_services_and_a_date_are_typed_until_they_can_be(house: House) -> None:
    services = ("8", "imap nonsense", "imap, smtp")
    date = ("5", "2020-01-01", "2027-01-31")
    talk = Talk(house, *IN, "c", "Tablet", *services, *date)
    assert "There is no scope nonsense." in talk.words
    assert "That day has passed." in talk.words
    made = house.now().app_passwords[-1]
    assert made.scope == ("imap", "smtp")
    assert made.expires is not None
    assert made.expires.astimezone(UTC) > datetime(2027, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (Policy(second_factor_required=False, app_passwords_per_account=2), "Delete one first."),
        (Policy(second_factor_required=False, people_create=False), "ask for one."),
    ],
)
def test_where_none_can_be_created_it_says_why(policy: Policy, reason: str) -> None:
    full = house_with("Laptop", "Phone")
    house = House(store=full.store, policy=policy, clock=full.clock)
    talk = Talk(house, *IN, "c")
    assert reason in talk.after("What would you like to do?")
    assert "Create an app password Name" not in talk.words


def test_the_list_leads_to_details_and_is_shown_again_only_when_it_changed(house: House) -> None:
    talk = Talk(house, *IN, "p", "1", "", "2", "", "?", "")
    assert talk.words.count("App passwords: 2 of 40.") == 2  # once asked for, by ?
    assert "Name: Laptop For: Any app Last used: never" in talk.words
    assert "Name: Phone" in talk.words


def test_the_list_is_in_natural_order_and_read_again_where_numbers_changed() -> None:
    house = house_with("Device 10", "device 2", "Device 1")
    talk = Talk(house, *IN, "p", "1", "r", "Device 1a", "1", "r", "Device 11", "")
    first, again = talk.words.split("App passwords: 3 of 40.")[1:]
    assert "1 Device 1, Any app, never used 2 device 2, Any app" in first
    assert "1 device 2, Any app, never used 2 Device 10, Any app" in again
    assert talk.words.count("One password per device or program.") == 1


def test_a_line_is_chosen_by_its_beginning() -> None:
    house = house_with("Phone", "Phone calendar", "Laptop")
    talk = Talk(house, *IN, "app", "lap", "pau", "phone", "", "PHONE C", "", "pho", "p", "")
    assert "Paused Laptop: it is refused until you resume it." in talk.words
    assert "Name: Phone For: Any app" in talk.words
    assert "Name: Phone calendar For: Any app" in talk.words
    assert talk.words.count("Several begin so. Type a number from 1 to 4, or ? for") == 1
    assert talk.words.count(" Type a number from 1 to 4, or ? for") == 2


def test_details_have_every_service_and_what_is_typed_into_the_app() -> None:
    house = demo_house()
    account, password = demo.ACCOUNT, demo.PASSWORD
    made = house.demonstration
    assert made is not None
    code = lambda _: made.shown_by_app(account)  # noqa: E731
    talk = Talk(house, account, password, code, "p", "laptop", "i", "old laptop", "", "")
    assert "Used: 204 times in 14 days" in talk.words
    assert "Last used by imap: 22 Nov 2026 11:55 UTC from 192.0.2.7" in talk.words
    assert "Last used by smtp: 22 Nov 2026 09:00 UTC from 192.0.2.7" in talk.words
    assert "Created: 22 Nov 2026 10:00 UTC Expires: never" in talk.words
    assert "besides the password Account: ada@example.org IMAP: mail.example.org" in talk.words
    assert "Used: not in the last 14 days Last used by pop3" in talk.words
    assert "Car, Any app, never used in 90 days" in talk.words


def test_from_the_list_one_is_created_and_seen_in_it(house: House) -> None:
    talk = Talk(house, *IN, "p", "c", "Tablet", "", "", "", "")
    assert "3 Create an app password" in talk.words
    assert "Created Tablet. App passwords: 3 of 40." in talk.words
    assert "4 Create an app password" in talk.words


def test_one_is_renamed(house: House) -> None:
    talk = Talk(house, *IN, "p", "1", "r", "Phone", "1", "r", "Desk", "")
    assert "You already have one called Phone." in talk.words
    assert "Renamed. Number, ?, or Enter to go back:" in talk.words  # the order is the same
    assert names(house) == ["Phone", "Desk"]


def test_one_is_edited_and_enter_alone_leaves_each_part_as_it_is(house: House) -> None:
    before = house.now().app_passwords[1]
    talk = Talk(house, *IN, "p", "1", "e", "", "", "", "", "1", "")
    assert "For: now Any app" in talk.words
    assert "Expires: now never" in talk.words
    assert "Good from: now anywhere" in talk.words
    assert "Saved." in talk.words
    assert house.now().app_passwords[1] == before
    networks = ("nonsense", "192.0.2.0/24 2001:db8::/32")
    talk = Talk(house, *IN, "p", "1", "e", "Desk", "2", "3", *networks, "1", "")
    assert "Network number 1" in talk.words
    edited = house.now().app_passwords[1]
    assert (edited.name, edited.scope) == ("Desk", ("mail",))
    assert edited.expires is not None
    assert "Name: Desk For: Mail" in talk.words
    assert "Good from: 192.0.2.0/24, 2001:db8::/32" in talk.words
    assert "Expires: after 20 Feb 2027 (UTC)" in talk.words
    Talk(house, *IN, "p", "1", "e", "", "1", "1", "any", "")
    assert house.now().app_passwords[1] == replace(before, name="Desk")


def test_what_opens_more_or_is_resumed_is_verified_again(house: House) -> None:
    def later(_: str) -> str:
        house.clock.advance(3600)
        return "x"

    talk = Talk(house, *IN, "p", "1", "x", "?", "1", later, IN[1], "1", "")
    assert "Paused Laptop: it is refused until you resume it." in talk.words
    assert "1 Laptop, Any app, paused, never used" in talk.words
    assert "It has been a while since you signed in." in talk.words
    assert "Resumed Laptop." in talk.words
    assert not house.now().app_passwords[1].paused


def test_one_is_deleted_only_by_yes(house: House) -> None:
    talk = Talk(house, *IN, "p", "1", "d", "", "1", "d", "yes", "1", "d", "y")
    assert "Delete Laptop? Type yes or no: Not deleted." in talk.words
    assert "Deleted Laptop. App passwords: 1 of 40." in talk.words
    assert "Deleted Phone. Everything is deleted." in talk.words
    assert names(house) == []
    assert "No app passwords yet." in Talk(house, *IN, "p").words


def test_what_a_number_or_a_key_does_not_choose_is_asked_for_again(house: House) -> None:
    talk = Talk(house, *IN, "0", "99", "nonsense", "1 1", "\u0661", "P", END)
    assert talk.words.count("Type a number from 1 to 7, or ? for the list.") == 5
    assert "App passwords: 2 of 40." in talk.words


def test_what_people_named_acts_on_no_terminal(house: House) -> None:
    wild = replace(house.now().app_passwords[0], name="\x1b[31mred\u202e")
    house.alter(app_passwords=(wild,))
    talk = Talk(house, *IN, "p", "1")
    assert "\x1b" not in talk.text
    assert "\u202e" not in talk.text


def test_wide_names_stay_within_80_columns(house: House) -> None:
    wide = "\u8a71" * 64
    alike = replace(house.now().app_passwords[0], name=wide)
    house.alter(app_passwords=(alike, *house.now().app_passwords[1:]))
    talk = Talk(house, *IN, "p", wide, "i", "", wide[:10], "d", "")
    rows = talk.text.split("\n")
    typed = {row for row in rows if row.endswith((f"back: {wide}", f"back: {wide[:10]}"))}
    assert max(columns(row) for row in rows if row not in typed) <= 79
    assert f" 2  {wide[:36]}…," in rows
    assert "".join(talk.after("App password Name:").split()).startswith(wide)  # there it is whole


def test_old_verifications_are_asked_for_again(house: House) -> None:
    def later(_: str) -> str:
        house.clock.advance(3600)
        return "c"

    password = IN[1]
    talk = Talk(house, *IN, later, "wrong", password, "Tablet", "", "")
    assert "It has been a while since you signed in." in talk.words
    assert "That is not your password." in talk.words
    assert "Created" not in talk.words
    assert names(house)[-1] == "Tablet"
    assert ACCOUNT in talk.words
