"""Editing, pausing and resuming: what it takes, what ends with it, what is written down."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from apppw_tui.domain.activity import NOTIFIED, ActivityEntry, EventType, describe
from apppw_tui.domain.app_password import AppPassword, AppPasswordEdit
from apppw_tui.domain.errors import (
    AlreadySo,
    InvalidName,
    NameTaken,
    NotFound,
    Refused,
    ReverificationRequired,
)
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.scopes import OwnService, Service
from apppw_tui.portal.admin import Admin
from apppw_tui.portal.portal import Portal
from tests.endings import Noticed
from tests.support import NOW, House

ADA = "ada@example.org"
SOON = NOW + timedelta(days=9)
LIMIT = ("192.0.2.0/24",)
WIDENING = {
    "scope": AppPasswordEdit(scope=("any",)),
    "end": AppPasswordEdit(expires=SOON + timedelta(seconds=1)),
    "no end": AppPasswordEdit(expires="never"),
    "networks": AppPasswordEdit(networks=("192.0.0.0/16",)),
    "no networks": AppPasswordEdit(networks=()),
    "with a name": AppPasswordEdit(name="Car", scope=("any",)),
}
NARROWING = {
    "scope": AppPasswordEdit(scope=("imap",)),
    "end": AppPasswordEdit(expires=SOON - timedelta(seconds=1)),
    "networks": AppPasswordEdit(networks=("192.0.2.7",)),
}


@pytest.fixture
def house(house: House) -> House:
    """Ada has one app password, in the middle between all and nothing."""
    house.operator.create_app_password(ADA, "Phone", ("mail",), SOON, LIMIT)
    return house


def phone(house: House) -> AppPassword:
    return house.now().app_passwords[0]


def stale(house: House) -> Portal:
    """The portal where the last verification is too old for what matters."""
    house.clock.advance(house.policy.verify_again_after)
    return house.portal


def test_an_edited_one_is_what_was_wished_for_and_opens_with_the_same_secret(house: House) -> None:
    before = phone(house)
    edit = AppPasswordEdit(" Car ", ("chat",), "never", ())
    after = house.portal.edit_app_password(house.session(), before.id, edit)
    assert after == phone(house)
    assert after == replace(before, name="Car", scope=("chat",), expires=None, networks=())


@pytest.mark.parametrize("edit", WIDENING.values(), ids=WIDENING)
def test_widening_needs_a_fresh_verification(house: House, edit: AppPasswordEdit) -> None:
    session, before = house.session(), phone(house)
    with pytest.raises(ReverificationRequired):
        stale(house).edit_app_password(session, before.id, edit)
    assert phone(house) == before
    house.portal.edit_app_password(house.session(), before.id, edit)
    assert phone(house) == before.edited(edit)


@pytest.mark.parametrize("edit", NARROWING.values(), ids=NARROWING)
def test_narrowing_needs_none_and_ends_live_sessions(house: House, edit: AppPasswordEdit) -> None:
    session, before, noticed = house.session(), phone(house), Noticed()
    portal = Portal(replace(house.means, session_terminator=noticed))
    stale(house)
    portal.edit_app_password(session, before.id, edit)
    assert phone(house) == before.edited(edit)
    assert noticed.ended == [ADA]


def test_pausing_ends_live_sessions_and_resuming_needs_a_fresh_verification(house: House) -> None:
    session, before, noticed = house.session(), phone(house), Noticed()
    portal = Portal(replace(house.means, session_terminator=noticed))
    stale(house)
    assert portal.pause_app_password(session, before.id) == replace(before, paused=True)
    assert noticed.ended == [ADA]
    with pytest.raises(ReverificationRequired):
        portal.resume_app_password(session, before.id)
    assert phone(house).paused
    portal.resume_app_password(house.session(), before.id)
    assert phone(house) == before
    assert noticed.ended == [ADA]


@pytest.mark.parametrize("edit", [AppPasswordEdit(), AppPasswordEdit("Phone", ("mail",), SOON)])
def test_what_changes_nothing_is_not_written_down(house: House, edit: AppPasswordEdit) -> None:
    version, count, noticed = house.now().version, len(house.notebook.acts), Noticed()
    portal = Portal(replace(house.means, session_terminator=noticed))
    portal.edit_app_password(house.session(), phone(house).id, edit)
    portal.resume_app_password(house.session(), phone(house).id)
    assert (house.now().version, len(house.notebook.acts), noticed.ended) == (version, count, [])


def test_a_widening_of_another_window_is_judged_by_what_stands_now(house: House) -> None:
    session = house.session()
    narrow, mail = AppPasswordEdit(scope=("imap",)), AppPasswordEdit(scope=("mail",))
    stale(house).edit_app_password(session, phone(house).id, mail)  # no more than it has
    house.operator.edit_app_password(ADA, "Phone", narrow)
    with pytest.raises(ReverificationRequired):
        house.portal.edit_app_password(session, phone(house).id, mail)
    assert phone(house).scope == ("imap",)


def test_an_edit_that_cannot_be_says_why_and_changes_nothing(house: House) -> None:
    house.clock.advance(1)
    house.issue("Car")
    session, before = house.session(), phone(house)
    for name, error in (("car", NameTaken), (" ", InvalidName)):
        with pytest.raises(error):
            house.portal.edit_app_password(
                session, before.id, AppPasswordEdit(name, scope=("imap",))
            )
    for call in (house.portal.pause_app_password, house.portal.resume_app_password):
        with pytest.raises(NotFound, match="already deleted"):
            call(session, "zzz")
    assert phone(house) == before


def test_people_widen_no_further_than_the_policy_offers(house: House) -> None:
    policy = Policy(
        scopes=("mail",), longest_expiry=30, own_services=(OwnService(Service("vpn"), "VPN"),)
    )
    portal = Portal(replace(house.means, policy=policy))
    session, id_ = house.session(), phone(house).id
    with pytest.raises(Refused, match=r"offers: Mail\."):
        portal.edit_app_password(session, id_, AppPasswordEdit(scope=("vpn",)))
    with pytest.raises(Refused, match="30 days at most"):
        portal.edit_app_password(session, id_, AppPasswordEdit(expires="never"))
    portal.edit_app_password(session, id_, AppPasswordEdit("Car", ("sending",)))
    given = Portal(replace(house.means, policy=Policy(people_create=False)))
    with pytest.raises(Refused, match="decides here"):
        given.edit_app_password(session, id_, AppPasswordEdit(scope=("mail",)))
    given.pause_app_password(session, id_)
    given.resume_app_password(session, id_)


@pytest.mark.parametrize(
    ("act", "event", "words"),
    [
        (lambda admin: admin.pause_app_password(ADA, "Phone"), "PAUSED", "paused: Phone"),
        (
            lambda admin: admin.edit_app_password(ADA, "Phone", AppPasswordEdit("Car")),
            "RENAMED",
            "renamed: Car",
        ),
        (
            lambda admin: admin.edit_app_password(
                ADA, "Phone", AppPasswordEdit(scope=("any", "vpn"), networks=("::1", *LIMIT))
            ),
            "CHANGED",
            "changed: Phone: Any app, VPN, until 2026-11-22, from ::1 192.0.2.0/24 alone",
        ),
        (
            lambda admin: admin.edit_app_password(
                ADA, "Phone", AppPasswordEdit(expires="never", networks=())
            ),
            "CHANGED",
            "changed: Phone: Mail, never expires",
        ),
    ],
)
def test_a_change_is_written_down_with_what_it_is_now(
    house: House, act: Callable[[Admin], object], event: str, words: str
) -> None:
    house.operator.edit_app_password(ADA, "Phone", AppPasswordEdit(expires=NOW))
    count = len(house.notebook.acts)
    act(
        Admin(
            replace(house.means, policy=Policy(own_services=(OwnService(Service("vpn"), "VPN"),)))
        )
    )
    ((_, what, by, facts),) = house.notebook.acts[count:]
    assert (what, by) == (EventType[event], "operator")
    assert describe(ActivityEntry(NOW, what, by, facts)) == f"App password {words}"


def test_owners_are_told_of_all_but_a_new_name() -> None:
    assert {EventType.CHANGED, EventType.PAUSED, EventType.RESUMED} <= NOTIFIED


def test_the_administrator_is_asked_for_no_code_and_told_what_is_so_already(house: House) -> None:
    stale(house)
    house.operator.edit_app_password(ADA, "Phone", WIDENING["scope"])
    paused = house.operator.pause_app_password(ADA, phone(house).id)
    assert paused == phone(house)
    with pytest.raises(AlreadySo, match=f"Phone of {ADA} is paused already"):
        house.operator.pause_app_password(ADA, "Phone")
    assert not house.operator.resume_app_password(ADA, "Phone").paused
    with pytest.raises(AlreadySo, match="is not paused"):
        house.operator.resume_app_password(ADA, "Phone")
    with pytest.raises(AlreadySo, match="is so already"):
        house.operator.edit_app_password(ADA, "Phone", WIDENING["scope"])
    with pytest.raises(NotFound):
        house.operator.pause_app_password(ADA, "Car")


def test_two_of_one_name_which_an_older_program_may_make_are_told_apart_by_their_ids(
    house: House,
) -> None:
    first = phone(house)
    house.alter(app_passwords=(first, replace(first, id="zzz")))
    with pytest.raises(Refused, match="There are several called Phone: say which by its first"):
        house.operator.pause_app_password(ADA, "Phone")
    house.operator.pause_app_password(ADA, "zzz")
    assert [each.paused for each in house.now().app_passwords] == [False, True]
