"""What matters asks again who it is, ten minutes after the last time (SAFETY 14)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from apppw_tui.domain import verification_options
from apppw_tui.domain.errors import (
    InvalidCode,
    MethodUnavailable,
    RateLimited,
    ReverificationRequired,
    SessionEnded,
    SignInRefused,
)
from apppw_tui.domain.verification_options import APP, RECOVERY, TEXT
from apppw_tui.portal.sessions import VERIFIED_FOR, Session
from tests.argon import count_argon2
from tests.standing import document, wholly_standing_house, written
from tests.support import PASSWORD, House

ADA = "ada@example.org"
NEW = "a loom of 40 brass wheels"
Act = Callable[[House, Session], object]

MATTERS: dict[str, Act] = {
    "creating": lambda house, session: house.portal.create_app_password(session, "Car"),
    "adding an app": lambda house, session: house.portal.enrollment.begin_authenticator(session),
    "adding a phone": lambda house, session: house.portal.enrollment.begin_phone(
        session, "alternate", "+49 151 23456768"
    ),
    "changing a phone": lambda house, session: house.portal.enrollment.begin_phone(
        session, "authentication", "+49 151 23456768"
    ),
    "removing an app": lambda house, session: house.portal.enrollment.remove_authenticator(session),
    "removing a phone": lambda house, session: house.portal.enrollment.remove_phone(
        session, "authentication"
    ),
    "preferring": lambda house, session: house.portal.enrollment.set_preferred(session, "text"),
    "recovery codes": lambda house, session: house.portal.enrollment.new_recovery_codes(session),
    "the password": lambda house, session: house.portal.change_password(session, PASSWORD, NEW),
    "the link": lambda house, session: house.portal.check_fresh(session),
}


@pytest.fixture
def house(house: House) -> House:
    house.give_authenticator()
    house.give_phone()
    return house


def test_it_is_ten_minutes() -> None:
    assert VERIFIED_FOR == 600


def test_whether_it_is_time_can_be_asked_beforehand(house: House) -> None:
    session = house.session()
    house.clock.advance(599.9)
    assert house.portal.is_fresh(session)
    house.clock.advance(0.1)
    assert not house.portal.is_fresh(session)
    assert not house.portal.is_fresh(replace(session, verified_at=None))


@pytest.mark.parametrize("act", MATTERS.values(), ids=MATTERS)
def test_what_matters_is_refused_ten_minutes_after_the_last_verification(
    house: House, act: Act
) -> None:
    session, before = house.session(), house.now()
    for later in (600, 0.1, 100_000):
        house.clock.advance(later)
        with pytest.raises(ReverificationRequired, match="Verify first that it is you"):
            act(house, session)
    with pytest.raises(ReverificationRequired):
        act(house, replace(session, verified_at=None))
    assert house.now() == before
    assert house.notebook.acts == []


@pytest.mark.parametrize("act", MATTERS.values(), ids=MATTERS)
def test_and_is_done_until_then(house: House, act: Act) -> None:
    session = house.session()
    house.clock.advance(599.9)
    act(house, session)


def test_a_password_that_will_not_be_changed_is_not_compared(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = house.session()
    house.clock.advance(600)
    spent = count_argon2(monkeypatch)
    for name in ("creating", "recovery codes", "the password"):
        with pytest.raises(ReverificationRequired):
            MATTERS[name](house, session)
    assert spent.total == 0


def test_deleting_renaming_and_looking_do_not_ask(house: House) -> None:
    session = house.session()
    gone, kept = (house.issue(name).app_password.id for name in ("Phone", "Car"))
    house.clock.advance(100_000)
    house.portal.delete_app_password(session, gone)
    house.portal.rename_app_password(session, kept, "Desk")
    house.portal.set_appearance(session, "nord")
    assert [one.name for one in house.portal.account(session).app_passwords] == ["Desk"]
    assert house.portal.enrollment.numbers(session, house.now())


def test_the_time_of_day_has_no_part_in_it(house: House) -> None:
    session = house.session()
    house.clock.instant += timedelta(days=30)
    house.portal.check_fresh(session)
    house.clock.advance(600)
    house.clock.instant -= timedelta(days=60)
    with pytest.raises(ReverificationRequired):
        house.portal.check_fresh(session)


# --- verifying again ------------------------------------------------------------------------


def by_app(house: House, session: Session) -> Session:
    secret = house.give_authenticator()
    return house.portal.verify_again(session).answer(APP, house.app_code(secret))


def by_text(house: House, session: Session) -> Session:
    challenge = house.portal.verify_again(session)
    challenge.send(TEXT)
    return challenge.answer(TEXT, house.outbox.code)


def by_recovery_code(house: House, session: Session) -> Session:
    code = house.give_recovery_codes()[7].reveal()
    return house.portal.verify_again(session).answer(RECOVERY, code)


def by_password(house: House, session: Session) -> Session:
    house.alter(authenticator=None, phones=())
    challenge = house.portal.verify_again(session)
    assert challenge.uses_password
    return challenge.answer_with_password(PASSWORD)


@pytest.mark.parametrize("again", [by_app, by_text, by_recovery_code, by_password])
def test_the_right_answer_gives_the_same_session_fresh_again(
    house: House, again: Callable[[House, Session], Session]
) -> None:
    session = house.session()
    house.clock.advance(700)
    fresh = again(house, session)
    assert fresh == replace(session, verified_at=house.clock.seconds)
    house.clock.advance(599.9)
    house.portal.check_fresh(fresh)
    with pytest.raises(ReverificationRequired):
        house.portal.check_fresh(session)


def test_a_wrong_answer_changes_nothing(house: House) -> None:
    session = house.session()
    house.clock.advance(700)
    codes, before = house.give_recovery_codes(), house.now()
    challenge = house.portal.verify_again(session)
    challenge.send(TEXT)
    wrong = f"{(int(house.outbox.code) + 1) % 1_000_000:06}"
    for option, text in ((APP, "000000"), (TEXT, wrong), (RECOVERY, codes[0].reveal()[::-1])):
        with pytest.raises(InvalidCode):
            challenge.answer(option, text)
    assert house.now() == before
    assert house.portal.account(session) == before
    with pytest.raises(ReverificationRequired):
        house.portal.check_fresh(session)


def test_a_wrong_password_changes_nothing_and_is_a_try(house: House) -> None:
    house.alter(authenticator=None, phones=())
    session = house.session()
    house.clock.advance(700)
    before = house.now()
    challenge = house.portal.verify_again(session)
    for _ in range(5):
        with pytest.raises(SignInRefused, match="That is not your password"):
            challenge.answer_with_password("wrong")
    with pytest.raises(RateLimited):
        challenge.answer_with_password(PASSWORD)
    assert house.now() == before
    house.clock.advance(5)
    assert challenge.answer_with_password(PASSWORD).recently_verified(house.clock)


def test_a_right_password_takes_back_its_own_charge(house: House) -> None:
    for _ in range(6):
        by_password(house, house.session())
    assert house.operator.throttle_status(ADA).wait == 0


def test_the_password_does_not_do_where_there_is_a_method(house: House) -> None:
    challenge = house.portal.verify_again(house.session())
    assert not challenge.uses_password
    with pytest.raises(MethodUnavailable, match="Verify with one of your verification methods"):
        challenge.answer_with_password(PASSWORD)


def test_nor_where_one_was_set_up_meanwhile(house: House) -> None:
    account = house.now()
    house.alter(authenticator=None, phones=())
    challenge = house.portal.verify_again(house.session())
    house.alter(authenticator=account.authenticator)
    with pytest.raises(MethodUnavailable):
        challenge.answer_with_password(PASSWORD)


def test_it_resets_nothing_and_makes_no_address_known(house: House) -> None:
    session = house.session()
    for _ in range(4):
        with pytest.raises(SignInRefused):
            house.portal.sign_in(ADA, "wrong")
    challenge = house.portal.verify_again(session)
    for _ in range(4):
        with pytest.raises(InvalidCode):
            challenge.answer(APP, "000000")
    by_app(house, session)
    acts: list[Callable[[], object]] = [
        lambda: house.portal.sign_in(ADA, "wrong"),
        lambda: challenge.answer(APP, "000000"),
    ]
    for act in acts:
        with pytest.raises((SignInRefused, InvalidCode)):
            act()
        with pytest.raises(RateLimited):
            act()


def test_a_code_used_to_verify_again_signs_nobody_in(house: House) -> None:
    secret = house.give_authenticator()
    code = house.app_code(secret)
    house.portal.verify_again(house.session()).answer(APP, code)
    with pytest.raises(InvalidCode, match="used already"):
        house.challenge().answer(APP, code)


def test_who_was_signed_out_meanwhile_verifies_nothing(house: House) -> None:
    secret = house.give_authenticator()
    session = house.session()
    challenge = house.portal.verify_again(session)
    house.operator.require_verification(ADA)
    with pytest.raises(SessionEnded):
        challenge.answer(APP, house.app_code(secret))
    with pytest.raises(SessionEnded):
        house.portal.verify_again(session)


def test_the_time_of_a_verification_is_nowhere_in_the_store(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    house = wholly_standing_house(folder)
    house.clock.seconds = 31337.25
    house.add()
    house.give_phone()
    challenge = house.challenge()
    challenge.send(TEXT)
    session = challenge.answer(TEXT, house.outbox.code)
    house.clock.advance(700)
    before = document(house, "ada@example.org")
    session = by_text(house, session)
    assert session.verified_at == 32037.25
    assert document(house, "ada@example.org") == before
    stored = written(house, folder)
    assert b"31337" not in stored
    assert b"32037" not in stored
    assert "verified=" not in repr(house.now())


def test_every_way_of_signing_in_is_a_way_to_verify_again(house: House) -> None:
    house.give_recovery_codes()
    here = [choice.option for choice in house.challenge().choices()]
    again = house.portal.verify_again(house.session())
    assert [choice.option for choice in again.choices()] == here
    assert set(here) == set(verification_options.ALL)
