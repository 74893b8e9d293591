"""Strangers that are locked out, and who or what lets them try again (SAFETY 15)."""

from datetime import timedelta

import pytest

from apppw_tui.domain.errors import (
    RateLimited,
)
from apppw_tui.domain.throttle import LONGEST_DELAY, UNKNOWN_LOCKOUT
from apppw_tui.domain.verification_options import APP, TEXT
from apppw_tui.portal.throttle import PortalThrottle, TrustedAddresses
from tests.argon import count_argon2
from tests.portal.throttling import ADA, CAFE, LOCKED, NEW, fail, fail_second, lock, wait
from tests.support import PASSWORD, House


def test_at_ninety_strangers_are_refused_for_a_day(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.sign_in()
    cafe = lock(house)
    spent = count_argon2(monkeypatch)
    with pytest.raises(RateLimited, match=LOCKED) as refused:
        cafe.portal.sign_in(ADA, PASSWORD)
    assert refused.value.wait == 4 * 3600
    assert spent.total == 0
    assert house.operator.throttle_status(ADA).locked
    assert house.sign_in()  # from where ada usually does: and that opens it again
    assert not house.operator.throttle_status(ADA).locked
    assert cafe.sign_in()


def test_a_day_after_the_last_try_that_was_compared_they_may_try_again(house: House) -> None:
    house.sign_in()
    cafe = lock(house)
    for _ in range(4):
        with pytest.raises(RateLimited, match=LOCKED):
            cafe.portal.sign_in(ADA, PASSWORD)
        house.clock.advance(3600)
    assert not house.operator.throttle_status(ADA).locked
    fail(cafe, 4)
    assert cafe.sign_in()


@pytest.mark.parametrize("complete", [True, False])
def test_the_door_knows_where_somebody_completed_a_sign_in(house: House, complete: bool) -> None:
    def known(address: str) -> bool:
        return PortalThrottle(house.means.throttle_store, address).is_known()

    secret = house.give_authenticator()
    home = house.elsewhere("2001:db8:1:2f3::9")
    challenge = home.challenge()
    if complete:
        challenge.answer(APP, house.app_code(secret))
    for address in ("2001:db8:1:2f3::9", "2001:db8:1:200::1"):
        assert known(address) == complete
    for address in ("2001:db8:1:300::1", "192.0.2.7", "local"):
        assert not known(address)
    house.clock.advance(30 * 86_400)
    assert known("2001:db8:1:2f3::9") == complete
    house.clock.advance(1)
    assert not known("2001:db8:1:2f3::9")


def test_at_eighty_nine_they_are_not(house: House) -> None:
    cafe = house.elsewhere(CAFE)
    fail(cafe, UNKNOWN_LOCKOUT - 1)
    cafe.clock.advance(LONGEST_DELAY)
    assert cafe.sign_in()


def test_the_second_factor_locks_strangers_out_too(house: House) -> None:
    house.give_authenticator()
    cafe = house.elsewhere(CAFE)
    fail_second(cafe.challenge(), house, UNKNOWN_LOCKOUT)
    house.clock.advance(86_399)
    with pytest.raises(RateLimited, match=LOCKED):
        cafe.portal.sign_in(ADA, PASSWORD)


def test_a_changed_password_lets_strangers_try_again(house: House) -> None:
    session = house.sign_in()
    cafe = lock(house)
    house.portal.change_password(session.reverified(house.clock), PASSWORD, NEW)
    assert cafe.sign_in(password=NEW)


def test_so_does_one_that_the_operator_sets(house: House) -> None:
    cafe = lock(house)
    house.operator.set_password(ADA, NEW)
    assert cafe.sign_in(password=NEW)


def test_so_does_an_unlock_which_is_recorded(house: House) -> None:
    cafe = lock(house)
    house.operator.unlock(ADA)
    assert house.notebook.acts[-1] == (house.now().uid, "unlocked", "operator", {})
    assert cafe.sign_in()


@pytest.mark.parametrize("failures", [8, 30])
def test_a_clock_that_is_set_back_locks_nobody_out(house: House, failures: int) -> None:
    fail(house, failures)
    house.clock.instant -= timedelta(days=400)
    most = wait(house.sign_in)
    assert most is not None
    assert 0 < most <= LONGEST_DELAY
    house.clock.advance(most)
    assert house.sign_in()


def test_a_clock_that_is_set_back_holds_no_codes_back(house: House) -> None:
    house.give_phone()
    challenge = house.challenge()
    for _ in range(3):
        challenge.send(TEXT, again=True)
    house.clock.instant -= timedelta(days=400)
    assert wait(lambda: challenge.send(TEXT, again=True)) == 600
    house.clock.advance(600)
    challenge.send(TEXT, again=True)


def test_how_it_stands_is_told_without_counting(house: House) -> None:
    assert house.operator.throttle_status(ADA).wait == 0
    fail(house, 6)
    for _ in range(3):
        assert house.operator.throttle_status(ADA).wait == 10
    assert not house.operator.throttle_status(ADA).locked


def test_trusted_addresses_are_counted_and_forgotten_all_at_once(house: House) -> None:
    session = house.sign_in()
    cafe = house.elsewhere(CAFE)
    assert house.portal.trusted_addresses(session) == TrustedAddresses(1, present=True)
    assert cafe.portal.trusted_addresses(session) == TrustedAddresses(1, present=False)
    cafe.sign_in()
    assert cafe.portal.trusted_addresses(session) == TrustedAddresses(2, present=True)
    house.portal.forget_trusted_addresses(session)
    assert house.portal.trusted_addresses(session) == TrustedAddresses(0, present=False)
    assert house.portal.account(session)  # it goes on
    lock(house)
    with pytest.raises(RateLimited, match=LOCKED):
        house.portal.sign_in(ADA, PASSWORD)  # as a stranger's would


def test_forgetting_the_trusted_addresses_takes_no_failure_back(house: House) -> None:
    session = house.sign_in()
    fail(house, 5)
    house.portal.forget_trusted_addresses(session)
    assert wait(lambda: house.portal.sign_in(ADA, PASSWORD)) == 5
