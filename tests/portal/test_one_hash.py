"""One Argon2id for each attempt to sign in, whatever stands behind the name (SAFETY 6, 15)."""

import contextlib
from pathlib import Path

import pytest

from apppw_tui.domain.errors import RateLimited, SignInRefused
from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher, Profile
from apppw_tui.domain.verification_options import APP, TEXT
from tests.argon import count_argon2
from tests.standing import damage, place, standing_house
from tests.support import PASSWORD, House, first_quick

ACCOUNT = Profile(memory=24, time_cost=2, parallelism=1)
ONE = ["m=24,t=2,p=1"]  # of an account's profile, not of an app password's


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Accounts of every kind, outside of the process."""
    house = standing_house(tmp_path / "store", hasher=Hasher(ACCOUNT, CHEAP_PROFILE))
    for name in ("plain", "factor", "full", "closed", "closed.factor", "damaged", "empty"):
        house.add(name)
    for name in ("factor", "full", "closed.factor"):
        house.give_authenticator(name)
    house.give_phone(name="full")
    house.give_recovery_codes("full")
    for number in range(10):
        house.issue(f"Device {number}", "full")
    for name in ("closed", "closed.factor"):
        house.alter(name, enabled=False)
    damage(house, "damaged")
    damage(house, "empty", empty=True)
    return house


NAMES = ("plain", "factor", "full", "closed", "closed.factor", "damaged", "empty", "unknown")


@pytest.mark.parametrize("password", [PASSWORD, *first_quick("wrong", "", "x" * 10_000, "\udcff")])
@pytest.mark.parametrize("name", [*NAMES, "unknown@example.org"])
def test_an_attempt_costs_one(
    house: House, name: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent = count_argon2(monkeypatch)
    with contextlib.suppress(SignInRefused):
        house.portal.sign_in(name, password)
    assert (spent.verified, spent.made) == (ONE, 0)


@pytest.mark.parametrize("name", NAMES)
def test_one_that_is_throttled_costs_none(
    house: House, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent = count_argon2(monkeypatch)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            house.portal.sign_in(name, "wrong")
    assert len(spent.verified) == 5
    spent.clear()
    for password in (PASSWORD, "wrong"):
        with pytest.raises(RateLimited):
            house.portal.sign_in(name, password)
    assert spent.total == 0


@pytest.mark.parametrize("name", ["damaged", "empty"])
def test_a_damaged_account_answers_as_if_it_were_none_and_the_operator_hears_of_it(
    house: House, name: str
) -> None:
    with pytest.raises(SignInRefused) as unknown:
        house.portal.sign_in("unknown", PASSWORD)
    assert house.notebook.errors == []
    with pytest.raises(SignInRefused) as damaged:
        house.portal.sign_in(name, PASSWORD)
    assert str(damaged.value) == str(unknown.value)
    ((what, facts),) = house.notebook.errors
    assert what == "account damaged"
    assert place(house, name) in facts["why"]
    assert PASSWORD not in repr(house.notebook)


def test_an_app_and_a_sent_code_cost_none(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = house.give_authenticator("full")
    challenge, other = house.challenge("full"), house.challenge("full")
    spent = count_argon2(monkeypatch)
    challenge.send(TEXT)
    challenge.answer(TEXT, house.outbox.code)
    other.answer(APP, house.app_code(secret))
    assert spent.total == 0


def test_verifying_again_by_password_costs_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    challenge = house.portal.verify_again(house.session("plain"))
    spent = count_argon2(monkeypatch)
    for password in (PASSWORD, "wrong"):
        spent.clear()
        with contextlib.suppress(SignInRefused):
            challenge.answer_with_password(password)
        assert (spent.verified, spent.made) == (ONE, 0)
