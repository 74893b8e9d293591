"""The plain portal's door: signing in, the second factor, the first account, the kiosk's rules."""

from typing import NoReturn

import pytest

from apppw_tui.domain.policy import Policy
from apppw_tui.ui.app_options import ConnectionHelp, Kiosk
from tests.support import PASSWORD, House
from tests.ui.plain.talking import ACCOUNT, END, IN, Talk
from tests.ui.walks import demo_house

MENU = "What would you like to do?"
OUT = "You are signed out."


@pytest.fixture
def house() -> House:
    house = House()
    house.add(ACCOUNT)
    return house


def test_the_password_signs_in_unseen_and_leaves_again(house: House) -> None:
    talk = Talk(house, *IN, "7")
    assert f"You are signed in as {ACCOUNT}." in talk.words
    assert OUT in talk.after(MENU)
    assert talk.typed.hidden == [PASSWORD]
    assert PASSWORD not in talk.text


def test_the_end_of_input_leaves_from_every_question() -> None:
    for answers, question in (
        ((), "Account:"),
        ((ACCOUNT,), "Password (not shown):"),
        (IN, "Code:"),
        ((*IN, ""), "Number, or Enter to give up:"),
        ((*IN, "app code"), "Enter for the list:"),
        ((*IN, "app code", "c"), "where you will use it:"),
        ((*IN, "app code", "c", "Laptop"), "Enter for Any app:"),
        ((*IN, "app code", "c", "Laptop", "", "until"), "such as 2027-01-31:"),
        ((*IN, "app code", "c", "Laptop", "", ""), "when you have it:"),
        ((*IN, "app code", "v", "authenticator", "remove"), "Type yes or no:"),
    ):
        house = House()
        house.add(ACCOUNT)
        code = house.app_code(house.give_authenticator())
        typed = [code if answer == "app code" else answer for answer in answers]
        talk = Talk(house, *typed, END, "yes", "2", "", "")
        assert talk.words.endswith(question)
        assert talk.reason is None


def test_a_wrong_password_is_said_and_asked_for_again(house: House) -> None:
    talk = Talk(house, ACCOUNT, "wrong", *IN)
    assert "do not match" in talk.words
    assert MENU in talk.words


def test_enter_alone_goes_back_to_the_account(house: House) -> None:
    talk = Talk(house, "", "grace", "", *IN)
    assert MENU in talk.words


def test_without_accounts_it_says_who_adds_one() -> None:
    assert "apppw-tui account add NAME" in Talk(House(), END).words
    kiosk = Kiosk(lambda: None)
    assert (
        "There are no accounts yet. Ask your administrator."
        in Talk(House(), END, kiosk=kiosk).words
    )


def test_the_first_account_is_created_by_a_good_password_typed_twice() -> None:
    house = House()
    first = ("ada", "short", PASSWORD, "another", PASSWORD, PASSWORD)
    talk = Talk(house, *first, may_create_first=True)
    assert "Create the first account" in talk.words
    assert "Too short" in talk.words
    assert "The two passwords differ." in talk.words
    assert "You are signed in as ada." in talk.words
    assert house.now("ada").enabled


def test_before_the_first_account_it_says_where_there_is_none_and_how_to_look_around() -> None:
    def demonstration() -> NoReturn:
        raise AssertionError("it is only named")

    place = "~/.local/share/apppw-tui"
    first = {"may_create_first": True, "place": place}
    words = Talk(House(), END, **first, demonstration=demonstration).words
    assert f"There are no accounts in {place} yet." in words
    assert "apppw-tui --plain --demo" in words
    assert "--demo" not in Talk(House(), END, **first).words


def test_the_second_factor_is_asked_for(house: House) -> None:
    secret = house.give_authenticator()
    talk = Talk(
        house, *IN, "12", "000000", f"{house.app_code(secret)[:3]} {house.app_code(secret)[3:]}"
    )
    assert "A code has six digits." in talk.words
    assert "Enter the six digits that your authenticator app shows now." in talk.words
    assert MENU in talk.words


def test_a_different_option_is_chosen_by_its_number_and_a_code_sent_once_more(house: House) -> None:
    house.give_authenticator()
    house.give_phone()
    sent = house.outbox.sent
    talk = Talk(house, *IN, "", "3", "", "3", lambda _: house.outbox.code)
    assert "2 Notify me through app" in talk.words
    assert "3 Text code to my authentication phone, once more" in talk.words
    assert [kind for kind, _, _ in sent] == ["text", "text"]
    assert "to your phone that ends in 67" in talk.words
    assert MENU in talk.words


