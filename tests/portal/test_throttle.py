"""Delays of the portal's throttle, and what counts apart (SAFETY 15)."""

import pytest

from apppw_tui.domain.errors import (
    InvalidCode,
    RateLimited,
    SignInRefused,
    WeakPassword,
)
from apppw_tui.domain.verification_options import APP, RECOVERY, TEXT
from tests.argon import count_argon2
from tests.portal.throttling import ADA, NEW, fail, fail_second, wait
from tests.support import PASSWORD, House

# --- delays ---------------------------------------------------------------------------------


def test_from_the_fifth_wrong_password_on_the_next_must_wait_longer_and_longer(
    house: House,
) -> None:
    waits: list[float | None] = []
    for _ in range(14):
        fail(house, 1)
        waits.append(wait(lambda: house.portal.sign_in(ADA, PASSWORD)) if len(waits) >= 4 else 0)
    assert waits == [0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]


def test_a_try_too_early_is_not_made(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(house, 5)
    spent = count_argon2(monkeypatch)
    with pytest.raises(RateLimited) as refused:
        house.portal.sign_in(ADA, PASSWORD)
    assert str(refused.value) == "Too many tries. Wait 5 s."
    assert refused.value.wait == 5
    assert spent.total == 0
    house.clock.advance(5)
    assert house.sign_in()


def test_the_second_factor_is_counted_apart(house: House) -> None:
    secret = house.give_authenticator()
    challenge = house.challenge()
    fail(house, 5)
    assert wait(house.challenge) == 5
    fail_second(challenge, house, 5)
    with pytest.raises(RateLimited, match=r"Wait 5 s\."):
        challenge.answer(APP, house.app_code(secret))
    house.clock.advance(5)
    fail_second(challenge, house, 4)
    house.clock.advance(5)
    assert wait(lambda: challenge.answer(APP, "000000")) == 75
    assert house.challenge()  # the password need not wait for the second factor


def test_a_new_question_does_not_begin_the_count_anew(house: House) -> None:
    house.give_authenticator()
    for _ in range(5):
        with pytest.raises(InvalidCode):
            house.challenge().answer(APP, "000000")
    with pytest.raises(RateLimited):
        house.challenge().answer(APP, "000000")


def test_all_second_factors_share_one_count(house: House) -> None:
    secret = house.give_authenticator()
    house.give_phone()
    codes = house.give_recovery_codes()
    challenge = house.challenge()
    challenge.send(TEXT)
    challenge.answer(RECOVERY, codes[0].reveal())
    for option, text in (
        (APP, "000000"),
        (TEXT, f"{(int(house.outbox.code) + 1) % 1_000_000:06}"),
        (RECOVERY, codes[0].reveal()),
        (APP, "000000"),
        (RECOVERY, codes[0].reveal()),
    ):
        with pytest.raises(InvalidCode):
            challenge.answer(option, text)
    for option, text in (
        (APP, house.app_code(secret)),
        (TEXT, house.outbox.code),
        (RECOVERY, codes[1].reveal()),
    ):
        with pytest.raises(RateLimited):
            challenge.answer(option, text)


def test_a_changed_password_is_tried_like_any_other(house: House) -> None:
    session = house.session()
    for _ in range(5):
        with pytest.raises(SignInRefused):
            house.portal.change_password(session, "wrong", NEW)
    with pytest.raises(RateLimited):
        house.portal.change_password(session, PASSWORD, NEW)
    house.clock.advance(5)
    with pytest.raises(WeakPassword):
        house.portal.change_password(session, PASSWORD, "short")
    house.clock.advance(5)
    assert house.portal.change_password(session, PASSWORD, NEW)
