"""What the administrator lets people have."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import Refused
from apppw_tui.domain.policy import BY_ADMINISTRATOR, Policy
from apppw_tui.domain.scopes import OwnService, Service
from tests.store.making import new_account

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("offered", "asked", "fine"),
    [
        (("any",), ("any",), True),
        (("any",), ("imap", "web"), True),
        (("mail",), ("mail",), True),
        (("mail",), ("imap", "smtp"), True),
        (("mail",), ("sending",), True),  # which is a part of it
        (("mail",), ("any",), False),
        (("mail",), ("imap", "caldav"), False),
        (("imap",), ("mail",), False),
        (("imap", "calendar"), ("imap", "carddav"), True),
        (("imap", "pop3", "sieve", "smtp"), ("mail",), True),
        (("smtp",), ("sending",), True),
    ],
)
def test_no_more_is_given_than_is_offered(
    offered: tuple[str, ...], asked: tuple[str, ...], fine: bool
) -> None:
    policy = Policy(scopes=offered)
    if fine:
        policy.check_scope(asked)
    else:
        with pytest.raises(Refused, match="Your administrator offers: "):
            policy.check_scope(asked)


@pytest.mark.parametrize(
    ("most", "expires", "fine"),
    [
        (None, None, True),
        (None, datetime(9000, 1, 1, tzinfo=UTC), True),
        (30, None, False),
        # The end of the thirtieth day, and an instant later.
        (30, datetime(2026, 12, 23, tzinfo=UTC), True),
        (30, datetime(2026, 12, 23, 0, 0, 1, tzinfo=UTC), False),
        (30, datetime(2026, 11, 23, tzinfo=UTC), True),
    ],
)
def test_nothing_lasts_longer_than_it_may(
    most: int | None, expires: datetime | None, fine: bool
) -> None:
    policy = Policy(longest_expiry=most)
    if fine:
        policy.check_expiry(expires, NOW, UTC)
    else:
        with pytest.raises(Refused, match=r"last 30 days at most\."):
            policy.check_expiry(expires, NOW, UTC)


@pytest.mark.parametrize(
    ("scopes", "choices", "services"),
    [
        (
            ("any",),
            ["any", "mail", "sending", "calendar", "files", "chat", "web"],
            ["imap", "pop3", "sieve", "smtp", "caldav", "carddav", "webdav", "xmpp", "http"],
        ),
        (("mail",), ["mail", "sending"], ["imap", "pop3", "sieve", "smtp"]),
        (("carddav", "imap"), ["carddav", "imap"], ["imap", "carddav"]),
        (("smtp", "chat"), ["sending", "chat", "smtp"], ["smtp", "xmpp"]),
    ],
)
def test_people_choose_from_what_is_offered_the_widest_first(
    scopes: tuple[str, ...], choices: list[str], services: list[str]
) -> None:
    policy = Policy(scopes=scopes)
    assert policy.scope_choices == choices
    assert policy.service_choices == services


@pytest.mark.parametrize(
    ("longest", "choices"),
    [
        (None, [None, 30, 90, 365]),
        (400, [400, 30, 90, 365]),
        (90, [90, 30]),
        (7, [7]),
    ],
)
def test_people_choose_from_ends_that_may_be_the_longest_first(
    longest: int | None, choices: list[int | None]
) -> None:
    assert Policy(longest_expiry=longest).expiry_choices == choices


def test_an_app_password_more_cannot_be_had_where_the_policy_says_so() -> None:
    empty = new_account()
    full = replace(empty, app_passwords=(AppPassword("7kf", "Laptop", "hash", NOW),))
    policy = Policy(app_passwords_per_account=1)
    assert policy.creation_unavailable_reason(empty) is None
    assert policy.creation_unavailable_reason(full) == "You have 1 of 1. Delete one first."
    given = Policy(app_passwords_per_account=1, people_create=False)
    assert given.creation_unavailable_reason(empty) == BY_ADMINISTRATOR
    assert given.creation_unavailable_reason(full) == BY_ADMINISTRATOR


OWN = (OwnService(Service("vpn"), "VPN"), OwnService(Service("nas"), "NAS", in_any=True))


def test_own_services_are_offered_to_whoever_may_have_any_app_or_by_their_name() -> None:
    policy = Policy(own_services=OWN)
    assert policy.scope_choices[-2:] == ["vpn", "nas"]
    assert policy.service_choices[-3:] == ["http", "vpn", "nas"]
    assert Policy(scopes=("mail",), own_services=OWN).scope_choices == ["mail", "sending"]
    policy = Policy(scopes=("mail", "vpn"), own_services=OWN)
    assert policy.scope_choices == ["mail", "sending", "vpn"]
    policy.check_scope(("vpn", "imap"))
    with pytest.raises(Refused, match=r"^Your administrator offers: Mail, VPN\.$"):
        policy.check_scope(("nas",))


@pytest.mark.parametrize(
    ("policy", "before", "after", "refused"),
    [
        (Policy(scopes=("mail",)), {}, {"scope": ("imap", "xmpp")}, None),  # less than it had
        (Policy(scopes=("mail",)), {"scope": ("imap",)}, {"scope": ("xmpp",)}, "offers: Mail"),
        (Policy(scopes=("mail",)), {"scope": ("imap",)}, {"scope": ("mail",)}, None),
        (Policy(longest_expiry=30), {}, {"expires": NOW.replace(year=2028)}, None),
        (Policy(longest_expiry=30), {"expires": NOW}, {"expires": None}, "30 days at most"),
        (Policy(people_create=False), {"scope": ("imap",)}, {"scope": ("mail",)}, "decides here"),
        (Policy(people_create=False), {"paused": True}, {"paused": False}, None),
    ],
)
def test_people_widen_as_far_as_they_may_create_and_never_lose_what_they_had(
    policy: Policy, before: dict[str, Any], after: dict[str, Any], refused: str | None
) -> None:
    first = replace(AppPassword("7kf", "Laptop", "hash", NOW), **before)
    second = replace(first, **after)
    if refused is None:
        policy.check_widened(second, first, NOW)
    else:
        with pytest.raises(Refused, match=refused):
            policy.check_widened(second, first, NOW)