def test_an_option_that_cannot_be_used_says_why(house: House) -> None:
    house.give_authenticator()
    talk = Talk(house, *IN, "", "2", "notify", "use", "", "")
    assert "(not now)" in talk.words
    assert talk.words.count("Add your authentication phone first.") == 2
    assert talk.words.count("Enter the six digits") == 2  # a recovery code cannot be used now
    assert "Add your authentication phone first." in talk.words
    assert talk.words.endswith("Sign in")


def test_options_that_this_server_has_for_nobody_are_one_line_and_no_choice(house: House) -> None:
    house.give_authenticator()
    house.outbox.kinds = frozenset()
    talk = Talk(house, *IN, "", "3", "")
    asked = talk.after("How would you like to verify that it is you?")
    assert "2 Use a recovery code (not now) Text or call is not set up" in asked
    assert "Type a number from 1 to 2, or ? for the list." in asked


@pytest.mark.parametrize("on_server", [True, False])
def test_the_first_set_up_offers_what_this_server_has(on_server: bool) -> None:
    house = House(policy=Policy())
    house.add(ACCOUNT)
    house.outbox.kinds = frozenset()
    talk = Talk(house, *IN, "2", "", connecting=ConnectionHelp(on_server=on_server))
    asked = talk.after("How will you verify?")
    assert ("Text or call is not set up on this server." in asked) is on_server
    assert "Type 1, or ? for the list." in asked


def test_a_recovery_code_is_typed_unseen(house: House) -> None:
    house.give_authenticator()
    (code, *_) = house.give_recovery_codes()
    talk = Talk(house, *IN, "", "2", "nonsense", code.reveal())
    assert "They look like" in talk.words
    assert MENU in talk.words
    assert code.reveal() in talk.typed.hidden
    assert code.reveal() not in talk.text


def test_who_is_let_in_once_sets_up_a_method_and_nothing_else(house: House) -> None:
    house.give_authenticator()
    house.operator.bypass(ACCOUNT, 60)
    talk = Talk(house, *IN, "no", "", *IN, "yes", "", END)
    assert "without a code until" in talk.words
    assert "Your administrator let you in once" in talk.words
    assert MENU not in talk.words


def test_a_code_that_cannot_be_sent_leads_to_the_other_options(house: House) -> None:
    house.give_phone()
    house.outbox.broken = True
    talk = Talk(house, *IN, "")
    assert "The code could not be sent. How would you like to verify" in talk.words


def test_the_session_that_ends_elsewhere_leads_back_to_the_door(house: House) -> None:
    def disable(_: str) -> str:
        house.alter(enabled=False)
        return "p"

    talk = Talk(house, *IN, disable, END)
    assert "You were signed out: the account is disabled. Sign in" in talk.words


def test_the_demonstration_gives_its_secrets_away() -> None:
    house = demo_house()
    demo = house.demonstration
    assert demo is not None
    talk = Talk(house, "", "", "123456", demo=demo)  # and Enter alone takes them
    assert f"Password: {demo.password}\n" in talk.text
    assert "The demonstration's code: " in talk.text
    assert "does not match" not in talk.words
    assert "match" in Talk(house, "", "wrong", demo=demo).words


# --- at the kiosk ---------------------------------------------------------------------------------


def test_a_few_wrong_tries_at_the_kiosk_end_the_program(house: House) -> None:
    house.give_authenticator()
    tries = (ACCOUNT, "wrong") * 2 + (*IN, "000000", "000000", "000000", "000000")
    opened: list[bool] = []
    talk = Talk(house, *tries, kiosk=Kiosk(lambda: opened.append(True)))
    assert talk.reason == "Too many wrong tries."
    assert opened == []


def test_the_kiosk_lets_go_of_the_door_once_signed_in_and_ends_with_the_session(
    house: House,
) -> None:
    opened: list[bool] = []
    talk = Talk(house, *IN, "o", kiosk=Kiosk(lambda: opened.append(True)))
    assert opened == [True]
    assert talk.reason == OUT


def test_who_needs_a_second_factor_is_led_through_setting_one_up() -> None:
    house = House(policy=Policy())
    house.add(ACCOUNT)
    number = "+49 151 23456767"
    phone = ("2", number, "", lambda _: house.outbox.code)
    talk = Talk(house, *IN, *phone, "", "yes", "Laptop", "", "", "", "p")
    assert "Protect your account with a second step." in talk.words
    assert house.now().phone("authentication") is not None
    assert house.now().recovery_codes_left == 10
    assert [password.name for password in house.now().app_passwords] == ["Laptop"]
    assert "App passwords: 1 of 40." in talk.words


def test_who_breaks_the_first_set_up_off_is_signed_out() -> None:
    house = House(policy=Policy())
    house.add(ACCOUNT)
    talk = Talk(house, *IN, "1", "", "", END)
    assert f"{OUT} Sign in" in talk.words
    assert not house.now().has_second_factor
