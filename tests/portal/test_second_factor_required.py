"""Where a second factor is required: by the policy, or of one person."""

from collections.abc import Callable

import pytest

from apppw_tui.domain.errors import EnrollmentRequired
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.secret import Secret
from tests.argon import count_argon2
from tests.support import House

ADA = "ada@example.org"


def by_policy() -> House:
    house = House(policy=Policy(second_factor_required=True))
    house.add()
    return house


def of_one_person() -> House:
    house = House()
    house.add()
    house.alter(verification_required=True)
    return house


MAKERS: list[Callable[[], House]] = [by_policy, of_one_person]


@pytest.mark.parametrize("make", MAKERS)
def test_without_one_no_app_password_is_made(
    make: Callable[[], House], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = make()
    spent = count_argon2(monkeypatch)
    # Even in a session that is full and fresh: the policy may be newer than it.
    with pytest.raises(EnrollmentRequired, match="Set up a verification method first"):
        house.portal.create_app_password(house.session(), "Phone")
    assert spent.total == 0
    assert house.now().app_passwords == ()


@pytest.mark.parametrize("make", MAKERS)
def test_with_one_it_is(make: Callable[[], House]) -> None:
    house = make()
    house.give_authenticator()
    made = house.portal.create_app_password(house.session(), "Phone").app_password
    assert not made.created_by_admin


@pytest.mark.parametrize("make", MAKERS)
def test_recovery_codes_alone_are_none(make: Callable[[], House]) -> None:
    house = make()
    house.give_recovery_codes()
    with pytest.raises(EnrollmentRequired):
        house.portal.create_app_password(house.session(), "Phone")


@pytest.mark.parametrize("make", MAKERS)
def test_the_operator_makes_one_all_the_same_and_it_is_marked(make: Callable[[], House]) -> None:
    house = make()
    made = house.operator.create_app_password(ADA, "Scanner").app_password
    assert made.created_by_admin
    assert house.now().app_passwords == (made,)
    facts = {"id": made.id, "name": "Scanner"}
    assert house.notebook.acts == [(house.now().uid, "app password created", "operator", facts)]


def test_removed_while_it_was_hashed_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    house = by_policy()
    house.give_authenticator()
    real = house.hasher.app.make

    def make(secret: Secret) -> str:
        house.alter(authenticator=None)
        return real(secret)

    monkeypatch.setattr(house.hasher.app, "make", make)
    with pytest.raises(EnrollmentRequired):
        house.portal.create_app_password(house.session(), "Phone")
    assert house.now().app_passwords == ()


def test_it_is_asked_of_one_person_from_the_next_sign_in_on() -> None:
    house = House()
    house.add()
    house.add("grace")
    house.operator.require_verification(ADA)
    assert house.notebook.acts == [(house.now().uid, "verification required", "operator", {})]
    assert house.sign_in().restriction == "none yet"
    assert house.sign_in("grace").restriction is None
