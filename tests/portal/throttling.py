"""Tries that fail, for the tests of the portal's throttle."""

from collections.abc import Callable

import pytest

from apppw_tui.domain.errors import (
    ApppwError,
    InvalidCode,
    RateLimited,
    SignInRefused,
)
from apppw_tui.domain.throttle import LONGEST_DELAY, UNKNOWN_LOCKOUT
from apppw_tui.domain.verification_options import APP
from apppw_tui.portal.second_factor import Challenge
from tests.support import House

ADA = "ada@example.org"

NEW = "a loom of 40 brass wheels"

CAFE = "198.51.100.7"

STATION = "203.0.113.9"

LOCKED = "Too many tries from elsewhere: sign in from where you usually do"


def outcome(act: Callable[[], object]) -> str:
    """What came of it, in words."""
    try:
        act()
    except ApppwError as error:
        return str(error)
    return "done"


def fail(house: House, times: int, name: str = ADA) -> None:
    """So many wrong passwords, each as soon as it may be tried."""
    for _ in range(times):
        try:
            house.portal.sign_in(name, "wrong")
        except RateLimited as refused:
            house.clock.advance(refused.wait or 0)
            with pytest.raises(SignInRefused):
                house.portal.sign_in(name, "wrong")
        except SignInRefused:
            pass


def fail_second(challenge: Challenge, house: House, times: int) -> None:
    for _ in range(times):
        try:
            challenge.answer(APP, "000000")
        except RateLimited as refused:
            house.clock.advance(refused.wait or 0)
            with pytest.raises(InvalidCode):
                challenge.answer(APP, "000000")
        except InvalidCode:
            pass


def wait(act: Callable[[], object]) -> float | None:
    """How long it must wait; 0 if it need not."""
    try:
        act()
    except RateLimited as refused:
        return refused.wait
    except ApppwError:
        pass
    return 0


# --- locked ---------------------------------------------------------------------------------


def lock(house: House) -> House:
    """Locks strangers out, and gives back the house as one of them meets it."""
    cafe = house.elsewhere(CAFE)
    fail(cafe, UNKNOWN_LOCKOUT - 1)
    cafe.clock.advance(LONGEST_DELAY)
    fail(cafe, 1)
    cafe.clock.advance(20 * 3600)
    return cafe
