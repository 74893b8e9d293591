"""Sessions that may only set up a method: what they reach, and how they become full."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from apppw_tui.domain.app_password import AppPasswordEdit
from apppw_tui.domain.errors import (
    DeliveryFailed,
    EnrollmentRequired,
    InvalidCode,
    MethodUnavailable,
    RateLimited,
    Refused,
    ReverificationRequired,
    SessionEnded,
)
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.enrollment import AuthenticatorEnrollment, Enrollment, PhoneEnrollment
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import Session
from tests.portal.windows import admitted, at_once
from tests.standing import standing_house
from tests.support import PASSWORD, House

ADA = "ada@example.org"
NEW = "a loom of 40 brass wheels"
NUMBER = "+49 151 23456767"
Limit = Literal["none yet", "bypass"]
Act = Callable[[House, Session, str], object]

# Every public call of the two rooms: what a session that is limited gets.
CLOSED: dict[str, Act] = {
    "verify_again": lambda house, session, _: house.portal.verify_again(session),
    "check_fresh": lambda house, session, _: house.portal.check_fresh(session),
    "create_app_password": lambda house, session, _: house.portal.create_app_password(
        session, "Car"
    ),
    "delete_app_passwords": lambda house, session, id_: house.portal.delete_app_passwords(
        session, [id_]
    ),
    "delete_app_password": lambda house, session, id_: house.portal.delete_app_password(
        session, id_
    ),
    "rename_app_password": lambda house, session, id_: house.portal.rename_app_password(
        session, id_, "Car"
    ),
    "edit_app_password": lambda house, session, id_: house.portal.edit_app_password(
        session, id_, AppPasswordEdit("Car")
    ),
    "pause_app_password": lambda house, session, id_: house.portal.pause_app_password(session, id_),
    "resume_app_password": lambda house, session, id_: house.portal.resume_app_password(
        session, id_
    ),
    "sign_out_elsewhere": lambda house, session, _: house.portal.sign_out_elsewhere(session),
    "forget_trusted_addresses": lambda house, session, _: house.portal.forget_trusted_addresses(
        session
    ),
    "change_password": lambda house, session, _: house.portal.change_password(
        session, PASSWORD, NEW
    ),
    "remove_authenticator": lambda house, session, _: house.portal.enrollment.remove_authenticator(
        session
    ),
    "remove_phone": lambda house, session, _: house.portal.enrollment.remove_phone(
        session, "office"
    ),
    "set_preferred": lambda house, session, _: house.portal.enrollment.set_preferred(
        session, "office"
    ),
    "new_recovery_codes": lambda house, session, _: house.portal.enrollment.new_recovery_codes(
        session
    ),
    "finish": lambda house, session, _: house.portal.enrollment.finish(session),
}
LOOKING = {
    "account", "activity", "after_sign_in", "usage", "numbers", "set_appearance", "is_fresh",
    "delivery_methods", "phone_slots", "preferred", "preferences", "trusted_addresses",
    "uses_per_day",
}  # fmt: skip
SETTING_UP = {"begin_authenticator", "begin_phone"}
WITHOUT_A_SESSION = {
    "amended", "creates_accounts", "has_accounts", "create_first_account", "add_account", "sign_in",
}  # fmt: skip


@pytest.fixture
def house() -> House:
    """Ada's account, without a method, where one is required."""
    house = House(policy=Policy(second_factor_required=True))
    house.add()
    return house


def limited(house: House, why: Limit) -> Session:
    """A session of that kind, which has proved nothing yet."""
    if why == "none yet":
        return house.sign_in()
    house.give_phone("office", "+493012345678")
    house.operator.bypass(ADA, 30)
    return house.challenge().use_bypass()


def prove_app(house: House, session: Session) -> Session:
    set_up = house.portal.enrollment.begin_authenticator(session)
    return set_up.confirm(session, house.app_code(set_up.secret))


# --- what they reach ------------------------------------------------------------------------


def test_every_call_of_both_rooms_is_judged_here() -> None:
    calls = {name for room in (Portal, Enrollment) for name in vars(room) if name[0] != "_"}
    assert calls == {*CLOSED, *LOOKING, *SETTING_UP, *WITHOUT_A_SESSION}


@pytest.mark.parametrize("why", ["none yet", "bypass"])
@pytest.mark.parametrize("call", CLOSED)
def test_a_limited_session_reaches_nothing_but_the_set_up(
    house: House, call: str, why: Limit
) -> None:
    id_ = house.issue("Phone").app_password.id
    session = limited(house, why)
    assert (session.restriction, session.verified_at) == (why, None)
    before = house.now()
    with pytest.raises(EnrollmentRequired, match=r"Set up a verification method first\."):
        CLOSED[call](house, session, id_)
    assert house.now() == before


