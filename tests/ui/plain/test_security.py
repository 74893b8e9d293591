"""Verification methods, the account password and the activity in the plain portal."""

from dataclasses import replace
from typing import Any

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import EventType
from apppw_tui.domain.errors import SessionEnded, StoreUnusable
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import Session
from apppw_tui.store.memory_history import MemoryActivityLog
from apppw_tui.ui.plain.session import symbol_name
from tests.support import PASSWORD, House
from tests.ui.plain.talking import ACCOUNT, IN, Talk, keep

NUMBER = "+49 151 23456767"
NEW = "mills grind 12 punched cards"


@pytest.fixture
def house() -> House:
    house = House()
    house.add(ACCOUNT)
    return house


def test_a_phone_is_added_and_proved_by_the_code_sent_there(house: House) -> None:
    code = lambda _: house.outbox.code  # noqa: E731
    wrong = lambda _: f"{(int(house.outbox.code) + 1) % 1_000_000:06}"  # noqa: E731
    answers = ("2", "c", "12345", NUMBER, "2", wrong, "s", code, "")
    talk = Talk(house, *IN, "v", *answers, "")
    assert "We are calling your phone that ends in 67." in talk.words
    assert "Sent again." in talk.words
    assert "It was verified, and counts from now on." in talk.words
    assert "Authentication phone: ends in 67" in talk.words
    assert house.now().phone("authentication") is not None
    assert house.now().recovery_codes_left == 10
    assert [kind for kind, _, _ in house.outbox.sent] == ["call", "call"]


def test_a_phone_is_changed_and_removed_only_by_yes(house: House) -> None:
    house.give_phone()
    house.give_recovery_codes()
    code = lambda _: house.outbox.code  # noqa: E731
    change = ("2", "1", "+49 151 23456768", "", code)
    talk = Talk(house, *IN, "", "1", code, "v", *change, "2", "d", "", "2", "d", "yes", "")
    assert "Authentication phone: ends in 68" in talk.words
    assert "Not removed." in talk.words
    assert "Removed the authentication phone." in talk.words
    assert house.now().phones == ()


def test_the_last_method_stays_where_one_is_needed() -> None:
    house = House(policy=Policy())
    house.add(ACCOUNT)
    secret = house.give_authenticator()
    talk = Talk(house, *IN, lambda _: house.app_code(secret), "v", "5", "d", "yes", "")
    assert "Your account needs one method. Add another first." in talk.words
    assert house.now().authenticator is not None


def key_in(text: str) -> str:
    """The key of an authenticator app that `text` shows."""
    (line,) = [line for line in text.split("\n") if len(line) == 39 and line.isupper()]
    return line.replace(" ", "")


def test_an_authenticator_is_set_up_by_its_key_which_can_be_spelled(house: House) -> None:
    code = lambda text: house.app_code(Secret(key_in(text)))  # noqa: E731
    talk = Talk(house, *IN, "v", "5", "c", "s", "12", code, "", "")
    assert "A code has six digits." in talk.words
    key = key_in(talk.text)
    assert f"\n1: {key[0]}, {symbol_name(key[0])}\n" in talk.text
    assert f"\n32: {key[31]}, {symbol_name(key[31])}\n" in talk.text
    assert house.now().authenticator is not None
    assert "Your recovery codes" in talk.words


def test_recovery_codes_are_shown_spelled_and_written_to_a_file(house: House) -> None:
    house.give_phone()
    house.give_recovery_codes()
    code = lambda _: house.outbox.code  # noqa: E731
    files: list[str] = []
    talk = Talk(
        house, *IN, "", "1", code, "v", "6", "no", "6", "yes", "s", "w", "", save=keep(files)
    )
    (content,) = files
    shown = content.strip().split("\n")
    assert len(shown) == 10
    assert content in talk.text
    assert "Code 10" in talk.words
    assert "Saved to /home/ada/codes.txt, for you alone to read." in talk.words
    assert "stays in the scroll-back of your terminal" in talk.words


def test_no_file_is_written_on_a_server(house: House) -> None:
    secret = house.give_authenticator()
    talk = Talk(house, *IN, lambda _: house.app_code(secret), "v", "6", "w", "")
    assert "Spell them" in talk.words
    assert "file of your own" not in talk.words


def test_recovery_codes_need_a_method_that_they_stand_in_for(house: House) -> None:
    talk = Talk(house, *IN, "v", "6", "")
    assert "Set up a verification method first." in talk.words
    assert "Recovery codes: none (not now)" in talk.words


