"""A bypass: once, for a time, with the password, to set up a method (SAFETY 14)."""

from pathlib import Path

import pytest

from apppw_tui.domain.errors import InvalidCode, RateLimited, Refused, SignInRefused
from apppw_tui.domain.phone import Phone
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.ports import DeliveryMethod
from apppw_tui.domain.verification_options import APP, RECOVERY
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.portal.sessions import Session
from tests.portal.windows import admitted, at_once
from tests.standing import standing_house
from tests.support import PASSWORD, House

ADA = "ada@example.org"
ENDED = r"Your administrator's permission has ended\. Ask for a new one\."


@pytest.fixture
def house() -> House:
    """Ada has an app, and must have one."""
    house = House(policy=Policy(second_factor_required=True))
    house.add()
    house.give_authenticator()
    return house


def refused(challenge: Challenge) -> None:
    with pytest.raises(InvalidCode, match=ENDED):
        challenge.use_bypass()


def test_without_one_there_is_none_to_use(house: House) -> None:
    challenge = house.challenge()
    assert challenge.bypass_until is None
    refused(challenge)


def test_it_opens_the_set_up_alone_and_works_once(house: House) -> None:
    before = house.challenge()
    given = house.operator.bypass(ADA, 30)
    challenge = house.challenge()
    assert challenge.bypass_until == given.until == house.now().bypass_until
    session = challenge.use_bypass()
    assert (session.restriction, session.verified_at) == ("bypass", None)
    assert house.now().bypass_until is None
    for other in (challenge, before, house.challenge()):
        refused(other)
    assert house.challenge().bypass_until is None
    assert house.portal.enrollment.begin_authenticator(session)


def test_a_question_asked_before_it_was_given_can_use_it(house: House) -> None:
    challenge = house.challenge()
    house.operator.bypass(ADA, 30)
    assert challenge.bypass_until is None  # it does not know yet
    assert challenge.use_bypass().restriction == "bypass"


def test_it_needs_the_password(house: House) -> None:
    house.operator.bypass(ADA, 30)
    with pytest.raises(SignInRefused):
        house.portal.sign_in(ADA, "wrong")
    assert house.now().bypass_until is not None


@pytest.mark.parametrize("minutes", [1, 30, 1440])
def test_it_ends_in_time(house: House, minutes: int) -> None:
    given = house.operator.bypass(ADA, minutes)
    challenge = house.challenge()
    house.clock.advance(minutes * 60 - 1)
    seen = [challenge.bypass_until]
    house.clock.advance(1)
    assert [*seen, challenge.bypass_until] == [given.until, None]
    refused(challenge)
    assert house.challenge().bypass_until is None


@pytest.mark.parametrize("minutes", [0, -1, 1441, 10_000])
def test_it_is_given_for_a_day_at_most(house: House, minutes: int) -> None:
    with pytest.raises(Refused, match="1 to 1440 minutes"):
        house.operator.bypass(ADA, minutes)
    assert house.now().bypass_until is None
    assert house.notebook.acts == []
    assert house.outbox.sent == []


def test_what_it_set_up_signs_in_from_then_on(house: House) -> None:
    house.operator.bypass(ADA, 30)
    session = house.challenge().use_bypass()
    set_up = house.portal.enrollment.begin_authenticator(session)
    session = set_up.confirm(session, house.app_code(set_up.secret))
    session = house.portal.enrollment.finish(session)
    assert house.portal.create_app_password(session, "Phone")
    house.clock.advance(30)
    assert house.challenge().answer(APP, house.app_code(set_up.secret))


def test_it_does_not_outlast_the_method_that_it_was_given_for(house: House) -> None:
    """Who had none signs in without it: then it must not stay open for whoever has the password."""
    house.alter(authenticator=None)
    house.operator.bypass(ADA, 1440)
    session = house.sign_in()
    assert session.restriction == "none yet"
    set_up = house.portal.enrollment.begin_authenticator(session)
    set_up.confirm(session, house.app_code(set_up.secret))
    refused(house.challenge())
    house.operator.bypass(ADA, 1440)
    full = house.session()
    phone = house.portal.enrollment.begin_phone(full, "office", "+49 151 23456767")
    phone.send(full, "call")
    phone.confirm(full, "".join(c for c in house.outbox.sent[-1][2] if c.isdigit()))
    refused(house.challenge())