@pytest.mark.parametrize("why", ["none yet", "bypass"])
def test_it_may_look_and_set_up(house: House, why: Limit) -> None:
    session = limited(house, why)
    assert house.portal.account(session) == house.now()
    house.portal.set_appearance(session, "nord")
    assert house.portal.enrollment.numbers(session, house.now()).keys() == (
        {"office"} if why == "bypass" else set()
    )
    assert house.portal.enrollment.begin_authenticator(session)
    assert house.portal.enrollment.begin_phone(session, "alternate", NUMBER)


# --- how they become full -------------------------------------------------------------------


@pytest.mark.parametrize("why", ["none yet", "bypass"])
def test_a_proved_app_opens_it_once_the_set_up_is_finished(house: House, why: Limit) -> None:
    session = prove_app(house, limited(house, why))
    assert session.restriction == why
    for call in CLOSED.keys() - {"finish", "new_recovery_codes"}:
        with pytest.raises(EnrollmentRequired):
            CLOSED[call](house, session, "abc")
    assert len(house.portal.enrollment.new_recovery_codes(session)) == 10
    full = house.portal.enrollment.finish(session)
    assert full == replace(session, restriction=None)
    assert full.recently_verified(house.clock)
    assert house.portal.create_app_password(full, "Phone")


@pytest.mark.parametrize("why", ["none yet", "bypass"])
def test_a_proved_phone_opens_it_too(house: House, why: Limit) -> None:
    session = limited(house, why)
    set_up = house.portal.enrollment.begin_phone(session, "authentication", NUMBER)
    set_up.send(session, "text")
    session = set_up.confirm(session, house.outbox.code)
    assert house.portal.enrollment.finish(session).restriction is None


def test_finishing_completes_the_sign_in_and_makes_the_address_known(house: House) -> None:
    session = house.portal.enrollment.finish(prove_app(house, house.sign_in()))
    assert session.restriction is None
    strangers = house.elsewhere("198.51.100.7")
    for _ in range(5):
        with pytest.raises(Refused):
            strangers.portal.sign_in(ADA, "wrong")
    with pytest.raises(RateLimited):
        strangers.portal.sign_in(ADA, PASSWORD)
    assert house.challenge()


def test_before_it_is_finished_the_address_is_not_known(house: House) -> None:
    prove_app(house, house.sign_in())
    for _ in range(5):
        with pytest.raises(Refused):
            house.portal.sign_in(ADA, "wrong")
    with pytest.raises(RateLimited):
        house.portal.sign_in(ADA, PASSWORD)


def test_a_method_that_is_gone_again_opens_nothing(house: House) -> None:
    session = prove_app(house, house.sign_in())
    house.alter(authenticator=None)
    with pytest.raises(EnrollmentRequired):
        house.portal.enrollment.finish(session)


def test_a_full_session_that_finishes_stays_as_it_is(house: House) -> None:
    house.give_authenticator()
    assert house.portal.enrollment.finish(house.session()) == house.session()


# --- proving --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    ["", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666", "12345\udcff"],
)
def test_what_is_not_six_digits_proves_nothing_and_counts_as_no_try(
    house: House, code: str
) -> None:
    session = house.sign_in()
    app = house.portal.enrollment.begin_authenticator(session)
    phone = house.portal.enrollment.begin_phone(session, "office", NUMBER)
    phone.send(session, "call")
    set_ups: tuple[AuthenticatorEnrollment | PhoneEnrollment, ...] = (app, phone)
    for set_up in set_ups:
        for _ in range(6):
            with pytest.raises(InvalidCode, match=r"A code has six digits\."):
                set_up.confirm(session, code)
    assert house.operator.throttle_status(ADA).wait == 0
    assert not house.now().has_second_factor


@pytest.mark.parametrize(
    ("steps", "clock"),
    [
        (2, "one minute fast"),
        (4, "two minutes fast"),
        (20, "ten minutes fast"),
        (-2, "one minute slow"),
        (-6, "three minutes slow"),
        (-20, "ten minutes slow"),
    ],
)
def test_a_clock_that_is_off_is_told_and_its_code_is_not_accepted(
    house: House, steps: int, clock: str
) -> None:
    set_up = house.portal.enrollment.begin_authenticator(house.session())
    sentence = f"Your phone's clock is {clock}. Set it right, and type a new code."
    for _ in range(2):
        with pytest.raises(InvalidCode) as refused:
            set_up.confirm(house.session(), house.app_code(set_up.secret, steps))
        assert str(refused.value) == sentence
        assert house.now().authenticator is None
    assert set_up.confirm(house.session(), house.app_code(set_up.secret))