def test_the_preferred_option_is_chosen_and_what_is_not_there_says_why(house: House) -> None:
    house.give_phone()
    code = lambda _: house.outbox.code  # noqa: E731
    talk = Talk(house, *IN, "", "1", code, "v", "o", "5", "2", "")
    assert "Set up the authenticator app first." in talk.words
    assert "You are asked for this first from now on." in talk.words
    assert "Preferred option: Call my authentication phone" in talk.words
    assert "1 Notify me through app, as it is now 2 Call" in talk.words
    assert house.now().preferred == "call"


def test_options_that_this_server_has_for_nobody_are_one_line_and_no_choice(house: House) -> None:
    house.outbox.kinds = frozenset()
    talk = Talk(house, *IN, "v", "?", "o", "", "2", "", "")
    rows = (
        "1 Preferred option: none yet (or o) 2 Authenticator app: not set up "
        "3 Recovery codes: none (not now) Text or call is not set up on this server."
    )
    assert rows in talk.words
    options = (
        "1 Use verification code from app (not now) Text or call is not set up on this server."
    )
    assert options in talk.after("What's your preferred option?")
    assert "What about the authenticator app?" in talk.words


def test_a_phone_stays_a_choice_where_codes_are_no_longer_sent(house: House) -> None:
    secret = house.give_authenticator()
    house.give_phone()
    house.outbox.kinds = frozenset()
    talk = Talk(house, *IN, lambda _: house.app_code(secret), "v", "2", "d", "yes", "")
    assert "Not every way by phone is set up on this server." in talk.words
    assert "Removed the authentication phone." in talk.words
    assert "Text or call is not set up on this server." in talk.words


# --- the account password, the activity -----------------------------------------------------------


def test_the_password_is_changed_and_app_passwords_go_only_by_yes(house: House) -> None:
    house.issue("Laptop")
    talk = Talk(house, *IN, "w", "wrong", NEW, NEW, "", "w", PASSWORD, NEW, NEW, "")
    assert "That is not your" in talk.words
    assert "Delete the one app password too? Type yes or no: Password changed. Other" in talk.words
    assert NEW not in talk.text
    assert len(house.now().app_passwords) == 1
    talk = Talk(house, ACCOUNT, NEW, "w", NEW, PASSWORD, PASSWORD, "yes")
    assert "Password changed; 1 app password deleted. Other" in talk.words
    assert house.now().app_passwords == ()


def test_a_password_that_is_changed_is_said_to_be_whatever_can_be_read_then(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.issue("Laptop")
    change = Portal.change_password

    def and_then_silence(portal: Portal, *arguments: Any, **options: Any) -> Session:
        session = change(portal, *arguments, **options)
        monkeypatch.setattr(Portal, "account", silent)
        return session

    def silent(_portal: Portal, _session: Session) -> Account:
        raise StoreUnusable("The database does not answer.")

    monkeypatch.setattr(Portal, "change_password", and_then_silence)
    talk = Talk(house, *IN, "w", PASSWORD, NEW, NEW, "yes")
    changed, _, rest = talk.words.partition("Password changed. Other sessions were signed out.")
    assert "does not answer" not in changed
    assert "The database does not answer." in rest


def test_a_password_kept_elsewhere_is_not_asked_for(house: House) -> None:
    house.portal.external_passwords_hint = "Change it at example.org."
    talk = Talk(house, *IN, "w", "")
    assert "Change it at example.org. Number" in talk.words


def test_other_sessions_end_and_trusted_addresses_are_forgotten(house: House) -> None:
    other = house.session()
    talk = Talk(house, *IN, "s", "e", "s", "2", "s", "", "p")
    assert "1 trusted address, this one among them" in talk.words
    assert "Every other session here was signed out." in talk.words
    assert "No address is trusted now." in talk.words
    assert "No app passwords yet." in talk.words  # this session goes on
    with pytest.raises(SessionEnded):
        house.portal.account(other)


def test_the_activity_is_read_some_lines_at_a_time(house: House) -> None:
    log = MemoryActivityLog(house.clock)
    uid = house.now().uid
    for number in range(12):
        facts = {"name": f"App {number}", "address": "192.0.2.7"}
        log.record(uid, EventType.CREATED, ACCOUNT, **facts)
        house.clock.advance(60)
    log.record(uid, EventType.WRONG_CODE, ACCOUNT, address="192.0.2.9")
    house.portal = Portal(replace(house.means, activity_log=log))
    talk = Talk(house, *IN, "a", "", "a", "1")
    first, rest = talk.words.split("App 4. By you from 192.0.2.7.", 1)
    assert "! 22 Nov 2026 12:12 UTC: Wrong code. By you from 192.0.2.9." in first
    assert "App 3" not in first
    assert "App 0" in rest
