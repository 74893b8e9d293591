"""Recovery codes: each works once, and each attempt costs one Argon2id (SAFETY 13)."""

from pathlib import Path

import pytest

from apppw_tui.domain.app_password import SYMBOLS, checksum
from apppw_tui.domain.errors import EnrollmentRequired, InvalidCode, RateLimited
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.verification_options import RECOVERY
from apppw_tui.portal.second_factor import Challenge
from tests.argon import count_argon2
from tests.portal.windows import admitted, at_once
from tests.standing import standing_house
from tests.support import House

ADA = "ada@example.org"
REFUSED = "That recovery code is wrong, or was used before."
NO_CODE = "That is not one of your recovery codes. They look like 0abc defg hjkm."
ONE = ["m=8,t=1,p=1"]


@pytest.fixture
def codes(house: House) -> list[str]:
    house.give_authenticator()
    return [code.reveal() for code in house.give_recovery_codes()]


def said(challenge: Challenge, text: str) -> str:
    with pytest.raises(InvalidCode) as refused:
        challenge.answer(RECOVERY, text)
    return str(refused.value)


def made_up(index: int) -> str:
    """A well-formed code of that index that nobody was given."""
    body = SYMBOLS[index] + "v" * 10
    return body + checksum(body)


def test_each_of_the_ten_works_once_in_any_order(house: House, codes: list[str]) -> None:
    for number, code in enumerate(reversed(codes), start=1):
        assert house.challenge().answer(RECOVERY, code) == house.session()
        kept = house.now().recovery
        assert kept is not None
        assert kept.remaining == 10 - number
        assert said(house.challenge(), code) == REFUSED
    assert house.challenge().choices()[-1].unavailable_reason == "There are no recovery codes left."
    assert said(house.challenge(), codes[0]) == REFUSED


def test_it_may_be_typed_as_it_is_shown_or_in_capitals(house: House, codes: list[str]) -> None:
    typed = f" {codes[4][:4]} {codes[4][4:8]}-{codes[4][8:]} ".upper()
    assert house.challenge().answer(RECOVERY, typed)


def test_its_use_is_recorded_with_how_many_are_left(house: House, codes: list[str]) -> None:
    house.challenge().answer(RECOVERY, codes[3])
    (uid, what, by, facts), *_ = house.notebook.acts
    assert (uid, what, by) == (house.now().uid, "recovery code used", ADA)
    assert facts["left"] == "9"
    assert codes[3] not in repr(house.notebook)