@pytest.mark.parametrize("steps", [21, -21])
def test_a_clock_that_is_further_off_is_asked_after_from_the_second_code_on(
    house: House, steps: int
) -> None:
    set_up = house.portal.enrollment.begin_authenticator(house.session())
    said = []
    for _ in range(3):
        with pytest.raises(InvalidCode) as refused:
            set_up.confirm(house.session(), house.app_code(set_up.secret, steps))
        said.append(str(refused.value))
    wrong = "Wrong code. Check it, or wait for the next."
    again = f"{wrong} If codes go on failing, check your phone's clock."
    assert said == [wrong, again, again]


def test_a_wrong_code_proves_no_app_and_the_right_one_still_does(house: House) -> None:
    session = house.sign_in()
    set_up = house.portal.enrollment.begin_authenticator(session)
    for steps in (-50, 50):
        with pytest.raises(InvalidCode, match="Wrong code"):
            set_up.confirm(session, house.app_code(set_up.secret, steps))
    assert not house.now().has_second_factor
    assert set_up.confirm(session, house.app_code(set_up.secret, 1))


def test_a_code_that_proves_a_phone_is_a_try_like_any_other(house: House) -> None:
    session = house.sign_in()
    set_up = house.portal.enrollment.begin_phone(session, "office", NUMBER)
    with pytest.raises(InvalidCode, match="no longer works"):
        set_up.confirm(session, "000000")
    for _ in range(2):
        set_up.send(session, "text")
        for _ in range(2):
            with pytest.raises(InvalidCode, match="Wrong"):
                set_up.confirm(session, f"{(int(house.outbox.code) + 1) % 1_000_000:06}")
    with pytest.raises(RateLimited):
        set_up.confirm(session, house.outbox.code)
    house.clock.advance(5)
    session = set_up.confirm(session, house.outbox.code)
    house.clock.advance(5)
    with pytest.raises(InvalidCode, match="no longer works"):
        set_up.confirm(session, house.outbox.code)


def test_a_right_code_takes_back_its_own_charge(house: House) -> None:
    session = house.sign_in()
    for _ in range(3):
        house.clock.advance(600)
        set_up = house.portal.enrollment.begin_phone(session, "office", NUMBER)
        set_up.send(session, "text")
        session = set_up.confirm(session, house.outbox.code)
        set_up = house.portal.enrollment.begin_phone(session, "office", NUMBER)
        set_up.send(session, "text")
        set_up.confirm(session, house.outbox.code)
    assert house.operator.throttle_status(ADA).wait == 0


def test_sending_to_a_new_number_is_bounded_and_needs_a_way(house: House) -> None:
    session = house.sign_in()
    set_up = house.portal.enrollment.begin_phone(session, "office", NUMBER)
    for _ in range(3):
        set_up.send(session, "text")
    with pytest.raises(RateLimited, match=r"Wait 10 min\."):
        set_up.send(session, "text")
    house.outbox.kinds = frozenset({"text"})
    with pytest.raises(MethodUnavailable, match="makes no telephone calls"):
        set_up.send(session, "call")
    house.clock.advance(600)
    house.outbox.broken = True
    with pytest.raises(DeliveryFailed):
        set_up.send(session, "text")
    with pytest.raises(InvalidCode, match="no longer works"):
        set_up.confirm(session, house.outbox.code)


def test_a_session_that_was_signed_out_sends_nothing_and_proves_nothing(house: House) -> None:
    session = house.sign_in()
    phone = house.portal.enrollment.begin_phone(session, "office", NUMBER)
    app = house.portal.enrollment.begin_authenticator(session)
    phone.send(session, "text")
    house.operator.require_verification(ADA)
    with pytest.raises(SessionEnded):
        phone.send(session, "text")
    with pytest.raises(SessionEnded):
        phone.confirm(session, house.outbox.code)
    with pytest.raises(SessionEnded):
        app.confirm(session, house.app_code(app.secret))
    assert len(house.outbox.sent) == 1
    assert not house.now().has_second_factor


# --- two windows ----------------------------------------------------------------------------


def outrun(house: House, act: Callable[[], object]) -> None:
    """`act` of the slower window is refused, and adds nothing."""
    before = house.now()
    with pytest.raises(SessionEnded, match="A verification method was set up elsewhere"):
        act()
    assert house.now() == before


