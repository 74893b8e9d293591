"""Ids, expiry and scope of an app password."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apppw_tui.domain.app_password import SYMBOLS, AppPassword, AppPasswordEdit, unused_id
from apppw_tui.domain.errors import LimitReached
from apppw_tui.domain.scopes import ANY_APP, OwnService, Service
from tests.support import NOW

ALL_IDS = frozenset("".join(symbols) for symbols in product(SYMBOLS, repeat=3))


def always(number: int) -> Callable[[int], int]:
    return lambda limit: number % limit


def test_ids_are_drawn_from_all_thirty_two_thousand() -> None:
    assert len({unused_id((), always(number)) for number in range(32**3)}) == len(ALL_IDS) == 32768


def test_a_used_id_is_never_given_again() -> None:
    random = Random(5)
    used: set[str] = set()
    for _ in range(2000):
        id_ = unused_id(used, random.randrange)
        assert id_ not in used
        assert id_ in ALL_IDS
        used.add(id_)


@pytest.mark.slow
@settings(deadline=None, derandomize=True)
@given(st.sets(st.sampled_from(["000", "001", "zzz", "zzy"])), st.integers(0, 32**3 - 1))
def test_wherever_the_draw_falls_the_id_is_unused(used: set[str], number: int) -> None:
    assert unused_id(used, always(number)) in ALL_IDS - used


@pytest.mark.parametrize("left", ["000", "7kf", "zzz"])
@pytest.mark.parametrize("number", [0, 1, 31, 32, 32767])
def test_the_last_unused_id_is_found_wherever_the_draw_begins(left: str, number: int) -> None:
    assert unused_id(ALL_IDS - {left}, always(number)) == left


def test_when_all_ids_are_used_it_says_so() -> None:
    with pytest.raises(LimitReached, match="used up"):
        unused_id(ALL_IDS)


def one(scope: tuple[str, ...] = (ANY_APP,), expires: datetime | None = None) -> AppPassword:
    return AppPassword("abc", "Phone", "$argon2id$", NOW, scope, expires)


def test_it_has_expired_from_the_very_instant_on() -> None:
    tick = timedelta(microseconds=1)
    assert not one(expires=NOW).is_expired(NOW - tick)
    assert one(expires=NOW).is_expired(NOW)
    assert one(expires=NOW).is_expired(NOW + tick)


def test_without_a_date_it_never_expires() -> None:
    assert not one().is_expired(datetime.max.replace(tzinfo=UTC))


def test_expiry_is_an_instant_whatever_zone_it_is_written_in() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    assert one(expires=elsewhere).is_expired(NOW)
    assert not one(expires=elsewhere).is_expired(NOW - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("scope", "service", "good"),
    [
        ((ANY_APP,), "imap", True),
        ((ANY_APP,), None, True),
        (("imap", "smtp"), "imap", True),
        (("imap", "smtp"), "smtp", True),
        (("imap",), "smtp", False),
        (("imap",), None, False),
        (("imap",), "", False),
        (("imap",), "IMAP", False),
        (("imap",), "ima", False),
        ((), "imap", False),
        ((), None, False),
    ],
)
def test_it_is_good_for_what_its_scope_holds(
    scope: tuple[str, ...], service: Service | None, good: bool
) -> None:
    assert one(scope=scope).allows(service) is good


# --- what opens more than another -------------------------------------------------------------


LIMITED = ("192.0.2.0/24", "2001:db8::/32")


@pytest.mark.parametrize(
    ("before", "after", "widens", "narrows"),
    [
        ({}, {"name": "Car"}, False, False),
        ({"scope": ("mail",)}, {"scope": ("imap",)}, False, True),
        ({"scope": ("imap", "smtp", "pop3", "sieve")}, {"scope": ("mail",)}, False, False),
        ({"scope": ("mail",)}, {"scope": ("chat",)}, True, True),
        ({"scope": ("any",)}, {"scope": ("ftp",)}, False, True),
        ({"scope": ("any",)}, {"scope": ("vpn",)}, True, True),
        ({"scope": ("any",)}, {"scope": ("any", "vpn")}, True, False),
        ({"scope": ("any",)}, {"scope": ("nas",)}, False, True),
        ({"scope": ("any", "vpn")}, {"scope": ("vpn",)}, False, True),
        ({}, {"expires": NOW}, False, True),
        ({"expires": NOW}, {"expires": NOW + timedelta(seconds=1)}, True, False),
        ({"expires": NOW}, {"expires": None}, True, False),
        ({}, {"networks": LIMITED}, False, True),
        ({"networks": LIMITED}, {"networks": ()}, True, False),
        ({"networks": LIMITED}, {"networks": ("192.0.2.128/25",)}, False, True),
        ({"networks": LIMITED}, {"networks": ("192.0.2.7", "2001:db8::7")}, False, True),
        ({"networks": LIMITED}, {"networks": ("192.0.0.0/16",)}, True, True),
        ({}, {"paused": True}, False, True),
        ({"paused": True}, {"paused": False}, True, False),
    ],
)
def test_app_password_widens_another_if_it_opens_anything_more(
    before: dict[str, Any], after: dict[str, Any], widens: bool, narrows: bool
) -> None:
    first = replace(AppPassword("7kf", "Laptop", "hash", NOW), **before)
    second = replace(first, **after)
    own = (OwnService(Service("vpn"), "VPN"), OwnService(Service("nas"), "NAS", in_any=True))
    assert second.widens(first, own) is widens
    assert first.widens(second, own) is narrows


def test_edit_leaves_what_it_does_not_name() -> None:
    whole = AppPassword("7kf", "Laptop", "hash", NOW, ("mail",), NOW, paused=True, networks=LIMITED)
    assert whole.edited(AppPasswordEdit()) == whole
    edit = AppPasswordEdit("Car", ("any",), "never", ())
    expected = AppPassword("7kf", "Car", "hash", NOW, ("any",), None, paused=True)
    assert whole.edited(edit) == expected


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("192.0.2.255", True),
        ("::ffff:192.0.2.1", True),
        ("2001:db8::1", True),
        ("192.0.3.0", False),
        ("127.0.0.1", False),
        ("nowhere", False),
        ("", False),
        (None, False),
    ],
)
def test_limited_app_password_is_good_from_its_networks(address: str | None, allowed: bool) -> None:
    anywhere = AppPassword("7kf", "Laptop", "hash", NOW)
    assert anywhere.allows_from(address)
    assert replace(anywhere, networks=LIMITED).allows_from(address) is allowed
