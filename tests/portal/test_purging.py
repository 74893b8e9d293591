"""SAFETY 21: what expired long ago goes; what expired lately stays to be seen."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, NoReturn

import pytest

from apppw_tui.domain.errors import NotFound, SessionEnded, StoreBusy
from apppw_tui.domain.expiry import KEEP_EXPIRED_FOR
from tests.support import NOW, House

ADA = "ada@example.org"
Limit = Literal["none yet", "bypass"]
TICK = timedelta(microseconds=1)


def with_expiries(house: House, *expiries: datetime | None) -> list[str]:
    """App passwords that expire then; their ids."""
    for number, expires in enumerate(expiries):
        house.operator.create_app_password(ADA, f"Device {number}", expires=expires)
    house.notebook.acts.clear()
    return [one.id for one in house.now().app_passwords]


def ids(house: House) -> list[str]:
    return [one.id for one in house.now().app_passwords]


def test_what_expired_a_month_ago_goes_and_the_rest_stays(house: House) -> None:
    kept = [None, NOW + timedelta(days=1), NOW, NOW - KEEP_EXPIRED_FOR + TICK]
    gone = [NOW - KEEP_EXPIRED_FOR, NOW - timedelta(days=300)]
    made = with_expiries(house, *kept, *gone)
    assert house.operator.purge_expired(ADA) == 2
    assert ids(house) == made[:4]
    assert house.now().deleted_ids == set(made[4:])  # never given again
    assert house.operator.purge_expired(ADA) == 0


def test_each_has_a_line_in_the_activity(house: House) -> None:
    made = with_expiries(house, NOW - KEEP_EXPIRED_FOR, None, NOW - KEEP_EXPIRED_FOR * 2)
    house.operator.purge_expired(ADA)
    uid = house.now().uid
    assert house.notebook.acts == [
        (uid, "app password expired", "the server", {"id": made[0], "name": "Device 0"}),
        (uid, "app password expired", "the server", {"id": made[2], "name": "Device 2"}),
    ]


def test_where_there_is_nothing_to_tidy_nothing_is_written(house: House) -> None:
    with_expiries(house, NOW, None)
    before = house.now()
    assert house.operator.purge_expired(ADA) == 0
    assert house.portal.after_sign_in(house.session()) == before
    assert house.now() == before  # its version too
    assert house.notebook.acts == []


def test_an_unknown_account_cannot_be_tidied(house: House) -> None:
    with pytest.raises(NotFound):
        house.operator.purge_expired("grace")


def test_who_signs_in_finds_the_account_tidied(house: House) -> None:
    made = with_expiries(house, NOW - KEEP_EXPIRED_FOR, NOW)
    account = house.portal.after_sign_in(house.session())
    assert [one.id for one in account.app_passwords] == made[1:]
    assert ids(house) == made[1:]
    assert [act[1] for act in house.notebook.acts] == ["app password expired"]


def test_tidying_ends_no_session(house: House) -> None:
    with_expiries(house, NOW - KEEP_EXPIRED_FOR)
    here, there = house.session(), house.session()
    house.portal.after_sign_in(here)
    assert house.portal.account(here) == house.portal.account(there)


def test_looking_tidies_nothing(house: House) -> None:
    made = with_expiries(house, NOW - KEEP_EXPIRED_FOR)
    house.portal.account(house.session())
    assert ids(house) == made


@pytest.mark.parametrize("limit", ["none yet", "bypass"])
def test_a_session_that_may_only_set_up_a_method_tidies_nothing(house: House, limit: Limit) -> None:
    made = with_expiries(house, NOW - KEEP_EXPIRED_FOR)
    session = replace(house.session(), restriction=limit)
    assert [one.id for one in house.portal.after_sign_in(session).app_passwords] == made
    assert ids(house) == made


def test_a_session_that_ended_tidies_nothing(house: House) -> None:
    made = with_expiries(house, NOW - KEEP_EXPIRED_FOR)
    session = house.session()
    house.alter(session_generation=1)
    with pytest.raises(SessionEnded):
        house.portal.after_sign_in(session)
    assert ids(house) == made


@pytest.mark.parametrize("error", [StoreBusy("Busy."), NotFound("Gone.")])
def test_who_signs_in_while_it_cannot_be_tidied_is_not_kept_out(
    house: House, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    made = with_expiries(house, NOW - KEEP_EXPIRED_FOR)
    session = house.session()

    def change(account: str, uid: str | None) -> NoReturn:
        raise error

    monkeypatch.setattr(house.store, "transaction", change)
    assert [one.id for one in house.portal.after_sign_in(session).app_passwords] == made
    assert house.notebook.acts == []