def test_a_session_does_not_verify_again_by_it(house: House) -> None:
    session = house.session()
    house.clock.advance(700)
    house.operator.bypass(ADA, 30)
    again = house.portal.verify_again(session)
    assert again.bypass_until is None
    refused(again)
    assert house.now().bypass_until is not None


def test_it_stands_whatever_else_can_be_used(house: House) -> None:
    codes = house.give_recovery_codes()
    house.operator.bypass(ADA, 30)
    challenge = house.challenge()
    assert challenge.bypass_until is not None
    assert challenge.answer(RECOVERY, codes[0].reveal()).restriction is None


def test_of_two_windows_at_once_one_uses_it(tmp_path: Path) -> None:
    house = standing_house(tmp_path / "store")
    house.add()
    house.give_authenticator()
    house.operator.bypass(ADA, 30)
    windows = [house.challenge() for _ in range(4)]
    outcomes = at_once(*(one.use_bypass for one in windows))
    assert len(admitted(outcomes)) == 1
    assert sum(isinstance(outcome, InvalidCode) for outcome in outcomes) == 3
    assert [what for _, what, _, _ in house.notebook.acts] == ["bypass given", "bypass used"]


def test_used_under_the_lock_meanwhile_it_is_used(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.operator.bypass(ADA, 30)
    here, there = house.challenge(), house.challenge()
    real = house.store.transaction

    def change(account: str, uid: str | None) -> object:
        monkeypatch.setattr(house.store, "transaction", real)
        there.use_bypass()
        return real(account, uid)

    monkeypatch.setattr(house.store, "transaction", change)
    refused(here)


def test_giving_and_using_it_are_recorded(house: House) -> None:
    uid = house.now().uid
    house.operator.bypass(ADA, 30)
    house.challenge().use_bypass()
    assert house.notebook.acts == [
        (uid, "bypass given", "operator", {"minutes": "30"}),
        (uid, "bypass used", ADA, {"address": house.address}),
    ]


@pytest.mark.parametrize("kind", ["text", "call", "notify"])
def test_who_has_a_phone_is_told_in_whatever_way_there_is(
    house: House, kind: DeliveryMethod
) -> None:
    house.give_phone()
    house.outbox.kinds = frozenset({kind})
    assert house.operator.bypass(ADA, 30).delivered
    ((sent, number, message),) = house.outbox.sent
    assert (sent, number) == (kind, "+4915123456767")
    assert message.startswith(f"{ADA} at mail.example.org: your administrator lets you sign in")
    assert "If you did not ask for that, tell them now." in message
    assert not any(sign.isdigit() for sign in message)


def test_who_cannot_be_reached_has_it_all_the_same_and_it_is_said(house: House) -> None:
    assert not house.operator.bypass(ADA, 30).delivered  # no phone
    house.give_phone()
    house.outbox.broken = True
    assert not house.operator.bypass(ADA, 30).delivered
    house.outbox.broken = False
    house.outbox.kinds = frozenset()
    assert not house.operator.bypass(ADA, 30).delivered
    house.outbox.kinds = frozenset({"text"})
    house.alter(phones=(Phone("authentication", "broken", house.clock.now()),))
    assert not house.operator.bypass(ADA, 30).delivered
    assert house.outbox.sent == []
    assert isinstance(house.challenge().use_bypass(), Session)


def test_a_throttled_password_does_not_reach_it(house: House) -> None:
    house.operator.bypass(ADA, 30)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            house.portal.sign_in(ADA, "wrong")
    with pytest.raises(RateLimited):
        house.portal.sign_in(ADA, PASSWORD)