def test_every_attempt_costs_exactly_one_argon2id(
    house: House, codes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    challenge = house.challenge()
    spent = count_argon2(monkeypatch)
    challenge.answer(RECOVERY, codes[0])
    assert (spent.verified, spent.made) == (ONE, 0)
    for index in (0, 1, 9, 10, 20, 31):  # used; not used; beyond all
        house.operator.unlock(ADA)
        spent.clear()
        assert said(challenge, made_up(index)) == REFUSED
        assert (index, spent.verified, spent.made) == (index, ONE, 0)
    spent.clear()
    assert said(challenge, codes[0]) == REFUSED
    assert (spent.verified, spent.made) == (ONE, 0)


def test_without_any_it_costs_one_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.give_authenticator()
    challenge = house.challenge()
    spent = count_argon2(monkeypatch)
    assert said(challenge, made_up(0)) == REFUSED
    assert (spent.verified, spent.made) == (ONE, 0)


@pytest.mark.parametrize("text", ["", "0", "123456", "0abcdefghjkm", "7kfm 2xqd 9h3v tw5n c8rw"])
def test_what_has_not_the_form_costs_nothing_and_is_no_try(
    house: House, codes: list[str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    challenge = house.challenge()
    spent = count_argon2(monkeypatch)
    for _ in range(10):
        assert said(challenge, text) == NO_CODE
    assert spent.total == 0
    assert house.operator.throttle_status(ADA).wait == 0
    assert challenge.answer(RECOVERY, codes[0])


def test_what_has_the_form_is_a_try(house: House, codes: list[str]) -> None:
    challenge = house.challenge()
    for _ in range(5):
        assert said(challenge, made_up(0)) == REFUSED
    with pytest.raises(RateLimited):
        challenge.answer(RECOVERY, codes[0])
    kept = house.now().recovery
    assert kept is not None
    assert kept.remaining == 10


def test_new_ones_void_the_old_ones(house: House, codes: list[str]) -> None:
    new = house.portal.enrollment.new_recovery_codes(house.session())
    assert len({code.reveal() for code in new} - set(codes)) == 10
    for code in codes[:3]:
        assert said(house.challenge(), code) == REFUSED
    assert house.challenge().answer(RECOVERY, new[0].reveal())


def test_ten_cost_ten_argon2id_and_are_kept_as_hashes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.give_authenticator()
    spent = count_argon2(monkeypatch)
    codes = house.portal.enrollment.new_recovery_codes(house.session())
    assert (spent.made, spent.verified) == (10, [])
    kept = house.now().recovery
    assert kept is not None
    assert kept.since == house.clock.now()
    for code, hash_ in zip(codes, kept.hashes, strict=True):
        assert house.hasher.app.check(hash_, code)
        assert code.reveal() not in repr(house.now()) + repr(house.notebook)
    assert house.notebook.acts[-1][1] == "recovery codes made"


def test_they_are_drawn_from_the_randomness_that_was_passed_in() -> None:
    def made(seed: int) -> list[str]:
        house = House(seed=seed)
        house.add()
        house.give_authenticator()
        session = house.session()
        return [code.reveal() for code in house.portal.enrollment.new_recovery_codes(session)]

    assert made(1) == made(1) != made(2)


def test_without_a_method_there_are_none(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    spent = count_argon2(monkeypatch)
    with pytest.raises(EnrollmentRequired):
        house.portal.enrollment.new_recovery_codes(house.session())
    assert spent.total == 0
    assert house.now().recovery is None


def test_the_last_method_removed_while_they_are_made_leaves_none(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.give_authenticator()
    real = house.hasher.app.make

    def make(secret: Secret) -> str:
        house.alter(authenticator=None)
        return real(secret)

    monkeypatch.setattr(house.hasher.app, "make", make)
    with pytest.raises(EnrollmentRequired):
        house.portal.enrollment.new_recovery_codes(house.session())
    assert house.now().recovery is None


def test_one_used_while_it_was_hashed_opens_nothing(
    house: House, codes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = house.challenge(), house.challenge()
    real = house.hasher.app.check

    def check(stored: str | None, secret: Secret) -> bool:
        right = real(stored, secret)
        monkeypatch.setattr(house.hasher.app, "check", real)
        there.answer(RECOVERY, codes[5])
        return right

    monkeypatch.setattr(house.hasher.app, "check", check)
    assert said(here, codes[5]) == REFUSED


def test_replaced_while_it_was_hashed_the_old_one_opens_nothing_and_spoils_no_new_one(
    house: House, codes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    challenge = house.challenge()
    real = house.hasher.app.check

    def check(stored: str | None, secret: Secret) -> bool:
        house.give_recovery_codes()
        return real(stored, secret)

    monkeypatch.setattr(house.hasher.app, "check", check)
    assert said(challenge, codes[5]) == REFUSED
    kept = house.now().recovery
    assert kept is not None
    assert kept.remaining == 10


def test_removed_while_it_was_hashed_it_opens_nothing(
    house: House, codes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    challenge = house.challenge()
    real = house.hasher.app.check

    def check(stored: str | None, secret: Secret) -> bool:
        house.alter(recovery=None)
        return real(stored, secret)

    monkeypatch.setattr(house.hasher.app, "check", check)
    assert said(challenge, codes[5]) == REFUSED


def test_of_four_windows_with_one_code_one_is_admitted(tmp_path: Path) -> None:
    house = standing_house(tmp_path / "store")
    house.add()
    house.give_authenticator()
    code = house.give_recovery_codes()[2].reveal()
    windows = [house.challenge() for _ in range(4)]
    outcomes = at_once(*(lambda one=one: one.answer(RECOVERY, code) for one in windows))
    assert len(admitted(outcomes)) == 1
    kept = house.now().recovery
    assert kept is not None
    assert kept.remaining == 9
    acts = [what for _, what, _, _ in house.notebook.acts]
    assert sorted(acts) == ["recovery code used", "signed in", *["wrong code"] * 3]
