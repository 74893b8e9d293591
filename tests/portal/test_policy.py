"""What the administrator decided binds people, not the administrator."""

from datetime import timedelta

import pytest

from apppw_tui.domain.errors import Refused, ReverificationRequired
from apppw_tui.domain.policy import Policy
from tests.support import NOW, House


def house_under(policy: Policy) -> House:
    house = House(policy=policy)
    house.add()
    return house


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (Policy(scopes=("mail",)), r"Your administrator offers: Mail\."),
        (
            Policy(longest_expiry=30),
            r"Your administrator lets app passwords last 30 days at most\.",
        ),
        (Policy(people_create=False), r"Your administrator creates app passwords here: ask for on"),
    ],
)
def test_people_get_no_more_and_the_administrator_gives_what_is_wanted(
    policy: Policy, sentence: str
) -> None:
    house = house_under(Policy(second_factor_required=False))
    bound = House(store=house.store, policy=policy)
    bound.give_authenticator()
    session = bound.session()
    with pytest.raises(Refused, match=sentence):
        bound.portal.create_app_password(session, "Phone", ("any",), None)
    assert bound.now().app_passwords == ()
    bound.operator.create_app_password("ada@example.org", "Phone")
    made = bound.now().app_passwords[0]
    # What a policy forbids to make, people can still see and delete.
    bound.portal.delete_app_password(session, made.id)
    assert bound.now().app_passwords == ()


def test_within_the_rules_it_is_made() -> None:
    rules = Policy(second_factor_required=False, scopes=("mail",), longest_expiry=30)
    house = house_under(rules)
    expires = NOW + timedelta(days=30)
    issued = house.portal.create_app_password(house.session(), "Phone", ("imap",), expires)
    assert issued.app_password.scope == ("imap",)


def test_verification_is_asked_again_after_the_time_that_was_set() -> None:
    house = house_under(Policy(second_factor_required=False, verify_again_after=60))
    session = house.session()
    house.clock.advance(59)
    house.portal.check_fresh(session)
    house.clock.advance(1)
    with pytest.raises(ReverificationRequired):
        house.portal.check_fresh(session)