def test_of_two_windows_that_set_up_the_first_method_the_slower_is_signed_out(
    house: House,
) -> None:
    fast, slow = house.sign_in(), house.sign_in()
    app = house.portal.enrollment.begin_authenticator(slow)
    phone = house.portal.enrollment.begin_phone(slow, "office", NUMBER)
    phone.send(slow, "text")
    house.portal.enrollment.finish(prove_app(house, fast))
    outrun(house, lambda: app.confirm(slow, house.app_code(app.secret)))
    outrun(house, lambda: phone.confirm(slow, house.outbox.code))
    outrun(house, lambda: house.portal.enrollment.begin_authenticator(slow))
    outrun(house, lambda: house.portal.enrollment.begin_phone(slow, "alternate", NUMBER))
    for call in CLOSED.values():
        with pytest.raises(EnrollmentRequired):
            call(house, slow, "abc")


@pytest.mark.parametrize("method", ["app", "phone"])
def test_outrun_under_the_lock_it_adds_nothing_either(
    house: House, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast, slow = house.sign_in(), house.sign_in()
    app = house.portal.enrollment.begin_authenticator(slow)
    phone = house.portal.enrollment.begin_phone(slow, "office", NUMBER)
    phone.send(slow, "text")
    real = house.store.transaction

    def change(account: str, uid: str | None) -> object:
        monkeypatch.setattr(house.store, "transaction", real)
        prove_app(house, fast)
        return real(account, uid)

    monkeypatch.setattr(house.store, "transaction", change)
    set_up = app if method == "app" else phone
    code = house.app_code(app.secret) if method == "app" else house.outbox.code
    with pytest.raises(SessionEnded, match="set up elsewhere"):
        set_up.confirm(slow, code)
    kept = house.now().authenticator
    assert kept is not None
    opened = house.means.sealer.decrypt(house.now().uid, "authenticator", kept.sealed)
    assert opened.reveal() != app.secret.reveal()
    assert house.now().phones == ()


def test_of_three_windows_at_once_one_sets_up_the_first_method(tmp_path: Path) -> None:
    policy = Policy(second_factor_required=True)
    house = standing_house(tmp_path / "store", policy=policy)
    house.add()
    session = house.sign_in()
    set_ups = [house.portal.enrollment.begin_authenticator(session) for _ in range(3)]

    def confirm(set_up: AuthenticatorEnrollment) -> Callable[[], Session]:
        return lambda: set_up.confirm(session, house.app_code(set_up.secret))

    outcomes = at_once(*(confirm(set_up) for set_up in set_ups))
    assert len(admitted(outcomes)) == 1
    assert sum(isinstance(outcome, SessionEnded) for outcome in outcomes) == 2
    app = house.now().authenticator
    assert app is not None
    kept = house.means.sealer.decrypt(house.now().uid, "authenticator", app.sealed)
    won = [isinstance(outcome, Session) for outcome in outcomes].index(True)
    assert kept.reveal() == set_ups[won].secret.reveal()


def test_who_proved_one_may_prove_another(house: House) -> None:
    session = prove_app(house, house.sign_in())
    set_up = house.portal.enrollment.begin_phone(session, "office", NUMBER)
    set_up.send(session, "text")
    session = set_up.confirm(session, house.outbox.code)
    assert house.portal.enrollment.finish(session).restriction is None


def test_a_full_session_must_be_fresh_to_add_one_at_its_begin_and_at_its_end(
    house: House,
) -> None:
    house.give_authenticator()
    session = house.session()
    app = house.portal.enrollment.begin_authenticator(session)
    phone = house.portal.enrollment.begin_phone(session, "office", NUMBER)
    phone.send(session, "text")
    house.clock.advance(599)
    phone.send(session, "text")
    before = house.now()
    house.clock.advance(1)
    with pytest.raises(ReverificationRequired):
        app.confirm(session, house.app_code(app.secret))
    with pytest.raises(ReverificationRequired):
        phone.confirm(session, house.outbox.code)
    assert house.now() == before
    # Whoever has verified again gives the same code again.
    assert phone.confirm(house.session(), house.outbox.code)
    assert app.confirm(house.session(), house.app_code(app.secret))


def test_a_set_up_shows_no_secret(house: House) -> None:
    session = house.sign_in()
    phone = house.portal.enrollment.begin_phone(session, "office", NUMBER)
    app = house.portal.enrollment.begin_authenticator(session)
    assert isinstance(app.uri(), Secret)
    shown = repr(phone) + repr(phone.number) + repr(app) + repr(app.secret) + repr(app.uri())
    assert NUMBER.lstrip("+").replace(" ", "")[2:] not in shown
    assert app.secret.reveal() not in shown
