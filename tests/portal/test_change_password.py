"""Changing the account password."""

from datetime import timedelta

import pytest

from apppw_tui.domain.errors import SessionEnded, SignInRefused, WeakPassword
from tests.argon import count_argon2
from tests.support import NOW, PASSWORD, House

NEW = "differential engine 22"


def test_the_new_password_opens_and_the_old_one_does_not(house: House) -> None:
    house.clock.advance(60)
    house.portal.change_password(house.session(), PASSWORD, NEW)
    assert house.sign_in("ada@example.org", NEW)
    with pytest.raises(SignInRefused):
        house.sign_in("ada@example.org", PASSWORD)
    assert house.now().password_changed == NOW + timedelta(seconds=60)


def test_only_the_session_that_changed_it_goes_on(house: House) -> None:
    here, there = house.session(), house.session()
    here = house.portal.change_password(here, PASSWORD, NEW)
    assert house.portal.account(here) == house.now()
    with pytest.raises(SessionEnded, match="the account's security was changed elsewhere"):
        house.portal.account(there)


def test_app_passwords_stay(house: House) -> None:
    house.issue("Phone")
    before = house.now().app_passwords
    house.portal.change_password(house.session(), PASSWORD, NEW)
    assert house.now().app_passwords == before


@pytest.mark.parametrize("current", ["wrong", "", NEW])
def test_without_the_present_password_nothing_changes(house: House, current: str) -> None:
    before = house.now()
    with pytest.raises(SignInRefused, match="That is not your current password"):
        house.portal.change_password(house.session(), current, NEW)
    assert house.now() == before


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("short", "Too short"),
        ("password1", "a very common password"),
        ("ada@example.org", "Not strong enough"),
        ("7kfm 2xqd 9h3v tw5n c8rw", "That is an app password"),
    ],
)
def test_a_weak_new_one_is_refused_with_the_reason(house: House, new: str, reason: str) -> None:
    before = house.now()
    with pytest.raises(WeakPassword, match=reason):
        house.portal.change_password(house.session(), PASSWORD, new)
    assert house.now() == before
    assert house.portal.account(house.session()) == before


def test_it_costs_one_hash_for_the_old_and_one_for_the_new(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent = count_argon2(monkeypatch)
    house.portal.change_password(house.session(), PASSWORD, NEW)
    assert (len(spent.verified), spent.made) == (1, 1)
